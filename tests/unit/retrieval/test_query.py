"""What is asked about a case."""

from dataclasses import replace

import pytest

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Finding, FindingKind, Priority
from cds_service.retrieval.query import MAX_NEEDS, MAX_SENTENCES, Kind, needs_of

SOURCE = Citation(title="Fictional", publisher="Fictional", year=2024)


def finding(title: str, priority: Priority) -> Finding:
    return Finding(rule="x", version="1", priority=priority, title=title, reason="fixed words", citation=SOURCE)


def case(*facts: tuple[str, str], age: str | None = "67") -> DeidentifiedCase:
    made = tuple(
        DeidentifiedFact(kind=kind, name=words, text=words if kind == "complaint" else None, source=f"f-{i}")
        for i, (kind, words) in enumerate(facts)
    )
    return DeidentifiedCase(subject="s", age=age, sex="female", facts=made)


def texts(needs) -> list[tuple[Kind, str]]:
    return [(n.kind, n.text) for n in needs]


def test_each_thing_is_asked_in_its_own_way_the_urgent_first():
    chart = case(("problem", "Essential hypertension (disorder)"), ("complaint", "chest pain"))
    assert texts(needs_of(chart, [finding("Chest pain", Priority.HIGH)])) == [
        (Kind.URGENT, "emergency: Chest pain"),
        (Kind.COMPLAINT, "adult patient with chest pain"),
        (Kind.PROBLEM, "goals of treatment and follow-up for Essential hypertension in adults"),
    ]


def test_the_most_urgent_finding_is_asked_first_and_a_low_one_not_at_all():
    grades = {"a": Priority.HIGH, "b": Priority.LOW, "c": Priority.CRITICAL, "d": Priority.MEDIUM}
    found = [finding(title, priority) for title, priority in grades.items()]
    assert [n.text for n in needs_of(case(), found)] == ["emergency: c", "emergency: a", "adult patient with d"]


def test_low_blood_pressure_is_asked_as_hypotension():
    (need,) = needs_of(case(), [finding("Very low blood pressure", Priority.CRITICAL)])
    assert "hypotension" in need.text


def test_high_blood_pressure_is_not_asked_as_hypotension():
    (need,) = needs_of(case(), [finding("Severe hypertension", Priority.HIGH)])
    assert "hypotension" not in need.text


def test_a_child_is_not_asked_about_as_an_adult():
    (need,) = needs_of(case(("problem", "Asthma"), age="7 months"), [])
    assert need.text.endswith("in children")


def test_one_problem_named_twice_is_asked_once():
    assert len(needs_of(case(("problem", "Asthma"), ("problem", "Asthma (disorder)")), [])) == 1


def test_placeholders_of_the_gate_are_not_asked():
    (need,) = needs_of(case(("complaint", "[NAME] has a cough since <DATE_TIME>")), [])
    assert need.text == "adult patient with has a cough since"


def test_a_complaint_of_placeholders_alone_asks_nothing():
    assert needs_of(case(("complaint", "[NAME]")), []) == ()


def test_a_long_story_is_asked_sentence_by_sentence_up_to_a_bound():
    story = " ".join(f"Sentence number {i} tells of one more trouble that came that week." for i in range(30))
    assert len(needs_of(case(("complaint", story)), [])) == MAX_SENTENCES


def test_notes_medications_and_labs_ask_nothing():
    assert needs_of(case(("note", "chest pain"), ("medication", "metformin"), ("lab", "sodium")), []) == ()


def test_a_chart_full_of_problems_is_bounded():
    assert len(needs_of(case(*(("problem", f"problem {i}") for i in range(200))), [])) == MAX_NEEDS


def lab(title: str) -> Finding:
    return replace(finding(title, Priority.HIGH), topic="laboratory")


@pytest.mark.parametrize(
    ("title", "asks"),
    [
        ("Potassium critically high", "hyperkalemia"),
        ("Potassium low with chest pain", "hypokalemia"),
        ("Sodium critically low", "hyponatremia"),
        ("Glucose critically low", "hypoglycemia"),
        ("Neutrophils low with fever", "neutropenia"),
        ("Acute kidney injury by creatinine, stage 2", "Acute kidney injury"),
    ],
)
def test_a_laboratory_result_is_asked_by_the_name_of_what_it_shows(title, asks):
    (need,) = needs_of(case(), [lab(title)])
    assert asks in need.subject


@pytest.mark.parametrize("title", ["Platelets critically low", "INR critically high", "Hemoglobin critically low"])
def test_a_result_that_no_guideline_speaks_of_asks_nothing(title):
    assert needs_of(case(), [lab(title)]) == ()


@pytest.mark.parametrize("kind", [FindingKind.MEDICATION_SAFETY, FindingKind.CARE_GAP])
def test_medicines_and_care_gaps_ask_nothing(kind):
    assert needs_of(case(), [replace(finding("x", Priority.HIGH), kind=kind)]) == ()


def test_only_complaints_are_respelled():
    chart = case(("problem", "Asthma"), ("complaint", "chets pain"))
    needs = needs_of(chart, [finding("Fever", Priority.HIGH)], spelled=lambda text: text.replace("chets", "CHEST"))
    assert [n.subject for n in needs] == ["Fever", "CHEST pain", "Asthma"]
