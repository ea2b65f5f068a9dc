"""What was worked out before, found again without keeping what it was worked out of."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import Generic, TypeVar

V = TypeVar("V")


class Remembered(Generic[V]):
    """The last `most` values that were put in or asked for, each under a keyed hash of what it depends on.

    The key is random, of this object alone, and never written down. Not safe for threads: its owner has a lock.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._values: OrderedDict[bytes, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def mark(self, *parts: bytes) -> bytes:
        """Under what the value of these parts is kept: equal for equal parts alone."""
        mark = blake2b(key=self._key, digest_size=16)
        for part in parts:
            mark.update(len(part).to_bytes(8, "big") + part)
        return mark.digest()

    def get(self, mark: bytes) -> V | None:
        """The value under `mark`, None where there is none (any more)."""
        if mark in self._values:
            self._values.move_to_end(mark)
        return self._values.get(mark)

    def put(self, mark: bytes, value: V) -> None:
        """Keep `value` under `mark`; what was not asked for the longest goes where there are too many."""
        self._values[mark] = value
        self._values.move_to_end(mark)
        while len(self._values) > self._most:
            self._values.popitem(last=False)
