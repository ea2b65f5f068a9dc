"""Small counts are not shown: who knows the clinic could say whom a count of one is about.

The rule: a count of 1 to 4 is "<5", and so is a share whose complement within its total is 1 to 4; zero is shown. Where
one cell alone of a row or column would be hidden, the next smallest of that line is hidden too, since a total that
stands elsewhere would give the first away. Rows of which a figure tells the sum are a line too. Rates and intervals of
hidden counts are hidden with them. Agencies differ in the threshold (CMS hides 1 to 10): this one is for use within the
clinic.
"""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 5
HIDDEN = f"<{LEAST}"

Cell = tuple[int, int]


def is_small(count: int) -> bool:
    """Whether `count` is too small to be shown."""
    return 0 < count < LEAST


def hides(hits: int, of: int) -> bool:
    """Whether a share must not be shown: of it, of its complement or of both, too few."""
    return is_small(hits) or is_small(of - hits)


def shown(rows: Sequence[tuple[int, ...]], sums: Sequence[tuple[int, ...]] = ()) -> list[tuple[int | None, ...]]:
    """The counts of a table; None for what is hidden. `sums`: rows whose sums are told elsewhere, by number."""
    width = len(rows[0]) if rows else 0
    cells = {(r, c): count for r, row in enumerate(rows) for c, count in enumerate(row)}
    lines = [[(r, c) for r in together] for together in sums for c in range(width)]
    lines += [[cell for cell in cells if cell[0] == r] for r in range(len(rows))]
    lines += [[cell for cell in cells if cell[1] == c] for c in range(width)]
    hidden = {cell for cell, count in cells.items() if is_small(count)}
    while partner := next((cell for line in lines for cell in _partner(line, cells, hidden)), None):
        hidden.add(partner)
    return [tuple(None if (r, c) in hidden else count for c, count in enumerate(row)) for r, row in enumerate(rows)]


def _partner(line: Sequence[Cell], cells: dict[Cell, int], hidden: set[Cell]) -> list[Cell]:
    """What is hidden with the one hidden cell of a line: the next smallest that is not zero."""
    open_cells = [cell for cell in line if cell not in hidden and cells[cell]]
    if sum(cell in hidden for cell in line) != 1 or not open_cells:
        return []
    return [min(open_cells, key=lambda cell: cells[cell])]
