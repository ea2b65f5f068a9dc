"""The parts of the review pages: who, trends, vital signs, prompts, evidence of sentences, the form."""

from datetime import UTC, datetime, timedelta

import pytest

from cds_service import codec
from cds_service.clinical.registry import evaluate
from cds_service.domain import Priority
from cds_service.review.values import Verdict
from cds_service.safety.links import links
from cds_service.settings import Setting
from cds_service.web.site.review.chart import vitals
from cds_service.web.site.review.form import decision, prefilled, typed
from cds_service.web.site.review.identity import NO_NAME, identity
from cds_service.web.site.review.prompts import PROMPTS, prompts_for
from cds_service.web.site.review.trend import HEIGHT, WIDTH, trend
from fhir_mappers.limits import Limits
from fhir_mappers.mapping import map_case
from hooks.services import PATIENT_TRIAGE
from tests.support.drafts import SCENARIOS, given
from tests.support.review_scene import WELL, body_of

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def chart_of(**changed):
    body = body_of(NOW, **changed)
    return map_case(
        body["prefetch"],
        patient_id=body["context"]["patientId"],
        encounter_id=body["context"]["encounterId"],
        now=NOW,
        limits=Limits(),
        declared=tuple(PATIENT_TRIAGE.prefetch),
        absent={},
        server=None,
    )


def payload(**told):
    return {"demographics": {"sex": None, "birth": None}, "identifiers": [], "patient_id": "p1"} | told


def known(kind, value, role="patient"):
    return {"kind": kind, "value": value, "role": role}


def test_a_person_is_told_by_two_identifiers_and_never_by_those_of_a_relative():
    who = identity(codec.plain(chart_of()), NOW)
    assert (who.name, who.born, who.age, who.sex) == ("Fictiva, Rosalind", "14 Mar 1954", "72 y", "female")
    relative = payload(identifiers=[known("family", "Fictiva", "relative"), known("given", "Ottilie", "relative")])
    assert identity(relative, NOW).name == NO_NAME


def test_a_number_of_the_record_is_no_social_security_number_and_no_machine_id():
    numbers = [
        known("identifier", n) for n in ("p1", "000-12-3456", "6f3a0e52-8c1b-4d6e-9a77-0d2f1c9b8a70", "00471193")
    ]
    assert identity(payload(identifiers=numbers), NOW).number == "00471193"
    assert identity(payload(identifiers=numbers[:3]), NOW).number is None


def test_a_birth_date_is_as_exact_as_the_chart():
    birth = {"start": "1980-01-01T00:00:00+00:00", "precision": "year"}
    who = identity(payload(demographics={"sex": "male", "birth": birth}), NOW)
    assert (who.born, who.age) == ("1980", "45 y")


def test_a_trend_stays_in_its_box_and_says_itself_in_words():
    values = [(NOW - timedelta(hours=h), v) for h, v in ((5, 16.0), (2, 22.0), (0, 26.0))]
    drawn = trend(values, usual=(12, 20), unit="/min")
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn.points)
    assert drawn.points[0][1] > drawn.points[-1][1]  # higher values stand higher
    assert drawn.words == "up from 16 to 26 /min over 3 readings"
    assert drawn.band[1] > 0


def test_one_reading_makes_no_trend_and_an_old_one_does_not_press_the_new_together():
    now, soon, old = (NOW, 26.0), (NOW - timedelta(hours=1), 24.0), (NOW - timedelta(days=90), 16.0)
    assert trend([now], usual=None, unit="") is None
    assert len(trend([old, soon, now], usual=None, unit="").points) == 2
    assert len(trend([old, now], usual=None, unit="").points) == 2


def test_vital_signs_carry_the_points_of_the_finding():
    case = chart_of()
    score = next(f for f in evaluate(case, Setting.FAMILY_PRACTICE).findings if f.rule == "news2").values
    shown = vitals(case, score, stale_hours=24)
    points = {v.label: v.points for v in shown.vitals}
    assert points["Breathing rate"] == 3
    assert points["Diastolic pressure"] is None
    assert sum(p for p in points.values() if p) + sum(p for _, _, p in shown.extra) == score["score"]
    assert shown.total == f"at least {score['score']}"
    assert "oxygen delivery" in shown.missing
    assert len(shown.rounds) == 4


def test_without_a_score_nothing_carries_points():
    assert all(v.points is None for v in vitals(chart_of(), None, stale_hours=24).vitals)


def test_every_prompt_names_its_source_and_one_fits_a_doubtful_saturation_alone():
    assert all(p.citation.publisher and p.citation.url for p in PROMPTS)
    assert "pulse-oximetry" in {p.id for p in prompts_for(chart_of(), ())}
    assert "pulse-oximetry" not in {p.id for p in prompts_for(chart_of(vitals=WELL), ())}


def test_prompts_depend_on_the_finding_and_the_person():
    case = chart_of(vitals=WELL)
    assert "chest-pain-in-women" in {p.id for p in prompts_for(case, ("chest-pain",))}
    assert "chest-pain-in-women" not in {p.id for p in prompts_for(case, ("fever",))}
    assert "fever-in-older-people" in {p.id for p in prompts_for(case, ())}


def test_a_sentence_is_linked_to_the_fact_finding_and_passage_that_say_it():
    scene = SCENARIOS["chest-infection"]
    found = {linked.text: linked for linked in links(given("chest-infection", scene.good))}
    saturation = next(linked for text, linked in found.items() if "91 %" in text)
    assert [scene.case.facts[n].name for n in saturation.facts] == ["oxygen_saturation"]
    sepsis = found["Possible sepsis"]
    assert [p.id for p in sepsis.passages] == ["sepsis#first.1"]
    assert all(p.id in scene.good.passages for linked in found.values() for p in linked.passages)


def test_the_form_is_filled_from_the_chart_and_says_what_it_says():
    case = chart_of()
    offered = prefilled(case, vitals(case, None, stale_hours=24), None, Priority.CRITICAL)
    assert "short of breath" in offered.history
    assert "Breathing rate 26 /min" in offered.vitals
    assert offered.symptoms[0].name.startswith("short of breath")
    assert offered.risk_factors.split(", ")[: len(case.problems)] == [p.concept.label for p in case.problems]
    assert offered.signature == offered.verdict == offered.justification == ""


def test_a_confirmation_keeps_the_priority_and_a_dismissal_has_none():
    form = {"verdict": "confirm", "priority": "low", "signature": " Nora Quill ", "confidence": "80 %"}
    made, problems = decision(typed(form), seen=3, drafted=None, floor=Priority.HIGH)
    assert problems == {}
    assert (made.verdict, made.priority, made.seen, made.signature) == (Verdict.CONFIRM, Priority.HIGH, 3, "Nora Quill")
    assert made.notes.confidence == 80
    form = {"verdict": "dismiss", "priority": "low", "reason": "data-wrong"}
    made, _ = decision(typed(form), seen=3, drafted=None, floor=Priority.HIGH)
    assert (made.priority, made.reason) == (None, "data-wrong")


def test_a_reworded_assessment_counts_as_edited():
    form = {"verdict": "change", "priority": "high", "assessment": "Mine."}
    assert decision(typed(form), seen=1, drafted="The model's.", floor=Priority.HIGH)[0].edited
    assert not decision(typed(form), seen=1, drafted="Mine.", floor=Priority.HIGH)[0].edited
    assert not decision(typed(form), seen=1, drafted=None, floor=Priority.HIGH)[0].edited


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "verdict"),
        ({"verdict": "promote"}, "verdict"),
        ({"verdict": "change", "priority": "urgent"}, "priority"),
        ({"verdict": "confirm", "confidence": "very"}, "confidence"),
        ({"verdict": "confirm", "confidence": "101"}, "confidence"),
        ({"verdict": "confirm", "symptom-0-name": "cough", "symptom-0-severity": "11"}, "symptom-0-severity"),
        ({"verdict": "confirm", "symptom-0-name": "cough", "symptom-0-severity": "²"}, "symptom-0-severity"),
    ],
)
def test_what_makes_no_decision_is_said_beside_its_field(form, field):
    made, problems = decision(typed(form), seen=1, drafted=None, floor=Priority.HIGH)
    assert made is None
    assert list(problems) == [field]
