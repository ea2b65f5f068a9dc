"""A service without a model for one measurement, on state of its own that is deleted afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cds_service.running import RunningService, running
from cds_service.settings import Settings


@contextmanager
def own_service(settings: Settings, **changed: str) -> Iterator[RunningService]:
    """A running service with ``CDS_MODEL=none`` and the `changed` settings, by their names in the environment."""
    with tempfile.TemporaryDirectory(prefix="cds-evaluation-") as folder:
        own = {
            "CDS_DATA_DIR": f"{folder}/state",
            "CDS_KEYS_FILE": f"{folder}/keys.json",
            "CDS_MODELS_DIR": str(settings.model_dir.resolve()),
            "CDS_MODEL": "none",
            "CDS_UNREVIEWED_GUIDELINES": "true",
            "CDS_RATE_PER_MINUTE": "1000000",
            "CDS_LOG_LEVEL": "ERROR",
        }
        with running(own | changed, log=Path(folder) / "serve.log") as service:
            yield service
