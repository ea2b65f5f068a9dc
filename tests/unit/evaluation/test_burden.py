"""Cards on charts: counted on the real pipeline, at the time of each chart."""

import json
from datetime import UTC, datetime

import pytest

from cds_service.assessor import Assessor
from cds_service.bootstrap import assemble, open_recorder
from cds_service.cards import EXTENSION
from cds_service.commands.evaluate_burden import opened
from cds_service.commands.own_pipeline import SetClock, own_pipeline, serving
from cds_service.domain import Priority
from cds_service.errors import BackendError, ConfigurationError
from cds_service.evaluation.burden import Answered, BurdenReport, measure_folder, summarise
from cds_service.evaluation.burden_show import draw, for_page
from cds_service.inference.contract import Encoding
from cds_service.ledger.migrate import migrate
from cds_service.settings import Setting, Settings
from tests.support.fhir_values import NOW, bundle, condition, encounter, observation, patient

LATER = 30


def answer(priority, *topics, rule="news2"):
    return Answered(
        priority=priority, topics=topics, findings=frozenset({(rule, "A title")}), not_evaluated=frozenset({"NEWS2"})
    )


@pytest.fixture
def pipeline(built):
    """The session's service under a clock of its own."""
    clock = SetClock()
    own = assemble(built.settings, recorder=built.recorder, gate=built.gate, retriever=built.retriever, now=clock)
    with serving(own, clock, built.settings, None) as made:
        yield made


def chart(rate):
    breathing = observation("9279-1", rate, "/min", ucum="/min", at="2019-05-06T11:30:00Z", category="vital-signs")
    visit = encounter(start="2019-05-06T11:00:00Z", status="finished", reasonCode=[{"text": "itchy elbow"}])
    return bundle(patient(), condition(), visit, breathing, kind="collection")


def test_the_figures_of_a_folder_are_what_they_say():
    answers = [answer(Priority.LOW), answer(Priority.HIGH, "triage", "guideline"), answer(Priority.CRITICAL, "triage")]
    made = summarise(0, [*answers, None])
    assert (made.charts, made.unanswered, made.median, made.most) == (3, 1, 1, 2)
    assert (made.lower_quartile, made.upper_quartile) == (0.5, 1.5)
    assert (made.without_cards.hits, made.critical.hits, made.urgent.hits) == (1, 1, 2)
    assert made.topics == {"triage": 2, "guideline": 1}
    assert (made.rules, made.not_evaluated) == ({"news2": 3}, {"NEWS2": 3})
    assert made.counts == {0: 1, 1: 1, 2: 1}


def test_an_old_chart_is_alarming_on_its_day_and_not_a_month_later(pipeline, tmp_path):
    for name, content in {"fast": chart(34), "calm": chart(14), "nobody": bundle(condition())}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    folder = measure_folder(tmp_path, lambda c, days: opened(pipeline, c, days), (0, LATER), lambda *_: None)
    on_the_day, later = folder.by_days
    assert (on_the_day.charts, on_the_day.urgent.hits, on_the_day.topics["triage"]) == (2, 1, 1)
    assert (later.charts, later.urgent.hits, later.topics.get("triage", 0)) == (2, 0, 0)
    assert on_the_day.rules["critical-vitals"] == 1
    made = BurdenReport(made=NOW, setting=Setting.FAMILY_PRACTICE, versions={"rules": "r-1"}, folders=(folder,))
    page = for_page(made)
    assert "| charts High or Critical |  | 50.0 % (9.5 to 90.5) | 0.0 % (0.0 to 65.8) |" in page
    assert "| charts Critical | < 2 % " in page
    draw(tmp_path / "f.png", made)
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    json.dumps(made.as_json())


def test_a_chart_whose_patient_cannot_be_used_is_counted_as_unanswered(pipeline):
    broken = bundle(patient(birthDate=["no", "date"], id="p 1"), kind="collection")
    assert opened(pipeline, broken, 0) is None


class Down:
    """A model that never answers."""

    name, version, encoding = "down", "down-1", Encoding.JSON

    def warm(self):
        pass

    def close(self):
        pass

    def generate(self, prompt, offers, *, deadline_s):
        raise BackendError("the model is down")


def test_with_a_model_the_call_is_made_again_until_its_draft_is_judged_whatever_the_clock(built, tmp_path):
    settings = Settings(
        data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="llamacpp", hook_wait_ms=500
    )
    migrate(settings.database)
    clock = SetClock()
    service = assemble(
        settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever, now=clock
    )
    assessor = Assessor(Down(), similarity=None, setting=Setting.FAMILY_PRACTICE, deadline_s=5)
    with serving(service, clock, settings, (Down(), assessor)) as made:
        for days in (0, LATER):
            advice = opened(made, chart(34), days)["extension"][EXTENSION]
            assert advice["assessment"]["status"] == "unavailable"
        assert made.service.recorder.newest_job().state.value == "failed"
        assert made.clock() > datetime(2019, 6, 5, tzinfo=UTC)


def test_a_model_that_is_switched_off_cannot_be_asked_for():
    with (
        pytest.raises(ConfigurationError, match="CDS_MODEL=none"),
        own_pipeline(Settings(model="none"), Setting.ED, lambda *_: None, model=True),
    ):
        pass
