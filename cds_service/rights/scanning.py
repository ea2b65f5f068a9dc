"""Reading files byte by byte for what must not be in them: a few words, or thousands of beginnings of random values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

MARK_BYTES = 8
"""Bytes of a random value by which it is known again: among a billion places one in ten million is so by chance."""

MARK_EVERY = 1500
"""Bytes between the marks of a long value: a database keeps it in pieces of a page (4 kB or 8 kB), in any place."""

_CHUNK = 8_000_000
_LOW_BITS = np.uint64(0xFFFFF)


def marks_of(value: bytes) -> Iterator[bytes]:
    """The marks of one random value, from its beginning on."""
    last = len(value) - MARK_BYTES
    return (value[at : at + MARK_BYTES] for at in range(0, last + 1, MARK_EVERY))


def words_in(path: Path, words: Iterable[bytes]) -> int:
    """How many of `words` stand in the file."""
    left = set(words)
    hits = 0
    for window in _windows(path, max((len(word) for word in left), default=1)):
        found = {word for word in left if word in window}
        hits += len(found)
        left -= found
        if not left:
            break
    return hits


def marks_in(path: Path, marks: Iterable[bytes]) -> int:
    """How many of `marks` stand in the file, at whatever place. It takes as long for ten thousand as for one."""
    wanted = np.unique(np.frombuffer(b"".join(marks), dtype=np.uint64))
    if not wanted.size:
        return 0
    maybe = np.zeros(int(_LOW_BITS) + 1, dtype=bool)
    maybe[wanted & _LOW_BITS] = True
    found: set[int] = set()
    for window in _windows(path, MARK_BYTES):
        for shift in range(min(MARK_BYTES, len(window) - MARK_BYTES + 1)):
            count = (len(window) - shift) // MARK_BYTES
            values = np.frombuffer(window, dtype=np.uint64, count=count, offset=shift)
            values = values[maybe[values & _LOW_BITS]]
            places = np.minimum(np.searchsorted(wanted, values), wanted.size - 1)
            found.update(values[wanted[places] == values].tolist())
    return len(found)


def _windows(path: Path, longest: int) -> Iterator[bytes]:
    """The file in pieces that overlap, so that what is `longest` stands in one of them whole."""
    tail = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            window = tail + chunk
            yield window
            tail = window[-(longest - 1) :] if longest > 1 else b""
