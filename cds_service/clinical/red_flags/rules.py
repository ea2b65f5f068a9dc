"""One rule for each flag of the lexicon."""

from __future__ import annotations

from functools import partial

from cds_service.clinical.red_flags.grading import DISCRIMINATORS, grade, words
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
    terms = {term.name: term for term in flag.terms}
    mentions = [m for m in context.mentions if m.flag == flag.id and m.counts]
    graded = [(m, *g) for m in mentions if (g := grade(context, flag, terms[m.term], m))]
    if not graded:
        return RuleResult(not_evaluated=notes)
    priority = max(p for _, p, _ in graded)
    raised_by = tuple(dict.fromkeys(name for _, p, names in graded if p is priority for name in names))
    finding = _finding(context, flag, [m for m, _, _ in graded], priority, raised_by)
    return RuleResult(findings=(finding,), not_evaluated=notes)


def _finding(
    context: RuleContext, flag: Flag, mentions: list[Mention], priority: Priority, raised_by: tuple[str, ...]
) -> Finding:
    terms = ", ".join(dict.fromkeys(m.term for m in mentions))
    origins = " and ".join(dict.fromkeys(str(m.origin) for m in mentions))
    suspected = all(m.status is Status.UNCERTAIN for m in mentions)
    lasting = all("chronic" in m.modifiers and "sudden" not in m.modifiers for m in mentions)
    title = flag.chronic_title if flag.chronic_title and lasting else flag.title
    reason = f"{'Suspected' if suspected else 'Named'} in the {origins}: {terms}"
    if raised_by:
        reason += f"; {priority.label} because of {', '.join(words(n) for n in raised_by)}"
    return Finding(
        rule=rule_id(flag),
        version=LEXICON.version,
        priority=priority,
        title=title + (" suspected" if suspected else ""),
        reason=reason + ".",
        citation=flag.citations[0],
        values={"terms": terms, "origin": origins, "raised_by": ", ".join(raised_by) or None},
        sources=tuple(dict.fromkeys(m.source for m in mentions)),
        topic=flag.id,
        where_and_when=where_and_when(context.setting, priority),
    )


def rule_id(flag: Flag) -> str:
    """``red-flag-chest-pain`` and the like."""
    return f"red-flag-{flag.id}"


def check(lexicon: Lexicon) -> None:
    """Raises ValueError when a grade names an unknown discriminator or a mandatory flag could be less than High."""
    known = {f"flag:{f.id}" for f in lexicon.flags} | {f"feature:{f.id}" for f in lexicon.features} | {*DISCRIMINATORS}
    known |= {"modifier:sudden", "modifier:severe", "modifier:chronic"}
    for flag in lexicon.flags:
        grades = [flag.grades, *(t.grades for t in flag.terms)]
        named = {n for g in grades for s in g.values() for names in s.raised.values() for n in names}
        named |= {n for t in flag.terms for n in t.needs}
        if named - known:
            raise ValueError(f"lexicon.toml: {flag.id} names unknown discriminators")
        bases = [g[Setting.FAMILY_PRACTICE].base for g in grades if Setting.FAMILY_PRACTICE in g]
        if flag.mandatory and min(bases) < Priority.HIGH:
            raise ValueError(f"lexicon.toml: {flag.id} is mandatory and must be at least High in a family practice")


def _rule(flag: Flag) -> Rule:
    priorities = {
        p for g in [flag.grades, *(t.grades for t in flag.terms)] for s in g.values() for p in (s.base, *s.raised)
    }
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
    shown = [_grade_words(term.grades.get(s) or flag.grades[s]) for s in (Setting.FAMILY_PRACTICE, Setting.ED)]
    return term.name, needs, *shown


def _grade_words(chosen: Grade) -> str:
    raised = [
        f"{p.label} with any of {', '.join(words(n) for n in names)}" for p, names in sorted(chosen.raised.items())
    ]
    return "; ".join([chosen.base.label, *raised])


check(LEXICON)
RULES: tuple[Rule, ...] = tuple(_rule(flag) for flag in LEXICON.flags)
