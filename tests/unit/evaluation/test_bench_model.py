"""The benchmark of the model: what is timed, when engines agree, and what is read of a queue that was loaded."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.assessor import AssessmentTask, Assessor
from cds_service.commands.at_work import at_work
from cds_service.domain import Priority
from cds_service.errors import BackendError, ConfigurationError
from cds_service.evaluation.assessment.cases import Question
from cds_service.evaluation.assessment.drafting import Answered, Record
from cds_service.evaluation.bench_model import Bench, Speed, Timed, agreement
from cds_service.evaluation.bench_model_show import for_page
from cds_service.evaluation.queue_load import (
    Hook,
    Queue,
    QueueLoad,
    charts_of,
    demo_charts,
    order_kept,
    read_queue,
)
from cds_service.inference.backend import Generation
from cds_service.inference.contract import Encoding
from cds_service.inference.jobs import JobStore
from cds_service.inference.prompt import Style
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.settings import Setting, Settings
from tests.support.charts import BREATHLESS

H, M = Priority.HIGH, Priority.MEDIUM
TASK = AssessmentTask(case=BREATHLESS, findings=(), passages=(), not_evaluated=(), versions={})
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def events(*told):
    return [{"job": name, "state": state} for name, state in (t.split() for t in told)]


def test_newest_first_and_oldest_shed_is_in_order():
    told = events(
        "a queued", "b queued", "c queued", "a shed", "c running", "c ready", "d queued", "b shed", "d running"
    )
    assert order_kept(told) == (0, 0, 2)


def test_a_newer_job_passed_over_and_an_older_one_spared_are_found():
    assert order_kept(events("a queued", "b queued", "a running")) == (0, 1, 1)
    assert order_kept(events("a queued", "b queued", "b shed")) == (1, 0, 0)


def test_a_job_that_comes_back_is_the_newest():
    told = events("a queued", "b queued", "b running", "b queued", "b running")
    assert order_kept(told) == (0, 0, 2)


@pytest.fixture
def database(tmp_path):
    url = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
    migrate(url)
    return url, open_database(url)


def test_a_real_queue_beyond_its_bound_keeps_every_promise(database):
    url, opened = database
    store = JobStore(bound=2, max_attempts=3, ttl=timedelta(hours=1))
    for number in range(5):
        now = NOW + timedelta(seconds=number)
        with opened.transaction() as tx:
            store.enqueue(tx, cache_key=f"k{number}", payload="{}", now=now, actor="t")
            if number == 2:
                store.claim(tx, now=now, worker="w", lease_s=60)
    found = read_queue(url, answered=5, began=NOW)
    assert found.states == {"running": 1, "shed": 2, "queued": 2}
    assert found.kept
    assert found.taken == 1
    assert read_queue(url, answered=6, began=NOW).lost == 1


def test_jobs_from_before_the_load_hide_no_loss(database):
    url, opened = database
    store = JobStore(bound=9, max_attempts=3, ttl=timedelta(hours=1))
    with opened.transaction() as tx:
        store.enqueue(tx, cache_key="early", payload="{}", now=NOW - timedelta(seconds=1), actor="t")
    assert read_queue(url, answered=1, began=NOW).lost == 1


class Model:
    """Writes nothing that keeps the contract, or fails."""

    name = version = "scripted"
    encoding = Encoding.JSON
    style = Style.WORKED

    def __init__(self, fails=False):
        self.fails = fails

    def generate(self, prompt, offers, *, deadline_s):
        if self.fails:
            raise BackendError("down")
        return Generation(text="no", tokens=7, seconds=0.1, finish="stop")


def assessed(tmp_path, model):
    assessor = Assessor(model, similarity=None, setting=Setting.ED, deadline_s=5)
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json")
    with at_work(settings, model, assessor) as assess:
        return assess(TASK)


def test_a_task_is_timed_from_enqueue_to_its_end_through_a_real_table_and_worker(tmp_path):
    made = assessed(tmp_path, Model())
    assert made.tokens == 7
    assert 0 < made.seconds < 20
    assert not (tmp_path / "state").exists()


def test_a_model_that_fails_ends_the_timing(tmp_path):
    with pytest.raises(BackendError, match="benchmark"):
        assessed(tmp_path, Model(fails=True))


def answer(priority, *, ready=True, floor=M):
    record = Record(
        contract=True, ready=ready, priority=priority, checks={"grounding": True}, confidence=0.5 if ready else None,
        claims=1, held=1, support=1.0, seconds=1.0, tokens=10,
    )  # fmt: skip
    return Answered(question=Question(id="q", gold=H, floor=floor, task=TASK), record=record)


def test_engines_agree_by_the_priority_of_the_answer_and_of_the_draft():
    one = (answer(H), answer(H, ready=False), answer(M))
    other = (answer(H), answer(M), answer(H))
    made = agreement(("a", "b"), one, other, may_raise=True)
    assert (made.same.k, made.same_draft.k, made.same_verdict.k, made.same.n) == (2, 1, 2, 3)
    assert (made.ready[0].k, made.ready[1].k) == (2, 3)


def timed(name, *seconds):
    return Timed(name=name, seconds=seconds, tokens=(80,) * len(seconds), memory_mb=400.0)


def test_the_page_says_what_was_reached_and_what_was_not():
    speed = Speed(product=timed("ours", 2.0, 2.5, 4.0), plain=timed("plain", 30.0, 20.0, 40.0))
    hook = Hook(sent=10, answered=10, refused=0, median_ms=80.0, p95_ms=120.0)
    slower = Hook(sent=10, answered=9, refused=1, median_ms=150.0, p95_ms=220.0)
    queue = Queue(states={"ready": 1, "shed": 9}, lost=0, unreasoned=0, not_oldest=0, not_newest=2, taken=1)
    load = QueueLoad(rate=10, seconds=1, bound=5, without=hook, with_model=slower, queue=queue)
    bench = Bench(made=NOW, model="base", speed=speed, gpu=(), queue=load)
    page = for_page(bench)
    assert "| times faster (medians) | ≥ 10 ✓ | 12.0 |" in page
    assert "| hook, median ms | ≤ 1.25 times ✗ | 80 | 150 |" in page
    assert "| taken while a newer one waited, of 1 | 0 ✗ |" in page
    assert "no CUDA device was found" in page
    made = json.loads(json.dumps(bench.as_json()))
    assert made["speed"]["ratio_of_medians"] == 12.0
    assert made["queue"]["queue"]["not_newest"] == 2


def test_the_charts_that_load_the_queue_differ_in_words_and_are_whole():
    charts = demo_charts(NOW)
    told = {chart["prefetch"]["encounter"]["reasonCode"][0]["text"] for chart in charts}
    assert len(told) > 200
    notes = {
        base64.b64decode(chart["prefetch"]["documents"]["entry"][0]["resource"]["content"][0]["attachment"]["data"])
        for chart in charts
    }
    assert len(notes) == len(charts)
    assert len(charts[0]["prefetch"]["observations"]["entry"]) > 5


def test_the_charts_of_a_file_are_its_requests(tmp_path):
    path = tmp_path / "cases.jsonl"
    request = {"context": {"patientId": "p-1"}, "prefetch": {}}
    lines = [{"request": request}, {"request": {"context": {}}}, {"request": []}, {}, [], "x", 7]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n")
    assert charts_of(path) == [request]
    path.write_text('{"request": 1}\n')
    with pytest.raises(ConfigurationError, match=r"cases\.jsonl holds no synthetic case"):
        charts_of(path)
