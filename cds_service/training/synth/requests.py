"""A synthetic case as the ``patient-view`` request that an EHR would send for it, and as one line of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.sample import resources as fhir
from cds_service.settings import Setting
from cds_service.training.synth.case import Channel, Known, Results, SyntheticCase
from cds_service.training.synth.history import Entry
from cds_service.training.synth.labs import TESTS
from cds_service.training.synth.people import Coded, Person
from hooks.services import PATIENT_TRIAGE

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
_RACE_CODES = "urn:oid:2.16.840.1.113883.6.238"
_READS = ("patient", "encounter")
_PREGNANT = (fhir.SNOMED, "77386006", "Pregnancy (finding)")


def line(case: SyntheticCase) -> dict[str, Any]:
    """One line of a file of synthetic cases."""
    return {
        "id": case.id,
        "condition": case.condition.id,
        "family": case.condition.family,
        "part": case.part.value,
        "setting": case.setting.value,
        "at": case.at.isoformat(),
        "style": case.style.value,
        "gold": {
            "priority": case.priority.label,
            "concern": case.condition.concern,
            "questions": list(case.condition.questions),
        },
        "request": request(case),
    }


def request(case: SyntheticCase) -> fhir.Resource:
    """The body of the call."""
    subject = {"reference": f"Patient/{case.id}"}
    visit = {"reference": f"Encounter/{case.id}-visit"}
    searched: dict[str, list[fhir.Resource]] = {
        "conditions": list(_problems(case)),
        "observations": [*_vitals(case.chart.vitals, visit), *_vitals(case.chart.earlier, None)],
        "labs": list(_laboratory(case, visit)),
        "socialHistory": list(_social(case)),
        "surveys": list(_chief_complaint(case, visit)),
        "medicationRequests": [fhir.medication(name, case.chart.recorded) for name in case.chart.history.medicines],
        "allergies": list(_allergies(case)),
        "documents": [fhir.note(text, case.at) for text in _notes(case)],
        "intake": list(_intake(case)),
    }
    owner = {key: "patient" if key == "allergies" else "subject" for key in searched}
    prefetch = {
        "patient": _patient(case),
        "encounter": _encounter(case) | {"id": f"{case.id}-visit", "subject": subject},
        **{
            key: fhir.found(key, [r | {owner[key]: subject} for r in searched.get(key, [])])
            for key in PATIENT_TRIAGE.prefetch
            if key not in _READS
        },
    }
    insurance = case.person.insurance
    if insurance.code:
        prefetch["coverage"] = fhir.found("coverage", [_coverage(insurance, subject)])
    return fhir.patient_view(case.id, prefetch)


def _patient(case: SyntheticCase) -> fhir.Resource:
    person = case.person
    resource: fhir.Resource = {
        "resourceType": "Patient",
        "id": case.id,
        "extension": list(_extensions(person)),
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "gender": person.gender if case.chart.sex_known else "unknown",
        "communication": [{"language": _concept("urn:ietf:bcp:47", person.language), "preferred": True}],
    }
    if case.chart.birth is not Known.NOTHING:
        born = person.born.isoformat()
        resource["birthDate"] = born if case.chart.birth is Known.DAY else born[:4]
    return resource


def _extensions(person: Person) -> Iterator[fhir.Resource]:
    for name, coded in (("race", person.race), ("ethnicity", person.ethnicity)):
        if coded.code:
            category = {"system": _RACE_CODES, "code": coded.code, "display": coded.display}
            yield {
                "url": f"{_US_CORE}/us-core-{name}",
                "extension": [
                    {"url": "ombCategory", "valueCoding": category},
                    {"url": "text", "valueString": coded.display},
                ],
            }
    if person.nonbinary:
        identity = fhir.coded(fhir.SNOMED, "33791000087105", "Identifies as nonbinary gender (finding)")
        yield {"url": f"{_US_CORE}/us-core-genderIdentity", "valueCodeableConcept": identity}


def _concept(system: str, coded: Coded) -> fhir.Resource:
    return fhir.coded(system, coded.code, coded.display)


def _encounter(case: SyntheticCase) -> fhir.Resource:
    chart = case.chart
    reason = chart.complaint if chart.channel is Channel.ENCOUNTER else None
    started = chart.vitals.at if chart.vitals else case.at
    return fhir.encounter(reason, started, emergency=case.setting is Setting.ED)


def _problems(case: SyntheticCase) -> Iterator[fhir.Resource]:
    for problem in case.chart.history.problems:
        yield fhir.condition(_entry(problem), case.chart.recorded)
    if case.person.pregnant and not case.chart.pregnancy_asked:
        yield fhir.condition(fhir.coded(*_PREGNANT), case.chart.pregnancy_noted)


def _entry(entry: Entry) -> fhir.Resource:
    coded = _concept(fhir.SNOMED, entry.coded) if entry.coded else {}
    return coded | {"text": entry.name}


def _vitals(results: Results | None, visit: fhir.Resource | None) -> Iterator[fhir.Resource]:
    if results is None:
        return
    values: dict[str, float | str] = {**results.numbers, **results.states}
    of_visit = {"encounter": visit} if visit else {}
    for name, value in values.items():
        if name != "glucose_mg_dl":
            yield fhir.vital(name, value, results.at) | of_visit


def _laboratory(case: SyntheticCase, visit: fhir.Resource) -> Iterator[fhir.Resource]:
    vitals = case.chart.vitals
    if vitals and "glucose_mg_dl" in vitals.numbers:
        yield fhir.vital("glucose_mg_dl", vitals.numbers["glucose_mg_dl"], vitals.at) | {"encounter": visit}
    for results, of_visit in ((case.chart.labs, {"encounter": visit}), (case.chart.old_labs, {})):
        if results is None:
            continue
        for name, value in results.numbers.items():
            test = TESTS[name]
            code = fhir.coded(fhir.LOINC, test.code, test.display)
            yield fhir.observation(code, "laboratory", results.at) | fhir.quantity(value, test.unit) | of_visit


def _social(case: SyntheticCase) -> Iterator[fhir.Resource]:
    smoking, at = case.chart.history.smoking, case.at.replace(hour=0, minute=0)
    if smoking:
        code = fhir.coded(fhir.LOINC, "72166-2", "Tobacco smoking status")
        yield fhir.observation(code, "social-history", at) | {"valueCodeableConcept": _concept(fhir.SNOMED, smoking)}
    if case.person.pregnant and case.chart.pregnancy_asked:
        code = fhir.coded(fhir.LOINC, "82810-3", "Pregnancy status")
        yield fhir.observation(code, "social-history", at) | {"valueCodeableConcept": fhir.coded(*_PREGNANT)}


def _chief_complaint(case: SyntheticCase, visit: fhir.Resource) -> Iterator[fhir.Resource]:
    if case.chart.channel is Channel.OBSERVATION:
        code = fhir.coded(fhir.LOINC, "8661-1", "Chief complaint - Reported")
        yield fhir.observation(code, "survey", case.at) | {"valueString": case.chart.complaint, "encounter": visit}


def _allergies(case: SyntheticCase) -> Iterator[fhir.Resource]:
    for allergy in case.chart.history.allergies:
        yield fhir.allergy(_entry(allergy))
    if case.chart.history.no_known_allergies:
        yield fhir.allergy(fhir.coded(fhir.SNOMED, "716186003", "No known allergy (situation)"))


def _notes(case: SyntheticCase) -> Iterator[str]:
    complaint = case.chart.complaint if case.chart.channel is Channel.NOTE else None
    text = " ".join(part for part in (complaint, case.chart.note) if part)
    if text:
        yield text


def _intake(case: SyntheticCase) -> Iterator[fhir.Resource]:
    if case.chart.channel is Channel.INTAKE:
        question = {"linkId": "reason", "text": "What brings you in today?"}
        yield {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "authored": case.at.isoformat(),
            "item": [question | {"answer": [{"valueString": case.chart.complaint}]}],
        }


def _coverage(insurance: Coded, subject: fhir.Resource) -> fhir.Resource:
    return {
        "resourceType": "Coverage",
        "status": "active",
        "type": _concept(f"{fhir.HL7}/v3-ActCode", insurance),
        "beneficiary": subject,
        "payor": [{"display": insurance.display}],
    }
