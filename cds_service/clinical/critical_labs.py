"""Laboratory results that need action by themselves; limits, ages and sources stand in `critical_labs.toml`.

Only the newest result of each test counts, and only while it is fresh enough to act on. A result that was beyond a
limit but is older is said to be not evaluated for a month, never reported as of now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from cds_service.clinical.bounds import Beyond
from cds_service.clinical.dialysis import CREATININE, NOT_JUDGED, kidney_failure
from cds_service.clinical.lab_limits import ANALYTES, VERSION, Analyte, LabLimit
from cds_service.clinical.population import age_span
from cds_service.clinical.readings import fresh_rounds, impossible, least_age, newest
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Finding, NotEvaluated, Priority
from fhir_mappers.case import Measurement

HAEMOLYSED = "haemolysed-sample"
"""The feature of the lexicon that names it."""

MENTIONED_FOR = timedelta(days=30)
FEVER = Decimal("38.0")
INFANT_MONTHS = 12
COMPARATORS = {"<": "below ", "<=": "at most ", ">": "above ", ">=": "at least ", None: ""}


def evaluate(context: RuleContext) -> RuleResult:
    """Every laboratory test whose newest result lies beyond a limit, one finding each."""
    span = age_span(context.case)
    findings: list[Finding] = []
    notes: list[NotEvaluated] = []
    for analyte in ANALYTES:
        series = context.case.lab(analyte.loinc)
        if series is None or not series.results:
            continue
        if span is not None and span.high < INFANT_MONTHS:
            notes.append(NotEvaluated(what="critical laboratory limits", reason="they are for one year and over"))
            break
        if analyte.adults and span is not None and span.child:
            continue
        if analyte.loinc == CREATININE and kidney_failure(context.case):
            notes.append(NOT_JUDGED)
            continue
        found = _judge(context, analyte, series.latest)
        if isinstance(found, Finding):
            findings.append(found)
        elif found is not None:
            notes.append(found)
    return RuleResult(findings=tuple(findings), not_evaluated=tuple(notes))


def _judge(context: RuleContext, analyte: Analyte, result: Measurement) -> Finding | NotEvaluated | None:
    what = analyte.name.split(" (")[0].lower() if analyte.name != "INR" else "INR"
    if result.unit != analyte.unit:
        return NotEvaluated(what=what, reason="the result is not in the unit that the limits are in")
    broken = list(_broken(context, analyte, result))
    if not result.plausible:
        return NotEvaluated(what=what, reason=impossible(result, context.case))
    if not broken:
        return None
    age = None if result.when is None else least_age(result.when, context.case.now)
    if age is None:
        return NotEvaluated(what=what, reason="the newest result is beyond a limit but not dated to the day")
    if age > analyte.max_age:
        hours = int(analyte.max_age / timedelta(hours=1))
        reason = f"the newest result was beyond a limit but is older than {hours} hours"
        return NotEvaluated(what=what, reason=reason) if age <= MENTIONED_FOR else None
    limit, beyond = max(broken, key=lambda b: (b[1] is Beyond.CERTAINLY, b[0].priority))
    found = _finding(context, analyte, result, limit, at_least=beyond is Beyond.POSSIBLY)
    if analyte.haemolysis and not limit.bound.low and (result.haemolysed or context.names(HAEMOLYSED)):
        found = _doubted(context, found)
    return _unconfirmed(found) if result.preliminary else found


def _broken(context: RuleContext, analyte: Analyte, result: Measurement) -> Iterator[tuple[LabLimit, Beyond]]:
    for limit in analyte.limits:
        if limit.with_flags and not context.names(*limit.with_flags):
            continue
        if limit.with_fever and not _fever(context):
            continue
        beyond = limit.bound.test(result.value, result.comparator)
        if beyond is not Beyond.NO:
            yield limit, beyond


def _fever(context: RuleContext) -> bool:
    measured = newest(fresh_rounds(context.case, context.stale_hours), "temperature")
    return measured is not None and measured.value >= FEVER and measured.comparator not in ("<", "<=")


def _finding(
    context: RuleContext, analyte: Analyte, result: Measurement, limit: LabLimit, *, at_least: bool
) -> Finding:
    unit = "" if analyte.unit == "1" else f" {analyte.unit}"
    shown = f"{COMPARATORS[result.comparator]}{round(result.value, 2).normalize():f}{unit}"
    named = [flag for flag in limit.with_flags if context.names(flag)] + (["fever"] if limit.with_fever else [])
    flags = ", ".join(named).replace("-", " ")
    beside = f"; now: {flags}" if named else ""
    direction = "low" if limit.bound.low else "high"
    name = analyte.name.split(" (")[0]
    return Finding(
        rule=RULE.id,
        version=VERSION,
        priority=limit.priority,
        title=f"{name} {direction} with {flags}" if named else f"{name} critically {direction}",
        reason=f"{analyte.name} is {shown} (limit: {limit.bound}{unit}){beside}.",
        citation=limit.citation,
        values={
            "loinc": analyte.loinc,
            "value": float(result.value),
            "comparator": result.comparator,
            "unit": analyte.unit,
            "limit": str(limit.bound),
        },
        sources=(result.source,),
        at_least=at_least,
        topic="laboratory",
        where_and_when=where_and_when(context.setting, limit.priority),
    )


def _doubted(context: RuleContext, found: Finding) -> Finding:
    """A high result of a sample that is said to be haemolysed: at most High, until a new sample tells."""
    priority = min(found.priority, Priority.HIGH)
    return replace(
        found,
        priority=priority,
        reason=f"{found.reason.rstrip('.')}; the sample is said to be haemolysed, which raises it: repeat it at once.",
        where_and_when=where_and_when(context.setting, priority),
    )


def _unconfirmed(found: Finding) -> Finding:
    """Acted on all the same, and said: laboratories report what is critical before they have confirmed it."""
    return replace(found, reason=f"{found.reason.rstrip('.')}; the laboratory calls the result preliminary.")


def _rows() -> Iterator[tuple[str, ...]]:
    for analyte in ANALYTES:
        hours = f"{int(analyte.max_age / timedelta(hours=1))} h"
        for limit in analyte.limits:
            beside = ", ".join([*limit.with_flags, *(["fever"] if limit.with_fever else [])])
            name = f"{analyte.name} [{analyte.loinc}]"
            yield name, f"{limit.bound} {analyte.unit}", beside, hours, limit.priority.label, str(limit.citation)


RULE = Rule(
    id="critical-labs",
    version=VERSION,
    title="Critical laboratory results",
    summary="Reports each laboratory test whose newest result is fresh and lies beyond a limit that needs action now.",
    population="one year and over; creatinine (not on dialysis) and troponin 16 and over",
    citations=tuple(dict.fromkeys(limit.citation for analyte in ANALYTES for limit in analyte.limits)),
    priorities=tuple(sorted({limit.priority for analyte in ANALYTES for limit in analyte.limits})),
    evaluate=evaluate,
    fires="Potassium 6.8 mmol/L two hours ago: Critical.",
    quiet="Potassium 5.2 mmol/L two hours ago: nothing.",
    limits=(("Test [LOINC]", "Limit", "Only beside", "Result not older than", "Priority", "Source"), *_rows()),
)
