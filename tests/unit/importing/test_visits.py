"""The chart as a past visit began: what only the visit brought to light is not in it."""

from datetime import UTC, datetime

import pytest

from cds_service.domain import Priority
from cds_service.importing.outcomes import TRIAGE, NoLevel, concern_of, priority_of
from cds_service.importing.restricted import with_reach
from cds_service.importing.visits import chart_at, visits_of
from tests.support.fhir_values import LOINC, coded
from tests.support.import_values import level, of, person, visit

VISIT = {"reference": "Encounter/e1"}
BEFORE, DURING, AFTER = "2031-05-05T10:00:00Z", "2031-05-06T11:30:00Z", "2031-05-06T13:00:00Z"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"


def chart(*resources):
    everything = [person(), visit(), *resources]
    (found,) = visits_of(everything, None, None)
    return {r["id"]: r for r in chart_at(found, everything, TRIAGE)}


def seen(*resources):
    return set(chart(*resources)) - {"p1", "e1"}


def found(*resources, **of_visit):
    return visits_of([person(), visit(**of_visit), *resources], None, None)[0]


@pytest.mark.parametrize(
    "resource",
    [
        of("p1", "Observation", "x", effectiveDateTime=DURING, encounter=VISIT),
        of("p1", "Observation", "x", effectiveDateTime=DURING),
        of("p1", "Observation", "x", effectiveDateTime=BEFORE),
        of("p1", "QuestionnaireResponse", "x", authored=DURING),
        of("p1", "AllergyIntolerance", "x"),
        of("p1", "Condition", "x", recordedDate=BEFORE),
        of("p1", "Condition", "x", recordedDate="2031-05-05"),
        of("p1", "DocumentReference", "x", date=BEFORE),
        of("p1", "DocumentReference", "x", date=DURING, type=coded(LOINC, "54094-8")),
    ],
)
def test_what_was_known_when_the_visit_began_is_in_the_chart(resource):
    assert seen(resource) == {"x"}


@pytest.mark.parametrize(
    "resource",
    [
        of("p1", "Observation", "x", effectiveDateTime=AFTER, encounter=VISIT),
        of("p1", "Observation", "x", encounter=VISIT),
        of("p1", "Condition", "x", recordedDate=DURING, encounter=VISIT),
        of("p1", "Condition", "x", onsetDateTime=BEFORE, encounter=VISIT),
        of("p1", "Condition", "x", recordedDate=AFTER, onsetDateTime=BEFORE),
        of("p1", "Condition", "x", recordedDate="2031-05-06"),
        of("p1", "Condition", "x", recordedDate="2031"),
        of("p1", "Condition", "x"),
        of("p1", "DocumentReference", "x", date="2031-05-06T11:00:00Z", context={"encounter": [VISIT]}),
        of("p1", "DiagnosticReport", "x", effectiveDateTime=DURING, encounter=VISIT),
        of("p1", "MedicationRequest", "x", authoredOn=DURING, encounter=VISIT),
        of("p1", "Procedure", "x", performedDateTime=DURING),
        level(2, name="x"),
    ],
)
def test_what_came_of_the_visit_is_not_in_the_chart(resource):
    assert not seen(resource)


def test_the_visit_itself_is_shown_as_it_began():
    ended = visit(diagnosis=[{"condition": {"reference": "Condition/c1"}}], hospitalization={"x": 1}, priority={})
    (past,) = visits_of([ended], None, None)
    (shown,) = chart_at(past, [ended], TRIAGE)
    assert shown["status"] == "in-progress"
    assert shown["period"] == {"start": "2031-05-06T11:00:00Z"}
    assert not {"diagnosis", "hospitalization", "priority"} & shown.keys()


def test_later_deaths_and_recoveries_had_not_happened():
    died = [person(deceasedDateTime="2031-05-07"), visit()]
    (past,) = visits_of(died, None, None)
    assert "deceasedDateTime" not in next(iter(chart_at(past, died, TRIAGE)))
    over = of(
        "p1", "Condition", "c1", recordedDate=BEFORE, abatementDateTime=AFTER, clinicalStatus=coded("x", "resolved")
    )
    assert chart(over)["c1"]["clinicalStatus"]["coding"][0]["code"] == "active"


def test_a_period_takes_the_visits_that_began_in_it():
    days = [visit(name=f"e{n}", start=f"2031-05-0{n}T23:30:00-05:00", end=None) for n in (1, 2, 3)]
    some = visits_of(days, datetime(2031, 5, 3, tzinfo=UTC), datetime(2031, 5, 4, tzinfo=UTC))
    assert [v.id for v in some] == ["e2"]


# -- what the visit says of its urgency ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "priority"),
    [
        ({"valueInteger": 1}, Priority.CRITICAL),
        ({"valueQuantity": {"value": 2.0}}, Priority.HIGH),
        ({"valueString": "ESI level 3"}, Priority.MEDIUM),
        ({"valueCodeableConcept": coded(LOINC, "LA21755-6")}, Priority.LOW),
        ({"valueCodeableConcept": {"text": "4 - less urgent"}}, Priority.LOW),
    ],
)
def test_a_coded_triage_level_is_a_priority(value, priority):
    coded_level = {k: v for k, v in level(9).items() if k != "valueInteger"} | value
    assert priority_of(found(coded_level), frozenset()) is priority


@pytest.mark.parametrize(
    "value",
    [{"valueInteger": 9}, {"valueString": "37.5"}, {"valueString": "10"}, {"valueQuantity": {"value": 2.5}}, {}],
)
def test_what_is_no_level_is_not_read_as_one(value):
    coded_level = {k: v for k, v in level(9).items() if k != "valueInteger"} | value
    with pytest.raises(NoLevel, match="no-level"):
        priority_of(found(coded_level), frozenset())


def test_levels_that_disagree_give_no_target():
    with pytest.raises(NoLevel, match="levels-disagree"):
        priority_of(found(level(1), level(4, name="l2")), frozenset())


def test_a_routine_visit_says_so_and_an_emergency_says_nothing():
    assert priority_of(found(priority=coded(ACT, "R")), frozenset()) is Priority.LOW
    with pytest.raises(NoLevel):
        priority_of(found(priority=coded(ACT, "EM")), frozenset())


def test_a_clinics_own_code_counts_where_it_is_named():
    own = ("https://clinic.example/codes", "triage")
    named = level(2) | {"code": coded(*own)}
    assert priority_of(found(named), frozenset({own})) is Priority.HIGH
    with pytest.raises(NoLevel):
        priority_of(found(named), frozenset())


def test_a_diagnosis_is_told_in_the_lexicons_words_alone():
    known = of("p1", "Condition", "c1", encounter=VISIT, code={"text": "Pneumonia of Ottoline, found by Dr. Quirk"})
    unknown = of("p1", "Condition", "c1", encounter=VISIT, code={"text": "Morbus Quirk"})
    assert concern_of(found(known)) == "possible pneumonia"
    assert concern_of(found(unknown)) == ""


def test_a_labelled_diagnosis_restricts_its_visit_although_no_chart_shows_it():
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}
    secret = of("p1", "Condition", "c1", encounter=VISIT, meta={"security": [label]})
    me = person()
    named = visit(diagnosis=[{"condition": {"reference": "Condition/c1"}}])
    _, restricted = with_reach([me, named, secret], me)
    assert "Encounter/e1" in restricted
    assert not with_reach([me, visit()], me)[1]
