"""Which model serves: from settings to a loaded backend. The one place that knows every engine and every alias."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cds_service.errors import BackendError, ConfigurationError
from cds_service.inference.backend import ModelBackend
from cds_service.inference.prepare import (
    Progress,
    default_model_sha256,
    no_progress,
    prepare_default_model,
    prepare_transformers_weights,
)
from cds_service.settings import ModelKind, Settings


@dataclass(frozen=True, kw_only=True)
class Alias:
    """A model that the project can prepare by itself, in the form of each local engine."""

    gguf: Callable[[Path, Progress], Path]
    folder: Callable[[Path, Progress], Path]
    gguf_sha256: Callable[[], str]


ALIASES = {
    "default": Alias(gguf=prepare_default_model, folder=prepare_transformers_weights, gguf_sha256=default_model_sha256),
}


def model_kind(settings: Settings) -> ModelKind:
    """The engine in force: ``auto`` is transformers with a CUDA device and llamacpp without."""
    if settings.model is not ModelKind.AUTO:
        return settings.model
    return ModelKind.TRANSFORMERS if _cuda() else ModelKind.LLAMACPP


def prepare(settings: Settings, progress: Progress = no_progress) -> None:
    """Do the one-time work for the model that `settings` name, so that `load_backend` is quick. Raises BackendError."""
    kind, alias = model_kind(settings), ALIASES.get(settings.model_id)
    if alias is not None and kind is ModelKind.LLAMACPP:
        alias.gguf(settings.model_dir, progress)
    if alias is not None and kind is ModelKind.TRANSFORMERS:
        alias.folder(settings.model_dir, progress)


def load_backend(settings: Settings, progress: Progress = no_progress) -> ModelBackend:
    """The model that `settings` name, prepared and loaded, not yet warm. Raises BackendError or ConfigurationError."""
    return _LOADERS[model_kind(settings)](settings, progress)


def _load_llamacpp(settings: Settings, progress: Progress) -> ModelBackend:
    from cds_service.inference.backends.llamacpp import LlamaCppBackend

    alias = ALIASES.get(settings.model_id)
    return LlamaCppBackend(
        alias.gguf(settings.model_dir, progress) if alias else Path(settings.model_id),
        adapter=settings.model_adapter,
        threads=settings.model_threads,
        weights_sha256=alias.gguf_sha256() if alias else None,
    )


def _load_transformers(settings: Settings, progress: Progress) -> ModelBackend:
    try:
        from cds_service.inference.backends.hf import HfBackend
    except ImportError:
        raise BackendError("torch or transformers is missing: install the locked requirements") from None

    alias = ALIASES.get(settings.model_id)
    return HfBackend(
        alias.folder(settings.model_dir, progress) if alias else Path(settings.model_id),
        adapter=settings.model_adapter,
        quantization=settings.model_quantization,
        device=settings.model_device,
        threads=settings.model_threads,
    )


def _load_openai(settings: Settings, progress: Progress) -> ModelBackend:  # noqa: ARG001
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


def _load_none(settings: Settings, progress: Progress) -> ModelBackend:  # noqa: ARG001
    from cds_service.inference.backends.null import NullBackend

    return NullBackend()


_LOADERS: dict[ModelKind, Callable[[Settings, Progress], ModelBackend]] = {
    ModelKind.LLAMACPP: _load_llamacpp,
    ModelKind.TRANSFORMERS: _load_transformers,
    ModelKind.OPENAI: _load_openai,
    ModelKind.NONE: _load_none,
}


def _cuda() -> bool:
    """Whether torch can use a CUDA device; without the driver's library torch is not even imported."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    import torch

    return bool(torch.cuda.is_available())
