"""Our services. A declaration is its own documentation: discovery is generated from it.

To add a service, add a `Service` to `SERVICES`. Dispatch is by (id, hook), so one id may stand on several hooks and
several services on one hook.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hooks.context import PatientView, patient_view
from hooks.wire import HookRequest

SPECIFICATION_VERSION = "2.0.1"


@dataclass(frozen=True, kw_only=True)
class Service:
    """One CDS service as discovery shows it."""

    id: str
    hook: str
    title: str
    description: str
    usage_requirements: str
    prefetch: Mapping[str, str]
    context: Callable[[Mapping[str, Any]], PatientView]

    def discovery(self) -> dict[str, Any]:
        """The entry in the discovery response."""
        return {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "usageRequirements": self.usage_requirements,
            "prefetch": dict(self.prefetch),
            "version": SPECIFICATION_VERSION,
        }


@dataclass(frozen=True, kw_only=True)
class HookCall:
    """One parsed call of one service. `client` names the caller."""

    service: Service
    request: HookRequest
    context: PatientView
    client: str


PATIENT_TRIAGE = Service(
    id="patient-triage",
    hook="patient-view",
    title="Triage and guideline suggestions",
    description=(
        "Says what is urgent in the opened chart, what the clinic's guidelines say, and what a nurse or physician may "
        "do next. A language model's preliminary assessment is added when it is ready; a clinician reviews everything."
    ),
    usage_requirements="For clinicians. The patient is required; every other prefetch value completes the answer.",
    prefetch=MappingProxyType(
        {
            "patient": "Patient/{{context.patientId}}",
            "encounter": "Encounter/{{context.encounterId}}",
            "conditions": "Condition?patient={{context.patientId}}",
            "observations": "Observation?patient={{context.patientId}}&category=vital-signs&_sort=-date&_count=100",
            "labs": "Observation?patient={{context.patientId}}&category=laboratory&_sort=-date&_count=100",
            "socialHistory": "Observation?patient={{context.patientId}}&category=social-history&_sort=-date&_count=50",
            "surveys": "Observation?patient={{context.patientId}}&category=survey&_sort=-date&_count=50",
            "procedures": "Procedure?patient={{context.patientId}}&status=completed&_sort=-date&_count=100",
            "immunizations": "Immunization?patient={{context.patientId}}&status=completed",
            "medicationRequests": "MedicationRequest?patient={{context.patientId}}&status=active",
            "medicationStatements": "MedicationStatement?patient={{context.patientId}}&status=active",
            "allergies": "AllergyIntolerance?patient={{context.patientId}}",
            "documents": "DocumentReference?patient={{context.patientId}}&status=current&_sort=-date&_count=5",
            "reports": "DiagnosticReport?patient={{context.patientId}}&_sort=-date&_count=5",
            "intake": "QuestionnaireResponse?patient={{context.patientId}}&_sort=-authored&_count=3",
        }
    ),
    context=patient_view,
)

SERVICES: tuple[Service, ...] = (PATIENT_TRIAGE,)


def find(service_id: str, hook: str, services: tuple[Service, ...] = SERVICES) -> Service | None:
    """The service with this id on this hook."""
    return next((s for s in services if s.id == service_id and s.hook == hook), None)


def knows(service_id: str, services: tuple[Service, ...] = SERVICES) -> bool:
    """Whether any service has this id."""
    return any(s.id == service_id for s in services)


def discovery(services: tuple[Service, ...] = SERVICES) -> dict[str, Any]:
    """The discovery response."""
    return {"services": [s.discovery() for s in services]}
