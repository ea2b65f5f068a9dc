"""Which conditions of the table the chart names: by SNOMED CT code, by the start of an ICD-10-CM code, by words.

Words count only in a text that speaks of the patient and affirms: with a negation, a relative, a risk or a screening in
it, the text says nothing here. Codes count always: what they mean they mean whole. Differential diagnoses do not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.clinical.medicines.chart import texts
from cds_service.clinical.medicines.phrases import Phrases
from cds_service.clinical.medicines.tables import ID, table
from cds_service.clinical.red_flags.lexicon import SYSTEMS
from cds_service.clinical.scores.smoking import smokes
from fhir_mappers.case import Case, Coding, Concept

NOT_AFFIRMED = frozenset({
    "no", "not", "without", "denies", "denied", "negative", "never", "family", "familial", "fh", "fhx", "mother",
    "father", "brother", "sister", "parent", "risk", "fear", "screening", "screen", "rule", "ruled", "exclude",
    "excluded", "unlikely", "prevention", "prophylaxis", "vaccination",
})  # fmt: skip
SMOKER = "smoker"
MAX_ICD = 7


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of the table. `name` is what findings say."""

    id: str
    name: str
    terms: tuple[str, ...]
    snomed: tuple[str, ...]
    icd10cm: tuple[str, ...]
    unless: Phrases[bool]


def _condition(key: str, row: Mapping[str, Any]) -> Condition:
    if not ID.fullmatch(key) or (unknown := row.keys() - {"name", "terms", "unless_terms", "snomed", "icd10cm"}):
        raise ValueError(f"conditions.toml: {key} has a bad id or unknown keys {sorted(unknown)}")
    if not all(code.isdigit() for code in row["snomed"]):
        raise ValueError(f"conditions.toml: {key} has a SNOMED CT code that is none")
    return Condition(
        id=key,
        name=row.get("name", key.replace("-", " ")),
        terms=tuple(row["terms"]),
        snomed=tuple(row["snomed"]),
        icd10cm=tuple(code.replace(".", "") for code in row["icd10cm"]),
        unless=Phrases((term, True) for term in row.get("unless_terms", ())),
    )


CONDITIONS = {key: _condition(key, row) for key, row in table("conditions.toml")["condition"].items()}


def _by_code() -> Mapping[tuple[str, str], frozenset[str]]:
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for condition in CONDITIONS.values():
        for code in condition.snomed:
            found["snomed", code].add(condition.id)
        for code in condition.icd10cm:
            found["icd10", code].add(condition.id)
    return {key: frozenset(value) for key, value in found.items()}


def _by_term() -> Phrases[frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for condition in CONDITIONS.values():
        for term in condition.terms:
            found[term].add(condition.id)
    return Phrases((term, frozenset(ids)) for term, ids in found.items())


BY_CODE, BY_TERM = _by_code(), _by_term()


def read_conditions(case: Case) -> Mapping[str, tuple[str, ...]]:
    """The conditions that the chart names, with the handles of the resources that name each."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for problem in case.problems:
        if problem.verification == "differential":
            continue
        for condition in meant(problem.concept):
            found[condition].append(problem.source)
    smoking = smokes(case)
    if smoking:
        found[SMOKER] += [r.source for r in case.coded_results if r.kind == "smoking_status"][:1]
    elif smoking is False:
        found.pop(SMOKER, None)
    return {key: tuple(dict.fromkeys(handles)) for key, handles in found.items()}


def meant(concept: Concept) -> frozenset[str]:
    """The conditions that a concept means."""
    return frozenset().union(*map(_coded, concept.codings), _worded(concept))


def _coded(coding: Coding) -> frozenset[str]:
    code = (coding.code or "").upper()
    if coding.system in SYSTEMS["snomed"]:
        return BY_CODE.get(("snomed", code), frozenset())
    if coding.system in SYSTEMS["icd10"]:
        plain = code.replace(".", "")
        starts = (BY_CODE.get(("icd10", plain[:n]), frozenset()) for n in range(3, min(len(plain), MAX_ICD) + 1))
        return frozenset().union(*starts)
    return frozenset()


def _worded(concept: Concept) -> frozenset[str]:
    found: set[str] = set()
    for text in texts(concept):
        if NOT_AFFIRMED.isdisjoint(text.words):
            named = {condition for hit in BY_TERM.every(text) for condition in hit.value}
            found |= {c for c in named if not any(True for _ in CONDITIONS[c].unless.every(text))}
    return frozenset(found)
