"""Where to go and when, in fixed words, for each priority and setting (GLOSSARY.md); a score to rank by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds_service.domain import FindingKind, Priority, floor_of
from cds_service.settings import Setting

if TYPE_CHECKING:
    from cds_service.clinical.registry import Evaluation
    from cds_service.clinical.rule import RuleContext

WHERE_AND_WHEN = {
    (Setting.FAMILY_PRACTICE, Priority.CRITICAL): "Call 911 / start the emergency response now.",
    (Setting.FAMILY_PRACTICE, Priority.HIGH): (
        "A physician sees the patient in this visit, or the emergency department today."
    ),
    (Setting.ED, Priority.CRITICAL): "Start the emergency response now: a physician at the bedside at once.",
    (Setting.ED, Priority.HIGH): "A physician sees the patient within 15 minutes.",
}

WEIGHTS = {Priority.LOW: 0.0, Priority.MEDIUM: 1.0, Priority.HIGH: 4.0, Priority.CRITICAL: 8.0}
"""What the highest finding of one topic adds within the priority of the floor."""

VITAL_SIGNS = 0.25
"""Share of that for vital signs, whose sum NEWS2 tells: a complaint says more than one value beyond a limit."""

PER_NEWS2_POINT = 0.5
PER_DECADE = 0.1
HALF = 10.0
"""The sum that moves a case half the way to the next priority."""


def where_and_when(setting: Setting, priority: Priority) -> str | None:
    """The fixed instruction for a High or Critical finding, None for a lower one."""
    return WHERE_AND_WHEN.get((setting, priority))


def urgency_score(evaluation: Evaluation, context: RuleContext) -> float:
    """A number to rank cases by, higher for more urgent: from 1 for Low to below 5 for Critical.

    Its whole part is the floor. Within a priority the number of topics and the priority of their findings count, then
    the points of NEWS2 and the age; the weights are set by hand, not fitted. It serves evaluation only.
    """
    told = [f for f in evaluation.findings if f.kind is FindingKind.TRIAGE]
    highest: dict[str, float] = {}
    for finding in told:
        share = VITAL_SIGNS if finding.topic == "vital-signs" else 1.0
        highest[finding.topic] = max(highest.get(finding.topic, 0.0), share * WEIGHTS[finding.priority])
    weight = sum(highest.values())
    weight += PER_NEWS2_POINT * sum(_points(f.values.get("score")) for f in told if f.rule == "news2")
    weight += PER_DECADE * (context.case.age or 0) / 10
    return floor_of(evaluation.findings) + weight / (weight + HALF)


def _points(score: object) -> float:
    return float(score) if isinstance(score, int | float) else 0.0
