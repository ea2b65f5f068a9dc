"""The stations of the road on state of its own, for one measurement: prepared, used, deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cds_service import __version__, clinical, logs
from cds_service.assessor import Similarity
from cds_service.bootstrap import open_stations
from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.prepare import prepare
from cds_service.retrieval.embedder import MiniLmEmbedder
from cds_service.safety.verdict import SAFETY_VERSION
from cds_service.settings import ModelKind, Setting, Settings
from cds_service.stations import Stations
from cds_service.terminal import Show

VERSIONS = {
    "service": __version__,
    "rules": clinical.RULES_VERSION,
    "prompt": PROMPT_VERSION,
    "contract": CONTRACT_VERSION,
    "safety": SAFETY_VERSION,
}
"""The versions that decide what a model is asked and how its answer is judged, beside the model's own."""


GATE_MS = 60_000
"""How long the gate may take for one chart: a busy machine costs seconds, and no cases."""


class OwnRoad:
    """Stations for each care setting, loaded when they are first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stations: dict[Setting, Stations] = {}

    def stations(self, setting: Setting) -> Stations:
        """The stations that grade by `setting`."""
        if setting not in self._stations:
            self._stations[setting] = open_stations(self._settings.model_copy(update={"setting": setting}))
        return self._stations[setting]


@contextmanager
def own_road(settings: Settings, show: Show) -> Iterator[OwnRoad]:
    """The road with all packaged guidelines, without stores and model; its state is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="cds-evaluation-") as folder:
        own = settings.model_copy(
            update={
                "data_dir": Path(folder) / "state",
                "keys_file": Path(folder) / "keys.json",
                "models_dir": settings.model_dir,
                "database_url": None,
                "shared_url": None,
                "unreviewed_guidelines": True,
                "model": ModelKind.NONE,
                "gate_timeout_ms": GATE_MS,
            }
        )
        logs.configure("ERROR")
        prepare(own, show)
        yield OwnRoad(own)


def open_similarity() -> Similarity:
    """Likeness of texts by meaning, as the model worker uses it."""
    embedder = MiniLmEmbedder()
    embedder.warm()

    def similarity(rows: Sequence[str], columns: Sequence[str]) -> Sequence[Sequence[float]]:
        cosines: list[list[float]] = (embedder.embed_passages(rows) @ embedder.embed_passages(columns).T).tolist()
        return cosines

    return similarity
