"""A small chart of one measure over time, drawn on the server: it prints, scales, and needs no script.

The table beside it says the same in numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, HEIGHT = 200.0, 48.0
PAD = 5.0
NOW = timedelta(days=3)
"""What lies further back would press the course of this illness together; the table has it."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Where the line, its points and the usual range lie, in a box of `WIDTH` by `HEIGHT`.

    `words`: the same as text. `band`: top and height of the range that scores nothing, None where there is none.
    """

    path: str
    points: tuple[tuple[float, float], ...]
    band: tuple[float, float] | None
    words: str


def trend(values: Sequence[tuple[datetime, float]], *, usual: tuple[float, float] | None, unit: str) -> Trend | None:
    """The chart of `values`, oldest first; None where one value makes no trend."""
    if len(values) < 2:
        return None
    recent = [value for value in values if values[-1][0] - value[0] <= NOW]
    values = recent if len(recent) > 1 else values
    numbers = [value for _, value in values]
    low, high = min(numbers), max(numbers)
    if usual is not None:
        low, high = min(low, usual[0]), max(high, usual[1])
    height = (high - low) or 1.0
    start, length = values[0][0], max(values[-1][0] - values[0][0], timedelta(seconds=1))

    def across(at: datetime) -> float:
        return round(PAD + (at - start) / length * (WIDTH - 2 * PAD), 1)

    def down(value: float) -> float:
        return round(PAD + (high - value) / height * (HEIGHT - 2 * PAD), 1)

    points = tuple((across(at), down(value)) for at, value in values)
    return Trend(
        path="M" + "L".join(f"{x} {y}" for x, y in points),
        points=points,
        band=(down(usual[1]), round(down(usual[0]) - down(usual[1]), 1)) if usual else None,
        words=_words(numbers, unit),
    )


def _words(numbers: Sequence[float], unit: str) -> str:
    first, last = numbers[0], numbers[-1]
    direction = "unchanged" if first == last else "up" if last > first else "down"
    return f"{direction} from {first:g} to {last:g} {unit} over {len(numbers)} readings".replace("  ", " ")
