"""Every identifying string of a request is collected, refused resources included."""

import pytest

from tests.support.fhir_values import LOINC, ME, condition, encounter, intake, observation, patient

PERSON = patient(
    id="mrn0012345",
    name=[{"prefix": ["Dr."], "given": ["Zeddy", "Quill"], "family": "Fictional", "suffix": ["Jr."], "text": "Zed F."}],
    telecom=[{"system": "phone", "value": "555-0100"}, {"system": "email", "value": "zed@example.org"}],
    address=[{"line": ["1 Nowhere Lane"], "city": "Inventville", "district": "Made County", "postalCode": "00000"}],
    identifier=[{"system": "urn:mrn", "value": "MRN-77-001"}],
    contact=[
        {"name": {"given": ["Mumsy"], "family": "Pretend"}, "telecom": [{"system": "phone", "value": "555-0101"}]}
    ],
    generalPractitioner=[{"reference": "Practitioner/d1", "display": "Dr. Ima Gina"}],
    managingOrganization={"display": "Castle-in-the-Air Clinic"},
    photo=[{"url": "https://example.org/zed.png"}],
    extension=[
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Mythic"},
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "Fabletown"}},
    ],
)


def found(case):
    return {(i.kind, i.value, i.role) for i in case.identifiers}


@pytest.mark.parametrize(
    "expected",
    [
        ("identifier", "mrn0012345", "patient"),
        ("name", "Zeddy Quill Fictional", "patient"),
        ("name", "Zed F.", "patient"),
        ("given", "Zeddy", "patient"),
        ("given", "Quill", "patient"),
        ("family", "Fictional", "patient"),
        ("prefix", "Dr.", "patient"),
        ("prefix", "Jr.", "patient"),
        ("phone", "555-0100", "patient"),
        ("email", "zed@example.org", "patient"),
        ("address-line", "1 Nowhere Lane", "patient"),
        ("city", "Inventville", "patient"),
        ("county", "Made County", "patient"),
        ("postal-code", "00000", "patient"),
        ("identifier", "MRN-77-001", "patient"),
        ("birth-date", "1960-02-03", "patient"),
        ("photo", "https://example.org/zed.png", "patient"),
        ("family", "Pretend", "relative"),
        ("phone", "555-0101", "relative"),
        ("family", "Mythic", "relative"),
        ("city", "Fabletown", "patient"),
        ("name", "Dr. Ima Gina", "practitioner"),
        ("organization", "Castle-in-the-Air Clinic", "organization"),
    ],
)
def test_the_patient_is_known_by(chart, expected):
    from fhir_mappers.mapping import map_case
    from tests.support.fhir_values import NOW

    case = map_case({"patient": PERSON}, patient_id=PERSON["id"], encounter_id=None, now=NOW)
    assert expected in found(case)


def test_people_and_places_of_other_resources_are_known(chart):
    case = chart(
        {"resourceType": "RelatedPerson", "name": [{"family": "Kinfolk"}]},
        {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Curewell"}]},
        {"resourceType": "Organization", "name": "Utopia Health", "alias": ["UH"]},
        {"resourceType": "Location", "name": "Ward Elsewhere"},
        encounter(participant=[{"individual": {"display": "Nurse Nobody"}}], period={"start": "2031-05-06T11:00:00Z"}),
        condition(
            recorder={"display": "Dr. Phantom"},
            contained=[{"resourceType": "Practitioner", "name": [{"family": "Boxed"}]}],
        ),
    )
    assert {
        ("family", "Kinfolk", "relative"), ("family", "Curewell", "practitioner"), ("family", "Boxed", "practitioner"),
        ("organization", "Utopia Health", "organization"), ("organization", "UH", "organization"),
        ("location", "Ward Elsewhere", "location"), ("name", "Nurse Nobody", "practitioner"),
        ("name", "Dr. Phantom", "practitioner"), ("date", "2031-05-06", "encounter"),
    } <= found(case)  # fmt: skip


def test_names_of_a_refused_resource_are_known(chart):
    case = chart(condition(subject={"reference": "Patient/p2", "display": "Otto Other"}, recorder=5))
    assert case.problems == ()
    assert ("name", "Otto Other", "patient") in found(case)


def test_answers_that_identify_are_known_and_others_are_not(chart):
    case = chart(
        intake(
            {"linkId": "1", "text": "What is your full name?", "answer": [{"valueString": "Zelda Fable"}]},
            {"linkId": "homeAddress", "answer": [{"valueString": "2 Nowhere Lane"}]},
            {"linkId": "3", "text": "Who is your employer?", "answer": [{"valueString": "Chimera Ltd"}]},
            {"linkId": "4", "text": "Name of your medicine?", "answer": [{"valueString": "Inventedol"}]},
        ),
        observation("56799-0", valueString="3 Nowhere Lane"),
    )
    values = {i.value for i in case.identifiers}
    assert {"Zelda Fable", "2 Nowhere Lane", "Chimera Ltd", "3 Nowhere Lane"} <= values
    assert "Inventedol" not in values


def test_clinical_words_are_not_identifiers(chart):
    case = chart(
        condition(
            code={"coding": [{"system": LOINC, "code": "1", "display": "Asthma"}]},
            evidence=[{"detail": [{"display": "Wheeze"}]}],
        ),
        {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": ME,
         "medicationReference": {"reference": "Medication/m", "display": "Inventedol"}},
    )  # fmt: skip
    assert {"Asthma", "Wheeze", "Inventedol"}.isdisjoint(i.value for i in case.identifiers)
