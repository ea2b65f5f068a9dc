"""What `cds-service deidentify` prints for a person: the chart and the text as a model would see them, and the changes.

Chart and text are shown as text: no control sequence in them comes alive. Colour repeats what marks and words say.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from anonymization.gate import Scrubbed
from cds_service.terminal_cards import line, safe

LEGEND = "{before => after}"


def show_chart(console: Console, case: DeidentifiedCase) -> None:
    """Every fact of a chart past the gate, and its notes in full."""
    pregnant = {True: ", pregnant", False: ", not pregnant", None: ""}[case.pregnant]
    table = Table(title=f"The chart: {case.sex or 'sex unknown'}, age {case.age or 'unknown'}{pregnant}", expand=True)
    table.title_justify = "left"
    table.add_column("kind", no_wrap=True)
    for name in ("what", "value", "when"):
        table.add_column(name, ratio=2 if name == "what" else 1, overflow="fold")
    for fact in case.facts:
        if fact.kind != "note":
            table.add_row(fact.kind, Text(line(fact.name)), Text(_value(fact)), fact.interval or "")
    console.print(table)
    for fact in case.of_kind("note"):
        when = f", {fact.interval}" if fact.interval else ""
        console.print(_panel(f"{line(fact.name)}{when}", Text(safe(fact.text or ""))))


def show_text(console: Console, title: str, text: str) -> None:
    """A text past the gate."""
    console.print(_panel(title, Text(safe(text).rstrip())))


def show_changes(console: Console, title: str, before: str, after: Scrubbed) -> None:
    """A text with every change marked in its place."""
    shown, at = Text(), 0
    for (start, end, _), word in zip(after.spans, after.words, strict=True):
        shown.append(safe(before[at:start])).append("{").append(safe(before[start:end]), "red").append(" => ")
        shown.append(safe(word), "bold green").append("}")
        at = end
    console.print(_panel(f"{title}   {LEGEND}", shown.append(safe(before[at:]).rstrip())))


def show_summary(console: Console, removed: Mapping[str, int], *, policy: str, seconds: float) -> None:
    """What was removed, by which policy, and how long it took."""
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(removed.items()) if count)
    console.print(Text(f"Removed: {told or 'nothing'}"))
    console.print(Text(f"Policy version {policy}, {seconds * 1000:.0f} ms"))


def _panel(title: str, text: Text) -> Panel:
    return Panel(text if text.plain.strip() else Text("(empty)"), title=Text(title), title_align="left")


def _value(fact: DeidentifiedFact) -> str:
    number = "" if fact.value is None else f"{fact.value:g} {fact.unit or ''}"
    return " ".join(part for part in (number.strip(), line(fact.text or "")) if part)
