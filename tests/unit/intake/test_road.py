import pytest

from cds_service.intake.road import KEY, sends_answers, with_answers
from hooks.services import SERVICES

RESPONSE = {"resourceType": "QuestionnaireResponse", "id": "form-1"}
BUNDLE = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}, {"resource": RESPONSE}]}


@pytest.mark.parametrize(
    "value", [RESPONSE, [RESPONSE], BUNDLE, {"resourceType": "Bundle", "entry": [{"resource": BUNDLE}]}]
)
def test_answers_of_the_ehr_are_found_under_any_key(value):
    assert sends_answers({"patient": {"resourceType": "Patient"}, "other": value})


@pytest.mark.parametrize(
    "value",
    [None, {}, [], "QuestionnaireResponse", {"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": [None]}],
)
def test_nothing_else_is_an_answer(value):
    assert not sends_answers({KEY: value})


def test_nesting_without_end_is_no_answer_and_no_crash():
    deep = RESPONSE
    for _ in range(5000):
        deep = [deep]
    assert not sends_answers({KEY: deep})


def test_our_answers_stand_under_the_key_that_every_service_declares():
    assert all(KEY in service.prefetch for service in SERVICES)
    assert with_answers({KEY: None, "patient": 1}, RESPONSE) == {KEY: RESPONSE, "patient": 1}
