"""A validation in tables, the same rows for terminal and page, and as a figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Group as Printed

from cds_service.evaluation.deid.table import NONE, Row, Section, percent
from cds_service.evaluation.local.facts import EXPECTED
from cds_service.evaluation.local.limits import State, Verdict
from cds_service.evaluation.local.summary import LEAST, Group, RuleYield, Validation
from cds_service.evaluation.triage import tables

_LISTED = 20
_FEW = f"< {LEAST}"
_COLOURS = {"Critical": "#D55E00", "High": "#E69F00", "Medium": "#0072B2", "Low": "#999999"}
_MET = {State.HOLDS: True, State.FAILS: False, State.OPEN: None}


def for_terminal(made: Validation) -> Printed:
    """A table for each section."""
    return Printed(*(tables.terminal([section], columns) for section, columns in _sections(made)))


def for_page(made: Validation) -> str:
    """The same as Markdown, with what was measured and the reason of each limit."""
    versions = ", ".join(f"{name} `{version}`" for name, version in made.versions.items())
    lead = (
        f"Made on {made.made:%Y-%m-%d} from {made.source}, setting `{made.setting}` ({versions}). Shares with their "
        "95 % intervals. Nothing below names a chart.\n\n"
    )
    tabled = "\n".join(tables.markdown([section], columns) for section, columns in _sections(made))
    reasons = "".join(f"- *{v.limit.title}*: {v.limit.why}\n" for v in made.verdicts)
    return f"{lead}{tabled}\n### Why these limits\n\n{reasons}"


def _sections(made: Validation) -> Iterator[tuple[Section, tuple[str, ...]]]:
    yield Section(title="Verdicts", rows=tuple(map(_verdict, made.verdicts))), ("measured", "verdict")
    yield Section(title=f"{made.charts:,} charts", rows=tuple(_charts(made))), ("",)
    rules = tuple(_rule(it, reviewed=any(r.accepted.of for r in made.rules)) for it in made.rules)
    columns = ("charts", "urgent", "alone", *(("accepted",) if any(r.accepted.of for r in made.rules) else ()))
    yield Section(title="Rules: in how many charts, urgent, and with nothing else as high", rows=rules), columns
    groups = tuple(map(_group, made.groups))
    yield Section(title="Groups: charts High or Critical", rows=groups), ("charts", "urgent", "more than all others")
    yield Section(title="Not evaluated, in how many charts", rows=tuple(_counts(made.not_evaluated))), ("charts",)
    bad = [tables.plain_row(p.place, p.reason) for p in made.problems[:_LISTED]]
    if more := len(made.problems) - len(bad):
        bad.append(tables.plain_row(f"and {more} more", ""))
    yield Section(title=f"Could not be used: {len(made.problems)} documents", rows=tuple(bad)), ("why",)


def _verdict(verdict: Verdict) -> Row:
    limit = verdict.limit
    as_share = limit.most < 1
    aim = f"≤ {limit.most * 100:g} %" if as_share else f"≤ {limit.most:g}"
    value = f"{verdict.value * 100:.1f} %" if as_share else f"{verdict.value:.3g}"
    if verdict.low is not None and verdict.high is not None:
        value += f" ({verdict.low * 100:.1f} to {verdict.high * 100:.1f})"
    return Row(measure=limit.title, aim=aim, met=_MET[verdict.state], cells=(value, verdict.state.value))


def _charts(made: Validation) -> Iterator[Row]:
    for name, share in made.priorities.items():
        day = f", {made.per_day[name]:.1f} a day" if made.per_day else ""
        yield tables.plain_row(name, f"{percent(share)}{day}")
    if made.cards is not None:
        low, median, high = made.cards
        yield tables.plain_row("cards a chart, median (quartiles)", f"{median:g} ({low:g} to {high:g})")
    yield tables.plain_row("refused by the gate", percent(made.refused))
    yield from (tables.plain_row(f"refused: {reason}", str(n)) for reason, n in sorted(made.refusals.items()))
    if made.milliseconds is not None:
        median, most = made.milliseconds
        yield tables.plain_row("milliseconds a chart, median and 95th percentile", f"{median:.0f} and {most:.0f}")
    if made.under.of:
        yield tables.plain_row("reviewed", f"{made.under.of:,}")
        yield tables.plain_row("a clinician gave a higher priority", percent(made.under))
        yield tables.plain_row("a clinician gave a lower priority", percent(made.over))


def _rule(it: RuleYield, *, reviewed: bool) -> Row:
    cells = (f"{it.fired.hits:,} ({_short(it.fired.value)})", _short(it.urgent.value), _short(it.alone.value))
    return tables.plain_row(it.rule, *cells, *((percent(it.accepted),) if reviewed else ()))


def _group(it: Group) -> Row:
    charts = _FEW if it.charts is None else f"{it.charts:,}"
    urgent = "too few to tell" if it.urgent is None else percent(it.urgent)
    difference = NONE
    if it.difference is not None:
        value, low, high = (100 * part for part in it.difference)
        mark = " *" if it.attribute not in EXPECTED and (low > 0 or high < 0) else ""
        difference = f"{value:+.1f} points ({low:+.1f} to {high:+.1f}){mark}"
    return tables.plain_row(f"{it.attribute}: {it.name}", charts, urgent, difference)


def _counts(counts: Mapping[str, int]) -> Iterator[Row]:
    yield from (tables.plain_row(name, f"{n:,}") for name, n in list(counts.items())[:_LISTED])


def _short(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.0f} %"


def draw(path: Path, made: Validation) -> None:
    """Write the figure; the ending of `path` (png, svg, pdf) says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    groups = [g for g in made.groups if g.urgent is not None and g.urgent.value is not None]
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8.0, 2.4 + 0.32 * max(len(groups), 1)), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        ratios = [1.6, max(0.32 * len(groups), 0.6)]
        upper, lower = figure.subplots(2, 1, height_ratios=ratios)
        names = list(made.priorities)
        shares = [100 * (made.priorities[name].value or 0.0) for name in names]
        upper.barh(names, shares, color=[_COLOURS[name] for name in names])
        upper.invert_yaxis()
        for place, share in enumerate(shares):
            upper.annotate(f"{share:.1f}", (share, place), xytext=(4, 0), textcoords="offset points", va="center")
        upper.set_xlabel("Of 100 charts")
        upper.set_title(f"{made.charts:,} charts, {made.setting}", loc="left", fontsize=11, fontweight="bold")
        for place, group in enumerate(groups):
            urgent = group.urgent
            if urgent is None or urgent.value is None or urgent.low is None or urgent.high is None:
                continue
            lower.plot([100 * urgent.low, 100 * urgent.high], [place, place], color="#0072B2", linewidth=2)
            lower.plot([100 * urgent.value], [place], "o", color="#0072B2")
        lower.set_yticks(range(len(groups)), [f"{g.attribute}: {g.name}" for g in groups])
        lower.invert_yaxis()
        lower.set_xlim(0, 100)
        lower.set_xlabel("High or Critical, % with 95 % interval")
        figure.savefig(path)
