"""Sections of rows as one table for the terminal and as Markdown between the marks of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group
from rich.table import Table

from cds_service.errors import ConfigurationError
from cds_service.evaluation.deid.table import Row, Section

_WIDTH = 100
_MEASURE, _AIM = 40, 10


def plain_row(measure: str, *cells: str) -> Row:
    """A row without an aim."""
    return Row(measure=measure, aim="", met=None, cells=cells)


def terminal(sections: Sequence[Section], columns: Sequence[str]) -> Group:
    """A table of 100 columns, with a heading for each section. `columns` name the cells of a row."""
    return Group(*(_terminal(section, columns) for section in sections if section.rows))


def _terminal(section: Section, columns: Sequence[str]) -> Table:
    title = f"\n{section.title}"
    table = Table(box=None, padding=(0, 1, 0, 0), title=title, title_justify="left", title_style="bold")
    aims = [_AIM] if _has_aims(section) else []
    width = (_WIDTH - _MEASURE - sum(aims)) // max(len(columns), 1) - 1
    table.add_column("", width=_MEASURE)
    for name, wide in (*(("aim", wide) for wide in aims), *((name, width) for name in columns)):
        table.add_column(name, width=wide, header_style="dim")
    for row in section.rows:
        style = None if row.met is None else ("green" if row.met else "red")
        table.add_row(f"  {row.measure}", *(_aim(row) for _ in aims), *row.cells, style=style)
    return table


def markdown(sections: Sequence[Section], columns: Sequence[str]) -> str:
    """The sections as Markdown tables, each under a heading of the third level."""
    return "\n".join(line for section in sections if section.rows for line in _markdown(section, columns)) + "\n"


def _markdown(section: Section, columns: Sequence[str]) -> Iterator[str]:
    aims = ["aim"] if _has_aims(section) else []
    yield from (f"### {section.title}", "")
    yield f"| {' | '.join(('', *aims, *columns))} |"
    yield "|---|" + "---|" * len(aims) + "---:|" * len(columns)
    for row in section.rows:
        yield f"| {' | '.join((row.measure.replace('  ', '· '), *(_aim(row) for _ in aims), *row.cells))} |"
    yield ""


def _has_aims(section: Section) -> bool:
    return any(row.aim for row in section.rows)


def _aim(row: Row) -> str:
    return row.aim if row.met is None else f"{row.aim} {'✓' if row.met else '✗'}"


def write_page(path: Path, name: str, text: str) -> None:
    """Write `text` to a new page, or between the marks of `name` in one that is there.

    The marks are ``<!-- figures NAME: begin -->`` and ``<!-- figures NAME: end -->``. Raises ConfigurationError for a
    page without them.
    """
    begin, end = f"<!-- figures {name}: begin -->", f"<!-- figures {name}: end -->"
    if not path.exists():
        path.write_text(f"{begin}\n{text}{end}\n", "utf-8")
        return
    before, found, rest = path.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ConfigurationError(f"{path.name} has no marks {begin} and {end}")
    path.write_text(f"{before}{begin}\n{text}{end}{after}", "utf-8")
