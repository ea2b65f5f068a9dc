"""Templates are filled from the data; what cannot be filled is named and left out. Contexts are made for every hook."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.conformance.checks import templates
from cds_service.sandbox.client import Offered
from cds_service.sandbox.contexts import HOOKS, Visit, context_for
from cds_service.sandbox.errors import NothingForHook
from cds_service.sandbox.fhir_files import FhirFiles
from cds_service.sandbox.prefetch import fill

PATIENT = {"resourceType": "Patient", "id": "p1"}
USER = {"resourceType": "Practitioner", "id": "dr"}
CONTEXT = {"userId": "Practitioner/dr", "patientId": "p1"}


def test_templates_are_filled_and_gaps_named():
    filled = fill(
        {
            "patient": "Patient/{{context.patientId}}",
            "user": "{{context.userId}}",
            "practitioner": "Practitioner/{{userPractitionerId}}",
            "encounter": "Encounter/{{context.encounterId}}",
            "none": "Condition?patient={{context.patientId}}",
            "gone": "Practitioner/{{context.patientId}}",
            "set": "Condition?code:in=urn:vs&patient={{context.patientId}}",
            "path": "Patient/{{context.patient.id}}",
            "words": "the patient",
        },
        CONTEXT,
        FhirFiles([PATIENT, USER]),
    )
    assert filled.prefetch == {
        "patient": PATIENT,
        "user": USER,
        "practitioner": USER,
        "none": {"resourceType": "Bundle", "type": "searchset", "total": 0},
        "gone": None,
    }
    assert filled.left_out["encounter"] == "the context has no context.encounterId"
    assert "code:in" in filled.left_out["set"]
    assert "not understood" in filled.left_out["path"]
    assert "not understood" in filled.left_out["words"]


PIECES = [
    "Patient", "Condition", "/", "?", "&", "=", "patient", "_count", "_sort", "date", "9" * 5000, "lt0001", "9999", ",",
    "|", "{{", "}}", "context.patientId", "%x", ":in", "-date", "code", "\x00", "\U0001f600",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text())
def test_no_template_makes_the_sandbox_or_the_checker_fail(template):
    files = FhirFiles([PATIENT, {"resourceType": "Condition", "id": "c", "recordedDate": "2024-01-01"}])
    filled = fill({"key": template}, CONTEXT, files)
    assert set(filled.prefetch) ^ set(filled.left_out) == {"key"}
    list(templates.check(Offered(id="a", hook="patient-view", title="", prefetch={"key": template})))


def order(kind, name, status):
    return {"resourceType": kind, "id": name, "status": status, "subject": {"reference": "Patient/p1"}}


def visit(*resources, encounter="e1"):
    return Visit(
        user_id="Practitioner/dr", patient_id="p1", encounter_id=encounter, source=FhirFiles([PATIENT, *resources])
    )


def test_order_sign_carries_the_drafts_alone():
    drafts = [order("MedicationRequest", "m", "draft"), order("ServiceRequest", "s", "draft")]
    context = context_for("order-sign", visit(*drafts, order("ServiceRequest", "done", "completed")))
    assert [e["resource"]["id"] for e in context["draftOrders"]["entry"]] == ["m", "s"]
    assert context_for("order-select", visit(*drafts))["selections"] == ["MedicationRequest/m", "ServiceRequest/s"]


def test_order_dispatch_names_no_user():
    context = context_for("order-dispatch", visit(order("ServiceRequest", "s", "active")))
    assert set(context) == {"patientId", "dispatchedOrders", "performer"}


@pytest.mark.parametrize("hook", [h for h in HOOKS if h != "patient-view"])
def test_a_hook_without_its_data_cannot_fire_and_says_why(hook):
    with pytest.raises(NothingForHook):
        context_for(hook, visit(encounter=None))


@pytest.mark.parametrize("encounter", ["e1", None])
def test_patient_view_needs_no_encounter(encounter):
    context = context_for("patient-view", visit(encounter=encounter))
    assert context == CONTEXT | ({"encounterId": "e1"} if encounter else {})
