from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from tests.support.review_values import Clinic, settings_in

MakeClinic = Callable[..., Clinic]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, to be copied."""
    path = tmp_path_factory.mktemp("review") / "cds.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def make_clinic(tmp_path: Path, migrated: Path) -> Iterator[MakeClinic]:
    """A clinic with changed settings."""
    path = tmp_path / "cds.sqlite3"
    shutil.copy(migrated, path)
    database = open_database(f"sqlite:///{path}")
    event.listen(database.engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))

    def make(**settings: Any) -> Clinic:
        return Clinic(database=database, settings=settings_in(tmp_path, **settings))

    yield make
    database.close()


@pytest.fixture
def clinic(make_clinic: MakeClinic) -> Clinic:
    return make_clinic()
