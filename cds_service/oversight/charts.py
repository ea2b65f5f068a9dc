"""Trends as line charts in SVG that stand in a page, print, and need no script.

Colours are `currentColor` alone, so they follow the page's scheme; lines differ by their dashes, and signals by their
shape. Hidden points are gaps. The numbers stand in a table beside each chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from math import ceil, floor, log10

from cds_service.oversight.figures import Unit, written
from cds_service.oversight.trends import Point, Trend

WIDTH, HEIGHT = 480, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 16, 24, 30
_SPANS = 8
"""Fewest spans that are drawn; empty ones before the first point are left out beyond that."""

_STEPS = 4
"""Most steps of the vertical axis."""


def shown_points(trend: Trend) -> list[Point]:
    """The points that are drawn, oldest first."""
    return [point for point in trend.points if point.value is not None and not point.hidden]


def line_chart(trend: Trend, *, embedded: bool = True) -> str:
    """The chart of one trend. Not `embedded`: a file of its own, in black on white."""
    scale = _Scale(trend)
    place = range(scale.start, len(trend.points))
    values = [None if trend.points[i].hidden else trend.points[i].value for i in place]
    dashed = 'stroke-dasharray="6 4" stroke-opacity="0.8"'
    points = [scale.at(i, value) for i, value in zip(place, values, strict=True)]
    parts = [
        *scale.axis(),
        *_path([scale.at(i, trend.bound(i, "high")) for i in place], dashed),
        *_path([scale.at(i, trend.bound(i, "low")) for i in place], dashed),
        *scale.centre(trend),
        *_path(points, 'stroke-width="2"'),
        *_dots(points, signal=bool(trend.signals)),
        *_newest(points, values, trend.unit),
    ]
    name = escape(f"{trend.title}: {len(place)} spans up to {trend.points[-1].label}")
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}"'
    own = "" if embedded else f' xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" color="black"'
    return f'<svg {frame}{own} fill="none" stroke="currentColor" font-size="13">{"".join(parts)}</svg>'


def _step(most: float) -> float:
    """A round step, of which at most `_STEPS` reach `most`."""
    power = floor(log10(most / _STEPS))
    steps = (float(f"{digit}e{power}") for digit in (1, 2, 5, 10))
    return next(step for step in steps if step * _STEPS >= most)


class _Scale:
    """From places and values to points of the picture. `start`: the first span that is drawn."""

    def __init__(self, trend: Trend) -> None:
        self._trend = trend
        points = trend.points
        seen = [p.value for p in shown_points(trend) if p.value is not None]
        first = next((i for i, p in enumerate(points) if p.value is not None and not p.hidden), len(points))
        self.start = max(0, min(first, len(points) - _SPANS))
        bounds = [b for i in range(len(points)) if (b := trend.bound(i, "high")) is not None]
        most = max([*seen, *bounds], default=0.0) or (0.1 if trend.unit is Unit.SHARE else 1.0)
        self._tick = _step(most)
        self._ticks = ceil(most / self._tick - 1e-9)
        self._across = (WIDTH - _LEFT - _RIGHT) / max(1, len(points) - 1 - self.start)

    def at(self, place: int, value: float | None) -> tuple[float, float] | None:
        """The point, None where nothing is to be drawn."""
        if value is None:
            return None
        height = value / (self._tick * self._ticks)
        return _LEFT + (place - self.start) * self._across, _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - height)

    def axis(self) -> list[str]:
        """The vertical axis with its ticks, and days: the first, one between, the last."""
        made = []
        for tick in range(self._ticks + 1):
            value = tick * self._tick
            y = _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - tick / self._ticks)
            faint = ' stroke-opacity="0.2"' if tick else ""
            made.append(f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"{faint}/>')
            made.append(_text(_LEFT - 8, y + 4, "end", written(value, self._trend.unit).replace(".0 ", " ")))
        last = len(self._trend.points) - 1
        for place, anchor in {self.start: "start", (self.start + last) // 2: "middle", last: "end"}.items():
            day = date.fromisoformat(self._trend.points[place].label)
            words = f"{day.day} {day:%b}" if anchor == "middle" else f"{day.day} {day:%b %Y}"
            x = _LEFT + (place - self.start) * self._across
            made.append(f'<path d="M{x:.1f} {HEIGHT - _BOTTOM}v5"/>')
            made.append(_text(x, HEIGHT - 8, anchor, words))
        return made

    def centre(self, trend: Trend) -> list[str]:
        """The centre line, where there are limits."""
        point = None if trend.limits is None else self.at(self.start, trend.limits.centre)
        return [] if point is None else [f'<path d="M{_LEFT} {point[1]:.1f}H{WIDTH - _RIGHT}" stroke-dasharray="1 3"/>']


def _path(points: Sequence[tuple[float, float] | None], how: str) -> list[str]:
    """A line through the points, broken where one is missing."""
    steps = []
    for before, point in zip([None, *points], points, strict=False):
        if point is not None:
            steps.append(f"{'M' if before is None else 'L'}{point[0]:.1f} {point[1]:.1f}")
    return [f'<path d="{"".join(steps)}" {how}/>'] if steps else []


def _dots(points: Sequence[tuple[float, float] | None], *, signal: bool) -> list[str]:
    made = []
    for place, point in enumerate(points):
        if point is None:
            continue
        x, y = point
        if signal and place == len(points) - 1:
            made.append(f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="currentColor"/>')
        else:
            made.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="currentColor"/>')
    return made


def _newest(points: Sequence[tuple[float, float] | None], values: Sequence[float | None], unit: Unit) -> list[str]:
    """The newest value in words, at its point."""
    for point, value in zip(reversed(points), reversed(values), strict=True):
        if point is not None and value is not None:
            return [_text(max(point[0], _LEFT + 60), point[1] - 9, "end", written(value, unit))]
    return []


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor" stroke="none">{escape(words)}</text>'
    )


def sheet(trends: Sequence[Trend]) -> str:
    """All charts below each other, as one SVG file."""
    step = HEIGHT + 30
    parts = [
        f'<g transform="translate(0 {place * step})">'
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(trend.title)}</text>'
        f'<g transform="translate(0 24)">{line_chart(trend, embedded=False)}</g></g>'
        for place, trend in enumerate(trends)
    ]
    size = f'width="{WIDTH}" height="{step * len(trends)}" viewBox="0 0 {WIDTH} {step * len(trends)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )
