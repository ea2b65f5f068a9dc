from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.ledger.database import Database, open_database
from cds_service.ledger.migrate import migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of this version, to copy: making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "cds.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def database(tmp_path: Path, migrated: Path) -> Iterator[Database]:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    opened = open_database(f"sqlite:///{shutil.copy(migrated, folder)}")
    yield opened
    opened.close()
