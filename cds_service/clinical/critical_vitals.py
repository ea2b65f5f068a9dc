"""Vital signs that need action by themselves: one rule each for adults, pregnancy and children.

Each vital sign is judged by its newest usable value of the last hours; limits and sources stand in
`vital_limits.toml`. Limits marked "any" hold for everybody, also when the age is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from cds_service.clinical.bounds import Beyond
from cds_service.clinical.consciousness import acvpu_of
from cds_service.clinical.news2 import scale_2_documented
from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.readings import (
    NAMES,
    Readings,
    fresh_rounds,
    how_recent,
    newest,
    newest_coded,
    rejections,
    stale_note,
)
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.clinical.vital_limits import LIMITS, VERSION, VitalLimit
from cds_service.domain import Finding, NotEvaluated
from fhir_mappers.case import CodedResult, Measurement

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
    if not rounds:
        return RuleResult(not_evaluated=(stale_note(context.case, context.stale_hours),))
    span = age_span(context.case)
    limits = [limit for limit in LIMITS if limit.is_for(actual or "any", span)]
    kinds = dict.fromkeys(limit.kind for limit in LIMITS)
    findings = [
        _finding(context, rule_id, rounds, worst)
        for kind in kinds
        if (worst := _worst(context, rounds, [limit for limit in limits if limit.kind == kind]))
    ]
    notes = [*rejections(rounds), *_unjudged(rounds, limits, actual)]
    return RuleResult(findings=tuple(findings), not_evaluated=tuple(notes))


def _worst(context: RuleContext, rounds: tuple[Readings, ...], limits: Sequence[VitalLimit]) -> Broken | None:
    broken = list(_broken(context, rounds, limits))
    return max(broken, key=lambda b: (b[2] is Beyond.CERTAINLY, b[0].priority), default=None)


def _broken(context: RuleContext, rounds: tuple[Readings, ...], limits: Sequence[VitalLimit]) -> Iterator[Broken]:
    for limit in limits:
        if limit.with_flags and not context.names(*limit.with_flags):
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


PLAIN_UNITS = {"/min": "per minute", "mm[Hg]": "mmHg", "Cel": "°C", "{score}": ""}


def _rule(rule_id: str, population: str, title: str, people: str, fires: str, quiet: str) -> Rule:
    limits = [limit for limit in LIMITS if limit.population in ("any", population)]
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
    beside = ", ".join(limit.with_flags)
    if limit.scale_2 is not None:
        beside = "SpO2 scale 2 documented" if limit.scale_2 else (beside or "no SpO2 scale 2")
    return NAMES[limit.kind], str(limit), months, beside, limit.priority.label, str(limit.citation)


RULES: tuple[Rule, ...] = (
    _rule(
        "critical-vitals",
        "adult",
        "Critical vital signs in adults",
        "16 and over, not pregnant; limits for everybody also when the age is not known",
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
