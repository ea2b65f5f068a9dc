"""What was shown, by which versions, and what came of it: database, audit chain, vault, answers and feedback.

`database.open_database` gives short transactions; every store method takes the open one, so that a hook call writes
once. `migrate.migrate` brings a database to this version. `audit` is the chain, `vault` the only place that holds an
identified word (sealed), `ledger` the answers and feedback.
"""
