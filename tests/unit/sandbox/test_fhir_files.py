"""The in-memory store answers reads and searches as a FHIR server would, and says what it cannot."""

import json
import lzma

import pytest

from cds_service.sandbox.errors import BadPatientData
from cds_service.sandbox.fhir_files import FhirFiles
from cds_service.sandbox.source import NotFilled, found_by, newest_encounter
from hooks.prefetch import Query

LOINC = "http://loinc.org"
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"given": ["Ada"], "family": "Example"}],
    "birthDate": "1960",
}


def observation(name, date, *, patient="p1", category="vital-signs", code="8867-4", status="final", **more):
    return {
        "resourceType": "Observation",
        "id": name,
        "status": status,
        "category": [{"coding": [{"system": "urn:category", "code": category}]}],
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": date,
        **more,
    }


STORE = FhirFiles(
    [
        [
            PATIENT,
            {"resourceType": "Patient", "id": "p2"},
            observation("o1", "2024-01-10T08:00:00Z"),
            observation("o2", "2024-03-01", category="laboratory", code="718-7"),
            observation("o3", "2023-12-31T23:30:00-05:00", status="amended", encounter={"reference": "Encounter/e2"}),
            observation("other", "2024-02-01", patient="p2"),
            observation("undated", None),
            {"resourceType": "Encounter", "id": "e1", "subject": {"reference": "Patient/p1"},
             "period": {"start": "2023-01-01T00:00:00Z", "end": "2023-01-02T00:00:00Z"}},
            {"resourceType": "Encounter", "id": "e2", "subject": {"reference": "https://ehr.example.org/Patient/p1"},
             "period": {"start": "2024-05-01T00:00:00Z"}},
            {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"},
             "clinicalStatus": {"coding": [{"system": "urn:clinical", "code": "active"}]}},
            {"resourceType": "AllergyIntolerance", "id": "a1", "patient": {"reference": "Patient/p1"},
             "category": ["food"]},
            {"resourceType": "QuestionnaireResponse", "id": "q1", "subject": {"reference": "Patient/p1"},
             "authored": "2024-01-01T00:00:00Z"},
            {"resourceType": "QuestionnaireResponse", "id": "q2", "subject": {"reference": "Patient/p1"},
             "authored": "2024-02-01T00:00:00Z"},
            {"resourceType": "MedicationRequest", "id": "m1", "subject": {"reference": "Patient/p1"},
             "status": "active",
             "medicationCodeableConcept": {"coding": [{"system": "urn:rx", "code": "5640"}]},
             "meta": {"lastUpdated": "2024-01-01T00:00:00Z"}},
        ]
    ]
)  # fmt: skip


def ids(search):
    kind, _, parameters = search.partition("?")
    pairs = tuple(tuple(p.split("=", 1)) for p in parameters.split("&"))
    bundle = STORE.answer(Query(resource_type=kind, parameters=pairs))
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("Observation?patient=p1", ["o1", "o2", "o3", "undated"]),
        ("Observation?patient=Patient/p1&_sort=-date", ["o2", "o1", "o3", "undated"]),
        ("Observation?patient=p1&_sort=date&_count=2", ["o3", "o1"]),
        ("Observation?subject=Patient/p2", ["other"]),
        ("Observation?patient=p1,p2&category=laboratory", ["o2"]),
        ("Observation?category=urn:category|laboratory", ["o2"]),
        ("Observation?category=urn:other|laboratory", []),
        ("Observation?category=|laboratory", []),
        ("Observation?code=http://loinc.org|", ["o1", "o2", "o3", "other", "undated"]),
        ("Observation?code=718-7,x", ["o2"]),
        ("Observation?patient=p1&status=final,amended&code=8867-4", ["o1", "o3", "undated"]),
        ("Observation?status=urn:any|amended", ["o3"]),  # the system of a code element is implied
        ("Observation?encounter=e2", ["o3"]),
        ("Observation?encounter=Encounter/e2", ["o3"]),
        ("Observation?_id=o1,o3", ["o1", "o3"]),
        ("Observation?patient=p1&date=2024", ["o1", "o2", "o3"]),  # 23:30 at UTC-5 is 2024 in UTC
        ("Observation?patient=p1&date=eq2024-01", ["o1", "o3"]),
        ("Observation?patient=p1&date=lt2024-01-10", ["o3"]),
        ("Observation?patient=p1&date=le2024-01-10", ["o1", "o3"]),
        ("Observation?patient=p1&date=gt2024-01-10", ["o2"]),
        ("Observation?patient=p1&date=ge2024-01-10&date=lt2024-03-01", ["o1"]),
        ("Encounter?patient=p1&date=ge2024", ["e2"]),
        ("Encounter?patient=p1&date=lt2023-06", ["e1"]),
        ("Condition?patient=p1&clinical-status=active", ["c1"]),
        ("Condition?clinical-status=resolved", []),
        ("AllergyIntolerance?patient=p1&category=food", ["a1"]),
        ("QuestionnaireResponse?patient=p1&_sort=-authored&_count=1", ["q2"]),
        ("MedicationRequest?patient=p1&status=active&code=urn:rx|5640&_sort=_lastUpdated", ["m1"]),
        ("MedicationRequest?patient=p", []),
    ],
)
def test_searches_find_what_a_fhir_server_finds(search, expected):
    assert ids(search) == expected


@pytest.mark.parametrize(
    "search",
    [
        "Observation?patient=p1&code:in=http://example.org/ValueSet/v",
        "Observation?value-quantity=gt5",
        "Observation?patient=p1&_include=Observation:subject",
        "Observation?patient=p1&date=ne2024",
        "Observation?patient=p1&date=yesterday",
        "Observation?patient=p1&_sort=code",
        "Observation?patient=p1&_count=all",
        "Nothing?nobody=knows",
    ],
)
def test_what_is_not_understood_is_said_and_never_ignored(search):
    with pytest.raises(NotFilled):
        ids(search)


def test_a_search_gives_a_searchset_and_a_read_a_resource_or_nothing():
    bundle = STORE.answer(Query(resource_type="Observation", parameters=(("patient", "p1"), ("_count", "1"))))
    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 4)
    assert bundle["entry"][0]["fullUrl"].endswith("/Observation/o1")
    assert "entry" not in STORE.answer(Query(resource_type="Observation", parameters=(("patient", "none"),)))
    assert STORE.answer(Query(resource_type="Patient", id="p1")) == PATIENT
    assert STORE.answer(Query(resource_type="Patient", id="none")) is None


def test_the_newest_encounter_is_found():
    assert newest_encounter(STORE, "p1") == "e2"
    assert newest_encounter(STORE, "p2") is None


def test_patients_are_told_apart_by_name_and_birth_date():
    assert STORE.patients() == {"p1": "Ada Example 1960", "p2": ""}


def entry(resource, url):
    return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}


TRANSACTION = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        entry({"resourceType": "Patient", "id": "p1"}, "urn:uuid:p1"),
        entry({"resourceType": "Encounter", "subject": {"reference": "urn:uuid:p1"}}, "urn:uuid:0f3c"),
        entry(
            {"resourceType": "Condition", "id": "c", "subject": {"reference": "urn:uuid:p1"},
             "encounter": {"reference": "urn:uuid:0f3c"}, "recorder": {"reference": "urn:uuid:unknown"}},
            "https://old.example.org/fhir/Condition/c",
        ),
        entry({"resourceType": "Procedure", "id": "x", "subject": {"reference": "Patient/p1"},
               "reasonReference": [{"reference": "https://old.example.org/fhir/Condition/c"}]}, "urn:uuid:x"),
    ],
}  # fmt: skip


def test_references_inside_a_transaction_become_type_and_id():
    store = FhirFiles([TRANSACTION])
    (condition,) = found_by(store, "Condition", patient="p1", encounter="0f3c")
    assert condition["subject"] == {"reference": "Patient/p1"}
    assert condition["encounter"] == {"reference": "Encounter/0f3c"}
    assert condition["recorder"] == {"reference": "urn:uuid:unknown"}
    (procedure,) = found_by(store, "Procedure", patient="p1")
    assert procedure["reasonReference"] == [{"reference": "Condition/c"}]


@pytest.mark.parametrize("name", ["a.json", "a.ndjson", "a.json.xz", "a.ndjson.xz"])
def test_every_form_of_file_is_read(tmp_path, name):
    lines = [json.dumps(PATIENT), json.dumps(observation("o1", "2024"))]
    text = "\n".join(lines) if "ndjson" in name else json.dumps([json.loads(line) for line in lines])
    raw = text.encode()
    (tmp_path / name).write_bytes(lzma.compress(raw) if name.endswith("xz") else raw)
    assert len(found_by(FhirFiles.read(tmp_path / name), "Observation", patient="p1")) == 1


def test_a_folder_is_read_with_its_sub_folders_and_other_files_do_no_harm(tmp_path):
    (tmp_path / "Patient").mkdir()
    (tmp_path / "Observation").mkdir()
    (tmp_path / "Patient" / "p1.json").write_text(json.dumps(PATIENT))
    (tmp_path / "Observation" / "o1.json").write_text(json.dumps(observation("o1", "2024")))
    (tmp_path / "notes.json").write_text("no JSON at all")
    (tmp_path / "package.json").write_text('{"name": "x"}')
    assert len(found_by(FhirFiles.read(tmp_path), "Observation", patient="p1")) == 1


@pytest.mark.parametrize("text", ["", "no JSON", '{"resourceType": "Observation"}', "[[[", "{}\n{", "\x00"])
def test_a_file_without_a_patient_is_refused_in_words(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(BadPatientData):
        FhirFiles.read(path)


def test_odd_values_in_resources_cost_only_themselves():
    odd = [
        {"resourceType": "Observation", "id": 5, "subject": "Patient/p1", "code": "x", "category": [7, None]},
        {"resourceType": "Observation", "id": "o", "subject": {"reference": 7}, "effectiveDateTime": {"a": 1}},
        {"resourceType": "Patient", "id": "p", "name": ["Ada"]},
        {"resourceType": ["Patient"]},
        {"resourceType": "Bundle", "entry": [None, 5, {"resource": None}, {"fullUrl": 3, "resource": PATIENT}]},
    ]
    store = FhirFiles(odd)
    assert set(store.patients()) == {"p", "p1"}
    assert found_by(store, "Observation", patient="p1", code="x", category="y", date="2024") == []


def test_a_real_transaction_bundle_fills_every_search(shared_data):
    from cds_service.sandbox.prefetch import fill
    from hooks.services import SERVICES

    path = next((shared_data / "fhir" / "synthea2021_uscore_notes").glob("*.json.xz"))
    store = FhirFiles.read(path)
    (patient,) = store.patients()
    context = {"userId": "Practitioner/1", "patientId": patient, "encounterId": newest_encounter(store, patient)}
    filled = fill(SERVICES[0].prefetch, context, store)
    assert filled.left_out == {}
    assert filled.prefetch["patient"]["id"] == patient
    assert filled.prefetch["conditions"]["total"] > 0
    assert filled.prefetch["encounter"]["resourceType"] == "Encounter"
