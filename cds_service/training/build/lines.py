"""Files of JSON lines as people have them: a bad line costs only itself, and is told by its place alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cds_service.training.chat import line_value
from cds_service.training.tuning.errors import BadData

Report = Callable[[str, str], None]
"""Called with a place (file and line) and what is wrong there, in fixed words."""


def json_lines(path: Path, report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The place and the object of every line that holds one; empty lines are skipped. Raises BadData."""
    for number, line in _lines(path):
        place = f"{path.name}, line {number}"
        try:
            value = line_value(line)
        except (ValueError, RecursionError):
            report(place, "is no JSON")
            continue
        if isinstance(value, dict):
            yield place, value
        else:
            report(place, "is no JSON object")


def count_lines(path: Path) -> int:
    """How many lines are not empty. Raises BadData."""
    return sum(1 for _ in _lines(path))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as lines:
            yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    except OSError:
        raise BadData(f"{path.name}: cannot be read") from None
