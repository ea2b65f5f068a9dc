"""Drafts of a model boiled down to figures, kept on disk, and taken up again after an interruption."""

import json
from dataclasses import replace

import pytest

from cds_service.assessor import AssessmentTask
from cds_service.domain import Draft, Priority, floor_of
from cds_service.errors import BackendError
from cds_service.evaluation.assessment.cases import Question, QuestionSet
from cds_service.evaluation.assessment.drafting import Drafter
from cds_service.evaluation.assessment.keep import Keep, KeepUnusable
from cds_service.inference.backend import Generation
from cds_service.inference.contract import Encoding, encode
from cds_service.inference.prompt import Style
from cds_service.settings import Setting
from tests.support.drafts import SCENARIOS

SCENE = SCENARIOS["chest-infection"]
TASK = AssessmentTask(
    case=SCENE.case, findings=SCENE.findings, passages=SCENE.passages, not_evaluated=(), versions={"prompt": "4"}
)
SECOND = replace(TASK, versions={"prompt": "5"})


def good(offers):
    """A draft that says no more than chart and rules do."""
    said = "Breathlessness with fever and new confusion is concerning for sepsis. Emergency response is needed now."
    chosen = {"risk_factors": (), "actions": offers.actions[:1], "key_concerns": ("Possible sepsis",), "questions": ()}
    return encode(replace(SCENE.good, assessment=said, **chosen), offers)


def certain(offers):
    draft = Draft(
        priority=floor_of(SCENE.findings), priority_reason="The patient has pneumonia.", key_concerns=(), passages=(),
        risk_factors=(), actions=(), questions=(), assessment="The diagnosis is pneumonia, with certainty.",
    )  # fmt: skip
    return encode(draft, offers)


class Scripted:
    """A model that writes what the test wrote, in turn."""

    name = version = "scripted"
    encoding = Encoding.JSON
    style = Style.WORKED

    def __init__(self, *answers):
        self.answers = list(answers)

    def generate(self, prompt, offers, *, deadline_s):
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return Generation(text=answer(offers), tokens=50, seconds=0.5, finish="stop")


def asked(*tasks):
    questions = tuple(
        Question(id=f"q{n}", gold=Priority.CRITICAL, floor=floor_of(SCENE.findings), task=t)
        for n, t in enumerate(tasks)
    )
    return QuestionSet(name="s", setting=Setting.FAMILY_PRACTICE, sha256="", questions=questions, left_out={})


def drafter(backend, keep=None):
    return Drafter(
        backend=backend, similarity=lambda rows, columns: [[0.0] * len(columns)] * len(rows), deadline_s=10,
        may_raise=True, keep=keep or Keep(),
    )  # fmt: skip


def records(backend, *tasks, keep=None):
    return [a.record for a in drafter(backend, keep).answer(asked(*tasks), lambda share: None)]


def test_a_good_draft_is_ready_and_grounded_with_a_confidence():
    (made,) = records(Scripted(good), TASK)
    assert (made.contract, made.ready, made.priority) == (True, True, SCENE.good.priority)
    assert all(made.checks.values())
    assert made.held == made.claims > 0
    assert 0 < made.confidence <= 0.8


def test_a_draft_that_fails_a_check_is_not_ready_and_says_which():
    (made,) = records(Scripted(certain), TASK)
    assert (made.contract, made.ready, made.confidence) == (True, False, None)
    assert made.checks["certainty"] is False


def test_what_keeps_no_contract_has_no_priority_and_no_checks():
    (made,) = records(Scripted(lambda offers: "well, I would say"), TASK)
    assert (made.contract, made.priority, made.checks, made.support) == (False, None, {}, None)


def test_a_case_that_the_model_fails_on_costs_itself_and_a_dead_model_ends_the_measurement():
    assert [r is None for r in records(Scripted(BackendError("too long"), good), TASK, SECOND)] == [True, False]
    with pytest.raises(BackendError, match="no question"):
        records(Scripted(BackendError("dead"), BackendError("dead")), TASK, SECOND)


def test_an_interrupted_measurement_goes_on_where_it_stopped(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        records(Scripted(good, KeyboardInterrupt()), TASK, SECOND, keep=Keep(tmp_path / "kept", "model-1"))
    (file,) = (tmp_path / "kept").iterdir()
    file.write_text(file.read_text() + '{"task": "cut o')
    resumed = records(Scripted(certain), TASK, SECOND, keep=Keep(tmp_path / "kept", "model-1"))
    assert [r.ready for r in resumed] == [True, False]
    whole = Keep(tmp_path / "kept", "model-1")
    assert whole.get(TASK.cache_key())
    assert whole.get(SECOND.cache_key())


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"task": TASK.cache_key(), "record": {"ready": True}}).encode(),
        json.dumps({"task": TASK.cache_key(), "record": 7}).encode(),
        b"\xff\xfe\x00",
    ],
    ids=["of another version", "no record", "no text"],
)
def test_a_kept_record_that_cannot_be_read_costs_itself(tmp_path, line):
    records(Scripted(certain), TASK, keep=Keep(tmp_path, "model-1"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(line + b"\n")
    assert [r.ready for r in records(Scripted(good), TASK, keep=Keep(tmp_path, "model-1"))] == [True]


def test_records_of_another_model_are_not_taken(tmp_path):
    records(Scripted(good), TASK, keep=Keep(tmp_path, "model-1"))
    assert [r.ready for r in records(Scripted(certain), TASK, keep=Keep(tmp_path, "model-2"))] == [False]


def test_what_is_kept_holds_no_word_of_chart_or_draft(tmp_path):
    records(Scripted(good), TASK, keep=Keep(tmp_path, "model-1"))
    (file,) = tmp_path.iterdir()
    assert set(json.loads(file.read_text())["record"]) == {
        "contract", "ready", "priority", "checks", "confidence", "claims", "held", "support", "seconds", "tokens",
    }  # fmt: skip
    assert not any(word in file.read_text().lower() for word in ("breath", "fever", "sepsis", "response"))


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeepUnusable):
        Keep(tmp_path / "file", "model-1")
