"""Prefetch templates: what they may say, what they become, and that nothing of a context value is read as syntax."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.errors import MalformedTemplate
from hooks.prefetch import Query, parse, resolve, tokens, values_for
from hooks.services import SERVICES

CONTEXT = {"userId": "Practitioner/dr-1", "patientId": "p1", "encounterId": "e1"}
VALUES = values_for(CONTEXT)
DECLARED = [template for service in SERVICES for template in service.prefetch.values()]
DECLARED_TOKENS = ("context.userId", "context.patientId", "context.encounterId")
"""Fields of patient-view's context whose "Prefetch Token" column says Yes in the CDS Hooks library."""


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("template", DECLARED)
def test_every_declared_template_is_a_read_or_a_search(template):
    query = resolve(template, VALUES)
    assert (query.id is None) == bool(query.parameters)


@pytest.mark.requirement("C2", "C3", "C4", "C6")
@pytest.mark.parametrize("template", DECLARED)
def test_every_declared_token_is_one_that_patient_view_offers(template):
    assert tokens(template)
    assert set(tokens(template)) <= set(DECLARED_TOKENS)
    assert "{" not in resolve(template, VALUES).relative


@pytest.mark.requirement("C5")
@pytest.mark.parametrize("template", DECLARED)
def test_every_declared_search_keeps_to_what_clients_are_asked_to_support(template):
    query = resolve(template, VALUES)
    names = {name for name, _ in query.parameters}
    assert names <= {"patient", "category", "status", "_sort", "_count"}
    assert query.id or "patient" in names


@pytest.mark.requirement("C1", "C2")
@pytest.mark.parametrize(
    ("template", "relative"),
    [
        ("Patient/{{context.patientId}}", "Patient/p1"),
        ("Patient/{{ context.patientId }}", "Patient/p1"),
        ("{{context.userId}}", "Practitioner/dr-1"),
        ("Practitioner/{{userPractitionerId}}", "Practitioner/dr-1"),
        ("Condition?patient={{context.patientId}}", "Condition?patient=p1"),
        (
            "Observation?patient={{context.patientId}}&category=laboratory&_sort=-date&_count=100",
            "Observation?patient=p1&category=laboratory&_sort=-date&_count=100",
        ),
        ("Observation?code=http://loinc.org|4548-4&patient=p1", "Observation?code=http://loinc.org|4548-4&patient=p1"),
        ("Observation?date=ge2031-01-01&patient=p1", "Observation?date=ge2031-01-01&patient=p1"),
        ("Observation?code:in=http://x.org/vs&patient=p1", "Observation?code:in=http://x.org/vs&patient=p1"),
        ("Observation?code=a%26b&patient=p1", "Observation?code=a%26b&patient=p1"),
    ],
)
def test_a_template_becomes_a_query(template, relative):
    assert resolve(template, VALUES).relative == relative


def test_a_full_id_in_the_context_is_not_doubled():
    values = values_for({"patientId": "Patient/p1"})
    assert resolve("Patient/{{context.patientId}}", values).relative == "Patient/p1"


@pytest.mark.requirement("C3")
def test_a_query_without_its_context_value_is_none():
    values = values_for({"patientId": "p1", "encounterId": "", "selections": ["x"]})
    assert resolve("Encounter/{{context.encounterId}}", values) is None
    assert resolve("Observation?encounter={{context.encounterId}}", values) is None
    assert resolve("Practitioner/{{userPractitionerId}}", VALUES | {"userPractitionerId": ""}) is None


@pytest.mark.requirement("C3")
@pytest.mark.parametrize(
    ("user", "token"),
    [
        ("Practitioner/1", "userPractitionerId"), ("PractitionerRole/1", "userPractitionerRoleId"),
        ("Patient/1", "userPatientId"), ("RelatedPerson/1", "userRelatedPersonId"),
    ],
)  # fmt: skip
def test_the_users_id_stands_under_the_token_of_its_type_alone(user, token):
    values = values_for({"userId": user})
    assert values == {"context.userId": user, token: "1"}


@pytest.mark.requirement("C2", "C3", "C6")
@pytest.mark.parametrize(
    "template",
    [
        "Patient/{{patientId}}", "Patient/{{context.draftOrders.id}}", "Patient/{{%patient.id}}", "Patient/{{today()}}",
        "Patient/{{context.patientId", "Patient/{context.patientId}", "Patient/{{}}", "Observation?date={{today()}}",
    ],
)  # fmt: skip
def test_other_tokens_are_refused(template):
    with pytest.raises(MalformedTemplate):
        resolve(template, VALUES)


@pytest.mark.requirement("C1", "C5")
@pytest.mark.parametrize(
    "template",
    [
        "", "Patient", "Patient/", "patient/p1", "Patient/p1/_history", "Patient/..", "Patient/.", "https://evil.test/Patient/p1",
        "/Patient/p1", "Patient?", "Observation?patient", "Observation?patient=", "Observation?patient.name=x",
        "Observation?_include=Observation:subject", "Observation?_has:Group:member:_id=1", "Observation?_query=x",
        "Patient?name:contains=x", "Patient?name:exact=x", "$everything", "Patient/$match", "Patient//p1",
        "Observation?patient=p1&_elements=id", "Observation/_search?patient=p1",
    ],
)  # fmt: skip
def test_other_interactions_are_refused(template):
    with pytest.raises(MalformedTemplate):
        resolve(template, VALUES)


@given(st.text(min_size=1).filter(lambda value: not value.startswith("Patient/")))
def test_a_context_value_stays_one_value(value):
    query = resolve("Condition?patient={{context.patientId}}&status=active", {"context.patientId": value})
    assert query.parameters == (("patient", value), ("status", "active"))
    if value.isascii():
        assert parse_qsl(query.relative.partition("?")[2]) == list(query.parameters)


@pytest.mark.parametrize("value", ["p1?x=y", "p1/../Patient/2", "p1#x", "p1 ", "p1\n", "ä", "x" * 65, "p1/_history/1"])
def test_a_context_value_that_is_no_id_makes_no_read(value):
    with pytest.raises(MalformedTemplate):
        resolve("Patient/{{context.patientId}}", {"context.patientId": value})


@pytest.mark.parametrize(("name", "only"), [("_count", True), ("_sort", False)])
def test_a_counted_search_asks_for_one_page(name, only):
    assert parse("Observation", (("patient", "p1"), (name, "5"))).newest_only is only


def test_a_query_can_be_compared_and_kept_in_sets():
    assert {Query(resource_type="Patient", id="p1"), Query(resource_type="Patient", id="p1")} == {
        parse("Patient", (), "p1")
    }
