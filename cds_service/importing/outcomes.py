"""What a past encounter says by itself of how urgent it was: the triage level that a clinician gave, where it is coded.

No reviewed assessment exists for a past encounter, and none is made up. A target is written only where the level of a
five-level triage scale, or the priority of the Encounter, tells one of the four priorities. Disposition is not read:
it says how the visit ended, not how urgent it was to see the patient. An Encounter's priority "emergency" is not read
either: every visit to an emergency department has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cds_service.domain import Priority
from cds_service.importing.visits import Visit, codes_of
from cds_service.safety.lexicon import TERMS
from cds_service.safety.reading import Stance, read
from fhir_mappers.references import bare_id

Code = tuple[str, str]

TRIAGE: frozenset[Code] = frozenset({
    ("http://loinc.org", "75636-1"),  # Emergency severity index [ESI]
    ("http://loinc.org", "56839-4"),  # Acuity assessment
    ("http://snomed.info/sct", "1255873000"),  # Emergency Severity Index score
})  # fmt: skip

_LEVELS: Mapping[int, Priority] = {
    # As the project reads the five-level scales: a clinician at once, within 15 minutes, the same day, later.
    1: Priority.CRITICAL, 2: Priority.HIGH, 3: Priority.MEDIUM, 4: Priority.LOW, 5: Priority.LOW,
}  # fmt: skip
_ESI_ANSWERS = {"LA21567-5": 1, "LA21752-3": 2, "LA21753-1": 3, "LA21754-9": 4, "LA21755-6": 5}
"""Answers of LOINC 75636-1."""

_ACT_PRIORITY = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
_PRIORITIES: Mapping[str, Priority] = {
    "A": Priority.HIGH,  # as soon as possible
    "UR": Priority.HIGH,  # urgent: calls for prompt action
    "R": Priority.LOW,  # routine
    "EL": Priority.LOW,  # elective: at the patient's choice of time
}
_LEVEL = re.compile(r"\s*(?:(?:ESI|CTAS|KTAS|ATS|level|category|acuity)[\s:#-]*)*([1-5])(?![\d.,]\d)\b", re.IGNORECASE)


class NoLevel(Exception):
    """The encounter says nothing that can be used; `reason`: ``no-level`` or ``levels-disagree``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def priority_of(visit: Visit, own_codes: frozenset[Code]) -> Priority:
    """The priority that clinicians gave the visit. `own_codes`: of the clinic's triage levels. Raises NoLevel."""
    triaged = {_LEVELS[level] for level in _levels(visit, TRIAGE | own_codes)}
    found = triaged or set(_arranged(visit))
    if len(found) != 1:
        raise NoLevel("levels-disagree" if found else "no-level")
    return next(iter(found))


def concern_of(visit: Visit) -> str:
    """The diagnosis of the visit as a hedged concern, in a word of the service's own lexicon; empty for none.

    No word of the record passes here: a diagnosis that the lexicon does not name says nothing.
    """
    for label in _diagnoses(visit):
        for sentence in read(label):
            for mention in sentence.mentions:
                words = mention.term.id.replace("_", " ")
                known = mention.term.id in TERMS and mention.term.kind == "condition"
                if known and mention.stance is Stance.AFFIRMED and _names(words, mention.term.id):
                    return f"possible {words}"
    return ""


def _levels(visit: Visit, codes: frozenset[Code]) -> Iterator[int]:
    for resource in visit.own:
        if resource["resourceType"] != "Observation" or not codes.intersection(codes_of(resource)):
            continue
        if resource.get("status") in {"final", "amended", "corrected", "preliminary"}:
            yield from _level(resource)


def _level(observation: dict[str, Any]) -> Iterator[int]:
    """The level from 1 to 5 that an Observation gives."""
    quantity = observation.get("valueQuantity")
    number = observation.get("valueInteger", quantity.get("value") if isinstance(quantity, dict) else None)
    if isinstance(number, int | float) and number in _LEVELS:
        yield int(number)
        return
    for _, code in codes_of(observation, "valueCodeableConcept"):
        if code in _ESI_ANSWERS:
            yield _ESI_ANSWERS[code]
            return
    for text in _texts(observation):
        match = _LEVEL.match(text)
        if match:
            yield int(match.group(1))
            return


def _texts(observation: dict[str, Any]) -> Iterator[str]:
    concept = observation.get("valueCodeableConcept")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    said = [observation.get("valueString"), concept.get("text") if isinstance(concept, dict) else None]
    said += [c.get("display") for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    said += [c.get("code") for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    return (text[:40] for text in said if isinstance(text, str))


def _arranged(visit: Visit) -> Iterator[Priority]:
    for system, code in codes_of(visit.encounter, "priority"):
        if system == _ACT_PRIORITY and code in _PRIORITIES:
            yield _PRIORITIES[code]


def _diagnoses(visit: Visit) -> Iterator[str]:
    """The names of the diagnoses of the visit: those the Encounter names first, then those recorded in it."""
    conditions = {str(r.get("id")): r for r in visit.own if r["resourceType"] == "Condition"}
    listed = visit.encounter.get("diagnosis")
    named = [d.get("condition") for d in listed if isinstance(d, dict)] if isinstance(listed, list) else []
    first = [bare_id(n["reference"]) for n in named if isinstance(n, dict) and isinstance(n.get("reference"), str)]
    for name in dict.fromkeys([*first, *conditions]):
        if name in conditions and "refuted" not in str(conditions[name].get("verificationStatus")):
            yield from _labels(conditions[name].get("code"))


def _labels(concept: object) -> Iterator[str]:
    if isinstance(concept, dict):
        codings = concept.get("coding")
        texts = [concept.get("text")]
        texts += [c.get("display") for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
        yield from (text[:200] for text in texts if isinstance(text, str))


def _names(words: str, term: str) -> bool:
    return any(m.term.id == term for s in read(words) for m in s.mentions)
