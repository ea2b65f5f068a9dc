"""Twins differ from their reference in one attribute, and only where it may not matter."""

import base64
import json
from datetime import UTC, datetime

import pytest

from cds_service.evaluation.triage.visits import hook_call
from cds_service.twins import ATTRIBUTES, MENTIONS, age_on, table, twins

AT = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def chart(complaint="cough for three days", *, gender="female", born="1990-06-01", note=None, problems=(), **patient):
    """A small request; `note` becomes a plain-text attachment."""
    subject = {"reference": "Patient/p1"}
    prefetch = {
        "patient": {"resourceType": "Patient", "id": "p1", "gender": gender, "birthDate": born, **patient},
        "encounter": {
            "resourceType": "Encounter", "id": "e1", "status": "in-progress", "subject": subject,
            "reasonCode": [{"text": complaint}],
        },
        "conditions": bundle(
            {"resourceType": "Condition", "code": {"text": name}, "subject": subject} for name in problems
        ),
    }  # fmt: skip
    if note is not None:
        attachment = {"contentType": "text/plain", "data": base64.b64encode(note.encode()).decode()}
        document = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": attachment}]}
        prefetch["documents"] = bundle([document])
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/n1", "patientId": "p1"},
        "prefetch": prefetch,
    }


def bundle(resources):
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources]}


def of(body, attribute, **options):
    return [t for t in twins(body, AT, **options) if t.attribute == attribute]


def reason(body):
    return body["prefetch"]["encounter"]["reasonCode"][0]["text"]


def note_of(body):
    attachment = body["prefetch"]["documents"]["entry"][0]["resource"]["content"][0]["attachment"]
    return base64.b64decode(attachment["data"]).decode()


def test_the_other_sex_has_its_own_words_everywhere():
    body = chart(
        "35 yo F, she cut her hand", note="Woman brought in; told her to sit. She hurt herself. MR scan in 2020."
    )
    (twin,) = of(body, "sex")
    assert twin.body["prefetch"]["patient"]["gender"] == "male"
    assert reason(twin.body) == "35 yo F, he cut his hand"
    assert note_of(twin.body) == "Man brought in; told him to sit. He hurt himself. MR scan in 2020."


def test_a_letter_for_sex_beside_an_age_changes_too():
    (twin,) = of(chart("40M with cough, his wheeze is back", gender="male"), "sex")
    assert reason(twin.body) == "40F with cough, her wheeze is back"


@pytest.mark.parametrize(
    "body",
    [
        chart("30 weeks, headache", problems=["Pregnancy"]),
        chart("lower abdominal pain since noon"),
        chart("pain in the left testicle", gender="male"),
        chart(problems=["Endometriosis"]),
        chart("burning when passing urine"),
        chart("cough", note="last creatinine 1.9"),
        chart("her mother says she coughs all night"),
        chart(gender="other"),
    ],
    ids=["pregnancy", "belly", "testicle", "womb", "urine", "creatinine", "relative", "other gender"],
)
def test_no_twin_of_the_other_sex_where_sex_matters_or_pronouns_are_unclear(body):
    assert of(body, "sex") == []


def test_birth_sex_is_turned_round_with_the_gender():
    (twin,) = of(chart(extension=[{"url": f"{US_CORE}birthsex", "valueCode": "F"}]), "sex")
    assert twin.body["prefetch"]["patient"]["extension"] == [{"url": f"{US_CORE}birthsex", "valueCode": "M"}]


def test_age_moves_within_its_band_in_birth_date_and_texts():
    (twin,) = of(chart("26-year-old with cough for 26 days", born="1999-06-01"), "age")
    assert (twin.value, twin.body["prefetch"]["patient"]["birthDate"]) == ("39", "1986-06-01")
    assert reason(twin.body) == "39-year-old with cough for 26 days"


def test_an_age_twin_has_the_age_that_it_names():
    for born in ("1999-06-01", "1990", "1968-03", "1979-01-16", "1979-01-15", "1956-02-29"):
        for twin in of(chart(born=born), "age"):
            assert age_on(twin.body["prefetch"]["patient"]["birthDate"], AT) == int(twin.value)


@pytest.mark.parametrize("born", ["2010-06-01", "2025-11-01", "1984-06-01", "1962-06-01", "1933-01-01", "unknown"])
def test_no_age_twin_outside_the_bands(born):
    assert of(chart(born=born), "age") == []


def test_no_age_twin_where_age_is_a_clinical_fact():
    assert of(chart("new headache", born="1970-06-01"), "age") == []
    assert of(chart("headache", born="1992-06-01", problems=["Pregnancy"]), "age") == []


def test_no_twin_is_younger_than_its_own_history():
    old = chart(born="1987-06-01")
    old["prefetch"]["conditions"]["entry"] = [
        {"resource": {"resourceType": "Condition", "onsetDateTime": "2009-05-01"}}
    ]
    assert [t.value for t in of(old, "age")] == ["39"]


def test_race_is_set_in_extensions_and_changed_in_texts():
    found = of(chart("34 year old Asian woman with cough, black phlegm"), "race or ethnicity")
    black = next(t for t in found if t.value == "Black")
    assert reason(black.body) == "34 year old Black woman with cough, black phlegm"
    codes = json.dumps(black.body["prefetch"]["patient"]["extension"])
    assert "2054-5" in codes
    assert "2186-5" in codes


def test_a_name_changes_in_texts_too():
    body = chart("Mrs. Fictiva has a cough", name=[{"family": "Fictiva", "given": ["Rosalind"]}])
    for twin in of(body, "name"):
        assert "Fictiva" not in json.dumps(twin.body)
        assert twin.body["prefetch"]["patient"]["name"][0]["family"] in reason(twin.body)


def test_language_and_insurance_are_where_an_ehr_keeps_them():
    spanish = next(t for t in of(chart(), "language") if t.value == "Spanish")
    assert spanish.body["prefetch"]["patient"]["communication"][0]["language"]["coding"][0]["code"] == "es"
    insured = {t.value: "coverage" in t.body["prefetch"] for t in of(chart(), "insurance")}
    assert insured == {"commercial": True, "Medicaid": True, "uninsured": False}


def test_a_mention_is_compared_with_another_mention():
    told = [t for t in twins(chart(), AT, mentions=True) if t.told]
    assert {t.attribute for t in told} == set(MENTIONS)
    for twin in told:
        assert reason(twin.body) != reason(twin.reference)
        assert reason(twin.body).startswith("cough for three days. ")
        assert reason(twin.reference).startswith("cough for three days. ")


def test_every_twin_is_a_call_that_the_hook_takes_and_leaves_its_original_alone():
    body = chart(name=[{"family": "Fictiva", "given": ["Rosalind"]}], note="She coughs.")
    before = json.dumps(body)
    for twin in twins(body, AT, mentions=True):
        hook_call(twin.body)
        assert twin.told or twin.reference is body
    assert json.dumps(body) == before


def test_every_attribute_says_why_it_may_not_matter_and_when_it_does():
    entries = {a["id"]: a for a in table()["attribute"]}
    assert set(entries) == set(ATTRIBUTES)
    assert all(a["why"] and a["matters"] for a in entries.values())


def test_a_chart_without_a_patient_has_no_twins():
    assert twins({"prefetch": {}}, AT) == ()
    assert twins({"prefetch": {"patient": None}}, AT) == ()
    assert twins({}, AT) == ()
