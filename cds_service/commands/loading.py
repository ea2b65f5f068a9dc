"""Models for a measurement, by spec: loaded and warm for as long as a block runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.errors import ConfigurationError
from cds_service.inference.backend import ModelBackend
from cds_service.inference.specs import SpecInfo, load_spec, plain_parts, resolved
from cds_service.settings import ModelKind, Settings
from cds_service.terminal import Show

if TYPE_CHECKING:
    from cds_service.evaluation.plain_model import PlainModel


PATIENCE_S = 600.0
"""How long one draft may take in a measurement: a busy machine costs seconds, which are told, and no drafts."""

INSIDE = "adapter"
"""The folder of the adapter in a run."""


def check_specs(specs: Iterable[str], settings: Settings) -> None:
    """Say now what would be wrong after minutes on the road: an unknown model, a damaged adapter.

    Raises BackendError or ConfigurationError.
    """
    for spec in specs:
        _switched_on(spec, settings)
        with resolved(spec, settings):
            pass


def _switched_on(spec: str, settings: Settings) -> None:
    if settings.model is ModelKind.NONE and ":" not in spec:
        raise ConfigurationError(
            "The model is switched off (CDS_MODEL=none): set it, or name an engine before the spec."
        )


@contextmanager
def loaded(spec: str, settings: Settings, show: Show) -> Iterator[tuple[ModelBackend, SpecInfo]]:
    """The model named `spec`. Raises BackendError or ConfigurationError."""
    _switched_on(spec, settings)
    backend, info = load_spec(spec, settings, _steps(show))
    try:
        backend.warm()
        yield backend, info
    finally:
        backend.close()


def plain_model(spec: str, settings: Settings, show: Show, *, four_bits: bool) -> PlainModel:
    """The weights of `spec` in plain transformers. Raises BackendError or ConfigurationError."""
    from cds_service.evaluation.plain_model import PlainModel

    with plain_parts(spec, settings, _steps(show)) as (folder, adapter):
        return PlainModel(folder, adapter=adapter, four_bits=four_bits, threads=settings.model_threads)


def part(show: Show, step: str) -> Callable[[float], None]:
    """Tells `show` how much of `step` is done."""
    return lambda share: show(step, share)


def shown(spec: str) -> str:
    """How a spec is written in files and tables: of a path only what tells it from others, a run by its own name."""
    path = Path(spec)
    if "/" not in spec:
        return spec
    return f"{path.parent.name}/{path.name}" if path.name == INSIDE else path.name


def distinct(specs: Sequence[str]) -> tuple[str, ...]:
    """`specs` without repetition. Raises UsageError where two would be written alike."""
    found = tuple(dict.fromkeys(specs))
    if len({shown(spec) for spec in found}) < len(found):
        raise click.UsageError("Two models have one name: tables and files could not tell them apart.")
    return found


def _steps(show: Show) -> Callable[[str, int, int], None]:
    return lambda step, done, total: show(step, done / total)
