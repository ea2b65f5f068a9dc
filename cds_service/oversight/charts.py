"""Trends as line charts in SVG that stand in a page, print, and need no script.

Colours are `currentColor` alone, so they follow the page's scheme; lines differ by their dashes, and signals by their
shape. Hidden points are gaps. The numbers stand in a table beside each chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from cds_service.oversight.figures import Unit, written
from cds_service.oversight.trends import Trend

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 34


def line_chart(trend: Trend, *, embedded: bool = True) -> str:
    """The chart of one trend. Not `embedded`: a file of its own, in black on white."""
    scale = _Scale(trend)
    place = range(len(trend.points))
    values = [None if p.hidden else p.value for p in trend.points]
    parts = [
        *scale.axis(),
        *_path([scale.at(i, trend.bound(i, "high")) for i in place], 'stroke-dasharray="6 4" stroke-opacity="0.8"'),
        *_path([scale.at(i, trend.bound(i, "low")) for i in place], 'stroke-dasharray="6 4" stroke-opacity="0.8"'),
        *scale.centre(trend),
        *_path([scale.at(i, value) for i, value in enumerate(values)], 'stroke-width="2"'),
        *_dots(scale, values, signal=bool(trend.signals)),
    ]
    name = escape(f"{trend.title}: {len(trend.points)} spans up to {trend.points[-1].label}")
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}"'
    own = "" if embedded else f' xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" color="black"'
    return f'<svg {frame}{own} fill="none" stroke="currentColor" font-size="12">{"".join(parts)}</svg>'


class _Scale:
    """From places and values to points of the picture."""

    def __init__(self, trend: Trend) -> None:
        self._trend = trend
        seen = [p.value for p in trend.points if p.value is not None and not p.hidden]
        bounds = [b for i in range(len(trend.points)) if (b := trend.bound(i, "high")) is not None]
        top = max([*seen, *bounds], default=0.0) * 1.05
        self.top = min(top, 1.0) if trend.unit is Unit.SHARE and top else top or 1.0
        self._step = (WIDTH - _LEFT - _RIGHT) / max(1, len(trend.points) - 1)

    def at(self, place: int, value: float | None) -> tuple[float, float] | None:
        """The point, None where nothing is to be drawn."""
        if value is None:
            return None
        return _LEFT + place * self._step, _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / self.top)

    def axis(self) -> list[str]:
        """The two axes, the ends of the vertical one, and the first and last span."""
        base, points = HEIGHT - _BOTTOM, self._trend.points
        return [
            f'<path d="M{_LEFT} {_TOP}V{base}H{WIDTH - _RIGHT}"/>',
            _text(_LEFT - 6, _TOP + 8, "end", written(self.top, self._trend.unit)),
            _text(_LEFT - 6, base, "end", written(0.0, self._trend.unit)),
            _text(_LEFT, HEIGHT - 10, "start", points[0].label),
            _text(WIDTH - _RIGHT, HEIGHT - 10, "end", points[-1].label),
        ]

    def centre(self, trend: Trend) -> list[str]:
        """The centre line, where there are limits."""
        point = None if trend.limits is None else self.at(0, trend.limits.centre)
        return [] if point is None else [f'<path d="M{_LEFT} {point[1]:.1f}H{WIDTH - _RIGHT}" stroke-dasharray="1 3"/>']


def _path(points: Sequence[tuple[float, float] | None], how: str) -> list[str]:
    """A line through the points, broken where one is missing."""
    steps = []
    for before, point in zip([None, *points], points, strict=False):
        if point is not None:
            steps.append(f"{'M' if before is None else 'L'}{point[0]:.1f} {point[1]:.1f}")
    return [f'<path d="{"".join(steps)}" {how}/>'] if steps else []


def _dots(scale: _Scale, values: Sequence[float | None], *, signal: bool) -> list[str]:
    made = []
    for place, value in enumerate(values):
        point = scale.at(place, value)
        if point is None:
            continue
        x, y = point
        if signal and place == len(values) - 1:
            made.append(f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="currentColor"/>')
        else:
            made.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor"/>')
    return made


def _text(x: float, y: float, anchor: str, words: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="currentColor" stroke="none">{escape(words)}</text>'


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
