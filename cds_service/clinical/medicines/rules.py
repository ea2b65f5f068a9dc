"""The rules on medicines, one for each table. What they read of a chart is read once a case and shared by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cds_service.clinical.medicines import allergies, conditions, interactions, kidney, pregnancy
from cds_service.clinical.medicines.chart import Taken, read_medicines
from cds_service.clinical.medicines.findings import Concern, finding_of
from cds_service.clinical.medicines.problems import read_conditions
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.tables import VERSION, Row, all_citations
from cds_service.clinical.population import AgeSpan, age_span
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.scores import NotComputed, Score, egfr
from cds_service.clinical.scores.inputs import ADULT_YEARS
from cds_service.domain import NotEvaluated, Priority

WHAT = "medicine safety"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the rules on medicines read of one chart."""

    taken: Taken
    present: Mapping[str, tuple[str, ...]]
    span: AgeSpan | None


def reading_of(context: RuleContext) -> Reading:
    """The reading of a context, made once."""
    return context.once("medicines", _read)


def _read(context: RuleContext) -> Reading:
    taken = read_medicines(context.case)
    present = read_conditions(context.case) if taken.uses else {}
    return Reading(taken=taken, present=present, span=age_span(context.case))


def _renal(context: RuleContext) -> Score | NotComputed | None:
    """The eGFR, None when no medicine that is taken has a row on the kidney."""
    return egfr(context) if reading_of(context).taken.of(kidney.MEDICINES) else None


def _allergies(context: RuleContext) -> RuleResult:
    taken = reading_of(context).taken
    notes = []
    if taken.unknown:
        reason = f"not checked: {taken.unknown} of {taken.count} medicines, which the tables do not know"
        notes.append(NotEvaluated(what=WHAT, reason=reason))
    if taken.count and (strange := allergies.unmatched(context.case)):
        count = f"{strange} of {len(context.case.allergies)}"
        reason = f"not checked: {count} recorded allergies, which could not be matched to a medicine"
        notes.append(NotEvaluated(what=WHAT, reason=reason))
    return _result("medicine-allergy", context, allergies.allergy_concerns(context.case, taken), notes)


def _interactions(context: RuleContext) -> RuleResult:
    read = reading_of(context)
    return _result("medicine-interaction", context, interactions.interactions(read.taken, read.span))


def _duplicates(context: RuleContext) -> RuleResult:
    read = reading_of(context)
    return _result("medicine-duplicate", context, interactions.duplicates(read.taken, read.span))


def _conditions(context: RuleContext) -> RuleResult:
    return _result("medicine-condition", context, _beside_conditions(context))


def _beside_conditions(context: RuleContext) -> list[Concern]:
    read = reading_of(context)
    has_egfr = isinstance(_renal(context), Score)
    found = conditions.condition_concerns(context.case, read.taken, read.present, read.span, has_egfr=has_egfr)
    return list(found)


def _ages(context: RuleContext) -> RuleResult:
    read = reading_of(context)
    graver = (c for c in _beside_conditions(context) if c.severity > Severity.MODERATE)
    told = frozenset(i for c in graver for i in c.medicines)
    return _result(
        "medicine-age", context, conditions.age_concerns(context.case, read.taken, read.present, read.span, told)
    )


def _pregnancy(context: RuleContext) -> RuleResult:
    return _result("medicine-pregnancy", context, pregnancy.pregnancy_concerns(context.case, reading_of(context).taken))


def _kidney(context: RuleContext) -> RuleResult:
    read, renal = reading_of(context), _renal(context)
    if isinstance(renal, Score):
        number = kidney.kidney_of(context.case, renal)
        return _result("medicine-kidney", context, kidney.kidney_concerns(read.taken, read.present, number))
    if renal is None or (read.span is not None and read.span.low < ADULT_YEARS * 12):
        return RuleResult()
    return RuleResult(not_evaluated=(NotEvaluated(what="medicines and kidney function", reason=renal.reason),))


def _result(
    rule: str, context: RuleContext, found: Iterable[Concern], notes: Sequence[NotEvaluated] = ()
) -> RuleResult:
    findings = (finding_of(rule, each, context.setting) for each in found)
    ordered = sorted(findings, key=lambda f: (-f.priority, f.rank))
    return RuleResult(findings=tuple(ordered), not_evaluated=tuple(notes))


def _rule(
    key: str,
    title: str,
    summary: str,
    population: str,
    rows: Sequence[Row],
    evaluate: Callable[[RuleContext], RuleResult],
    fires: str,
    quiet: str,
    *further: Priority,
) -> Rule:
    return Rule(
        id=key,
        version=VERSION,
        title=title,
        summary=f"{summary} Rows, names and sources: the page on medicine safety.",
        population=population,
        citations=all_citations(rows),
        priorities=tuple(sorted({*(row.severity.priority for row in rows), *further})),
        evaluate=evaluate,
        fires=fires,
        quiet=quiet,
    )


EVERYONE = "everyone; medicines that are taken (not on hold, ended or in error)"

RULES: tuple[Rule, ...] = (
    _rule(
        "medicine-allergy",
        "Medicine despite a recorded allergy",
        "Compares every medicine that is taken with recorded allergies, by ingredient and by cross-reaction. High for "
        "a contraindication with high criticality or anaphylaxis; an intolerance is one step less. Says how many "
        "medicines and allergies could not be matched.",
        EVERYONE,
        (allergies.SAME, *allergies.CROSS),
        _allergies,
        "Amoxicillin is taken; allergy to penicillin with anaphylaxis: High.",
        "Cefdinir is taken; allergy to penicillin: nothing (no shared side chain).",
        Priority.LOW,
        Priority.HIGH,
    ),
    _rule(
        "medicine-interaction",
        "Medicines that should not be together",
        "Looks at each pair of different medicines and tells each pair once, by its most severe row.",
        EVERYONE,
        (*interactions.INTERACTIONS, *interactions.COUNTS),
        _interactions,
        "Warfarin and naproxen are taken: Medium.",
        "Lisinopril and hydrochlorothiazide are taken: nothing.",
    ),
    _rule(
        "medicine-duplicate",
        "Two medicines of one class",
        "Two different ingredients of one class in different prescriptions, for classes where this is seldom meant.",
        EVERYONE,
        interactions.DUPLICATES,
        _duplicates,
        "Simvastatin and atorvastatin are taken: Low.",
        "Insulin glargine and insulin lispro are taken: nothing.",
    ),
    _rule(
        "medicine-condition",
        "Medicine with a condition that speaks against it",
        "Compares medicines with the problems of the chart (SNOMED CT, ICD-10-CM, words) and, where a row says so, "
        "with the newest potassium or sodium of the last 30 days.",
        "everyone; rows with an age only where the age is certain",
        conditions.BY_CONDITION,
        _conditions,
        "Ibuprofen is taken; heart failure is on the problem list: Medium.",
        "Metoprolol is taken; asthma is on the problem list: nothing (not a non-selective beta-blocker).",
    ),
    _rule(
        "medicine-age",
        "Medicine that the age speaks against",
        "Older adults (AGS Beers Criteria 2023) and children. A medicine that a condition speaks against is not told "
        "again.",
        "65 and over or under 19, as each row says, where the age is certain",
        conditions.BY_AGE,
        _ages,
        "Glyburide is taken at 70: Medium.",
        "Glyburide is taken at 60: nothing.",
    ),
    _rule(
        "medicine-pregnancy",
        "Medicine in pregnancy",
        "Compares medicines with a pregnancy that the chart names as current. The week is not read: rows name theirs.",
        "pregnant now",
        pregnancy.PREGNANCY,
        _pregnancy,
        "Lisinopril is taken in pregnancy: Medium.",
        "Labetalol is taken in pregnancy: nothing.",
    ),
    _rule(
        "medicine-kidney",
        "Medicine and kidney function",
        "Compares medicines with the eGFR (CKD-EPI 2021) or the creatinine clearance (Cockcroft-Gault, a weight of the "
        "last year; without one the eGFR stands in). Where it cannot be computed the reason is said.",
        "18 and over; not in pregnancy, dialysis or acute kidney injury",
        kidney.KIDNEY,
        _kidney,
        "Metformin is taken at an eGFR of 25: Medium.",
        "Metformin is taken at an eGFR of 70: nothing.",
    ),
)
"""Every rule on medicines, in the order in which findings of one priority are shown."""
