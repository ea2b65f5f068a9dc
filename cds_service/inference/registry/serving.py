"""Which adapter serves, and whether it may ride on the model that is configured."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from cds_service.errors import StoreError
from cds_service.inference.checksum import sha256_of
from cds_service.inference.registry.errors import RegistryError
from cds_service.inference.registry.manifest import Adapter
from cds_service.inference.registry.store import Registry
from cds_service.ledger.database import open_database
from cds_service.settings import Settings

FOREIGN = (
    "the adapter belongs to another base model than the one that CDS_MODEL_ID names: change CDS_MODEL_ID, promote an "
    "adapter of this model, or `cds-service model rollback`"
)
UNREADABLE = "the registry cannot be read: run `cds-service prepare`, or check the database"
NO_GGUF = "the adapter has no GGUF form for llama.cpp: serve it with CDS_MODEL=transformers"


def promoted_adapter(settings: Settings) -> Adapter | None:
    """The adapter that was promoted, every hash checked; None where the model serves alone. Raises RegistryError."""
    try:
        with closing(open_database(settings.database)) as database:
            registry = Registry(database, settings.adapters_dir)
            entry = registry.head().entry
            return None if entry is None else registry.read(entry)
    except StoreError:
        raise RegistryError(UNREADABLE) from None


def belongs_to_gguf(adapter: Adapter, gguf_sha256: str) -> None:
    """Raise RegistryError unless the adapter was made for the GGUF model with that hash."""
    if adapter.manifest.base.gguf_sha256 != gguf_sha256:
        raise RegistryError(FOREIGN)


def belongs_to_folder(adapter: Adapter, folder: Path, gguf_sha256: str | None) -> None:
    """Raise RegistryError unless the adapter was made for the transformers model in `folder`.

    `gguf_sha256`: of the GGUF file that the folder was unpacked from, if it was: the hash of an unpacked folder changes
    with the version of transformers, that of its source does not.
    """
    base = adapter.manifest.base
    same = base.gguf_sha256 == gguf_sha256 if gguf_sha256 is not None else base.sha256 == sha256_of(folder)
    if not same:
        raise RegistryError(FOREIGN)


def check_gguf_base(adapter: Adapter, gguf_sha256: str) -> Path:
    """The adapter's GGUF file for the base model with that hash. Raises RegistryError."""
    belongs_to_gguf(adapter, gguf_sha256)
    if adapter.gguf is None:
        raise RegistryError(NO_GGUF)
    return adapter.gguf


def check_folder_base(adapter: Adapter, folder: Path, gguf_sha256: str | None) -> Path:
    """The adapter's PEFT folder for the transformers model in `folder`. Raises RegistryError."""
    belongs_to_folder(adapter, folder, gguf_sha256)
    return adapter.folder
