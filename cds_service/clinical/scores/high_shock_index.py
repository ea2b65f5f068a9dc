"""Rule: a shock index of 1.0 or more that NEWS2 does not already answer.

From 1.0 the same day and measured again, from 1.4 urgent: the class that Mutschler 2013 calls severe. The index was
studied in trauma and sepsis; among people whose NEWS2 is low it is a hint, no diagnosis, so the lower class is Medium.
"""

from __future__ import annotations

from cds_service.clinical import news2
from cds_service.clinical.readings import fresh_rounds, how_recent
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.scores.score import NotComputed
from cds_service.clinical.scores.shock_index import CITATION, shock_index
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Citation, Finding, Priority

VERSION = "1.0"

LIMIT = 1.0
SEVERE = 1.4
SEPSIS = Citation(
    title="Shock Index and Early Recognition of Sepsis in the Emergency Department: Pilot Study",
    publisher="Berger et al., Western Journal of Emergency Medicine 14:168",
    year=2013,
)


def evaluate(context: RuleContext) -> RuleResult:
    """A shock index of 1.0 or more where NEWS2 of the same time is below High; else NEWS2 has said it already."""
    score = shock_index(context)
    if isinstance(score, NotComputed) or score.value < LIMIT or score.when is None:
        return RuleResult()  # what is missing for it is missing for NEWS2 too, which says so
    scale_2 = news2.scale_2_documented(context.case)
    priority = Priority.HIGH if score.value >= SEVERE else Priority.MEDIUM
    chosen = news2.choose(fresh_rounds(context.case, context.stale_hours), scale_2=scale_2)
    if chosen is not None and chosen[1].priority >= Priority.HIGH:
        return RuleResult()
    reason = (
        f"Shock index (heart rate by systolic pressure) is {score.value:.2f} (limit: at or above {LIMIT}), "
        f"measured {how_recent(score.when, context.case.now)}; NEWS2 alone does not raise the alarm. Measure again."
    )
    finding = Finding(
        rule=RULE.id,
        version=VERSION,
        priority=priority,
        title=f"Shock index {score.value:.2f}: possible early shock",
        reason=reason,
        citation=CITATION,
        values={"shock_index": score.value, **score.inputs},
        sources=score.sources,
        topic="vital-signs",
        where_and_when=where_and_when(context.setting, priority),
    )
    return RuleResult(findings=(finding,))


RULE = Rule(
    id="shock-index",
    version=VERSION,
    title="High shock index",
    summary=(
        "Heart rate by systolic pressure of one round. From 1.0 Medium, from 1.4 High, only where NEWS2 is below High. "
        "A slow heart from medicines or athletic training hides shock from it: a low index never reassures."
    ),
    population="16 and over, not pregnant",
    citations=(CITATION, SEPSIS),
    priorities=(Priority.MEDIUM, Priority.HIGH),
    evaluate=evaluate,
    fires="Heart rate 108, systolic 104, the rest normal: 1.04, Medium.",
    quiet="Heart rate 96, systolic 118: 0.81, nothing.",
    limits=(
        ("Shock index, where NEWS2 is below High", "Priority"),
        (f"at or above {LIMIT}", "Medium"),
        (f"at or above {SEVERE}", "High"),
    ),
)
