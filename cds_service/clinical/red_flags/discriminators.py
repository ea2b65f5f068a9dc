"""What raises or lowers a complaint: named discriminators over vital signs, age, problems and medicines, with sources.

The first-order modifiers of triage stand here: breathing, circulation, consciousness, temperature with signs of sepsis
and immune state, pain, bleeding tendency; then pregnancy, heart disease, diabetes and blood pressure. Their levels
follow the Canadian Triage and Acuity Scale (Bullard et al., CJEM 10:136, 2008; 16:485, 2014), which the Korean scale
adapted (Park and Lim, J Korean Soc Emerg Med 28:547, 2017), unless a line names another source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from cds_service.clinical.consciousness import Acvpu
from cds_service.clinical.news2 import alertness, choose, scale_2_documented
from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.readings import NAMES, PLAIN_UNITS, fresh_rounds, least_age, newest
from cds_service.clinical.red_flags.lexicon import SYSTEMS
from cds_service.clinical.rule import RuleContext
from fhir_mappers.case import Concept, Measurement
from fhir_mappers.fields import RXNORM, SNOMED

CORONARY_ICD10 = ("I20", "I21", "I22", "I23", "I24", "I25", "Z95.1", "Z95.5")
CORONARY_SNOMED = ("53741008", "22298006", "399211009", "414545008", "194828000")
CORONARY_WORDS = re.compile(r"\b(coronary|myocardial infarction|angina|heart attack|cabg|stent)\b", re.IGNORECASE)

ANTICOAGULANT = re.compile(
    r"\b(apixaban|eliquis|rivaroxaban|xarelto|dabigatran|pradaxa|edoxaban|savaysa|lixiana|warfarin|coumadin|jantoven)\b",
    re.IGNORECASE,
)
ANTICOAGULANT_RXNORM = ("1364430", "1114195", "1037042", "1546356", "1599538", "11289")
"""Ingredients: apixaban, rivaroxaban, dabigatran etexilate, dabigatran, edoxaban, warfarin."""

IMMUNE_ICD10 = ("D70", "B20", "Z94", "D80", "D81", "D82", "D83", "D84", "C81", "C82", "C83", "C85", "C90", "C91", "C92",
                "D73.0", "Q89.01", "Z90.81")  # fmt: skip
IMMUNE_WORDS = re.compile(
    r"\b(neutropeni|transplant|leuk[a]?emia|lymphoma|myeloma|hiv\b|aids\b|immunodefici|immunosuppress|asplenia|splenectomy"
    r"|sickle)",
    re.IGNORECASE,
)
IMMUNE_MEDICINES = re.compile(
    r"\b(methotrexate|azathioprine|mycophenolate|tacrolimus|cyclosporin|ciclosporin|sirolimus|cyclophosphamide|docetaxel"
    r"|paclitaxel|carboplatin|cisplatin|oxaliplatin|fluorouracil|capecitabine|doxorubicin|rituximab|infliximab|adalimumab"
    r"|etanercept|tocilizumab|tofacitinib|prednisone|prednisolone|dexamethasone|clozapine|carbimazole|methimazole)\b",
    re.IGNORECASE,
)
"""Medicines after which an infection may hide or run away, or that can empty the marrow (NICE CG151, 2012)."""

DIABETES_ICD10 = ("E08", "E09", "E10", "E11", "E13", "O24")
DIABETES_WORDS = re.compile(r"\bdiabet", re.IGNORECASE)
HEART_ICD10 = ("I05", "I06", "I07", "I08", "I34", "I35", "I42", "I44", "I45", "I47", "I48", "I49", "I50", "Z95")
HEART_WORDS = re.compile(
    r"\b(heart failure|cardiomyopathy|atrial fibrillation|arrhythmia|pacemaker|defibrillator|aortic stenosis"
    r"|aortic valve)",
    re.IGNORECASE,
)
GLUCOSE = "2345-7"
GLUCOSE_HOURS = 12

Discriminator = Callable[[RuleContext], bool]


def _below(kind: str, limit: str) -> Discriminator:
    def check(context: RuleContext) -> bool:
        measured = newest(fresh_rounds(context.case, context.stale_hours), kind)
        return measured is not None and measured.comparator not in (">", ">=") and measured.value < Decimal(limit)

    return check


def _from(kind: str, limit: str) -> Discriminator:
    def check(context: RuleContext) -> bool:
        measured = newest(fresh_rounds(context.case, context.stale_hours), kind)
        return measured is not None and measured.comparator not in ("<", "<=") and measured.value >= Decimal(limit)

    return check


def _age_from(years: int) -> Discriminator:
    def check(context: RuleContext) -> bool:
        span = age_span(context.case)
        return span is not None and span.high >= years * 12

    return check


def _age_below(months: int) -> Discriminator:
    def check(context: RuleContext) -> bool:
        span = age_span(context.case)
        return span is not None and span.low < months

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


def _adult(context: RuleContext) -> bool:
    span = age_span(context.case)
    return span is not None and span.adult


def _shock_index(context: RuleContext) -> bool:
    if not _adult(context):
        return False
    for readings in fresh_rounds(context.case, context.stale_hours):
        heart, systolic = readings.values.get("heart_rate"), readings.values.get("systolic")
        if heart and systolic:
            return heart.value >= systolic.value
    return False


def _level_in(*levels: Acvpu) -> Discriminator:
    def check(context: RuleContext) -> bool:
        found = (alertness(r) for r in fresh_rounds(context.case, context.stale_hours))
        return next((level for level in found if level is not None), Acvpu.ALERT) in levels

    return check


def _alert(context: RuleContext) -> bool:
    found = (alertness(r) for r in fresh_rounds(context.case, context.stale_hours))
    return next((level for level in found if level is not None), None) is Acvpu.ALERT


def _glucose(context: RuleContext, test: Callable[[Decimal], bool]) -> bool:
    series = context.case.lab(GLUCOSE)
    if series is None or not series.results:
        return False
    result = series.latest
    age = None if result.when is None else least_age(result.when, context.case.now)
    fresh = age is not None and age.total_seconds() <= GLUCOSE_HOURS * 3600
    return fresh and result.plausible and result.unit == "mg/dL" and test(result.value)


def _recorded(icd10: tuple[str, ...], words: re.Pattern[str], snomed: tuple[str, ...] = ()) -> Discriminator:
    """Whether the problem list names one of `icd10` (prefixes), `snomed` or `words`."""

    def named(concept: Concept) -> bool:
        coded = any(c.system in SYSTEMS["icd10"] and (c.code or "").startswith(icd10) for c in concept.codings)
        return coded or (bool(snomed) and concept.has(SNOMED, *snomed)) or bool(words.search(concept.label))

    return lambda context: any(named(problem.concept) for problem in context.case.problems)


def _medicine_names(context: RuleContext) -> Iterable[str]:
    for medication in context.case.medications:
        concept = medication.concept
        yield " ".join(w for w in (concept.text, *(c.display for c in concept.codings)) if w)


def _anticoagulant(context: RuleContext) -> bool:
    if context.names("blood-thinner"):
        return True
    coded = any(m.concept.has(RXNORM, *ANTICOAGULANT_RXNORM) for m in context.case.medications)
    return coded or any(ANTICOAGULANT.search(written) for written in _medicine_names(context))


_immune_problem = _recorded(IMMUNE_ICD10, IMMUNE_WORDS)
_coronary = _recorded(CORONARY_ICD10, CORONARY_WORDS, CORONARY_SNOMED)
_diabetes_problem = _recorded(DIABETES_ICD10, DIABETES_WORDS)
_heart_problem = _recorded(HEART_ICD10, HEART_WORDS)


def _immune(context: RuleContext) -> bool:
    if context.names("immune-weak") or _immune_problem(context):
        return True
    return any(IMMUNE_MEDICINES.search(written) for written in _medicine_names(context))


def _fever(context: RuleContext) -> bool:
    return _from("temperature", "38.0")(context) or context.names("fever")


def _looks_septic(context: RuleContext) -> bool:
    """Fever or hypothermia with a fast heart and fast breathing: three criteria of a systemic response."""
    if not _adult(context):
        return False
    warm = _fever(context) or _below("temperature", "36.0")(context)
    return warm and _from("heart_rate", "91")(context) and _from("respiratory_rate", "21")(context)


def _very_high_pressure(context: RuleContext) -> bool:
    return _from("systolic", "220")(context) or _from("diastolic", "130")(context)


def _high_pressure(context: RuleContext) -> bool:
    return _from("systolic", "180")(context) or _from("diastolic", "120")(context)


def _postpartum_pressure(context: RuleContext) -> bool:
    return _from("systolic", "160")(context) or _from("diastolic", "110")(context)


def _raised_pressure(context: RuleContext) -> bool:
    return _from("systolic", "140")(context) or _from("diastolic", "90")(context)


def _pregnant(context: RuleContext) -> bool:
    """Told by the chart or in words; a woman's words on how her baby moves are about an unborn one."""
    if pregnant(context.case.demographics) or context.names("pregnancy"):
        return True
    return context.names("unborn-moves") and _of_childbearing_age(context)


def _injury_danger(context: RuleContext) -> bool:
    return context.names("vomiting", "altered-mental-status", "loss-of-consciousness", "seizure")


def _second_system(context: RuleContext) -> bool:
    """Breathing, circulation or gut beside skin: what makes an allergic reaction anaphylaxis."""
    named = context.names("breathing-difficulty", "loss-of-consciousness", "vomiting", "dizzy")
    return named or _below("systolic", "90")(context) or _below("spo2", "92")(context)


def _of_childbearing_age(context: RuleContext) -> bool:
    span = age_span(context.case)
    female = context.case.demographics.sex not in ("male",)
    return female and span is not None and span.high >= 12 * 12 and span.low < 55 * 12


def _diabetes(context: RuleContext) -> bool:
    return context.names("diabetes") or _diabetes_problem(context)


def _hunger_of_pregnancy(context: RuleContext) -> bool:
    """Pregnancy without diabetes or high glucose: ketones there come of vomiting and not eating."""
    return _pregnant(context) and not _diabetes(context) and not _glucose(context, lambda v: v > Decimal(200))


DISCRIMINATORS: dict[str, tuple[str, Discriminator]] = {
    # Age: HEART score (Six 2008) for 45; syncope guideline (ACC/AHA/HRS 2017) counts older age, here 65.
    "age-45": ("age 45 or over", _age_from(45)),
    "age-50": ("age 50 or over", _age_from(50)),
    "age-65": ("age 65 or over", _age_from(65)),
    # Fever under 3 months and the infants of NICE NG143 (2019); small children of the paediatric CTAS (2008).
    "age-under-3-months": ("age under 3 months", _age_below(3)),
    "age-under-1": ("age under 1 year", _age_below(12)),
    "age-under-5": ("age under 5 years", _age_below(60)),
    "adult": ("age 16 or over", _adult),
    "childbearing-age": ("of childbearing age", _of_childbearing_age),
    # Saturation: 94 % is the lower target of the BTS oxygen guideline (2017); 92 and 90 % the CTAS limits.
    "saturation-below-94": ("oxygen saturation below 94 %", _below("spo2", "94")),
    "saturation-below-92": ("oxygen saturation below 92 %", _below("spo2", "92")),
    "saturation-below-90": ("oxygen saturation below 90 %", _below("spo2", "90")),
    # NEWS2 red scores (Royal College of Physicians 2017) for breathing; MERIT (Lancet 2005) for blood pressure.
    "fast-breathing": ("breathing rate 25 or more", _from("respiratory_rate", "25")),
    "breathing-above-20": ("breathing rate above 20", _from("respiratory_rate", "21")),
    "slow-breathing": ("breathing rate below 9", _below("respiratory_rate", "9")),
    "low-blood-pressure": ("systolic blood pressure below 90", _below("systolic", "90")),
    "pressure-below-100": ("systolic blood pressure of 100 or less", _below("systolic", "101")),
    # Heart rate: the 2 points of NEWS2 (111) and the limits of the ALS bradycardia and tachycardia advice (ERC 2021).
    "heart-rate-above-100": ("heart rate above 100", _from("heart_rate", "101")),
    "heart-rate-above-110": ("heart rate above 110", _from("heart_rate", "111")),
    "heart-rate-from-150": ("heart rate 150 or more", _from("heart_rate", "150")),
    "heart-rate-below-50": ("heart rate below 50", _below("heart_rate", "50")),
    # Heart rate at or above systolic pressure: shock index 1 (Allgower and Burri, Dtsch Med Wochenschr 92:1947, 1967).
    "shock-index": ("heart rate at or above systolic blood pressure", _shock_index),
    "abnormal-vitals": ("NEWS2 of 3 or more", _news2_from(3)),
    "news2-5": ("NEWS2 of 5 or more", _news2_from(5)),
    "not-alert": (
        "not alert",
        _level_in(Acvpu.CONFUSION, Acvpu.VOICE, Acvpu.PAIN, Acvpu.UNRESPONSIVE),
    ),
    "alert": ("recorded as alert", _alert),
    "unresponsive": ("does not respond to voice", _level_in(Acvpu.PAIN, Acvpu.UNRESPONSIVE)),
    # Pain scale of CTAS: 8 to 10 severe, 4 to 7 moderate, 1 to 3 mild.
    "pain-8": ("pain of 8 or more of 10", _from("pain", "8")),
    "pain-4": ("pain of 4 or more of 10", _from("pain", "4")),
    "pain-below-4": ("pain below 4 of 10", _below("pain", "4")),
    # Temperature.
    "fever": ("fever", _fever),
    "fever-39": ("a temperature of 39 °C or more", _from("temperature", "39.0")),
    "looks-septic": ("abnormal temperature with fast heart and breathing", _looks_septic),
    "weak-immune-system": ("a weak immune system", _immune),
    # Blood pressure: CTAS limits 220/130; ACC/AHA hypertension guideline (2017) 180/120; ACOG (2020) 160/110, 140/90.
    "pressure-220": ("blood pressure of 220/130 or more", _very_high_pressure),
    "pressure-180": ("blood pressure of 180/120 or more", _high_pressure),
    "pressure-160": ("blood pressure of 160/110 or more", _postpartum_pressure),
    "pressure-140": ("blood pressure of 140/90 or more", _raised_pressure),
    # Glucose: ADA Standards of Care (2024) 70 and 54 mg/dL; CTAS 18 mmol/L (324 mg/dL).
    "glucose-below-70": ("glucose below 70 mg/dL", lambda c: _glucose(c, lambda v: v < Decimal(70))),
    "glucose-below-54": ("glucose below 54 mg/dL", lambda c: _glucose(c, lambda v: v < Decimal(54))),
    "glucose-above-324": ("glucose above 324 mg/dL", lambda c: _glucose(c, lambda v: v > Decimal(324))),
    "coronary-disease": ("known coronary disease", _coronary),
    "heart-disease": ("known heart disease", lambda c: _heart_problem(c) or _coronary(c)),
    "diabetes": ("diabetes", _diabetes),
    # Head injury: risk factors for bleeding of the ACEP clinical policy on mild traumatic brain injury (2023).
    "anticoagulant": ("an anticoagulant", _anticoagulant),
    "injury-danger": ("vomiting, confusion, seizure or loss of consciousness", _injury_danger),
    # World Allergy Organization anaphylaxis guidance (2020): skin and at least one of breathing, circulation, gut.
    "second-system": ("breathing, circulation or gut affected too", _second_system),
    "pregnant": ("pregnancy", _pregnant),
    # Ketones of vomiting in pregnancy (RCOG Green-top Guideline 69, 2024); 200 mg/dL is the ketoacidosis limit of the
    # hyperglycemic crises consensus (Diabetes Care 47:1257, 2024).
    "hunger-of-pregnancy": ("pregnancy without diabetes or high glucose", _hunger_of_pregnancy),
}
"""Name → (plain words, test)."""

READ_FROM: dict[str, tuple[str, ...]] = {
    "saturation-below-94": ("spo2",),
    "saturation-below-92": ("spo2",),
    "saturation-below-90": ("spo2",),
    "fast-breathing": ("respiratory_rate",),
    "breathing-above-20": ("respiratory_rate",),
    "slow-breathing": ("respiratory_rate",),
    "low-blood-pressure": ("systolic",),
    "pressure-below-100": ("systolic",),
    "pressure-140": ("systolic", "diastolic"),
    "pressure-160": ("systolic", "diastolic"),
    "pressure-180": ("systolic", "diastolic"),
    "pressure-220": ("systolic", "diastolic"),
    "heart-rate-above-100": ("heart_rate",),
    "heart-rate-above-110": ("heart_rate",),
    "heart-rate-from-150": ("heart_rate",),
    "heart-rate-below-50": ("heart_rate",),
    "shock-index": ("heart_rate", "systolic"),
    "pain-4": ("pain",),
    "pain-8": ("pain",),
    "pain-below-4": ("pain",),
    "fever": ("temperature",),
    "fever-39": ("temperature",),
    "looks-septic": ("temperature", "heart_rate", "respiratory_rate"),
}
"""The vital signs that a discriminator reads; a finding that rests on it tells their values and their resources."""


def measured(context: RuleContext, names: Iterable[str]) -> dict[str, Measurement]:
    """The newest usable value of each vital sign that `names` read, by kind."""
    rounds = fresh_rounds(context.case, context.stale_hours)
    kinds = dict.fromkeys(kind for name in names for kind in READ_FROM.get(name, ()))
    return {kind: value for kind in kinds if (value := newest(rounds, kind)) is not None}


def told(values: Iterable[Measurement]) -> str:
    """Values in words: ``oxygen saturation 89 %, heart rate 120 per minute``."""
    shown = (
        f"{NAMES.get(m.kind, m.kind)} {m.comparator or ''}{m.value.normalize():f} {PLAIN_UNITS.get(m.unit, m.unit)}"
        for m in values
    )
    return ", ".join(words.strip() for words in shown)
