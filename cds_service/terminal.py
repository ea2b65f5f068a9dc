"""What commands print for a person: progress bars and tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

Show = Callable[[str, float], None]
"""Called with the name of a step and how much of it is done, 0 to 1."""


@contextmanager
def progress(console: Console | None = None) -> Iterator[Show]:
    """Progress bars on standard error, one a step. Where there is no terminal, one line at the end of each step."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        done: set[str] = set()

        def line(step: str, share: float) -> None:
            if share >= 1 and step not in done:
                done.add(step)
                console.print(f"{step}: done", highlight=False)

        yield line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, share: float) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=1.0)
            bars.update(tasks[step], completed=share)

        yield show


def index_report(report: Any) -> str:
    """What an index build took and refused."""
    state = "unchanged" if report.unchanged else "built"
    lines = [f"Index {report.version} {state}: {report.passages} passages from {len(report.took)} guidelines."]
    lines += [f"  took {line}" for line in report.clinic]
    lines += [f"  refused {problem}" for problem in report.refused]
    return "\n".join(lines)


def ledger_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> str:
    """Ledger entries as JSON lines, or indented for reading."""
    if as_json:
        return "\n".join(json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    if not rows:
        return "The ledger is empty: no hook call was answered yet."
    lines = []
    for row in rows:
        lines.append(
            f"{row['created_at']:%Y-%m-%d %H:%M:%S} UTC  answer {row['id']}  subject {row['subject']}  "
            f"{row['priority']} (floor {row['floor']})  AI {row['status']}"
        )
        lines += [f"    AI reason: {reason}" for reason in row["reasons"]]
        for card in row["cards"]:
            lines.append(f"    card {card['uuid']}  {card['kind']}  {card['indicator']}")
            lines += [f"        feedback: {_feedback(item)}" for item in card["feedback"]]
    return "\n".join(lines)


def _feedback(item: Mapping[str, Any]) -> str:
    parts = [str(item["outcome"])]
    if item.get("reason_code"):
        parts.append(f"reason {item['reason_code']}")
    if item.get("suggestions"):
        parts.append(f"suggestion {', '.join(item['suggestions'])}")
    if item.get("has_comment"):
        parts.append("with a comment (in the vault)")
    return ", ".join(parts)
