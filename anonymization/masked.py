"""A text as it would leave, with the way back to where its characters came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from anonymization.spans import Found


@dataclass(frozen=True)
class Masked:
    """`text` with a mark such as ``[DATE]`` for each span; `covered` are the marks, `moves` the shifts behind them."""

    text: str
    covered: tuple[tuple[int, int], ...]
    moves: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str, found: Sequence[Found]) -> Masked:
        """`text` with the sorted, disjoint spans `found` replaced."""
        pieces: list[str] = []
        covered: list[tuple[int, int]] = []
        moves = [(0, 0)]
        at = length = 0
        for span in found:
            mark = f"[{span.label}]"
            pieces += (text[at : span.start], mark)
            length += span.start - at
            covered.append((length, length + len(mark)))
            length += len(mark)
            at = span.end
            moves.append((length, at - length))
        pieces.append(text[at:])
        return cls("".join(pieces), tuple(covered), tuple(moves))

    def original(self, hit: Found) -> Found | None:
        """`hit` of the masked text as a span of the original; None when it only repeats a mark."""
        start, end = hit.start, hit.end
        for mark_start, mark_end in self.covered:
            if mark_start <= start < mark_end:
                start = mark_end
            if mark_start < end <= mark_end:
                end = mark_start
        return (
            Found(start + self._move(start), end + self._move(end - 1), hit.label, hit.score) if start < end else None
        )

    def _move(self, at: int) -> int:
        return self.moves[bisect_right(self.moves, (at, 10**9)) - 1][1]
