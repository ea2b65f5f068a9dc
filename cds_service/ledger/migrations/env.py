"""Run by Alembic: upgrade on the connection that `cds_service.ledger.migrate` opened, inside its transaction."""

from alembic import context

from cds_service.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
