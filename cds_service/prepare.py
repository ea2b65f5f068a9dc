"""What must stand before the service can run: folders, database, model files, guideline index. Idempotent.

One lock file serialises preparations, so that two processes started on an empty folder do the work once.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cds_service.clients.registry import read_clients
from cds_service.clients.store import open_store
from cds_service.inference.models import prepare as prepare_model
from cds_service.ledger.keys import open_keys
from cds_service.ledger.migrate import migrate
from cds_service.retrieval.build import IndexReport, build_index
from cds_service.retrieval.embedder import MiniLmEmbedder
from cds_service.retrieval.source import PACKAGED
from cds_service.settings import ModelKind, Settings
from cds_service.terminal import Show


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def prepare(settings: Settings, show: Show) -> None:
    """Make everything that is missing, telling `show` how far each step is. Raises ConfigurationError."""
    if settings.clients_file is not None:
        read_clients(settings.clients_file)  # what is wrong with it is said now, not by a web process that cannot start
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(settings.data_dir / "prepare.lock"):
        show("database", 0)
        migrate(settings.database)
        open_keys(settings)
        open_store(settings.shared)
        show("database", 1)
        if settings.model is not ModelKind.NONE:
            prepare_model(settings, lambda step, done, total: show(step, done / total))
            show("model", 1)
        build_guideline_index(settings, show)


def build_guideline_index(settings: Settings, show: Show) -> IndexReport:
    """Index the packaged and the clinic's guidelines and switch to the new index."""
    sources = [PACKAGED, *([settings.guidelines_dir] if settings.guidelines_dir else [])]
    show("guideline index", 0)
    report = build_index(
        settings.index_dir,
        sources,
        MiniLmEmbedder(threads=2),
        progress=lambda done, total: show("guideline index", done / total),
    )
    show("guideline index", 1)
    return report
