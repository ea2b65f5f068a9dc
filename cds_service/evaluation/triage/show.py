"""A triage report in tables, the same rows for terminal and page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group
from rich.text import Text

from cds_service.evaluation.deid.table import NONE, Row, Section, percent
from cds_service.evaluation.triage import tables
from cds_service.evaluation.triage.cases import Missed
from cds_service.evaluation.triage.measures import SPECIFICITY, Agreement, Measures
from cds_service.evaluation.triage.report import Part, Report
from cds_service.shares import Share

_YIELD_COLUMNS = ("fired", "urgent card", "right", "alone", "wrong alone")
_MISSED_COLUMNS = ("expert", "nurse", "service", "fired", "read, not counted", "not evaluated")
YIELDS = "what each rule found"
MISSED = "urgent visits that were missed"


def for_terminal(report: Report) -> Group:
    """All tables, the yield of the rules, then a line for each missed visit and for what was left out."""
    missed = (Text(_line(m)) for m in report.missed)
    return Group(
        tables.terminal(_sections(report), _columns(report)),
        tables.terminal([_yields(report)], _YIELD_COLUMNS),
        Text(f"\n{_missed_title(report)}", style="bold"),
        *missed,
        *(Text(remark) for remark in _remarks(report)),
    )


def for_page(report: Report) -> str:
    """The same as Markdown, with what was measured."""
    measured = (
        f"Measured on {report.made:%Y-%m-%d} with `{report.rules}`, setting `{report.setting}`, clock "
        f"`{report.as_of}`. Shares and kappa with their 95 % intervals.\n"
    )
    parts = [
        measured,
        tables.markdown(_sections(report), _columns(report)),
        tables.markdown([_yields(report)], _YIELD_COLUMNS),
        tables.markdown([_missed(report)], _MISSED_COLUMNS),
        *(f"{remark}\n" for remark in _remarks(report)),
    ]
    return "\n".join(part for part in parts if part.strip())


def _columns(report: Report) -> tuple[str, ...]:
    return ("service", "nurse") if any(p.nurse for p in report.parts) else ("service",)


def _sections(report: Report) -> list[Section]:
    return [
        Section(
            title=f"{report.name}, {report.setting}, {part.name}: {part.service.visits:,} visits, "
            f"{part.service.sensitivity.of:,} urgent",
            rows=tuple(_rows(part)),
        )
        for part in report.parts
    ]


def _rows(part: Part) -> Iterator[Row]:
    columns = [m for m in (part.service, part.nurse) if m is not None]

    def share(name: str, pick: Callable[[Measures], Share]) -> Row:
        return tables.plain_row(name, *(percent(pick(m)) for m in columns))

    yield share("sensitivity (urgent found)", lambda m: m.sensitivity)
    yield share("specificity (others left)", lambda m: m.specificity)
    yield share(f"sensitivity at specificity ≥ {SPECIFICITY:.2f}", lambda m: m.at_specificity)
    yield share("  specificity there", lambda m: m.specificity_there)
    yield share("under-triage (below the expert)", lambda m: m.under)
    yield share("over-triage (above the expert)", lambda m: m.over)
    yield share("exact agreement on four levels", lambda m: m.exact)
    yield tables.plain_row("kappa, quadratic weights", *(_agreement(m.kappa) for m in columns))


def _agreement(kappa: Agreement) -> str:
    if kappa.value is None:
        return NONE
    return f"{kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"


def _yields(report: Report) -> Section:
    rows = [
        tables.plain_row(y.rule, *(str(n) for n in (y.fired, y.raised, y.urgent, y.alone, y.wrong_alone)))
        for y in report.yields
    ]
    return Section(title=f"{YIELDS} ({report.setting})", rows=tuple(rows))


def _missed(report: Report) -> Section:
    rows = [
        tables.plain_row(m.id, m.gold, m.nurse or NONE, m.floor, *(", ".join(names) or NONE for names in _seen(m)))
        for m in report.missed
    ]
    return Section(title=_missed_title(report), rows=tuple(rows))


def _missed_title(report: Report) -> str:
    unlisted = f", and {report.unlisted} that are not listed" if report.unlisted else ""
    return f"{MISSED} ({report.setting}): {len(report.missed)}{unlisted}"


def _seen(missed: Missed) -> tuple[Sequence[str], ...]:
    return missed.fired, missed.unheeded, missed.not_evaluated


def _line(missed: Missed) -> str:
    nurse = f", nurse {missed.nurse}" if missed.nurse else ""
    told = [f"{name}: {', '.join(seen)}" for name, seen in zip(_MISSED_COLUMNS[3:], _seen(missed), strict=True) if seen]
    return f"  {missed.id}: expert {missed.gold}{nurse}, service {missed.floor}; {'; '.join(told) or 'nothing fired'}"


def _remarks(report: Report) -> Iterator[str]:
    if report.drafted:
        told = ", ".join(f"{status} {count}" for status, count in sorted(report.drafted.items()))
        ready = report.drafted.get("ready", 0)
        yield f"Assessments of the model: {told}. Drafts with the expert's priority: {report.drafts_exact} of {ready}."
    for problem in report.problems:
        yield f"left out: {problem.place}: {problem.reason}"
