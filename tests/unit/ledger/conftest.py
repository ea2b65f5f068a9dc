from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.ledger.database import Database, open_database
from cds_service.ledger.migrate import migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'data' / 'cds.sqlite3'}"
    migrate(url)
    opened = open_database(url)
    yield opened
    opened.close()
