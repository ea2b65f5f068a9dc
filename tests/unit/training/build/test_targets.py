"""What a model should have written: no more than the prompt shows, and nothing that a safety check would withhold."""

import json

import pytest

from cds_service.assessor import AssessmentTask, check_input
from cds_service.domain import Priority
from cds_service.inference.contract import encode
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import build_prompt
from cds_service.inference.style import Style
from cds_service.safety.verdict import examine
from cds_service.settings import Setting
from cds_service.training.build.targets import Gold, write_target
from tests.support.charts import chart, fact, finding, passage

CHEST = passage(1, "Chest pain with sweating may be an acute coronary syndrome. Emergency transfer.")


def asked(case, findings=(), passages=()):
    task = AssessmentTask(case=case, findings=tuple(findings), passages=tuple(passages), not_evaluated=(), versions={})
    offers = offers_for(case, findings, passages, style=Style.COMPACT)
    prompt = build_prompt(case, findings, passages, offers, style=Style.COMPACT)
    return task, prompt, offers


def target(question, gold, setting=Setting.FAMILY_PRACTICE, seed="1"):
    task, prompt, offers = question
    return write_target(task, prompt, offers, gold, setting=setting, style=Style.COMPACT, seed=seed)


def complaint(words, *facts, **more):
    return chart(fact("complaint", words), *facts, **more)


COUGH = asked(complaint("cough and fever for three days"))


@pytest.mark.parametrize("gold", list(Priority))
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_a_target_keeps_the_contract_and_passes_every_check(gold, seed):
    question = asked(complaint("chest pain since this morning"), [finding(Priority.HIGH, "Chest pain")], [CHEST])
    draft = target(question, Gold(priority=gold, questions=("Does the pain spread to the arm?",)), seed=seed)
    task, _, offers = question
    json.loads(encode(draft, offers))
    assert examine(check_input(task, draft, offers, Style.COMPACT)).passed


def test_the_priority_is_the_gold_and_never_below_the_floor():
    assert target(COUGH, Gold(priority=Priority.MEDIUM)).priority is Priority.MEDIUM
    urgent = asked(complaint("chest pain"), [finding(Priority.HIGH, "Chest pain")])
    assert target(urgent, Gold(priority=Priority.LOW)).priority is Priority.HIGH


def test_a_condition_is_named_only_where_something_shown_names_it():
    gold = Gold(priority=Priority.MEDIUM, concern="possible pneumonia")
    assert "pneumonia" not in encode(target(COUGH, gold), COUGH[2])
    told = passage(2).__class__(**{**vars(passage(2)), "title": "Pneumonia in adults"})
    shown = asked(complaint("cough and fever for three days"), passages=[told])
    draft = target(shown, gold)
    assert draft.key_concerns[0] == "Possible pneumonia"
    assert draft.passages == (told.id,)


@pytest.mark.parametrize("written", ["concern for pneumonia", "Concerning for pneumonia.", "suspected pneumonia"])
def test_every_way_of_hedging_a_concern_becomes_one(written):
    told = passage(2).__class__(**{**vars(passage(2)), "title": "Pneumonia in adults"})
    shown = asked(complaint("cough and fever"), passages=[told])
    assert target(shown, Gold(priority=Priority.MEDIUM, concern=written)).key_concerns[0] == "Possible pneumonia"


def test_every_urgent_finding_is_named_and_vital_signs_once():
    found = [
        finding(Priority.CRITICAL, "Chest pain"),
        finding(Priority.HIGH, "Low blood pressure", topic="vital-signs"),
        finding(Priority.HIGH, "Fast heart rate", topic="vital-signs"),
    ]
    draft = target(asked(complaint("chest pain"), found), Gold(priority=Priority.CRITICAL))
    assert "chest pain" in draft.priority_reason
    assert "low blood pressure" in draft.priority_reason
    assert "Fast heart rate" not in draft.key_concerns


def test_an_abnormal_vital_sign_is_told_as_it_is_shown():
    fast = asked(complaint("palpitations", fact("vital", "heart_rate", value=132.0, unit="/min")))
    assert "heart rate 132 /min" in target(fast, Gold(priority=Priority.MEDIUM)).assessment
    child = asked(complaint("fever", fact("vital", "heart_rate", value=132.0, unit="/min"), age="3"))
    assert "132" not in target(child, Gold(priority=Priority.MEDIUM)).assessment


def test_words_that_the_lexicon_does_not_know_are_told_in_the_patients_own():
    draft = target(asked(complaint("my knee gives way on the stairs, months now")), Gold(priority=Priority.LOW))
    assert "the complaint (my knee gives way on the stairs)" in draft.assessment


def test_equal_seeds_give_equal_words():
    gold = Gold(priority=Priority.MEDIUM, questions=("When did it start?", "Is it getting worse?"))
    assert target(COUGH, gold, seed="7") == target(COUGH, gold, seed="7")


def test_a_case_that_says_nothing_has_no_target():
    assert target(asked(chart()), Gold(priority=Priority.LOW)) is None
