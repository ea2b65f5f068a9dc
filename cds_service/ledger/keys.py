"""The key file: a JSON file of its own, away from the database, that only its owner may read.

It holds the rings of `VaultKeys`. Retired keys stay in it as long as anything names them (`rotation.retire`). With a
master key (`master_key`) it is one sealed value, and opens nothing without the second file. A file of format 1, which
had no keys for signing, is upgraded in place when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from cds_service.errors import ConfigurationError
from cds_service.ledger import private_file
from cds_service.ledger.key_rings import KEY_BYTES, KeyRing, KeySource, VaultKeys, decoded, encoded, ring_data, ring_of
from cds_service.ledger.master_key import Master, unwrap, wrap
from cds_service.ledger.private_file import NO_FILE, Mark
from cds_service.settings import Settings

__all__ = ["KEY_BYTES", "KeyFile", "KeyRing", "KeySource", "VaultKeys", "load_keys", "load_or_create_keys", "open_keys"]

_WHAT = "the key file"
_FORMAT = 2

log = structlog.get_logger()


class KeyFile:
    """The keys in the file at `path`, kept up to date: a change by another process is seen at the next use.

    Safe for threads and to inherit by fork. A file that is gone or damaged meanwhile costs a running process nothing
    but a line in its log: it goes on with the keys that it has.
    """

    def __init__(self, path: Path, *, master: Path | None = None) -> None:
        self.path = path
        self._master = None if master is None else Master(path=master)
        self._held: tuple[Mark, VaultKeys] | None = None
        self._missed: tuple[Mark, Mark] | None = None

    @property
    def has_master(self) -> bool:
        """Whether a master key is asked for."""
        return self._master is not None

    def open(self) -> KeyFile:
        """Read the file now; one with fresh keys is made when there is none (mode 0600, its folder 0700).

        Processes that start together end up with the same keys. Raises ConfigurationError when the file can be read by
        others, cannot be read by us, is not a key file, or does not open with the master key. A lost key file cannot be
        made again: back it up apart.
        """
        if not self.path.exists():
            if self._master is not None:
                self._master.create()
            private_file.create(self.path, self._content(VaultKeys.new()), what=_WHAT)
        self.read()
        return self

    def read(self) -> VaultKeys:
        """The keys, read now. Raises ConfigurationError as `open`, and when there is no file."""
        content, mark = private_file.read(self.path, what=_WHAT)
        if _is_old(content):
            return self.change(lambda keys: keys)
        keys = self._parse(content)
        self._held = (mark, keys)
        return keys

    def current(self) -> VaultKeys:
        """The keys that hold now: one look at the file's inode and times, and another reading when they changed."""
        held = self._held
        if held is None:
            return self.read()
        return held[1] if private_file.mark(self.path) == held[0] or self._marks() == self._missed else self._again()

    def reread(self) -> VaultKeys:
        """As `current`, whatever the inode and times say (a network file system tells them late)."""
        return self._again()

    def change(self, make: Callable[[VaultKeys], VaultKeys]) -> VaultKeys:
        """Replace the keys by what `make` makes of them: one process at a time, all or nothing, flushed to the disk."""
        with private_file.locked(self.path, what=_WHAT):
            keys = make(self._parse(private_file.read(self.path, what=_WHAT)[0]))
            private_file.replace(self.path, self._content(keys), what=_WHAT)
        return self.read()

    def is_wrapped(self) -> bool:
        """Whether the file needs a master key."""
        return b'"wrapped"' in private_file.read(self.path, what=_WHAT)[0]

    def rewrite(self, *, master: Path | None) -> KeyFile:
        """The same keys, wrapped with the active key of another master key file, or not at all: safe to repeat."""
        other = KeyFile(self.path, master=master)
        with private_file.locked(self.path, what=_WHAT):
            keys = self._parse(private_file.read(self.path, what=_WHAT)[0], plain_too=True)
            if other._master is not None:
                other._master.create()
            private_file.replace(self.path, other._content(keys), what=_WHAT)
        return other.open()

    def rotate_master(self, name: str) -> None:
        """A fresh master key `name`: in the master key file first, then over the key file, then without the old one.

        Killed at any point, both files go together, and another call ends it.
        """
        if self._master is None:
            raise ValueError("there is no master key to rotate")
        with private_file.locked(self.path, what=_WHAT):
            keys = self._parse(private_file.read(self.path, what=_WHAT)[0])
            ring = self._master.read()
            if name not in ring.keys:
                ring = ring.rotated(name)
                self._master.write(ring)
            private_file.replace(self.path, self._content(keys), what=_WHAT)
            self._master.write(ring.without(frozenset(ring.retired)))
        self.read()

    def _again(self) -> VaultKeys:
        held, marks = self._held, self._marks()
        try:
            return self.read()
        except ConfigurationError:
            if held is None:
                raise
            self._missed = marks
            log.error("key-file-not-read-again")
            return held[1]

    def _marks(self) -> tuple[Mark, Mark]:
        """Of the key file and of the file that opens it: a medium that is back is worth another try."""
        master = self._master
        return private_file.mark(self.path), NO_FILE if master is None else private_file.mark(master.path)

    def _parse(self, content: bytes, *, plain_too: bool = False) -> VaultKeys:
        try:
            data = json.loads(content)
            if data["format"] not in (1, _FORMAT):
                raise ConfigurationError(f"the key file {self.path} was made by a newer version of this service")
            return _keys_of(self._plain(data, plain_too=plain_too))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{self.path} is not a key file of this service, or it is damaged: restore it"
            ) from None

    def _plain(self, data: dict[str, Any], *, plain_too: bool) -> dict[str, Any]:
        if "wrapped" in data:
            if self._master is None:
                raise ConfigurationError(f"the key file {self.path} needs its master key: set CDS_MASTER_KEY_FILE")
            opened: dict[str, Any] = json.loads(unwrap(data, self._master.read()))
            return opened
        if self._master is not None and data["format"] == _FORMAT and not plain_too:
            raise ConfigurationError(
                f"the key file {self.path} is not wrapped with the master key: run cds-service keys wrap"
            )
        return data

    def _content(self, keys: VaultKeys) -> bytes:
        plain = _data(keys)
        if self._master is not None:
            return _json({"format": _FORMAT, **wrap(_json(plain), self._master.read())})
        return _json({"format": _FORMAT, **plain})


def open_keys(settings: Settings) -> KeyFile:
    """The key file of this service, made when there is none. Raises ConfigurationError as `KeyFile.open`."""
    return KeyFile(settings.keys, master=settings.master_key_file).open()


def load_or_create_keys(path: Path, *, master: Path | None = None) -> VaultKeys:
    """The keys in the file at `path` as they are now; made when there is none, as `KeyFile.open`."""
    return KeyFile(path, master=master).open().current()


def load_keys(path: Path, *, master: Path | None = None) -> VaultKeys:
    """The keys in the file at `path`. Raises ConfigurationError as `KeyFile.open`, and when there is no file."""
    return KeyFile(path, master=master).read()


def _is_old(content: bytes) -> bool:
    try:
        return bool(json.loads(content)["format"] == 1)
    except (ValueError, KeyError, TypeError):
        return False


def _keys_of(data: dict[str, Any]) -> VaultKeys:
    index = ring_of(data["index"])
    old = data.get("format") == 1  # it hashed with the index key, and signed nothing
    return VaultKeys(
        sealing=ring_of(data["sealing"]),
        index=index,
        hashing=replace(index, keys={index.active: index.key}) if old else ring_of(data["hashing"]),
        signing=KeyRing.new() if old else ring_of(data["signing"]),
        verifying={} if old else decoded(data["verifying"]),
    )


def _data(keys: VaultKeys) -> dict[str, Any]:
    rings = {name: ring_data(getattr(keys, name)) for name in ("sealing", "index", "hashing", "signing")}
    return {**rings, "verifying": encoded(keys.verifying)}


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, indent=1).encode("ascii")
