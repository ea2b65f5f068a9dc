"""One rule for each flag of the lexicon."""

from __future__ import annotations

from functools import partial

from cds_service.clinical.red_flags.context import MODIFIERS
from cds_service.clinical.red_flags.discriminators import DISCRIMINATORS, measured, told
from cds_service.clinical.red_flags.grading import atoms, grade, in_short, positive, words
from cds_service.clinical.red_flags.lexicon import LEXICON, Flag, Grade, Lexicon, Term
from cds_service.clinical.red_flags.mention import Mention, Status
from cds_service.clinical.red_flags.reading import has_complaint
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Finding, NotEvaluated, Priority
from cds_service.settings import Setting

NO_COMPLAINT = NotEvaluated(
    what="red flags in the presenting complaint",
    reason="the chart holds no current reason for the visit and no intake answer",
)


def evaluate(context: RuleContext, *, flag: Flag) -> RuleResult:
    """At most one finding: the flag, graded by its highest mention."""
    notes = () if has_complaint(context.case) else (NO_COMPLAINT,)
    graded = graded_mentions(context, flag)
    if not graded:
        return RuleResult(not_evaluated=notes)
    priority = max(p for _, p, _ in graded)
    decided_by = tuple(dict.fromkeys(name for _, p, names in graded if p is priority for name in names))
    finding = _finding(context, flag, [m for m, _, _ in graded], priority, decided_by)
    return RuleResult(findings=(finding,), not_evaluated=notes)


def graded_mentions(context: RuleContext, flag: Flag) -> list[tuple[Mention, Priority, tuple[str, ...]]]:
    """The mentions of a flag that count, with priority and what decided it."""
    mentions = [m for m in context.mentions if m.flag == flag.id and m.counts]
    if not mentions:
        return []
    terms = {term.name: term for term in flag.terms}
    return [(m, *g) for m in mentions if (g := grade(context, flag, terms[m.term], m))]


def highest(context: RuleContext) -> Priority:
    """The highest priority of any flag, Low when there is none."""
    return max((p for flag in LEXICON.flags for _, p, _ in graded_mentions(context, flag)), default=Priority.LOW)


def _finding(
    context: RuleContext, flag: Flag, mentions: list[Mention], priority: Priority, decided_by: tuple[str, ...]
) -> Finding:
    terms = ", ".join(dict.fromkeys(m.term for m in mentions))
    origins = " and ".join(dict.fromkeys(str(m.origin) for m in mentions))
    suspected = all(m.status is Status.UNCERTAIN for m in mentions)
    lasting = all("chronic" in m.modifiers and "sudden" not in m.modifiers for m in mentions)
    title = flag.chronic_title if flag.chronic_title and lasting else flag.title
    reason = f"{'Suspected' if suspected else 'Named'} in the {origins}: {terms}"
    if decided_by:
        reason += f"; {priority.label} because of {', '.join(in_short(n) for n in decided_by)}"
    beside = measured(context, positive(decided_by))
    if beside:
        reason += f" ({told(beside.values())})"
    return Finding(
        rule=rule_id(flag),
        version=LEXICON.version,
        priority=priority,
        title=title + (" suspected" if suspected else ""),
        reason=reason + ".",
        citation=flag.citations[0],
        values={"terms": terms, "origin": origins, "raised_by": ", ".join(decided_by) or None}
        | {kind: float(value.value) for kind, value in beside.items()},
        sources=tuple(dict.fromkeys([*(m.source for m in mentions), *(v.source for v in beside.values())])),
        topic=flag.id,
        where_and_when=where_and_when(context.setting, priority),
    )


def rule_id(flag: Flag) -> str:
    """``red-flag-chest-pain`` and the like."""
    return f"red-flag-{flag.id}"


def check(lexicon: Lexicon) -> None:
    """Raises ValueError when a grade names an unknown discriminator or a mandatory flag could be less than High."""
    known = {f"flag:{f.id}" for f in lexicon.flags} | {f"feature:{f.id}" for f in lexicon.features} | {*DISCRIMINATORS}
    known |= {f"family:{f.id}" for f in lexicon.families} | {f"modifier:{name}" for name in MODIFIERS}
    for flag in (*lexicon.flags, *lexicon.families):
        if named_by(flag) - known:
            raise ValueError(f"lexicon: {flag.id} names unknown discriminators")
        least = [g[Setting.FAMILY_PRACTICE].least for g in flag.all_grades if Setting.FAMILY_PRACTICE in g]
        if flag.mandatory and min(least) < Priority.HIGH:
            raise ValueError(f"lexicon: {flag.id} is mandatory and must be at least High in a family practice")


def named_by(flag: Flag) -> set[str]:
    """Every single discriminator that the grades and needs of a flag or family name."""
    names = {n for grades in flag.all_grades for grade in grades.values() for n in grade.names}
    names |= {n for term in flag.terms for n in term.needs}
    return {atom for name in names for atom in atoms(name)}


def _rule(flag: Flag) -> Rule:
    priorities = {p for g in flag.all_grades for s in g.values() for p in (s.base, *s.raised, *s.lowered)}
    return Rule(
        id=rule_id(flag),
        version=LEXICON.version,
        title=f"Red flag: {flag.title.lower()}",
        summary=(
            "Reads the presenting complaint, intake answers, notes of the last hours and problems recorded now, in "
            "words and codes. Denied, past, family and hypothetical mentions do not count; a suspicion counts, up to "
            "High."
        ),
        population="everybody",
        citations=flag.citations,
        priorities=tuple(sorted(priorities)),
        evaluate=partial(evaluate, flag=flag),
        fires=flag.fires,
        quiet=flag.quiet,
        limits=(("Term", "Needs", "Family practice", "Emergency department"), *(_row(flag, t) for t in flag.terms)),
    )


def _row(flag: Flag, term: Term) -> tuple[str, ...]:
    needs = ", ".join(words(n) for n in term.needs)
    shown = [grade_words(term.grades.get(s) or flag.grades[s]) for s in (Setting.FAMILY_PRACTICE, Setting.ED)]
    return term.name, needs, *shown


def grade_words(chosen: Grade) -> str:
    """A grade in plain words, for the rules page."""
    steps = [*sorted(chosen.raised.items()), *sorted(chosen.lowered.items())]
    told = [f"{p.label} with any of {', '.join(words(n) for n in names)}" for p, names in steps]
    return "; ".join([chosen.base.label, *told])


check(LEXICON)
RULES: tuple[Rule, ...] = tuple(_rule(flag) for flag in LEXICON.flags)
