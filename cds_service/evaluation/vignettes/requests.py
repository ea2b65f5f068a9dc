"""A vignette as the ``patient-view`` request that an EHR would send for it: FHIR R4, fictional ids, one fixed day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from cds_service.evaluation.vignettes.reading import Vignette
from cds_service.sample import resources as fhir
from cds_service.settings import Setting
from hooks.services import PATIENT_TRIAGE

NOW = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
"""When every vignette happens. Nothing in them depends on the day."""

MEASURED = NOW - timedelta(minutes=10)
_RECORDED = (NOW - timedelta(days=60)).date()
_MONTH = 365.25 / 12

READS = ("patient", "encounter")
"""The prefetch keys that hold one resource; the others are searches, and an EHR that finds nothing says so."""


def request_for(vignette: Vignette, setting: Setting) -> fhir.Resource:
    """The body of the call."""
    patient_id = f"vignette-{vignette.id}"
    subject = {"reference": f"Patient/{patient_id}"}
    visit = {"reference": f"Encounter/{patient_id}-visit"}
    vitals = [fhir.vital(name, value, MEASURED) for name, value in vignette.vitals.items()]
    observations = [o | {"subject": subject, "encounter": visit} for o in vitals]
    laboratory = [o for o in observations if _category(o) == "laboratory"]
    problems: list[fhir.Resource] = [{"text": name} for name in vignette.problems]
    if vignette.pregnant:
        problems.append(fhir.coded(fhir.SNOMED, "77386006", "Pregnancy"))
    searched: dict[str, list[fhir.Resource]] = {
        "conditions": [fhir.condition(problem, _RECORDED) | {"subject": subject} for problem in problems],
        "observations": [o for o in observations if o not in laboratory],
        "labs": laboratory,
        "medicationRequests": [fhir.medication(name, _RECORDED) | {"subject": subject} for name in vignette.medicines],
        "allergies": [fhir.allergy({"text": name}) | {"patient": subject} for name in vignette.allergies],
        "documents": [fhir.note(vignette.note, MEASURED) | {"subject": subject}] if vignette.note else [],
    }
    encounter = fhir.encounter(vignette.complaint, MEASURED, emergency=setting is Setting.ED)
    return fhir.patient_view(
        patient_id,
        {
            "patient": {
                "resourceType": "Patient",
                "id": patient_id,
                "gender": vignette.sex,
                "birthDate": _born(vignette.age_months).isoformat(),
            },
            "encounter": encounter | {"id": f"{patient_id}-visit", "subject": subject},
            **{key: fhir.found(key, searched.get(key, [])) for key in PATIENT_TRIAGE.prefetch if key not in READS},
        },
    )


def _born(age_months: int) -> date:
    """A birth date in the middle of the month of age, so that the age holds on the day of the visit."""
    return (NOW - timedelta(days=round((age_months + 0.5) * _MONTH))).date()


def _category(observation: fhir.Resource) -> str:
    return str(observation["category"][0]["coding"][0]["code"])
