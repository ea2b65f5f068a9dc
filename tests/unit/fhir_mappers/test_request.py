"""What the EHR sends: keys, Bundles, references, whose data it is, what is missing."""

from datetime import UTC, datetime

import pytest

from fhir_mappers.errors import ForeignPatient, NoPatient
from fhir_mappers.limits import Limits
from fhir_mappers.mapping import map_case
from fhir_mappers.received import NOT_SENT
from tests.support.fhir_values import (
    ME,
    NOW,
    bundle,
    condition,
    encounter,
    intake,
    medication_request,
    observation,
    patient,
)

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def mapped(prefetch, patient_id="p1", **more):
    return map_case(prefetch, patient_id=patient_id, encounter_id=None, now=NOW, **more)


# -- the patient -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "patient_id", ["p1", "Patient/p1", "https://ehr.example.org/fhir/Patient/p1", "Patient/p1/_history/3"]
)
def test_the_patient_is_found_however_the_id_is_written(patient_id):
    assert mapped({"patient": patient()}, patient_id).patient_id == "p1"


@pytest.mark.parametrize(
    "prefetch", [{}, {"patient": None}, {"patient": OUTCOME}, {"patient": "p1"}, {"patient": bundle()}]
)
def test_without_a_patient_there_is_no_case(prefetch):
    with pytest.raises(NoPatient):
        mapped(prefetch)


def test_another_persons_patient_resource_makes_no_case():
    with pytest.raises(ForeignPatient) as caught:
        mapped({"patient": patient(id="somebody")})
    assert "somebody" not in str(caught.value)


def test_a_patient_of_an_older_fhir_version_is_not_usable():
    with pytest.raises(NoPatient):
        mapped({"patient": patient(name=[{"family": ["Fiction"]}], careProvider=[])})


def test_a_patient_that_may_mean_something_else_is_not_usable():
    with pytest.raises(NoPatient):
        mapped({"patient": patient(modifierExtension=[{"url": "http://example.org/not", "valueBoolean": True}])})


def test_a_bad_element_of_the_patient_leaves_what_the_rules_need():
    case = mapped({"patient": patient(telecom="none", name=[{"family": "Fictional"}])})
    assert (case.demographics.sex, case.age) == ("female", 71)
    assert [(r.resource_type, r.reason, r.where) for r in case.refused] == [("Patient", "invalid", "Patient.telecom")]
    assert any(i.value == "Fictional" for i in case.identifiers)


def test_a_bad_birth_date_costs_the_age_alone():
    case = mapped({"patient": patient(birthDate="yesterday")})
    assert case.age is None
    assert [r.reason for r in case.refused if r.resource_type == "Patient"] == ["invalid"]


@pytest.mark.parametrize(("birth", "age"), [("1960-05-07", 70), ("1960-05-06", 71), ("1960-05", 70), ("1960", 70)])
def test_a_partial_birth_date_gives_the_lowest_age(birth, age):
    assert mapped({"patient": patient(birthDate=birth)}).age == age


def test_demographics_are_read():
    race = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    white = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}
    person = patient(
        deceasedDateTime="2031-01-01",
        communication=[
            {"language": {"coding": [{"code": "en"}]}},
            {"preferred": True, "language": {"coding": [{"code": "es"}]}},
        ],
        address=[{"use": "old", "postalCode": "00001"}, {"use": "home", "postalCode": "00002"}],
        extension=[{"url": race, "extension": [{"url": "ombCategory", "valueCoding": white}]}],
    )
    read = mapped({"patient": person}).demographics
    assert (read.deceased, read.language, read.postal_code, read.race) == (True, "es", "00002", ("White",))


# -- whose data ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ({"reference": "Patient/p1"}, None),
        ({"reference": "https://ehr.example.org/fhir/Patient/p1"}, None),
        ({"reference": "Patient/p1/_history/2"}, None),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, None),
        ({"reference": "Patient?identifier=urn:mrn|7"}, None),
        ({"reference": "Patient/p2"}, "wrong-patient"),
        ({"reference": "Group/p1"}, "wrong-patient"),
        ({"reference": "urn:uuid:p2"}, "wrong-patient"),
        ({"identifier": {"system": "urn:mrn", "value": "8"}}, "wrong-patient"),
        ({"identifier": {"system": "urn:other", "value": "7"}}, "no-subject"),
        ({"display": "somebody"}, "no-subject"),
        ({"reference": "#contained"}, "no-subject"),
    ],
)
def test_only_data_of_this_patient_are_read(subject, reason):
    me = patient(identifier=[{"system": "urn:mrn", "value": "7"}])
    case = mapped({"patient": me, "conditions": condition(subject=subject)})
    assert [r.reason for r in case.refused] == ([reason] if reason else [])
    assert len(case.problems) == (reason is None)
    assert bool(case.missing) == bool(reason)


def test_references_by_bundle_url_are_followed():
    me, url = patient(), "urn:uuid:11111111-2222-3333-4444-555555555555"
    found = condition(subject={"reference": url})
    whole = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"fullUrl": url, "resource": me}, {"resource": found}],
    }
    assert len(mapped({"all": whole}).problems) == 1
    with pytest.raises(ForeignPatient):  # the id that the resource has itself goes first
        mapped({"all": whole}, url)
    del me["id"]
    assert len(mapped({"all": whole}, url).problems) == 1


# -- shapes of the request -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["searchset", "collection", "transaction", "document", "batch-response", "message"])
def test_bundles_of_every_kind_are_unpacked(kind):
    assert len(mapped({"patient": patient(), "x": bundle(condition(), kind=kind)}).problems) == 1


def test_values_are_sorted_by_type_whatever_the_key():
    case = mapped({"allergies": [condition(), [observation("8867-4", 88, "/min", ucum="/min")]], "labs": patient()})
    assert (len(case.problems), len(case.vitals)) == (1, 1)


def test_handles_follow_type_and_position_and_name_the_true_reference():
    case = mapped(
        {
            "patient": patient(),
            "c": bundle(condition("one", id="a"), condition("two", clinical="resolved"), condition("x")),
        }
    )
    assert list(case.sources) == ["patient-1", "cond-1", "cond-3"]
    assert case.sources["cond-1"].reference == "Condition/a"
    assert case.sources["cond-3"].reference == "Condition"


def test_the_same_resource_under_two_keys_counts_once():
    one = condition(id="same")
    case = mapped({"patient": patient(), "a": one, "b": bundle(one)})
    assert len(case.problems) == 1
    assert [r.reason for r in case.refused] == ["duplicate"]
    assert case.missing == ()


def test_a_key_that_is_absent_or_failed_is_missing_and_an_empty_one_is_not():
    case = mapped(
        {"patient": patient(), "allergies": OUTCOME, "labs": None, "conditions": bundle(), "intake": 5},
        absent={"documents": NOT_SENT, "reports": "the FHIR server refused it"},
    )
    assert {m.what: m.reason for m in case.missing} == {
        "documents": "not sent by the EHR",
        "reports": "the FHIR server refused it",
        "allergies": "the EHR reported an error instead of the data",
        "intake": "what the EHR sent is not a FHIR resource",
    }


def test_a_key_that_was_never_declared_is_read_and_not_repeated():
    case = mapped({"patient": patient(), "Zeddy Fictional": [condition(), 5]}, declared=("patient",))
    assert len(case.problems) == 1
    assert [m.what for m in case.missing] == ["other"]


def test_a_failed_part_of_a_batch_is_missing():
    batch = {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "403 Forbidden"}}]}
    assert [m.what for m in mapped({"patient": patient(), "labs": batch}).missing] == ["labs"]


def test_a_warning_beside_the_data_is_no_failure():
    warning = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
    assert mapped({"patient": patient(), "c": bundle(condition(), warning)}).missing == ()


def test_a_first_page_of_diagnoses_is_incomplete_and_one_of_readings_is_what_we_asked_for():
    more = {"link": [{"relation": "next", "url": "https://ehr.example.org/next"}]}
    pulse = observation("8867-4", 88, "/min", ucum="/min")
    case = mapped(
        {"patient": patient(), "conditions": bundle(condition(), **more), "observations": bundle(pulse, **more)}
    )
    assert [m.what for m in case.missing] == ["conditions"]


def test_entries_beyond_the_limit_are_reported():
    case = mapped({"patient": patient(), "c": bundle(*[condition() for _ in range(9)])}, limits=Limits(max_entries=5))
    assert len(case.problems) == 4
    assert [r.reason for r in case.refused] == ["too-many"] * 5
    assert [m.what for m in case.missing] == ["c"]


def test_pages_of_one_search_are_read_together_and_only_an_open_end_is_incomplete():
    more = {"link": [{"relation": "next", "url": "https://ehr.example.org/next"}]}
    pages = [bundle(condition("first", id="a")), bundle(condition("second", id="b"))]
    whole = mapped({"patient": patient(), "conditions": pages})
    assert ([p.concept.text for p in whole.problems], whole.missing) == (["first", "second"], ())
    cut = mapped({"patient": patient(), "conditions": [pages[0], pages[1] | more]})
    assert [m.what for m in cut.missing] == ["conditions"]


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        (encounter(reasonCode=[{"text": "w" * 5000}]), "complaints"),
        (encounter(reasonCode=[{"text": "w" * 4000 + " " * 50 + "w"}]), "complaints"),
        (observation("8661-1", valueString="w" * 5000), "complaints"),
        (intake({"linkId": "1", "text": "Any pain?", "answer": [{"valueString": "w" * 5000}]}), "intake answers"),
        (condition("w" * 5000), "problem names"),
    ],
)
def test_words_that_are_cut_are_named(resource, what):
    case = map_case({"patient": patient(), "x": resource}, patient_id="p1", encounter_id="e1", now=NOW)
    assert [m.what for m in case.missing] == [what]
    assert max(len(words) for _, words in [*case.texts(), ("", "")]) <= 4000
    assert all(len(p.concept.text) <= 300 for p in case.problems)


def test_words_that_just_fit_are_whole():
    case = map_case(
        {"patient": patient(), "x": encounter(reasonCode=[{"text": "w" * 4000}])},
        patient_id="p1", encounter_id="e1", now=NOW,
    )  # fmt: skip
    assert (len(case.complaints[0].text), case.missing) == (4000, ())


def test_types_that_are_not_read_are_reported():
    claim = {"resourceType": "Claim", "id": "c"}
    case = mapped(
        {"patient": patient(), "x": bundle(claim, {"resourceType": "Bogus"}, {"resourceType": "Practitioner"})}
    )
    assert [(r.resource_type, r.reason) for r in case.refused] == [
        ("Claim", "unsupported-type"), ("unknown", "unsupported-type"),
    ]  # fmt: skip


def test_the_data_are_as_of_the_newest_time_that_is_not_in_the_future():
    case = mapped(
        {"patient": patient(), "x": bundle(medication_request(), condition(recordedDate="2031-05-06T09:00:00Z"))}
    )
    assert case.data_as_of == datetime(2031, 5, 6, 9, tzinfo=UTC)
    ahead = condition(recordedDate="2031-05-06T12:02:00Z")
    assert mapped({"patient": patient(), "x": ahead}).data_as_of == NOW
    assert mapped({"patient": patient()}).data_as_of is None


# -- meaning and restriction -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["root", "nested"])
def test_an_unknown_modifier_extension_costs_the_resource(where):
    mark = {"modifierExtension": [{"url": "http://example.org/negates", "valueBoolean": True}]}
    resource = (
        condition(**mark)
        if where == "root"
        else condition(evidence=[{**mark, "detail": [{"reference": "Observation/1"}]}])
    )
    case = mapped({"patient": patient(), "c": resource})
    assert [r.reason for r in case.refused] == ["modifier-extension"]


CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@pytest.mark.parametrize(
    ("system", "code", "restricted"),
    [
        (CONFIDENTIALITY, "R", True),
        (CONFIDENTIALITY, "V", True),
        (CONFIDENTIALITY, "N", False),
        (ACT_CODE, "ETH", True),
        (ACT_CODE, "PSY", True),
        ("http://example.org/unknown", "X", True),
        ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST", False),
    ],
)
def test_a_restricting_label_keeps_the_fact_for_the_rules_and_marks_its_handle(system, code, restricted):
    labelled = condition(meta={"security": [{"system": system, "code": code}]})
    case = mapped({"patient": patient(), "c": labelled})
    assert len(case.problems) == 1
    assert case.sensitive == (frozenset({"cond-1"}) if restricted else frozenset())


def test_a_label_on_the_bundle_or_on_the_medication_counts_too():
    label = {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}
    assert mapped({"patient": patient(), "c": bundle(condition(), meta=label)}).sensitive == {"cond-1"}
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Secretol"}, "meta": label}
    order = medication_request(medicationReference={"reference": "Medication/m"})
    del order["medicationCodeableConcept"]
    assert mapped({"patient": patient(), "m": [order, drug]}).sensitive == {"med-1"}


# -- whose is it: the server counts --------------------------------------------------------------------------------


def on(server, kind="Condition", **more):
    """A condition of ``Patient/p1`` of `server`."""
    return condition(subject={"reference": f"{server}/Patient/p1"}, **more)


@pytest.mark.requirement("E11")
def test_the_same_id_on_another_server_is_another_person():
    mine, other = on("https://a.example/fhir", id="c1"), on("https://b.example/fhir", id="c2")
    for prefetch, server in (
        ({"patient": bundle_of((patient(), "https://a.example/fhir/Patient/p1")), "rest": bundle(mine, other)}, None),
        ({"patient": patient(), "rest": bundle(mine, other)}, "https://a.example/fhir/"),
    ):
        case = map_case(prefetch, patient_id="p1", encounter_id=None, now=NOW, server=server)
        assert [r.reason for r in case.refused] == ["wrong-patient"]
        assert len(case.problems) == 1


@pytest.mark.requirement("E11")
@pytest.mark.parametrize("reference", ["x:Patient/p1", "ftp://a.example/Patient/p1", "urn:uuid:Patient/p2"])
def test_an_odd_reference_is_not_the_patient_s(reference):
    prefetch = {"patient": patient(), "rest": bundle(condition(subject={"reference": reference}))}
    case = map_case(prefetch, patient_id="p1", encounter_id=None, now=NOW)
    assert [r.reason for r in case.refused] == ["wrong-patient"]


@pytest.mark.requirement("E11")
def test_a_patient_with_another_id_under_the_asked_urn_is_foreign():
    person = patient(id="p2")
    asked = "0f8fad5b-d9cb-469f-a165-70867728950e"
    with pytest.raises(ForeignPatient):
        map_case({"patient": bundle_of((person, f"urn:uuid:{asked}"))}, patient_id=asked, encounter_id=None, now=NOW)


def test_a_bundle_s_url_at_odds_with_the_resource_misleads_nobody():
    """Another drug may not take the place of the one that an order names."""
    right = {"resourceType": "Medication", "id": "7", "code": {"text": "Inventedol"}}
    wrong = {"resourceType": "Medication", "id": "8", "code": {"text": "Wrongol"}}
    order = {
        "resourceType": "MedicationRequest", "id": "o1", "status": "active", "intent": "order", "subject": ME,
        "medicationReference": {"reference": "Medication/7"},
    }  # fmt: skip
    rest = bundle_of(
        (wrong, "Medication/7"), (wrong, "https://a.example/fhir/Medication/7"), (right, None), (order, None)
    )
    case = map_case({"patient": patient(), "rest": rest}, patient_id="p1", encounter_id=None, now=NOW)
    assert [m.concept.label for m in case.medications] == ["Inventedol"]


def bundle_of(*pairs):
    """A Bundle of (resource, full URL)."""
    entries = [{"resource": r} | ({"fullUrl": url} if url else {}) for r, url in pairs]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}
