"""The vault's keys: a JSON file of its own, away from the database, that only its owner may read.

Two purposes, each with named keys of 256 bits and one that is active: ``sealing`` encrypts, ``index`` makes the blind
index by which a person's subject is found. Retired keys stay in the file as long as rows name them.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cds_service.errors import ConfigurationError

KEY_BYTES = 32
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """The keys of one purpose by id, and the id of the one in use. Its repr shows no key."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.active not in self.keys or any(len(key) != KEY_BYTES for key in self.keys.values()):
            raise ValueError(f"a key ring needs its active key, and keys of {KEY_BYTES} bytes")

    @classmethod
    def new(cls) -> KeyRing:
        """A ring with one fresh random key."""
        active = f"key-{secrets.token_hex(8)}"
        return cls(active=active, keys={active: secrets.token_bytes(KEY_BYTES)})


@dataclass(frozen=True, kw_only=True)
class VaultKeys:
    """Everything that opens the vault."""

    sealing: KeyRing
    index: KeyRing


def load_or_create_keys(path: Path) -> VaultKeys:
    """The keys in the file at `path`; a file with fresh keys is made when there is none (mode 0600, its folder 0700).

    Processes that start together end up with the same keys. Raises ConfigurationError when the file can be read by
    others, cannot be read by us, or is not a key file. A lost key file cannot be made again: back it up apart.
    """
    if not path.exists():
        _create(path, VaultKeys(sealing=KeyRing.new(), index=KeyRing.new()))
    return load_keys(path)


def load_keys(path: Path) -> VaultKeys:
    """The keys in the file at `path`. Raises ConfigurationError as `load_or_create_keys`, and when there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & 0o077:
                raise ConfigurationError(f"the key file {path} is open to other users: run chmod 600 {path}")
            content = file.read()
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be read: {os.strerror(error.errno or 0)}") from None
    try:
        data = json.loads(content)
        if data["format"] != _FORMAT:
            raise ConfigurationError(f"the key file {path} was made by a newer version of this service")
        return VaultKeys(sealing=_ring(data["sealing"]), index=_ring(data["index"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{path} is not a key file of this service, or it is damaged: restore it") from None


def _create(path: Path, keys: VaultKeys) -> None:
    """Write aside, flush to the disk, then link into place: a half-written key file never has the name."""
    data = {"format": _FORMAT, "sealing": _data(keys.sealing), "index": _data(keys.index)}
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(data, file, indent=1)
                file.flush()
                os.fsync(descriptor)
            with suppress(FileExistsError):  # another process was first: its keys are the keys
                os.link(aside, path)
        finally:
            aside.unlink()
        _flush_folder(path.parent)
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be created: {os.strerror(error.errno or 0)}") from None


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _data(ring: KeyRing) -> dict[str, Any]:
    return {"active": ring.active, "keys": {name: base64.b64encode(key).decode() for name, key in ring.keys.items()}}


def _ring(data: dict[str, Any]) -> KeyRing:
    keys = {name: base64.b64decode(text, validate=True) for name, text in data["keys"].items()}
    return KeyRing(active=data["active"], keys=keys)
