"""What raises or lowers a red flag: named discriminators, each with its source, used by the lexicon's grades.

``flag:x``, ``feature:x``: that flag or feature is affirmed too. ``modifier:x``: the sentence that names the term says
sudden, severe or chronic. The others are functions of the newest usable vital signs, the age and coded problems.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from cds_service.clinical.consciousness import Acvpu
from cds_service.clinical.news2 import alertness, choose, scale_2_documented
from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.readings import fresh_rounds, newest
from cds_service.clinical.red_flags.lexicon import Flag, Grade, Term
from cds_service.clinical.red_flags.mention import Mention, Status
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority

CORONARY_ICD10 = ("I20", "I21", "I22", "I23", "I24", "I25", "Z95.1", "Z95.5")
CORONARY_SNOMED = ("53741008", "22298006", "399211009", "414545008", "194828000")
ICD10_SYSTEMS = ("http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10")
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ANTICOAGULANT = re.compile(
    r"\b(apixaban|eliquis|rivaroxaban|xarelto|dabigatran|pradaxa|edoxaban|savaysa|lixiana|warfarin|coumadin|jantoven)\b",
    re.IGNORECASE,
)
ANTICOAGULANT_RXNORM = ("1364430", "1114195", "1037042", "1546356", "1599538", "11289")
"""Ingredients: apixaban, rivaroxaban, dabigatran etexilate, dabigatran, edoxaban, warfarin."""

Discriminator = Callable[[RuleContext], bool]


def grade(context: RuleContext, flag: Flag, term: Term, mention: Mention) -> tuple[Priority, tuple[str, ...]] | None:
    """Priority of one mention and the discriminators that raised it; None when what the term needs is not there.

    A suspicion ("rule out", "possible") is never graded above High.
    """
    if not all(holds(context, name, mention) for name in term.needs):
        return None
    chosen = term.grades.get(context.setting) or flag.grades[context.setting]
    priority, raised_by = _raised(context, chosen, mention)
    if mention.status is Status.UNCERTAIN and priority > Priority.HIGH:
        return Priority.HIGH, ()
    return priority, raised_by


def holds(context: RuleContext, name: str, mention: Mention) -> bool:
    """Whether the discriminator `name` holds. Raises KeyError for an unknown name."""
    kind, _, what = name.partition(":")
    if kind == "modifier":
        return what in mention.modifiers
    if kind in ("flag", "feature"):
        return context.names(what)
    return DISCRIMINATORS[name][1](context)


def _raised(context: RuleContext, chosen: Grade, mention: Mention) -> tuple[Priority, tuple[str, ...]]:
    for priority in sorted(chosen.raised, reverse=True):
        names = tuple(name for name in chosen.raised[priority] if holds(context, name, mention))
        if names and priority > chosen.base:
            return priority, names
    return chosen.base, ()


def words(name: str) -> str:
    """A discriminator in plain words."""
    kind, _, what = name.partition(":")
    if kind == "modifier":
        return f"described as {what}"
    if kind in ("flag", "feature"):
        return what.replace("-", " ")
    return DISCRIMINATORS[name][0]


def _vital_below(kind: str, limit: str) -> Discriminator:
    def check(context: RuleContext) -> bool:
        measured = newest(fresh_rounds(context.case, context.stale_hours), kind)
        return measured is not None and measured.comparator not in (">", ">=") and measured.value < Decimal(limit)

    return check


def _vital_from(kind: str, limit: str) -> Discriminator:
    def check(context: RuleContext) -> bool:
        measured = newest(fresh_rounds(context.case, context.stale_hours), kind)
        return measured is not None and measured.comparator not in ("<", "<=") and measured.value >= Decimal(limit)

    return check


def _age_from(years: int) -> Discriminator:
    def check(context: RuleContext) -> bool:
        span = age_span(context.case)
        return span is not None and span.high >= years * 12

    return check


def _news2_from(total: int) -> Discriminator:
    def check(context: RuleContext) -> bool:
        span = age_span(context.case)
        if span is None or not span.adult or pregnant(context.case.demographics):
            return False
        rounds = fresh_rounds(context.case, context.stale_hours)
        chosen = choose(rounds, scale_2=scale_2_documented(context.case))
        return chosen is not None and chosen[1].total >= total

    return check


def _shock_index(context: RuleContext) -> bool:
    for readings in fresh_rounds(context.case, context.stale_hours):
        heart, systolic = readings.values.get("heart_rate"), readings.values.get("systolic")
        if heart and systolic:
            span = age_span(context.case)
            return span is not None and span.adult and heart.value >= systolic.value
    return False


def _level_in(*levels: Acvpu) -> Discriminator:
    def check(context: RuleContext) -> bool:
        found = (alertness(r) for r in fresh_rounds(context.case, context.stale_hours))
        return next((level for level in found if level is not None), Acvpu.ALERT) in levels

    return check


def _coronary(context: RuleContext) -> bool:
    codings = [c for p in context.case.problems for c in p.concept.codings if c.code]
    return any(
        (c.system in ICD10_SYSTEMS and (c.code or "").startswith(CORONARY_ICD10))
        or (c.system == SNOMED and c.code in CORONARY_SNOMED)
        for c in codings
    )


def _fever(context: RuleContext) -> bool:
    return _vital_from("temperature", "38.0")(context) or context.names("fever")


def _pregnant(context: RuleContext) -> bool:
    return pregnant(context.case.demographics) or context.names("pregnancy")


def _anticoagulant(context: RuleContext) -> bool:
    if context.names("blood-thinner"):
        return True
    for concept in (medication.concept for medication in context.case.medications):
        written = " ".join(w for w in (concept.text, *(c.display for c in concept.codings)) if w)
        if ANTICOAGULANT.search(written) or concept.has(RXNORM, *ANTICOAGULANT_RXNORM):
            return True
    return False


def _injury_danger(context: RuleContext) -> bool:
    return context.names("vomiting", "altered-mental-status", "loss-of-consciousness", "seizure")


DISCRIMINATORS: dict[str, tuple[str, Discriminator]] = {
    # Age: HEART score (Six 2008) for 45; syncope guideline (ACC/AHA/HRS 2017) counts older age, here 65.
    "age-45": ("age 45 or over", _age_from(45)),
    "age-65": ("age 65 or over", _age_from(65)),
    # Saturation: 94 % is the lower target of the BTS oxygen guideline (2017), 90 % the CTAS limit (Bullard 2008).
    "saturation-below-94": ("oxygen saturation below 94 %", _vital_below("spo2", "94")),
    "saturation-below-90": ("oxygen saturation below 90 %", _vital_below("spo2", "90")),
    # NEWS2 red scores (Royal College of Physicians 2017) for breathing; MERIT (Lancet 2005) for blood pressure.
    "fast-breathing": ("breathing rate 25 or more", _vital_from("respiratory_rate", "25")),
    "slow-breathing": ("breathing rate below 9", _vital_below("respiratory_rate", "9")),
    "low-blood-pressure": ("systolic blood pressure below 90", _vital_below("systolic", "90")),
    # Heart rate at or above systolic pressure: shock index 1 (Allgower and Burri, Dtsch Med Wochenschr 92:1947, 1967).
    "shock-index": ("heart rate at or above systolic blood pressure", _shock_index),
    "abnormal-vitals": ("NEWS2 of 3 or more", _news2_from(3)),
    "news2-5": ("NEWS2 of 5 or more", _news2_from(5)),
    "not-alert": (
        "not alert",
        _level_in(Acvpu.CONFUSION, Acvpu.VOICE, Acvpu.PAIN, Acvpu.UNRESPONSIVE),
    ),
    "unresponsive": ("does not respond to voice", _level_in(Acvpu.PAIN, Acvpu.UNRESPONSIVE)),
    "coronary-disease": ("known coronary disease", _coronary),
    # Head injury: risk factors for bleeding of the ACEP clinical policy on mild traumatic brain injury (2023).
    "anticoagulant": ("an anticoagulant", _anticoagulant),
    "injury-danger": ("vomiting, confusion, seizure or loss of consciousness", _injury_danger),
    "fever": ("fever", _fever),
    "pregnant": ("pregnancy", _pregnant),
}
"""Name → (plain words, test). The lexicon may name only these, `flag:`, `feature:` and `modifier:`."""
