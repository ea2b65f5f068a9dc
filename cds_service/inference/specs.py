"""Which model a measurement means: one word or path, understood alike by every evaluation.

``base`` is the model that the settings name, alone; ``serving`` what serves hooks; otherwise the id of an adapter in
the registry, or the path of an adapter's or a run's folder. ``llamacpp:`` or ``transformers:`` before it names the
engine; without that the one in force is taken.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cds_service.errors import StoreError
from cds_service.inference.backend import ModelBackend
from cds_service.inference.models import check_base, folder_of, known_gguf, load_adapted, serving_adapter
from cds_service.inference.prepare import Progress, no_progress
from cds_service.inference.registry.errors import AdapterRefused, RegistryError
from cds_service.inference.registry.licence import packaged_licence
from cds_service.inference.registry.manifest import Adapter
from cds_service.inference.registry.pack import Packing, pack
from cds_service.inference.registry.serving import UNREADABLE
from cds_service.inference.registry.store import Registry
from cds_service.ledger.database import open_database
from cds_service.settings import ModelKind, Settings

BASE = "base"
SERVING = "serving"

_ENGINES = {kind.value: kind for kind in (ModelKind.LLAMACPP, ModelKind.TRANSFORMERS)}


@dataclass(frozen=True, kw_only=True)
class SpecInfo:
    """What stands behind a spec. `adapter`: the adapter's identity (registry.files.identity_of), None without one."""

    spec: str
    adapter: str | None
    may_raise: bool
    licence: str


def load_spec(spec: str, settings: Settings, progress: Progress = no_progress) -> tuple[ModelBackend, SpecInfo]:
    """The model that `spec` names, loaded and not yet warm, and what it is. Raises BackendError, ConfigurationError."""
    with resolved(spec, settings) as (chosen, adapter):
        return load_adapted(chosen, adapter, progress), _info(spec, chosen, adapter)


@contextmanager
def plain_parts(spec: str, settings: Settings, progress: Progress = no_progress) -> Iterator[tuple[Path, Path | None]]:
    """The transformers folder and the PEFT folder (None without adapter) of `spec`, for an engine of one's own.

    The PEFT folder is there as long as the block runs. Raises BackendError.
    """
    plain = settings.model_copy(update={"model": ModelKind.TRANSFORMERS})
    with resolved(spec.removeprefix("llamacpp:"), plain) as (chosen, adapter):
        folder = folder_of(chosen, progress)[0]
        yield folder, None if adapter is None else check_base(chosen, adapter, progress)


@contextmanager
def resolved(spec: str, settings: Settings) -> Iterator[tuple[Settings, Adapter | None]]:
    """Settings with the engine that `spec` names, and its adapter, whose files are there as long as the block runs."""
    engine, separated, name = spec.partition(":")
    if separated and engine in _ENGINES:
        settings = settings.model_copy(update={"model": _ENGINES[engine]})
    else:
        name = spec
    with ExitStack() as stack:
        yield settings, _adapter(name, settings, stack)


def _adapter(name: str, settings: Settings, stack: ExitStack) -> Adapter | None:
    if name == BASE:
        return None
    if name == SERVING:
        return serving_adapter(settings)
    path = Path(name)
    if not path.is_dir():
        if path.name != name:
            raise AdapterRefused("there is no folder at the path of that model spec")
        try:
            database = stack.enter_context(closing(open_database(settings.database)))
            registry = Registry(database, settings.adapters_dir)
            return registry.read(registry.find(name))
        except StoreError:
            raise RegistryError(UNREADABLE) from None
    aside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cds-adapter-"))) / "adapter"
    packing = Packing(now=datetime.now(UTC), gguf_of=lambda sha256: known_gguf(settings, sha256), any_licence=True)
    return pack(path, aside, packing)


def _info(spec: str, settings: Settings, adapter: Adapter | None) -> SpecInfo:
    if adapter is None:
        return SpecInfo(spec=spec, adapter=None, may_raise=False, licence=packaged_licence(settings.model_id))
    manifest = adapter.manifest
    return SpecInfo(spec=spec, adapter=manifest.identity, may_raise=manifest.may_raise, licence=manifest.licence)
