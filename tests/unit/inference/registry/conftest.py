import json
import shutil
from contextlib import closing
from datetime import UTC, datetime

import pytest

from cds_service.inference.registry.files import identity_of
from cds_service.inference.registry.pack import Packing
from cds_service.inference.registry.store import Registry
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from tests.support.adapters import bias, evaluation, save_run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database of this version, to copy."""
    file = tmp_path_factory.mktemp("migrated") / "cds.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def database(tmp_path, migrated):
    with closing(open_database(f"sqlite:///{shutil.copy(migrated, tmp_path)}")) as opened:
        yield opened


@pytest.fixture
def registry(database, tmp_path):
    return Registry(database, tmp_path / "adapters")


@pytest.fixture
def add(registry, tmp_path):
    """Adds the adapter `name`, measured beside the model alone and beside `against` (an adapter)."""

    def act(name, *, seed, against=None, figures=None, changes=None, measured=True, base=None, may_raise=None):
        run = tmp_path / f"run-{seed}"
        if not run.exists():
            save_run(run, seed=seed, base=base)
        files = {}
        if measured:
            models = [("base", None, {}), ("new", identity_of(run / "adapter"), {})]
            if against is not None:
                models.insert(1, ("old", against.manifest.identity, {}))
            for key, made in (("evaluation", evaluation), ("bias", bias)):
                more = (figures if key == "evaluation" else changes) or {}
                files[key] = tmp_path / f"{name}-{key}.json"
                files[key].write_text(json.dumps(made(*models[:-1], (*models[-1][:2], more))))
        packing = Packing(now=NOW, id=name, may_raise=may_raise, **files)
        return registry.add(run, packing, actor="operator")

    return act


@pytest.fixture
def events(database):
    """The audit events of the registry, as (kind, outcome, details), and that the chain is whole."""
    from sqlalchemy import select

    from cds_service.ledger.chain import verify
    from cds_service.ledger.tables import audit_event

    def read():
        with database.transaction(write=False) as tx:
            assert verify(tx).valid
            rows = tx.execute(select(audit_event).order_by(audit_event.c.seq)).mappings().all()
        return [(row["kind"], row["outcome"], json.loads(row["detail"])) for row in rows]

    return read
