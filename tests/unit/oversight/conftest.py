from __future__ import annotations

import shutil

import pytest

from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.ledger.vault import Vault
from tests.support.ledger_values import new_keys
from tests.support.oversight_values import monitored, open_oversight


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A migrated database, to copy."""
    settings = monitored(tmp_path_factory.mktemp("oversight"))
    migrate(settings.database)
    return settings.data_dir / "cds.sqlite3"


@pytest.fixture
def settings(tmp_path):
    return monitored(tmp_path)


@pytest.fixture
def database(settings, made_once):
    settings.data_dir.mkdir()
    shutil.copy(made_once, settings.data_dir)
    opened = open_database(settings.database)
    yield opened
    opened.close()


@pytest.fixture
def vault():
    return Vault(new_keys())


@pytest.fixture
def oversight(database, vault, settings):
    return open_oversight(database, vault, settings)
