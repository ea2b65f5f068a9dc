"""Which model serves: from settings to a loaded backend. The one place that knows every engine and every alias."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cds_service.errors import BackendError, ConfigurationError
from cds_service.inference.backend import ModelBackend
from cds_service.inference.checksum import sha256_of
from cds_service.inference.prepare import (
    Progress,
    default_model_sha256,
    no_progress,
    prepare_default_model,
    prepare_transformers_weights,
    prepare_trimmed_model,
    trimmed_model_version,
)
from cds_service.inference.registry.acts import first_use
from cds_service.inference.registry.manifest import Adapter
from cds_service.inference.registry.pack import Packing
from cds_service.inference.registry.serving import (
    belongs_to_folder,
    belongs_to_gguf,
    check_folder_base,
    check_gguf_base,
    promoted_adapter,
)
from cds_service.inference.registry.store import Registry
from cds_service.inference.style import Style
from cds_service.ledger.database import open_database
from cds_service.settings import ModelAdapter, ModelKind, Settings


@dataclass(frozen=True, kw_only=True)
class Alias:
    """A model that the project can prepare by itself: whole, and in the form of each local engine."""

    gguf: Callable[[Path, Progress], Path]
    trimmed: Callable[[Path, Progress], Path]
    folder: Callable[[Path, Progress], Path]
    gguf_sha256: Callable[[], str]
    trimmed_version: Callable[[], str]


ALIASES = {
    "default": Alias(
        gguf=prepare_default_model,
        trimmed=prepare_trimmed_model,
        folder=prepare_transformers_weights,
        gguf_sha256=default_model_sha256,
        trimmed_version=trimmed_model_version,
    ),
}

ADAPTABLE = (ModelKind.LLAMACPP, ModelKind.TRANSFORMERS)
"""Engines on which an adapter of the registry can ride; a model server has its own."""


def model_kind(settings: Settings) -> ModelKind:
    """The engine in force: ``auto`` is transformers for the folder of a model, else llamacpp."""
    if settings.model is not ModelKind.AUTO:
        return settings.model
    own_folder = settings.model_id not in ALIASES and os.path.isdir(settings.model_id)  # noqa: PTH112 - never raises
    return ModelKind.TRANSFORMERS if own_folder else ModelKind.LLAMACPP


def prepare(settings: Settings, progress: Progress = no_progress) -> None:
    """Do the one-time work for the model that `settings` name, so that loading is quick. Raises BackendError."""
    kind, alias = model_kind(settings), ALIASES.get(settings.model_id)
    if alias is not None and kind is ModelKind.LLAMACPP:
        alias.trimmed(settings.model_dir, progress)
    if alias is not None and kind is ModelKind.TRANSFORMERS:
        alias.folder(settings.model_dir, progress)
    if kind in ADAPTABLE and settings.model_adapter is ModelAdapter.PROMOTED:
        _first_use(settings)


def _first_use(settings: Settings) -> None:
    now = datetime.now(UTC)
    packing = Packing(now=now, gguf_of=lambda sha256: known_gguf(settings, sha256))
    with closing(open_database(settings.database)) as database:
        registry = Registry(database, settings.adapters_dir)
        first_use(
            registry,
            packing,
            belongs=lambda adapter: belongs(settings, adapter),
            check_base=lambda adapter: check_base(settings, adapter),
            now=now,
        )


def serving_adapter(settings: Settings) -> Adapter | None:
    """The adapter that rides on the model of `settings`, every hash checked; None for the model alone.

    Raises RegistryError: an adapter that was promoted and cannot be used is never silently left out.
    """
    if settings.model_adapter is ModelAdapter.NONE or model_kind(settings) not in ADAPTABLE:
        return None
    return promoted_adapter(settings)


def load_adapted(settings: Settings, adapter: Adapter | None, progress: Progress = no_progress) -> ModelBackend:
    """The model that `settings` name with `adapter` on it. Raises BackendError or ConfigurationError."""
    return _LOADERS[model_kind(settings)](settings, adapter, progress)


def _base_sha256(settings: Settings) -> str:
    """The SHA-256 of the whole GGUF file of the model that `settings` name: what adapters are bound to.

    Raises BackendError.
    """
    alias = ALIASES.get(settings.model_id)
    return alias.gguf_sha256() if alias is not None else sha256_of(_own_gguf(settings))


def _own_gguf(settings: Settings) -> Path:
    path = Path(settings.model_id)
    if not path.is_file():
        raise BackendError("the GGUF model file is missing: CDS_MODEL_ID names no file or folder here")
    return path


def known_gguf(settings: Settings, sha256: str) -> Path | None:
    """The GGUF file of that hash, if it is a packaged model or the one that `settings` name. Raises BackendError."""
    for alias in ALIASES.values():
        if alias.gguf_sha256() == sha256:
            return alias.gguf(settings.model_dir, no_progress)
    path = Path(settings.model_id)
    return path if path.is_file() and sha256_of(path) == sha256 else None


def folder_of(settings: Settings, progress: Progress = no_progress) -> tuple[Path, str | None]:
    """The transformers folder of the model that `settings` name, and the SHA-256 of the GGUF file it came from."""
    alias = ALIASES.get(settings.model_id)
    if alias is not None:
        return alias.folder(settings.model_dir, progress), alias.gguf_sha256()
    return Path(settings.model_id), None


def belongs(settings: Settings, adapter: Adapter) -> None:
    """Raise RegistryError unless `adapter` was made for the model that `settings` name."""
    if model_kind(settings) is ModelKind.LLAMACPP:
        belongs_to_gguf(adapter, _base_sha256(settings))
    else:
        belongs_to_folder(adapter, *folder_of(settings))


def check_base(settings: Settings, adapter: Adapter, progress: Progress = no_progress) -> Path:
    """The files of `adapter` for the engine of `settings`, if it belongs to their model. Raises BackendError."""
    if model_kind(settings) is ModelKind.LLAMACPP:
        return check_gguf_base(adapter, _base_sha256(settings))
    return check_folder_base(adapter, *folder_of(settings, progress))


def _style(adapter: Adapter | None) -> Style:
    return Style.WORKED if adapter is None else adapter.manifest.style


def _load_llamacpp(settings: Settings, adapter: Adapter | None, progress: Progress) -> ModelBackend:
    from cds_service.inference.backends.llamacpp import LlamaCppBackend

    alias, base = ALIASES.get(settings.model_id), _base_sha256(settings)
    if alias is not None:
        model, weights = alias.trimmed(settings.model_dir, progress), alias.trimmed_version()
    else:
        model, weights = _own_gguf(settings), base[:16]
    return LlamaCppBackend(
        model,
        adapter=None if adapter is None else check_gguf_base(adapter, base),
        style=_style(adapter),
        threads=settings.model_threads,
        weights=weights,
    )


def _load_transformers(settings: Settings, adapter: Adapter | None, progress: Progress) -> ModelBackend:
    try:
        from cds_service.inference.backends.hf import HfBackend
    except ImportError:
        raise BackendError("torch or transformers is missing: install the locked requirements") from None

    folder, source = folder_of(settings, progress)
    return HfBackend(
        folder,
        adapter=None if adapter is None else check_folder_base(adapter, folder, source),
        style=_style(adapter),
        quantization=settings.model_quantization,
        device=settings.model_device,
        threads=settings.model_threads,
    )


def _load_openai(settings: Settings, adapter: Adapter | None, progress: Progress) -> ModelBackend:  # noqa: ARG001
    from cds_service.inference.backends.openai_server import OpenAIServerBackend

    if settings.openai_url is None:
        raise ConfigurationError("CDS_MODEL=openai needs CDS_OPENAI_URL")
    if settings.model_id in ALIASES:
        raise ConfigurationError("CDS_MODEL=openai needs CDS_MODEL_ID, the name of the model at the server")
    return OpenAIServerBackend(
        settings.openai_url,
        settings.model_id,
        hosts=settings.openai_hosts,
        key_file=settings.openai_key_file,
    )


def _load_none(settings: Settings, adapter: Adapter | None, progress: Progress) -> ModelBackend:  # noqa: ARG001
    from cds_service.inference.backends.null import NullBackend

    return NullBackend()


_LOADERS: dict[ModelKind, Callable[[Settings, Adapter | None, Progress], ModelBackend]] = {
    ModelKind.LLAMACPP: _load_llamacpp,
    ModelKind.TRANSFORMERS: _load_transformers,
    ModelKind.OPENAI: _load_openai,
    ModelKind.NONE: _load_none,
}
