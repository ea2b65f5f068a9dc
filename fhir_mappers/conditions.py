"""Conditions: active problems, diagnoses of the current encounter, pregnancy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from fhir_mappers import dates
from fhir_mappers.case import Concept, Problem, When
from fhir_mappers.errors import Unused
from fhir_mappers.fields import ICD10, ICD10CM, SNOMED, Json, code_of, concept, has_category, obj
from fhir_mappers.limits import Limits

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"

_ACTIVE = frozenset({"active", "recurrence", "relapse"})
_ENDED = frozenset({"inactive", "remission", "resolved"})

SOCIAL_SNOMED = frozenset({
    # SNOMED CT findings about work, schooling, housing, money, company and the law: kept, but no disease.
    "160903007", "160904001", "73438004", "741062008", "224355006",  # work, service in the armed forces
    "224295006", "224299000", "473461003", "5251000175109",  # schooling
    "73595000", "423315002", "422650009", "706893006", "424393004",  # stress, few contacts, violence
    "160968000", "266948004", "105531004", "32911000", "713458007", "266934004", "446654005",  # risk, record, housing …
})  # fmt: skip
SOCIAL_ICD10 = re.compile(r"Z5[5-9]|Z6[0-5]")  # ICD-10 Z55-Z65: socioeconomic and psychosocial circumstances
ADMINISTRATIVE_SNOMED = frozenset({"314529007"})  # medication review due

PREGNANCY_SNOMED = frozenset({
    # Pregnant; normal, high-risk, multiple, tubal, ectopic pregnancy; gestational diabetes; pre-eclampsia, eclampsia.
    "77386006", "72892002", "47200007", "16356006", "79586000", "34801009", "11687002", "398254007", "15938005",
    "198992004", "46764007",
})  # fmt: skip
PREGNANCY_ICD10 = re.compile(r"Z33\.?[13]?|Z34.*|Z3A.*|O(0|1|2|3|4|6|7).*|O9A.*")
"""ICD-10-CM: pregnant state, supervision, weeks of gestation, O00-O48 and O60-O77; not the puerperium (O80-O92)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """One Condition: the problem it states, and what decides whether it is why the patient is here now."""

    problem: Problem
    is_encounter_diagnosis: bool
    encounter: object
    when: When | None


def read(resource: Json, handle: str, now: datetime, limits: Limits) -> Diagnosis:
    """An active Condition. Raises Unused when it is ended, refuted, entered in error or says nothing."""
    verification = code_of(resource, "verificationStatus", VERIFICATION)
    if verification == "entered-in-error":
        raise Unused("entered-in-error")
    if verification == "refuted":
        raise Unused("refuted")
    clinical = code_of(resource, "clinicalStatus", CLINICAL)
    ended = any(key.startswith("abatement") for key in resource)
    if clinical in _ENDED or (clinical is None and ended):
        raise Unused("inactive")
    if clinical is not None and clinical not in _ACTIVE:
        raise Unused("invalid", "Condition.clinicalStatus")
    meaning = concept(obj(resource, "code"), limits.max_string_chars)
    if not meaning.label:
        raise Unused("no-value")
    onset = dates.first(resource, "onsetDateTime", "onsetPeriod.start")
    recorded = dates.when(resource.get("recordedDate"))
    if dates.is_future(recorded, now):
        raise Unused("future")
    at_encounter = has_category(resource, CATEGORY, "encounter-diagnosis")
    problem = Problem(
        concept=meaning,
        category=_category(
            meaning, at_encounter=at_encounter, listed=has_category(resource, CATEGORY, "problem-list-item")
        ),
        verification=verification,
        onset=onset,
        recorded=recorded,
        source=handle,
    )
    return Diagnosis(
        problem=problem,
        is_encounter_diagnosis=at_encounter,
        encounter=resource.get("encounter"),
        when=recorded or onset,
    )


def means_pregnancy(meaning: Concept) -> bool:
    """Whether a diagnosis says that the patient is pregnant."""
    return any(
        (c.system == SNOMED and c.code in PREGNANCY_SNOMED)
        or (c.system in (ICD10, ICD10CM) and PREGNANCY_ICD10.fullmatch(c.code or "") is not None)
        for c in meaning.codings
    )


def _category(meaning: Concept, *, at_encounter: bool, listed: bool) -> str:
    for coding in meaning.codings:
        if coding.system == SNOMED and coding.code in SOCIAL_SNOMED:
            return "social"
        if coding.system == SNOMED and coding.code in ADMINISTRATIVE_SNOMED:
            return "administrative"
        if coding.system in (ICD10, ICD10CM) and SOCIAL_ICD10.match(coding.code or ""):
            return "social"
    return "encounter-diagnosis" if at_encounter and not listed else "problem-list-item"
