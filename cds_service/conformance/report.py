"""The outcome of a run, requirement by requirement: as a table for a person, or as JSON for a machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds_service.conformance.catalogue import Level, catalogue
from cds_service.conformance.result import Result, Verdict
from cds_service.terminal_cards import line

BINDING = (Level.MUST, Level.MUST_NOT, Level.COND)
"""Levels on which conformance depends."""

_ORDER = (Verdict.FAILED, Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_APPLICABLE)
"""One failure outweighs all; one pass outweighs what could not be seen elsewhere."""

_STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.SKIPPED: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One requirement over all services: its level and text, the verdict and why, and the results it rests on."""

    id: str
    level: Level
    text: str
    verdict: Verdict
    why: str
    results: tuple[Result, ...]

    @property
    def breaks_conformance(self) -> bool:
        """Whether this row alone means that the server is not conformant."""
        return self.verdict is Verdict.FAILED and self.level in BINDING


def rows(results: Iterable[Result]) -> list[Row]:
    """A row for each requirement that was looked at, in the order of the specification."""
    by_id: dict[str, list[Result]] = {}
    for result in results:
        by_id.setdefault(result.id, []).append(result)
    made = []
    for requirement in catalogue().values():
        found = by_id.pop(requirement.id, None)
        if found:
            verdict, why = _together(found)
            made.append(
                Row(
                    id=requirement.id,
                    level=requirement.level,
                    text=requirement.text,
                    verdict=verdict,
                    why=why,
                    results=tuple(found),
                )
            )
    if by_id:
        raise KeyError(f"not in the catalogue: {', '.join(by_id)}")
    return made


def _together(results: Sequence[Result]) -> tuple[Verdict, str]:
    verdict = next(v for v in _ORDER if any(r.verdict is v for r in results))
    reasons = list(dict.fromkeys(r.why for r in results if r.verdict is verdict and r.why))
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return verdict, f"{reasons[0]}{more}" if reasons else ""


def totals(made: Sequence[Row]) -> dict[str, int]:
    """How many requirements have each verdict."""
    counts = Counter(row.verdict for row in made)
    return {verdict.value: counts[verdict] for verdict in Verdict}


def show(made: Sequence[Row], console: Console, *, url: str, services: Sequence[str], unchecked: int) -> None:
    """Print the table and the totals; where no service could be checked, without the rows that were skipped for it."""
    table = Table("id", "level", "result", "requirement, and → why", title=f"CDS Hooks conformance of {line(url, 200)}")
    for row in made if services else [row for row in made if row.verdict is not Verdict.SKIPPED]:
        style = _STYLES[row.verdict]
        words = Text(row.text)
        if row.why:
            words.append(f"\n→ {line(row.why, 300)}", style=style)
        table.add_row(row.id, row.level.value, Text(row.verdict.value, style=style), words)
    console.print(table)
    unseen = len(catalogue()) - len(made)
    console.print(Text(f"Services checked: {line(', '.join(services)) or 'none'}"))
    if unchecked:
        console.print(f"{unchecked} more services were not checked; name one with --service.", style="yellow")
    console.print(Text(", ".join(f"{count} {verdict}" for verdict, count in totals(made).items())))
    console.print(f"{unseen} further requirements of the checklist cannot be seen from outside.", style="dim")
    console.print(_verdict(made))


def _verdict(made: Sequence[Row]) -> Text:
    broken = [row.id for row in made if row.breaks_conformance]
    if broken:
        return Text(f"Not conformant: {', '.join(broken)}", style="bold red")
    unchecked = sum(row.verdict is Verdict.SKIPPED and row.level in BINDING for row in made)
    if unchecked:
        return Text(f"No binding requirement failed, but {unchecked} could not be checked.", style="bold yellow")
    return Text("No binding requirement failed.", style="bold green")


def as_json(made: Sequence[Row], *, url: str, services: Sequence[str]) -> dict[str, Any]:
    """The same for a machine, with the results of each service."""
    return {
        "url": url,
        "services": list(services),
        "conformant": not any(row.breaks_conformance for row in made),
        "totals": totals(made),
        "requirements": [
            {
                "id": row.id,
                "level": row.level.value,
                "requirement": row.text,
                "result": row.verdict.value,
                "why": row.why,
                "results": [{"service": r.service, "result": r.verdict.value, "why": r.why} for r in row.results],
            }
            for row in made
        ],
    }
