"""The model's part of an answer: pending, then ready or withheld; unavailable without a worker; never in the way."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.accounts.roles import Role
from cds_service.assessor import AssessmentTask, Assessor
from cds_service.bootstrap import assemble, open_recorder
from cds_service.cards import EXTENSION
from cds_service.domain import PRELIMINARY_NOTICE, Draft, Priority
from cds_service.errors import BackendError
from cds_service.inference.backend import Generation
from cds_service.inference.contract import Encoding, encode
from cds_service.inference.style import Style
from cds_service.ledger.audit import EventKind
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import audit_event
from cds_service.recorder import ALIVE_S
from cds_service.review.states import Assessing, Informing
from cds_service.sample.chart import request_body
from cds_service.settings import Setting, Settings
from cds_service.worker import Worker
from tests.support.apps import app_of

CALL = "/cds-services/patient-triage"
NO_RECORD = "the database did not answer; feedback cannot be joined"


class ScriptedBackend:
    """A model that writes what the test wrote."""

    name = "scripted"
    version = "scripted-1"
    encoding = Encoding.JSON
    style = Style.WORKED

    def __init__(self, write):
        self._write = write
        self.prompts = []

    def warm(self):
        pass

    def close(self):
        pass

    def generate(self, prompt, offers, *, deadline_s):
        self.prompts.append(prompt.text)
        return Generation(text=self._write(offers), tokens=50, seconds=0.1, finish="stop")


def careful(offers):
    """A draft that says no more than the chart and the rules do."""
    draft = Draft(
        priority=Priority.CRITICAL,
        priority_reason="Possible emergency, NEWS2 total is at least 11, with breathing difficulty.",
        key_concerns=(
            "Possible NEWS2 emergency response",
            "Possible sepsis with breathing difficulty",
            "Concerning for glucose high",
        ),
        risk_factors=offers.risk_factors[:2],
        actions=offers.actions[:2],
        questions=(),
        assessment="Concerning for breathing difficulty with NEWS2 at least 11. Glucose is possibly high.",
        passages=offers.passages[:1],
    )
    return encode(draft, offers)


def certain(offers):
    """The same with a diagnosis stated as fact."""
    draft = Draft(
        priority=Priority.CRITICAL,
        priority_reason="The patient has pneumonia.",
        key_concerns=("Pneumonia is confirmed",),
        risk_factors=(),
        actions=offers.actions[:1],
        questions=(),
        assessment="The diagnosis is pneumonia, with certainty.",
        passages=offers.passages[:1],
    )
    return encode(draft, offers)


def down(offers):
    raise BackendError("the model is down")


@pytest.fixture
def service(tmp_path, built):
    """A service that expects a model, on a database of its own; gate and index are those of the session."""
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="llamacpp")
    migrate(settings.database)
    return assemble(settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever)


def hook(service, moment):
    response = app_of(service).test_client().post(CALL, json=request_body(moment))
    assert response.status_code == 200
    return response.json


def assessment(answer):
    return answer["extension"][EXTENSION]["assessment"]


def work(service, backend, *, until):
    """Run a real worker on the real job table until the newest job is `until`."""
    assessor = Assessor(backend, similarity=None, setting=Setting.FAMILY_PRACTICE, deadline_s=5)
    worker = Worker(
        recorder=service.recorder, backend=backend, assessor=assessor, lease_s=30, now=lambda: datetime.now(UTC)
    )
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        deadline = datetime.now(UTC) + timedelta(seconds=20)
        while service.recorder.newest_job() is None or service.recorder.newest_job().state.value != until:
            assert datetime.now(UTC) < deadline, service.recorder.newest_job()
            stop.wait(0.05)
        yield worker
    finally:
        stop.set()
        thread.join()


def played(service, backend, until):
    """Open the chart, let the worker finish, open it again: both answers."""
    moment = datetime.now(UTC)
    with service.recorder.database.transaction() as tx:
        service.recorder.workers.beat(tx, worker="w", model_version=backend.version, now=moment)
    first = hook(service, moment)
    for _ in work(service, backend, until=until):
        second = hook(service, moment)
    return first, second


def test_without_a_worker_the_assessment_is_unavailable_and_the_cards_come(service):
    answer = hook(service, datetime.now(UTC))
    assert assessment(answer)["status"] == "unavailable"
    assert answer["cards"][0]["indicator"] == "critical"
    assert "none was made" in answer["cards"][0]["detail"]
    assert service.recorder.newest_job() is None


def test_a_worker_that_fell_silent_counts_as_none(service):
    past = datetime.now(UTC) - timedelta(seconds=ALIVE_S + 1)
    with service.recorder.database.transaction() as tx:
        service.recorder.workers.beat(tx, worker="w", model_version="v", now=past)
    assert assessment(hook(service, datetime.now(UTC)))["status"] == "unavailable"


def test_a_careful_draft_becomes_a_card_on_the_next_call(service):
    first, second = played(service, ScriptedBackend(careful), "ready")
    assert assessment(first)["status"] == "pending"
    assert assessment(second)["status"] == "ready", assessment(second)
    card = second["cards"][-1]
    assert PRELIMINARY_NOTICE in card["detail"]
    assert card["source"]["topic"]["code"] == "ai-assessment"
    assert second["cards"][0]["summary"] == first["cards"][0]["summary"]


def test_a_message_that_cannot_be_written_costs_no_draft(service, monkeypatch):
    def broken(*_args):
        raise ValueError("no message")

    monkeypatch.setattr(service.recorder.outbox, "for_case_in", broken)
    _, second = played(service, ScriptedBackend(careful), "ready")
    assert assessment(second)["status"] == "ready"
    assert only_case(service).informing is Informing.DUE


def test_a_draft_that_states_a_diagnosis_is_withheld_whole_with_the_reason(service):
    _, second = played(service, ScriptedBackend(certain), "withheld")
    assert assessment(second)["status"] == "withheld"
    assert any("certainty" in reason for reason in assessment(second)["reasons"])
    assert "pneumonia" not in str(second["cards"][0])
    assert all(card["source"]["topic"]["code"] != "ai-assessment" for card in second["cards"])
    assert service.recorder.recent(1)[0]["reasons"]


def test_words_outside_the_contract_are_withheld(service):
    _, second = played(service, ScriptedBackend(lambda offers: "I am sure it is fine."), "withheld")
    assert any(reason.startswith("contract") for reason in assessment(second)["reasons"])


def test_a_broken_model_costs_only_the_assessment(service):
    _, second = played(service, ScriptedBackend(down), "failed")
    assert assessment(second)["status"] == "unavailable"
    assert second["cards"][0]["indicator"] == "critical"


def only_case(service):
    (case,) = service.recorder.reviews.queue(datetime.now(UTC), role=Role.NURSE).cases
    return case


def test_an_urgent_chart_opens_one_case_and_tells_a_physician_whatever_the_model_does(service):
    for _ in range(2):
        hook(service, datetime.now(UTC))
    case = only_case(service)
    assert (case.floor, case.assessing, case.informing) == (
        Priority.CRITICAL,
        Assessing.UNAVAILABLE,
        Informing.NOTIFIED,
    )
    (told,) = service.recorder.outbox.of_case(case.id)
    assert (told.channel, told.level) == ("app", 1)


@pytest.mark.parametrize(
    ("write", "until", "state"),
    [(careful, "ready", "ready"), (certain, "withheld", "withheld"), (down, "failed", "unavailable")],
)
def test_a_case_moves_on_when_its_draft_is_finished(service, write, until, state):
    with service.recorder.database.transaction() as tx:
        service.recorder.workers.beat(tx, worker="w", model_version="scripted-1", now=datetime.now(UTC))
    hook(service, datetime.now(UTC))
    assert only_case(service).assessing is Assessing.PENDING
    for _ in work(service, ScriptedBackend(write), until=until):
        assert only_case(service).assessing.value == state
    assert [e.after for e in service.recorder.reviews.history(only_case(service).id) if e.track == "assessing"][
        -1
    ] == state


def test_a_review_that_breaks_costs_the_record_and_not_the_floor(service, monkeypatch, capfd):
    def break_down(*_):
        raise TypeError("Rosalind Fictiva")

    monkeypatch.setattr(service.recorder.reviews, "opened_in", break_down)
    answer = hook(service, datetime.now(UTC))
    assert answer["cards"][0]["indicator"] == "critical"
    assert {"what": "record of this answer", "reason": NO_RECORD} in answer["extension"][EXTENSION]["notEvaluated"]
    assert service.recorder.recent(1) == []
    assert "Fictiva" not in "".join(capfd.readouterr())


def test_no_canary_reaches_the_prompt(service):
    backend = ScriptedBackend(careful)
    played(service, backend, "ready")
    (prompt,) = backend.prompts
    assert "breath" in prompt
    for canary in ("Fictiva", "Ottilie", "Inventa", "Rosalind", "00471193", "Imaginary", "1954", "010-01", "demo-1"):
        assert canary not in prompt


def test_the_same_chart_is_drafted_once_and_another_chart_anew(service):
    backend = ScriptedBackend(careful)
    played(service, backend, "ready")
    changed = request_body(datetime.now(UTC))
    changed["prefetch"]["observations"]["entry"][0]["resource"]["valueQuantity"]["value"] = 30
    with service.recorder.database.transaction() as tx:
        service.recorder.workers.beat(tx, worker="w", model_version=backend.version, now=datetime.now(UTC))
    answer = app_of(service).test_client().post(CALL, json=changed).json
    assert len(backend.prompts) == 1
    assert assessment(answer)["status"] == "pending"


def test_every_model_call_is_audited(service):
    played(service, ScriptedBackend(careful), "ready")
    with service.recorder.database.transaction(write=False) as tx:
        kinds = [row.kind for row in tx.execute(audit_event.select())]
    for kind in (EventKind.HOOK_CALL, EventKind.GATE_DECISION, EventKind.MODEL_CALL, EventKind.CARD_SHOWN):
        assert kind.value in kinds
    assert service.recorder.verify_audit().valid


def test_a_task_survives_the_job_table(service):
    played(service, ScriptedBackend(careful), "ready")
    job = service.recorder.newest_job()
    task = AssessmentTask.from_json(job.payload)
    assert task.cache_key() == job.cache_key
    assert task.to_json() == job.payload
