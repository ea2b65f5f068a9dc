from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from tests.support.notify_values import Ward
from tests.support.review_values import settings_in

MakeWard = Callable[..., Ward]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, to be copied."""
    path = tmp_path_factory.mktemp("notify") / "cds.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def make_ward(tmp_path: Path, migrated: Path) -> Iterator[MakeWard]:
    """A ward with these channels (the text of the file) and settings."""
    path = tmp_path / "cds.sqlite3"
    shutil.copy(migrated, path)
    database = open_database(f"sqlite:///{path}")

    def make(channels: str = "", **settings: Any) -> Ward:
        file = tmp_path / "notify.toml"
        file.write_text(channels)
        (tmp_path / "secret").write_text("whsec_" + "A" * 40)
        return Ward(database=database, settings=settings_in(tmp_path, notify_file=file, **settings))

    yield make
    database.close()
