"""Vital signs that need action by themselves: one rule each for adults, pregnancy and children.

Each vital sign is judged by its newest usable value of the last hours; limits and sources stand in
`vital_limits.toml`. Limits marked "any" hold for everybody; those marked "unknown" only when the age is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial

from cds_service.clinical.bounds import Beyond
from cds_service.clinical.consciousness import acvpu_of
from cds_service.clinical.news2 import scale_2_documented
from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.readings import (
    NAMES,
    PLAIN_UNITS,
    Readings,
    fresh_rounds,
    how_recent,
    newest,
    newest_coded,
    newest_round,
    rejections,
    stale_note,
)
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.clinical.vital_limits import LIMITS, VERSION, VitalLimit
from cds_service.domain import Finding, NotEvaluated, Priority
from fhir_mappers.case import CodedResult, Measurement

FEVER = Decimal("38.0")
MENTIONED_DAYS = 30
"""A value beyond a limit that is too old to act on is still said for a month, as for laboratory results."""

AGE_BOUND = ("respiratory_rate", "heart_rate", "systolic", "spo2")
"""Vital signs whose limits depend on the age."""

Broken = tuple[VitalLimit, Measurement | CodedResult, Beyond]


def population_of(context: RuleContext) -> str | None:
    """``pregnant``, ``adult``, ``child``, or None when the birth date does not tell."""
    if pregnant(context.case.demographics):
        return "pregnant"
    span = age_span(context.case)
    if span is None or not (span.adult or span.child):
        return None
    return "adult" if span.adult else "child"


def evaluate(context: RuleContext, *, rule_id: str, population: str) -> RuleResult:
    """Every vital sign beyond a limit, one finding each. Patients of unknown age are judged by the adult rule."""
    actual = population_of(context)
    if (actual or "adult") != population:
        return RuleResult()
    rounds = fresh_rounds(context.case, context.stale_hours)
    span = age_span(context.case)
    limits = [limit for limit in LIMITS if limit.is_for(actual or "unknown", span)]
    outdated = tuple(_outdated(context, rounds, limits))
    if not rounds:
        return RuleResult(not_evaluated=(stale_note(context.case, context.stale_hours), *outdated))
    kinds = dict.fromkeys(limit.kind for limit in LIMITS)
    findings = [
        _finding(context, rule_id, rounds, worst)
        for kind in kinds
        if (worst := _worst(context, rounds, [limit for limit in limits if limit.kind == kind]))
    ]
    notes = [*rejections(rounds), *_unjudged(rounds, limits, actual), *outdated]
    return RuleResult(findings=tuple(findings), not_evaluated=tuple(notes))


def _worst(context: RuleContext, rounds: tuple[Readings, ...], limits: Sequence[VitalLimit]) -> Broken | None:
    broken = list(_broken(context, rounds, limits))
    return max(broken, key=lambda b: (b[2] is Beyond.CERTAINLY, b[0].priority), default=None)


def _broken(context: RuleContext, rounds: tuple[Readings, ...], limits: Sequence[VitalLimit]) -> Iterator[Broken]:
    for limit in limits:
        if not _accompanied(context, rounds, limit):
            continue
        if limit.scale_2 is not None and limit.scale_2 is not scale_2_documented(context.case):
            continue
        if limit.bound is None:
            coded = newest_coded(rounds, limit.kind)
            if coded is not None and acvpu_of(coded) in limit.states:
                yield limit, coded, Beyond.CERTAINLY
            continue
        measured = newest(rounds, limit.kind)
        if measured is None:
            continue
        beyond = limit.bound.test(measured.value, measured.comparator)
        if beyond is not Beyond.NO:
            yield limit, measured, beyond


def _accompanied(context: RuleContext, rounds: tuple[Readings, ...], limit: VitalLimit) -> bool:
    """Whether a red flag or the fever that the limit asks for is there."""
    if not limit.with_flags and not limit.with_fever:
        return True
    return context.names(*limit.with_flags) or (limit.with_fever and _fever(rounds, limit.kind))


def _fever(rounds: tuple[Readings, ...], kind: str) -> bool:
    """Whether the round of the newest value of `kind` holds a fever."""
    held = newest_round(rounds, kind)
    measured = held.values.get("temperature") if held else None
    return measured is not None and measured.value >= FEVER and measured.comparator not in ("<", "<=")


def _outdated(
    context: RuleContext, fresh: tuple[Readings, ...], limits: Sequence[VitalLimit]
) -> Iterator[NotEvaluated]:
    """Vital signs without a fresh value whose newest one was beyond a High or Critical limit."""
    urgent = [limit for limit in limits if limit.priority >= Priority.HIGH and limit.bound is not None]
    older = fresh_rounds(context.case, MENTIONED_DAYS * 24)
    for kind in dict.fromkeys(limit.kind for limit in urgent):
        if newest(fresh, kind) is None and _worst(context, older, [u for u in urgent if u.kind == kind]):
            reason = f"the newest value was beyond a limit but is older than {context.stale_hours} hours"
            yield NotEvaluated(what=NAMES[kind], reason=reason)


def _unjudged(
    rounds: tuple[Readings, ...], limits: Sequence[VitalLimit], population: str | None
) -> Iterator[NotEvaluated]:
    judged = {limit.kind for limit in limits if limit.banded or limit.population == population != "any"}
    for kind in AGE_BOUND:
        if kind not in judged and newest(rounds, kind) is not None:
            yield NotEvaluated(
                what=NAMES[kind], reason="its limits depend on the age, which the birth date does not tell"
            )


def _finding(context: RuleContext, rule_id: str, rounds: tuple[Readings, ...], broken: Broken) -> Finding:
    limit, reading, beyond = broken
    name = NAMES[limit.kind]
    if isinstance(reading, Measurement):
        shown = f"{reading.comparator or ''}{reading.value.normalize():f} {PLAIN_UNITS.get(reading.unit, reading.unit)}"
        when = next(r.when for r in rounds if limit.kind in r.values)
        value: str | float = float(reading.value)
    else:
        shown = value = str(acvpu_of(reading))
        when = next(r.when for r in rounds if limit.kind in r.coded)
    reason = f"{name.capitalize()} is {shown.strip()} (limit: {limit}), measured {how_recent(when, context.case.now)}"
    beside = [flag for flag in limit.with_flags if context.names(flag)]
    if beside:
        reason += f"; named now: {', '.join(beside).replace('-', ' ')}"
    if limit.with_fever and _fever(rounds, limit.kind):
        reason += "; measured with fever"
    return Finding(
        rule=rule_id,
        version=VERSION,
        priority=limit.priority,
        title=limit.title,
        reason=reason + ".",
        citation=limit.citation,
        values={limit.kind: value, "limit": limit.id},
        sources=(reading.source,),
        at_least=beyond is Beyond.POSSIBLY,
        topic="vital-signs",
        where_and_when=where_and_when(context.setting, limit.priority),
    )


def _rule(rule_id: str, population: str, title: str, people: str, fires: str, quiet: str) -> Rule:
    extra = ("unknown",) if population == "adult" else ()
    limits = [limit for limit in LIMITS if limit.population in ("any", population, *extra)]
    evaluator: Callable[[RuleContext], RuleResult] = partial(evaluate, rule_id=rule_id, population=population)
    return Rule(
        id=rule_id,
        version=VERSION,
        title=title,
        summary=(
            "Reports each vital sign whose newest usable value lies beyond a limit that needs action by itself, "
            "whatever the other vital signs are."
        ),
        population=people,
        citations=tuple(dict.fromkeys(limit.citation for limit in limits)),
        priorities=tuple(sorted({limit.priority for limit in limits})),
        evaluate=evaluator,
        fires=fires,
        quiet=quiet,
        limits=(("Vital sign", "Limit", "Age in months", "Only beside", "Priority", "Source"), *map(_row, limits)),
    )


def _row(limit: VitalLimit) -> tuple[str, ...]:
    months = f"{limit.from_months} to under {limit.below_months}" if limit.banded else "all"
    if limit.population == "unknown":
        months = "age not known"
    beside = ", ".join([*limit.with_flags, *(["fever"] if limit.with_fever else [])])
    if limit.scale_2 is not None:
        beside = "SpO2 scale 2 documented" if limit.scale_2 else (beside or "no SpO2 scale 2")
    return NAMES[limit.kind], str(limit), months, beside, limit.priority.label, str(limit.citation)


RULES: tuple[Rule, ...] = (
    _rule(
        "critical-vitals",
        "adult",
        "Critical vital signs in adults",
        "16 and over, not pregnant; when the age is not known, limits that hold at every age",
        "Saturation 84 %: Critical.",
        "Saturation 93 %, systolic 150: nothing.",
    ),
    _rule(
        "critical-vitals-pregnancy",
        "pregnant",
        "Critical vital signs in pregnancy",
        "pregnant, every age",
        "Pregnant, blood pressure 164/96: High.",
        "Pregnant, blood pressure 118/70, heart rate 104: nothing.",
    ),
    _rule(
        "critical-vitals-child",
        "child",
        "Critical vital signs in children",
        "under 16, not pregnant",
        "Two months old, 38.4 °C: High.",
        "Four years old, heart rate 112, breathing rate 24: nothing.",
    ),
)
