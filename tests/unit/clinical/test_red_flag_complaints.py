"""The complaint itself: its family and priority, what is not understood, typing errors, a score to rank by."""

import pytest

from cds_service.clinical.complaints import NOT_UNDERSTOOD, RULE, evaluate
from cds_service.clinical.red_flags.lexicon import LEXICON
from cds_service.clinical.red_flags.spelling import corrected
from cds_service.clinical.registry import RULES, Evaluation
from cds_service.clinical.registry import evaluate as evaluate_all
from cds_service.clinical.rule import RuleContext
from cds_service.clinical.urgency import urgency_score
from cds_service.domain import Priority
from cds_service.settings import Setting
from tests.unit.clinical.build import WELL, answer, case, complaint, note, person, vitals

FP, ED = Setting.FAMILY_PRACTICE, Setting.ED
L, M, H = Priority.LOW, Priority.MEDIUM, Priority.HIGH
ILL = {"respiratory_rate": 26, "spo2": 91, "systolic": 105, "heart_rate": 118, "temperature": "38.6"}


def told(text, setting=FP, **fields):
    return evaluate(RuleContext(case=case(text, **fields), setting=setting))


def priority(text, setting=FP, **fields):
    findings = told(text, setting, **fields).findings
    return findings[0].priority if findings else None


@pytest.mark.parametrize(
    ("text", "practice", "department"),
    [
        ("runny nose and sneezing for 3 days", L, L),
        ("medication refill", L, L),
        ("annual physical", L, L),
        ("wart on thumb", L, L),
        ("constipation", L, L),
        ("school form", L, L),
        ("flu shot", L, L),
        ("chronic knee pain for 5 years", L, L),
        ("belly pain since yesterday", M, M),
        ("twisted ankle", M, L),
        ("burning when I pee", M, L),
        ("vomiting and diarrhea", M, L),
        ("headache", M, M),
        ("migraine, same as my usual, chronic", L, M),
        ("fever since last night", M, M),
        ("dog bite on calf", M, L),
        ("feeling anxious", M, M),
        ("nosebleed", M, L),
        ("lump in breast", M, L),
    ],
)
def test_everyday_complaints_have_a_priority_in_each_setting(text, practice, department):
    assert (priority(text, FP), priority(text, ED)) == (practice, department)


def test_vital_signs_age_and_words_grade_a_family():
    septic = (vitals({"temperature": "38.6", "heart_rate": 120, "respiratory_rate": 24}),)
    assert priority("nausea", ED, vitals=septic) is H
    assert priority("dizzy", ED, vitals=(vitals({"systolic": 89}),)) is H
    assert priority("dizzy", ED, vitals=(vitals({"systolic": 120}),)) is M
    assert priority("chronic severe belly pain", ED) is M
    assert priority("cough", FP) is L
    assert priority("cough and fever", FP) is M


def test_the_finding_tells_family_reason_and_source():
    (finding,) = told("dizzy, runny nose", ED, vitals=(vitals({"systolic": 88}),)).findings
    assert finding.title == "Dizziness or vertigo"
    assert finding.reason == (
        "Named in the presenting complaint: dizziness or vertigo (beside cold or hay fever); High because of systolic "
        "blood pressure below 90 (systolic blood pressure 88 mmHg)."
    )
    assert finding.values["families"] == "dizziness, cold"
    assert finding.values["systolic"] == 88
    assert finding.sources == ("enc-1", "obs-systolic")
    assert finding.where_and_when
    assert told("runny nose").findings[0].reason.endswith("Low for such a complaint.")


def test_one_cause_makes_one_urgent_finding():
    septic = (vitals({"temperature": "38.6", "heart_rate": 120, "respiratory_rate": 24}),)
    assert priority("migraine and fever", ED, vitals=septic) is M
    assert priority("sudden belly pain, severe", ED, who=person(30, sex="male")) is H


def test_a_complaint_that_is_not_understood_is_said():
    assert told("zzyzx qwerty").not_evaluated == (NOT_UNDERSTOOD,)
    assert told("zzyzx qwerty").findings == ()
    assert told("chest pain").not_evaluated == ()
    assert told("no chest pain").not_evaluated == ()
    assert evaluate(RuleContext(case=case(), setting=FP)).not_evaluated == ()


def test_a_note_alone_names_no_complaint():
    chart = case(complaint("zzyzx"), documents=(note("Patient also has a runny nose."),))
    assert evaluate(RuleContext(case=chart, setting=FP)).findings == ()


def test_an_intake_answer_names_one():
    chart = case(intake=(answer("What brings you in?", "my ear hurts"),))
    (finding,) = evaluate(RuleContext(case=chart, setting=FP)).findings
    assert finding.values["families"] == "ear-nose-throat"
    assert "intake answer" in finding.reason


def test_denied_and_past_complaints_are_not_graded():
    assert priority("no headache, here for refill") is L
    assert priority("history of migraine, flu shot") is L


def test_no_family_is_above_high_by_its_base_and_each_has_a_source():
    assert len(LEXICON.families) >= 45
    for family in LEXICON.families:
        assert family.citations
        assert set(family.grades) == set(Setting)
    assert RULE.priorities == (L, M, H, Priority.CRITICAL)


# -- typing errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("siezure", "seizure"),
        ("abdomnal", "abdominal"),
        ("headche", "headache"),
        ("diarrea", "diarrhea"),
        ("palpatations", "palpitations"),
        ("unconcious", "unconscious"),
        ("bleeeding", "bleeding"),
    ],
)
def test_one_wrong_letter_is_mended(written, meant):
    assert corrected(f"had {written} today") == f"had {meant} today"


@pytest.mark.parametrize("word", ["failing", "calling", "heading", "zzyzxq", "chst", "pian", "metformin"])
def test_words_that_exist_short_words_and_unknown_names_stay(word):
    assert corrected(word) == word


def test_a_mistyped_emergency_is_found_in_a_complaint():
    found = evaluate_all(case("siezure this morning"), FP).findings
    assert "red-flag-seizure" in {f.rule for f in found}


# -- the score to rank by --------------------------------------------------------------------------------------------


def score(chart, setting=ED):
    return urgency_score(evaluate_all(chart, setting), RuleContext(case=chart, setting=setting))


def test_the_score_keeps_the_order_of_priorities_and_ranks_within_one():
    low, medium = score(case("flu shot")), score(case("numb hand", who=person(30)))
    high, critical = score(case("facial droop")), score(case("unconscious"))
    assert [int(s) for s in (low, medium, high, critical)] == [1, 2, 3, 4]
    assert score(case("facial droop and suicidal thoughts")) > high
    assert int(score(case("facial droop", vitals=(vitals(WELL),)))) == 3
    assert 4 < score(case("unconscious", vitals=(vitals(ILL),))) < 5


def test_the_score_of_nothing_is_low():
    chart = case(who=person(40))
    assert 1 <= urgency_score(Evaluation(), RuleContext(case=chart, setting=ED)) < 2


def test_flags_are_rules_and_families_are_not():
    ids = {rule.id for rule in RULES}
    assert {f"red-flag-{flag.id}" for flag in LEXICON.flags} <= ids
    assert not {f"red-flag-{family.id}" for family in LEXICON.families} & ids
