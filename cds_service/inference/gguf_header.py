"""The head of a GGUF file: its texts, its counts and the shapes of its tensors, in a fraction of a second.

The `gguf` package builds an array for each of the 262,000 words of a vocabulary, which takes 18 seconds; here they
are stepped over. Format: the GGUF specification, versions 2 and 3, of the ggml project.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of each scalar type
_COUNT, _STRING, _ARRAY = 4, 8, 9
_MAX_COUNT = 10_000_000


@dataclass(frozen=True, kw_only=True)
class GgufHeader:
    """`texts`, `counts`: string and unsigned 32-bit values by key. `shapes`: dimensions by tensor, fastest first."""

    texts: dict[str, str]
    counts: dict[str, int]
    shapes: dict[str, tuple[int, ...]]


def read_header(path: Path) -> GgufHeader:
    """Read the head of `path`. Raises ValueError, OSError or struct.error on a file that is not whole GGUF."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _Cursor(data).header()


class _Cursor:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def header(self) -> GgufHeader:
        magic, version = self._data[:4], self._number("<I", skip=4)
        if magic != b"GGUF" or version not in {2, 3}:
            raise ValueError("not a GGUF file of version 2 or 3")
        tensors, pairs = self._count(), self._count()
        texts: dict[str, str] = {}
        counts: dict[str, int] = {}
        for _ in range(pairs):
            key, kind = self._text(), self._number("<I")
            if kind == _STRING:
                texts[key] = self._text()
            elif kind == _COUNT:
                counts[key] = self._number("<I")
            else:
                self._skip(kind)
        shapes: dict[str, tuple[int, ...]] = {}
        for _ in range(tensors):
            name = self._text()
            shapes[name] = tuple(self._number("<Q") for _ in range(self._number("<I")))
            self._at += 12  # type and offset
        return GgufHeader(texts=texts, counts=counts, shapes=shapes)

    def _skip(self, kind: int) -> None:
        if kind == _STRING:
            size = self._number("<Q")
            self._at += size
        elif kind == _ARRAY:
            item, count = self._number("<I"), self._count()
            if item in _SIZES:
                self._at += _SIZES[item] * count
            else:
                for _ in range(count):
                    self._skip(item)
        elif kind in _SIZES:
            self._at += _SIZES[kind]
        else:
            raise ValueError("a value of an unknown kind")

    def _count(self) -> int:
        count = self._number("<Q")
        if count > _MAX_COUNT:
            raise ValueError("a count beyond reason")
        return count

    def _number(self, form: str, skip: int = 0) -> int:
        self._at += skip
        value: int = struct.unpack_from(form, self._data, self._at)[0]
        self._at += struct.calcsize(form)
        return value

    def _text(self) -> str:
        size = self._number("<Q")
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise ValueError("the file is cut short")
        return self._data[start : self._at].decode("utf-8")
