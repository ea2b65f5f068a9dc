"""The stations of the road on state of its own, for one measurement: prepared, used, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cds_service import __version__, clinical
from cds_service.bootstrap import open_stations
from cds_service.commands.own_settings import own_settings
from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.prepare import prepare
from cds_service.safety.verdict import SAFETY_VERSION
from cds_service.settings import ModelKind, Settings
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


@contextmanager
def own_road(settings: Settings, show: Show) -> Iterator[Stations]:
    """The road with all packaged guidelines, without stores and model; its state is deleted afterwards."""
    with own_settings(settings) as apart:
        own = apart.model_copy(update={"model": ModelKind.NONE, "gate_timeout_ms": GATE_MS})
        prepare(own, show)
        yield open_stations(own)
