"""The figures as one table for the terminal and as Markdown for the docs, from the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group
from rich.table import Table

from cds_service.evaluation.deid.charts import ChartSummary
from cds_service.evaluation.deid.measure import Summary
from cds_service.evaluation.deid.report import Report, SetReport, machine
from cds_service.evaluation.deid.running import NOTE, Result
from cds_service.evaluation.deid.terms import TermSummary
from cds_service.shares import Share

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
NONE = "–"  # noqa: RUF001 - an empty cell


@dataclass(frozen=True, kw_only=True)
class Row:
    """A measure, what it should be, whether our gate reaches that (None: no aim), and a cell for each system."""

    measure: str
    aim: str
    met: bool | None
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """The rows of one set."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class _Aim:
    """A bound on a share or a number: at least `least`, or at most `most`."""

    least: float | None = None
    most: float | None = None
    unit: str = "%"

    def __str__(self) -> str:
        bound, sign = (self.least, "≥") if self.least is not None else (self.most, "≤")
        if bound is None:
            return ""
        number = f"{bound * 100:g} %" if self.unit == "%" else f"{bound:g} {self.unit}".rstrip()
        return number if bound == 0 else f"{sign} {number}"

    def met(self, value: float | None) -> bool | None:
        if value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def sections(report: Report) -> list[Section]:
    """Everything that was measured, a section for each set."""
    made = [_set_section(s) for s in report.sets]
    if report.terms:
        made.append(_terms_section(list(report.terms.values())))
    made += [_charts_section(name, c, len(report.systems)) for name, c in report.charts.items()]
    return made


def terminal_tables(report: Report) -> Group:
    """One table of 100 columns for a terminal, with a heading for each section."""
    systems = list(report.systems)
    return Group(*(_terminal_section(s, systems, first=not n) for n, s in enumerate(sections(report))))


def _terminal_section(section: Section, systems: Sequence[str], *, first: bool) -> Table:
    title = f"\n{section.title}"
    table = Table(
        box=None, padding=(0, 1, 0, 0), show_header=first, title=title, title_justify="left", title_style="bold"
    )
    for name, width in (("share (95 % interval)", 38), ("aim", 10), *((name, 24) for name in systems)):
        table.add_column(name, width=width, no_wrap=True, header_style="dim")
    for row in section.rows:
        style = None if row.met is None else ("green" if row.met else "red")
        table.add_row(f"  {row.measure}", _aim_text(row), *row.cells, style=style)
    return table


def markdown(report: Report) -> str:
    """The same figures as Markdown tables, with what was measured where."""
    where = machine()
    measured = (
        f"Measured on {report.made:%Y-%m-%d} with {'; '.join(report.systems.values())}, in one run on {where['cores']} "
        f"cores ({where['system']}, Python {where['python']}). Shares with their 95 % intervals; ✓ and ✗ say whether "
        "our gate reaches the aim."
    )
    lines = [measured]
    for section in sections(report):
        lines += ["", f"### {section.title}", "", "| | aim | " + " | ".join(report.systems) + " |"]
        lines.append("|---|---|" + "---:|" * len(report.systems))
        lines += [
            f"| {' | '.join((row.measure.replace('  ', '· '), _aim_text(row), *row.cells))} |" for row in section.rows
        ]
    return "\n".join(lines) + "\n"


def write_markdown(path: Path, report: Report) -> None:
    """Write the Markdown; in a page that has the marks `BEGIN` and `END`, only between them."""
    text = markdown(report)
    page = path.read_text("utf-8") if path.exists() else ""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    path.write_text(f"{before}{begin}\n{text}{end}{after}" if begin and end else text, "utf-8")


def percent(share: Share) -> str:
    """``92.9 % (84.3 to 96.9)``; a share that is not all or nothing is never rounded to it."""
    if share.value is None or share.low is None or share.high is None:
        return NONE
    value = f"{100 * share.value:.1f}"
    if share.hits < share.of and value == "100.0":
        value = ">99.9"
    if share.hits > 0 and value == "0.0":
        value = "<0.1"
    return f"{value} % ({100 * share.low:.1f} to {100 * share.high:.1f})"


def _aim_text(row: Row) -> str:
    return row.aim if row.met is None else f"{row.aim} {'✓' if row.met else '✗'}"


def _set_section(report: SetReport) -> Section:
    documents, results = report.gold.documents, report.results
    spans = sum(len(d.identifiers) for d in documents)
    charts = sum(d.bundle is not None for d in documents)
    beside = f" ({charts:,} with a chart)" if charts else ""
    title = f"{report.gold.name}: {len(documents):,} documents{beside}, {spans:,} identifiers"
    rows = [row for row in _rows(results) if set(row.cells) != {NONE}]
    return Section(title=title, rows=tuple(rows))


def _rows(results: Sequence[Result]) -> Iterator[Row]:
    def share(measure: str, pick: Callable[[Summary], Share], aim: _Aim | None = None) -> Row:
        shares = [pick(r.summary) for r in results]
        return _row(measure, aim or _Aim(), shares[0].value, [percent(s) for s in shares])

    yield from _clean_rows(results, share)
    known = [r.summary.known_leaks for r in results]
    cells = [f"{k.hits:,} of {k.of:,}" if k.of else NONE for k in known]
    yield _row("leaks of what stands in the chart", _Aim(most=0, unit=""), known[0].hits, cells)
    yield share("characters of identifiers masked", lambda s: s.characters, _Aim(least=0.995))
    yield share("identifiers masked whole", lambda s: s.spans)
    for kind in sorted({k for r in results for k in r.summary.kinds}):
        of = max(r.summary.kinds[kind].spans.of for r in results if kind in r.summary.kinds)
        cells = [percent(r.summary.kinds[kind].spans) if kind in r.summary.kinds else NONE for r in results]
        yield _row(f"  {kind} ({of:,})", _Aim(), None, cells)
    if results[0].summary.spans.of:
        yield share("masked characters that had to be", lambda s: s.precision)
    yield share("clinical characters masked", lambda s: s.taken, _Aim(most=0.01))
    yield share("PHI-free texts touched", lambda s: s.touched, _Aim(most=0.15))
    yield share("characters of PHI-free texts masked", lambda s: s.taken_free, _Aim(most=0.01))
    yield share("documents withheld", lambda s: s.withheld, _Aim(most=0.01))
    if any(r.summary.untrue for r in results):
        cells = [str(r.summary.untrue) for r in results]
        yield _row("outputs that differ from their spans", _Aim(most=0, unit=""), results[0].summary.untrue, cells)
    yield from _speed_rows(results)


def _clean_rows(results: Sequence[Result], share: Callable[..., Row]) -> Iterator[Row]:
    """The headline. Texts with a chart and texts without have different aims, so a mixed set has a row for each."""
    with_chart, without = _Aim(least=0.98), _Aim(least=0.97)
    summary = results[0].summary
    if summary.clean_with_chart.of and summary.clean_without_chart.of:
        yield share("documents without a leak", lambda s: s.clean)
        yield share("  with a chart", lambda s: s.clean_with_chart, with_chart)
        yield share("  without a chart", lambda s: s.clean_without_chart, without)
    else:
        yield share(
            "documents without a leak", lambda s: s.clean, with_chart if summary.clean_with_chart.of else without
        )


def _speed_rows(results: Sequence[Result]) -> Iterator[Row]:
    cells = [_ms(r.speed.document_p50, r.speed.document_p95) for r in results]
    yield _row("ms a document, p50 / p95", _Aim(), None, cells)
    cells = [_ms(r.speed.note_p50, r.speed.note_p95) for r in results]
    yield _row(f"ms for {NOTE:,} characters, p50 / p95", _Aim(most=50, unit="ms"), results[0].speed.note_p95, cells)
    rates = [r.speed.characters_per_second for r in results]
    times = rates[0] / rates[1] if len(rates) > 1 else None
    cells = [f"{rate:,.0f}" for rate in rates]
    if times is not None:
        cells[0] += f" ({times:.1f} x)"
    yield _row("characters a second", _Aim(least=3, unit="x") if times is not None else _Aim(), times, cells)


def _terms_section(terms: Sequence[TermSummary]) -> Section:
    aim = _Aim(most=0.01)
    rows = [_row("mentions masked", aim, terms[0].masked.value, [percent(t.masked) for t in terms])]
    for kind, share in terms[0].kinds.items():
        rows.append(_row(f"  {kind} ({share.of:,})", aim, share.value, [percent(t.kinds[kind]) for t in terms]))
    title = f"clinical terms: {terms[0].terms:,} terms in {terms[0].masked.of:,} sentences"
    return Section(title=title, rows=tuple(rows))


def _charts_section(name: str, charts: ChartSummary, systems: int) -> Section:
    rest = [NONE] * (systems - 1)
    times = [_ms(charts.ms_p50, charts.ms_p95), *rest]
    rows = (
        _row("charts refused", _Aim(most=0.02), charts.refused.value, [percent(charts.refused), *rest]),
        _row("ms a chart, p50 / p95", _Aim(), None, times),
    )
    return Section(title=f"charts of {name}: {charts.refused.of:,} charts", rows=rows)


def _row(measure: str, aim: _Aim, value: float | None, cells: Sequence[str]) -> Row:
    return Row(measure=measure, aim=str(aim), met=aim.met(value), cells=tuple(cells))


def _ms(p50: float | None, p95: float | None) -> str:
    return NONE if p50 is None or p95 is None else f"{p50:.1f} / {p95:.1f}"
