"""The reference page of the figures, made from the data that define them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from cds_service.oversight.drift import ENOUGH_VISITS, LEVEL
from cds_service.oversight.thresholds import PACKAGED, Threshold, read_thresholds


def definitions() -> tuple[Mapping[str, str], ...]:
    """What each figure says, by ``id`` or the beginning of ids."""
    return tuple(tomllib.loads((PACKAGED / "figures.toml").read_text(encoding="utf-8"))["figure"])


def definition_of(figure: str) -> Mapping[str, str] | None:
    """The definition of one figure."""
    for found in definitions():
        if found["id"] == figure or (found["id"].endswith("*") and figure.startswith(found["id"][:-1])):
            return found
    return None


def page() -> str:
    """The page, in Markdown."""
    rows = "\n".join(
        f"| `{d['id']}` | {d['says']} | {d.get('counts', '')} | {d.get('of', '')} | {d['source']} |"
        for d in definitions()
    )
    return f"""# Figures of the monitoring

Shares have Wilson's 95 % interval. Counts of 1 to 4 are not shown, nor a share whose complement is one, nor the next
smallest count of a row, a column or a known sum in which one alone would be hidden. Trends have control limits (p-chart
for shares, XmR for times) and the rules of NHS England's Making Data Count: a point outside, seven on one side, six
rising or falling, two of three near a limit.

| figure | what it says | numerator | denominator | source |
|---|---|---|---|---|
{rows}

## Drift
Watched: priorities, state of the assessment, each rule that fires, each thing that could not be evaluated, decisions
and grades. Pearson's chi-square against the spans before (28 days, 4 weeks, 1 month), at least {ENOUGH_VISITS} charts
on each side, adjusted by Benjamini and Hochberg at {LEVEL:.0%}. The population stability index says how large a change
is: under 0.1 small, under 0.25 moderate, else large. Only moderate and large changes become a recommendation. Age and
sex are not in the ledger and so not watched.

## Limits, from which alerts are raised
{_table(read_thresholds("limits.toml"))}

## Recommendations
{_table(read_thresholds("recommendations.toml"))}

## What these figures cannot say
- A patient for whom no case was opened and no card shown is in no triage figure: what the service missed altogether
  shows only where somebody looks at charts apart from it.
- Clinicians see the floor and the assessment before they decide. Agreement measures the service together with its
  effect on them.
- Reports of overlapping spans may let a hidden count be worked out. Give away one kind of report, not all. Within one
  report the numbers that two figures rest on may differ by a hidden count (all decisions, and those that gave a
  priority): where a count of one must not leave the clinic, give away no n.
- Feedback that comes late changes an old report. A signature names the digest of what was read.
"""


def _table(thresholds: tuple[Threshold, ...]) -> str:
    rows = [
        f"| `{t.id}` | `{t.figure}`, {_END[t.end]} {'above' if t.above is not None else 'below'} {t.bound:g} "
        f"| {t.least} | {t.words} |"
        for t in thresholds
    ]
    return "\n".join(["| id | when | least n | words |", "|---|---|---|---|", *rows])


_END = {"value": "the value", "low": "the lower end of its interval", "high": "the upper end of its interval"}
