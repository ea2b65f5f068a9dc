"""The seals outside the database: a file of JSON lines, one a seal, that is only ever appended to.

Whoever may write to the database alone cannot cut the end of the audit chain without this file showing it, and the
other way round. A line counts once it has its end: half a line is what a crash or a full disk left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cds_service.errors import StoreError

_BLOCK = 4096
_MOST_BYTES = 10_000
"""Longer than any line of ours."""


class SealsFile:
    """The file at `path` (mode 0600, its folder 0700). Whoever appends holds the writer's lock of the database."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        """Bytes in the file, 0 when there is none that can be reached."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Where each whole line begins, and the line, the oldest first; none when there is no file.

        Raises StoreError when it cannot be read.
        """
        begin = 0
        try:
            with self.path.open("rb") as file:
                while line := file.readline(_MOST_BYTES):
                    if line.endswith(b"\n") or len(line) == _MOST_BYTES:
                        yield begin, line
                    begin += len(line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"the seals file cannot be read: {_words(error)}") from None

    def last(self, *, before: int | None = None) -> bytes | None:
        """The last whole line, None when there is none. `before`: the last of those that begin before that byte.

        Raises StoreError as `lines`.
        """
        try:
            with self.path.open("rb") as file:
                end = _end_of_lines(file.fileno(), file.seek(0, os.SEEK_END))
                start = max(0, end - _MOST_BYTES)
                found = os.pread(file.fileno(), end - start, start)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"the seals file cannot be read: {_words(error)}") from None
        begin, last = start, None
        for line in found.splitlines(keepends=True):
            if before is None or begin < before or last is None:
                last = line
            begin += len(line)
        return None if before == 0 else last

    def reach(self) -> None:
        """Open the file, made when there is none, and flush it: a disk that does not answer is met here.

        Raises StoreError when it cannot be written.
        """
        with self._open() as descriptor:
            os.fsync(descriptor)

    def append(self, lines: Sequence[bytes]) -> None:
        """Put `lines` at the end, on the disk, all or none of them. Half a line that a crash left is cut off first.

        Raises StoreError, and the file is then as it was.
        """
        with self._open() as descriptor:
            self._append(descriptor, b"".join(lines))

    @contextmanager
    def _open(self) -> Iterator[int]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(f"the seals file cannot be written: {_words(error)}") from None

    def _append(self, descriptor: int, content: bytes) -> None:
        size = os.fstat(descriptor).st_size
        end = _end_of_lines(descriptor, size)
        if size > end and (size - end > _MOST_BYTES or os.pread(descriptor, 1, end) != b"{"):
            raise StoreError("the end of the seals file is not a seal: run `cds-service audit verify`")
        os.ftruncate(descriptor, end)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, end)
            raise
        if not size:
            _flush_folder(self.path.parent)


def _end_of_lines(descriptor: int, size: int) -> int:
    """Where the last whole line ends."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _words(error: OSError) -> str:
    return os.strerror(error.errno or 0)
