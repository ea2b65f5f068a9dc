"""One migrated database a module; every test takes patients of its own."""

import itertools

import pytest

from cds_service.accounts.roles import Member, Role
from cds_service.intake.store import Intake
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.ledger.vault import Vault
from cds_service.settings import Settings
from tests.support.ledger_values import new_keys

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('intake') / 'cds.sqlite3'}"
    migrate(url)
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def vault():
    return Vault(new_keys())


@pytest.fixture
def warned():
    """What `on_warning` heard."""
    return []


@pytest.fixture
def intake(database, vault, warned):
    return Intake(database, vault, settings=Settings(), on_warning=lambda tx, told, now: warned.append(told))


@pytest.fixture
def nurse():
    return Member(account="acct-1", name="Nora Quill", role=Role.NURSE)


@pytest.fixture
def patient_id():
    return f"pat-{next(NUMBERS)}"
