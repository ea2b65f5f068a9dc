"""The presenting complaint itself: which kind it is and how soon such a complaint is seen.

Red flags tell what is dangerous; this rule tells the ordinary, so that a cold is told from a problem of the same day.
A complaint that no flag and no family of the lexicon knows is said to be not understood.
"""

from __future__ import annotations

from cds_service.clinical.red_flags.discriminators import measured, told
from cds_service.clinical.red_flags.grading import grade, in_short, positive
from cds_service.clinical.red_flags.lexicon import LEXICON, Flag
from cds_service.clinical.red_flags.mention import Mention, Origin
from cds_service.clinical.red_flags.reading import has_complaint
from cds_service.clinical.red_flags.rules import grade_words, highest
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Finding, NotEvaluated, Priority
from cds_service.settings import Setting

FAMILIES = {family.id: family for family in LEXICON.families}
FEATURES = frozenset(feature.id for feature in LEXICON.features)

NOT_UNDERSTOOD = NotEvaluated(
    what="presenting complaint",
    reason="its words are not in the lexicon, so it was not graded; it may be urgent",
)

ASKED = (Origin.COMPLAINT, Origin.INTAKE)

Graded = tuple[Flag, Mention, Priority, tuple[str, ...]]


def evaluate(context: RuleContext) -> RuleResult:
    """One finding: the most urgent family that the complaint names, with the others named beside it.

    Where a red flag is at least as urgent, the complaint is told as Medium: one cause makes one urgent finding.
    """
    graded = list(_graded(context))
    if not graded:
        return RuleResult(not_evaluated=() if _understood(context) else (NOT_UNDERSTOOD,))
    priority = max(p for _, _, p, _ in graded)
    if priority >= Priority.HIGH and highest(context) >= priority:
        graded = [(f, m, min(p, Priority.MEDIUM), ()) for f, m, p, _ in graded]  # a red flag tells it already
        priority = Priority.MEDIUM
    lead = [g for g in graded if g[2] is priority]
    return RuleResult(findings=(_finding(context, lead, graded),))


def _graded(context: RuleContext) -> list[Graded]:
    """Every family that is named now in the complaint or an intake answer, each once, by its highest mention."""
    best: dict[str, Graded] = {}
    for mention in context.mentions:
        family = FAMILIES.get(mention.flag)
        if family is None or not mention.counts or mention.origin not in ASKED:
            continue
        found = grade(context, family, family.terms[0], mention)
        if found is None:
            continue
        if family.id not in best or best[family.id][2] < found[0]:
            best[family.id] = (family, mention, *found)
    return list(best.values())


def _understood(context: RuleContext) -> bool:
    """Whether nothing was asked, or some flag or family is named in whatever way (denied and past ones too).

    A term that needs something beside it says nothing where that is missing, so it is no understanding.
    """
    if not has_complaint(context.case):
        return True
    return any(m.flag not in FEATURES and not (m.conditional and m.counts) for m in context.mentions) or (
        highest(context) > Priority.LOW
    )


def _finding(context: RuleContext, lead: list[Graded], graded: list[Graded]) -> Finding:
    family, mention, priority, _ = lead[0]
    decided_by = tuple(dict.fromkeys(name for _, _, _, names in lead for name in names))
    others = [f.title.lower() for f, _, _, _ in graded if f.id != family.id]
    reason = f"Named in the {mention.origin}: {family.title.lower()}"
    if others:
        reason += f" (beside {', '.join(others)})"
    reason += f"; {priority.label}"
    reason += f" because of {', '.join(in_short(n) for n in decided_by)}" if decided_by else " for such a complaint"
    beside = measured(context, positive(decided_by))
    if beside:
        reason += f" ({told(beside.values())})"
    return Finding(
        rule=RULE_ID,
        version=LEXICON.version,
        priority=priority,
        title=family.title,
        reason=reason + ".",
        citation=family.citations[0],
        values={
            "families": ", ".join(f.id for f, _, _, _ in graded),
            "origin": str(mention.origin),
            "raised_by": ", ".join(decided_by) or None,
            **{kind: float(value.value) for kind, value in beside.items()},
        },
        sources=tuple(dict.fromkeys([*(m.source for _, m, _, _ in graded), *(v.source for v in beside.values())])),
        topic="presenting-complaint",
        where_and_when=where_and_when(context.setting, priority),
    )


RULE_ID = "presenting-complaint"


def _rows() -> tuple[tuple[str, ...], ...]:
    settings = (Setting.FAMILY_PRACTICE, Setting.ED)
    return tuple(
        (family.title, *(grade_words(family.grades[s]) for s in settings), family.citations[0].title)
        for family in LEXICON.families
    )


RULE = Rule(
    id=RULE_ID,
    version=LEXICON.version,
    title="Presenting complaint",
    summary=(
        "Tells the kind of complaint in the reason for the visit and the intake answers, and how soon such a complaint "
        "is seen: pain of head and trunk before pain of limbs, then pain score, vital signs, age, duration and what "
        "else is named. A complaint that is not understood is said."
    ),
    population="everybody",
    citations=tuple(dict.fromkeys(c for family in LEXICON.families for c in family.citations)),
    priorities=tuple(
        sorted({p for f in LEXICON.families for g in f.grades.values() for p in (g.base, *g.raised, *g.lowered)})
    ),
    evaluate=evaluate,
    fires="Reason for the visit 'sore throat since yesterday': Low.",
    quiet="No reason for the visit: nothing. Words that the lexicon does not know: not evaluated, and said.",
    limits=(("Complaint", "Family practice", "Emergency department", "Source"), *_rows()),
)
