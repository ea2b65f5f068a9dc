"""Small files that only their owner may read, written so that a half-written one never has the name.

Errors are ConfigurationError in words for the operator; they name the file and never quote it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cds_service.errors import ConfigurationError

Mark = tuple[int, int, int, int]
"""Inode, size, and times of change: another mark means that the file may have been replaced."""

NO_FILE: Mark = (0, 0, 0, 0)
"""The mark of a file that is not there."""


def read(path: Path, *, what: str) -> tuple[bytes, Mark]:
    """The content of `path` and the mark of what was read. `what`: "the key file". Raises ConfigurationError."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if status.st_mode & 0o077:
                raise ConfigurationError(f"{what} {path} is open to other users: run chmod 600 {path}")
            return file.read(), _mark(status)
    except OSError as error:
        raise ConfigurationError(f"{what} {path} cannot be read: {_words(error)}") from None


def mark(path: Path) -> Mark:
    """The mark of the file that has the name now, `NO_FILE` when there is none that we can reach."""
    try:
        return _mark(path.stat())
    except OSError:
        return NO_FILE


def create(path: Path, content: bytes, *, what: str) -> None:
    """Write `path` (mode 0600, its folder 0700) unless there is one. Raises ConfigurationError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _aside(path, content) as aside, suppress(FileExistsError):  # another process was first: its file counts
            os.link(aside, path)
        _flush_folder(path.parent)
    except OSError as error:
        raise ConfigurationError(f"{what} {path} cannot be created: {_words(error)}") from None


def replace(path: Path, content: bytes, *, what: str) -> None:
    """Put `content` in the place of `path`: all of it, on the disk, or nothing. Raises ConfigurationError."""
    try:
        with _aside(path, content) as aside:
            aside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise ConfigurationError(f"{what} {path} cannot be written, and is as it was: {_words(error)}") from None


@contextmanager
def locked(path: Path, *, what: str) -> Iterator[None]:
    """Be the only process that changes `path` (a lock on its folder, which a killed process lets go)."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigurationError(f"{what} {path} cannot be read: {_words(error)}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _aside(path: Path, content: bytes) -> Iterator[Path]:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        yield aside
    finally:
        aside.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mark(status: os.stat_result) -> Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _words(error: OSError) -> str:
    return os.strerror(error.errno or 0)
