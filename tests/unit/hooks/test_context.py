"""The patient-view context."""

import pytest

from hooks.context import patient_view
from hooks.errors import MalformedContext

GOOD = {"userId": "Practitioner/abc", "patientId": "p-1", "encounterId": "e.1"}


def test_ids_may_be_bare_or_full():
    made = patient_view(GOOD | {"patientId": "Patient/p-1", "encounterId": "Encounter/e.1"})
    assert (made.patient_id, made.encounter_id) == ("p-1", "e.1")
    assert patient_view(GOOD) == made


@pytest.mark.parametrize("absent", [None, ""])
def test_the_encounter_is_optional(absent):
    assert patient_view(GOOD | {"encounterId": absent}).encounter_id is None


def test_unknown_fields_are_ignored():
    assert patient_view(GOOD | {"later": 1}).patient_id == "p-1"


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"userId": None}, "userId"),
        ({"userId": "abc"}, "userId"),
        ({"userId": "Group/1"}, "userId"),
        ({"userId": "Practitioner/a b"}, "userId"),
        ({"patientId": None}, "patientId"),
        ({"patientId": 5}, "patientId"),
        ({"patientId": "Observation/5"}, "patientId"),
        ({"patientId": "p/../q"}, "patientId"),
        ({"patientId": "x" * 65}, "patientId"),
        ({"encounterId": ["e"]}, "encounterId"),
    ],
)
def test_a_wrong_field_is_named(changes, element):
    with pytest.raises(MalformedContext, match=element):
        patient_view(GOOD | changes)


@pytest.mark.parametrize(
    ("user", "clinician"), [("PractitionerRole/1", True), ("Patient/1", False), ("RelatedPerson/1", False)]
)
def test_only_practitioners_are_clinicians(user, clinician):
    assert patient_view(GOOD | {"userId": user}).by_clinician is clinician
