"""Settings with state of their own, for one measurement or one set of training data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cds_service import logs
from cds_service.settings import Settings


@contextmanager
def own_settings(settings: Settings) -> Iterator[Settings]:
    """`settings` with all packaged guidelines on state that is deleted afterwards; prepared models stay theirs."""
    with tempfile.TemporaryDirectory(prefix="cds-own-") as folder:
        logs.configure("ERROR")
        yield settings.model_copy(
            update={
                "data_dir": Path(folder) / "state",
                "keys_file": Path(folder) / "keys.json",
                "models_dir": settings.model_dir,
                "database_url": None,
                "shared_url": None,
                "unreviewed_guidelines": True,
            }
        )
