"""Rule: a corrected QT of 500 ms or more, where torsade de pointes threatens."""

from __future__ import annotations

from datetime import datetime, timedelta

from cds_service.clinical.readings import how_recent
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.scores.qtc import CITATION, NAME, VERY_LONG, qtc
from cds_service.clinical.scores.score import NotComputed, Score
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Citation, Finding, NotEvaluated, Priority

VERSION = "1.0"

FRESH = timedelta(days=7)
MENTIONED = timedelta(days=30)
TORSADE = Citation(
    title="Prevention of Torsade de Pointes in Hospital Settings",
    publisher="American Heart Association and American College of Cardiology Foundation, Circulation 121:1047",
    year=2010,
    detail="QTc of 500 ms",
)


def evaluate(context: RuleContext) -> RuleResult:
    """The newest corrected QT when it is 500 ms or more; one older than a week is said, never reported as of now."""
    score = qtc(context)
    if isinstance(score, NotComputed):
        told = score.missing != ("QT interval",)  # a QT that cannot be corrected is said; no QT at all is no news
        return RuleResult(not_evaluated=(score.note(),) if told else ())
    if score.value < VERY_LONG or score.when is None:
        return RuleResult()
    age = context.case.now - score.when
    if age > FRESH:
        reason = f"the newest value was {VERY_LONG} ms or more but is older than {FRESH.days} days"
        note = NotEvaluated(what=NAME, reason=reason)
        return RuleResult(not_evaluated=(note,) if age <= MENTIONED else ())
    return RuleResult(findings=(_finding(context, score, score.when),))


def _finding(context: RuleContext, score: Score, when: datetime) -> Finding:
    wide = bool(score.inputs["wide_qrs_coded"])
    priority = Priority.MEDIUM if wide else Priority.HIGH
    formula = score.inputs["formula"]
    reason = f"Corrected QT is {score.value:.0f} ms ({formula}; limit: at or above {VERY_LONG})"
    reason += f", measured {how_recent(when, context.case.now)}"
    if wide:
        reason += "; a bundle branch block or a pacemaker is coded, which lengthens the QT by itself"
    return Finding(
        rule=RULE.id,
        version=VERSION,
        priority=priority,
        title="Very long corrected QT: risk of torsade de pointes",
        reason=f"{reason}. Look for medicines that lengthen the QT and for low potassium, magnesium or calcium.",
        citation=TORSADE,
        values={"qtc_ms": score.value, **score.inputs},
        sources=score.sources,
        topic="electrocardiogram",
        where_and_when=where_and_when(context.setting, priority),
    )


RULE = Rule(
    id="long-qt",
    version=VERSION,
    title="Very long corrected QT",
    summary=(
        "Corrects the newest QT by Fridericia with the heart rate of its own time, or takes the corrected QT of the "
        "chart. From 500 ms High; Medium where a bundle branch block or a pacemaker is coded. A value older than 7 "
        "days is only said."
    ),
    population="everybody",
    citations=(TORSADE, CITATION),
    priorities=(Priority.MEDIUM, Priority.HIGH),
    evaluate=evaluate,
    fires="QT 480 ms at a heart rate of 75 an hour ago: 517 ms, High.",
    quiet="QT 400 ms at a heart rate of 75: 431 ms, nothing.",
    limits=(("Corrected QT", "Priority"), ("at or above 500 ms", "High"), ("the same, wide QRS coded", "Medium")),
)
