"""Validation: what is refused, what is repaired, and that no message repeats a value."""

import pytest

from fhir_mappers import r4
from fhir_mappers.errors import Unused
from tests.support.fhir_values import condition, document, encounter, medication_request, observation, patient


def test_a_valid_resource_is_given_back_as_it_is():
    resource = condition()
    assert r4.parse(resource) is resource


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (observation("8867-4") | {"status": None}, "Observation.status"),
        (observation("8867-4", colour="blue"), "Observation"),
        (observation("8867-4") | {"code": "pulse of Zeddy"}, "Observation.code"),
        (condition(subject={"reference": ["Zeddy Fictional"]}), "Condition.subject.reference"),
        (patient(birthDate="on Zeddy's birthday"), "Patient.birthDate"),
        (patient(gender=["Zeddy"]), "Patient.gender"),
    ],
)
def test_an_invalid_resource_is_refused_with_a_path_and_no_value(resource, where):
    with pytest.raises(Unused) as caught:
        r4.parse(resource)
    assert (caught.value.reason, caught.value.where) == ("invalid", where)
    assert "Zeddy" not in f"{caught.value}{caught.value.where}{caught.value.args}"


def test_an_invented_key_is_never_repeated():
    with pytest.raises(Unused) as caught:
        r4.parse(condition(Zeddy=1, stage=[{"Fictional": 1}]))
    assert "Zeddy" not in caught.value.where
    assert "Fictional" not in caught.value.where


@pytest.mark.parametrize(
    "resource",
    [
        condition(clinical=None) | {"clinicalStatus": "active"},
        condition(category=None) | {"category": {"text": "finding"}},
        observation("8867-4", context={"reference": "Encounter/e1"}),
        observation("8867-4") | {"category": {"text": "vital-signs"}},
        patient(name=[{"family": ["Fictional"]}]),
        encounter() | {"class": "inpatient", "patient": {"reference": "Patient/p1"}},
        encounter() | {"class": [{"text": "AMB"}]},
        medication_request() | {"medication": {"concept": {"text": "x"}}},
        document("x") | {"context": [{"reference": "Encounter/e1"}]},
        {"resourceType": "MedicationOrder"},
        {"resourceType": "NutritionIntake"},
    ],
)
def test_another_fhir_version_is_recognised(resource):
    with pytest.raises(Unused) as caught:
        r4.parse(resource)
    assert caught.value.reason == "wrong-version"


def test_empty_and_padded_strings_are_repaired():
    sloppy = condition(code={"coding": [{"system": "http://snomed.info/sct", "code": "38341003 ", "display": ""}]})
    assert r4.parse(sloppy)["code"] == {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]}


@pytest.mark.parametrize("status", ["", " "])
def test_an_empty_status_is_never_repaired_away(status):
    with pytest.raises(Unused):
        r4.parse(observation("8867-4") | {"status": status})


def test_type_names_of_clients_are_not_repeated():
    assert r4.known_type("Observation") == "Observation"
    assert r4.known_type("ZeddyFictional") == "unknown"
    assert r4.known_type(["Observation"]) == "unknown"
