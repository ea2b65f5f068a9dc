"""What is counted of drafts: contract, checks, grounding, priority beside the floor, confidence, speed."""

from dataclasses import replace
from datetime import UTC, datetime
from math import isclose

import pytest

from cds_service.assessor import AssessmentTask
from cds_service.domain import Priority
from cds_service.evaluation.assessment.calibration import Trust, bins, brier, calibration_error
from cds_service.evaluation.assessment.cases import Question, QuestionSet
from cds_service.evaluation.assessment.drafting import Answered, Record
from cds_service.evaluation.assessment.figure import draw
from cds_service.evaluation.assessment.measures import floor_alone, given, measure
from cds_service.evaluation.assessment.memory import Growth
from cds_service.evaluation.assessment.paired import paired
from cds_service.evaluation.assessment.report import FLOOR, Model, Report, speed_of
from cds_service.evaluation.assessment.show import for_page
from cds_service.settings import Setting
from tests.support.charts import BREATHLESS

C, H, M, L = Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM, Priority.LOW
TASK = AssessmentTask(case=BREATHLESS, findings=(), passages=(), not_evaluated=(), versions={})


def question(name, gold, floor, task=TASK):
    return Question(id=name, gold=gold, floor=floor, task=task)


def record(priority=L, *, contract=True, ready=True, grounded=True, confidence=0.6, seconds=2.0):
    return Record(
        contract=contract, ready=ready, priority=priority if contract else None,
        checks={"grounding": grounded, "certainty": ready} if contract else {},
        confidence=confidence if ready else None, claims=2 if contract else 0, held=2 if grounded and contract else 0,
        support=0.8 if contract else None, seconds=seconds, tokens=80,
    )  # fmt: skip


def answered(gold, floor, drafted=None, task=TASK):
    return Answered(question=question("q", gold, floor, task), record=drafted)


ANSWERS = (
    answered(H, M, record(H)),  # raised rightly
    answered(M, M, record(H)),  # raised wrongly
    answered(H, M, record(H, ready=False, grounded=False)),  # withheld: the floor stays
    answered(L, L, record(contract=False, ready=False)),
    answered(C, C, None),  # the model failed
    answered(L, L, None, task=None),  # the gate refused
)


def test_the_answer_of_floor_and_model_is_the_higher_of_both_and_a_withheld_draft_leaves_the_floor():
    assert [given(a) for a in ANSWERS] == [H, H, M, L, C, L]
    assert given(answered(H, C, record(M))) is C


def test_drafts_are_counted_of_what_was_asked_and_priorities_of_all_cases():
    metrics = measure(ANSWERS).metrics
    assert {name: (m.k, m.n) for name, m in metrics.items() if m.k is not None} == {
        "contract_valid": (3, 5), "ready": (2, 5), "grounded": (2, 5), "grounded_sentences": (4, 6),
        "exact": (4, 6), "exact_floor": (4, 6), "under_triage": (1, 6), "under_triage_floor": (2, 6),
        "over_triage": (1, 6), "over_triage_floor": (0, 6), "check:grounding": (2, 3), "check:certainty": (2, 3),
    }  # fmt: skip
    assert isclose(metrics["support"].value, 0.8)
    assert all(m.low <= m.value <= m.high for m in metrics.values())


def test_what_the_model_adds_to_the_floor_is_compared_case_by_case():
    gain = measure(ANSWERS).gain["exact"]
    assert (gain.first, gain.second, gain.value, gain.p) == (1, 1, 0.0, 1.0)
    assert measure(ANSWERS).gain["under_triage"].value == pytest.approx(-1 / 6)


def test_the_floor_alone_drafts_nothing_and_gains_nothing():
    alone = floor_alone(ANSWERS)
    assert "ready" not in alone.metrics
    assert alone.metrics["exact"] == alone.metrics["exact_floor"] == measure(ANSWERS).metrics["exact_floor"]


@pytest.mark.parametrize(
    ("both", "first", "second", "neither", "expected"),
    # worked out from the paper's formulas; in the last table the two always part
    [
        (36, 12, 2, 0, (0.2, 0.0569, 0.3404)),
        (14, 5, 0, 22, (0.122, 0.0115, 0.2265)),
        (0, 3, 5, 0, (-0.25, -0.7263, 0.3885)),
    ],
)
def test_a_paired_difference_has_newcombes_interval(both, first, second, neither, expected):
    counts = zip(
        ((True, True), (True, False), (False, True), (False, False)), (both, first, second, neither), strict=True
    )
    made = paired(pair for pair, count in counts for _ in range(count))
    assert (made.value, made.low, made.high) == pytest.approx(expected, abs=6e-5)


def test_pairs_that_always_agree_differ_by_nothing_and_no_pairs_by_nobody_knows():
    made = paired([(True, True)] * 30 + [(False, False)] * 20)
    assert made.low < made.value == 0.0 < made.high < 0.05
    assert paired([]) is None


def test_the_exact_test_knows_chance_from_a_difference():
    assert paired([(True, False)] * 5 + [(False, True)] * 5).p == 1.0
    assert paired([(True, False)] * 10).p == pytest.approx(2 / 2**10)


def test_confidence_is_held_against_agreement():
    right = [Trust(confidence=0.75, right=True)] * 3 + [Trust(confidence=0.75, right=False)]
    assert calibration_error(right) == pytest.approx(0.0)
    assert brier(right) == pytest.approx((3 * 0.25**2 + 0.75**2) / 4)
    sure = [Trust(confidence=0.75, right=False)] * 2 + [Trust(confidence=0.15, right=False)]
    assert calibration_error(sure) == pytest.approx((2 * 0.75 + 0.15) / 3)
    assert [(b.low, b.n, b.agreement) for b in bins(sure)] == [(0.1, 1, 0.0), (0.7, 2, 0.0)]


def test_speed_is_told_by_median_and_95th_percentile():
    cost = speed_of([record(seconds=s) for s in (1, 2, 3)], 512.0)
    assert (cost.median_s, cost.p95_s, cost.tokens_per_s, cost.memory_mb) == (2.0, pytest.approx(2.9), 40.0, 512.0)


@pytest.fixture
def report():
    chosen = QuestionSet(
        name="vignettes", setting=Setting.ED, sha256="0" * 64, questions=tuple(a.question for a in ANSWERS),
        left_out={"no usable patient": 2},
    )  # fmt: skip
    floor = [Answered(question=a.question, record=None) for a in ANSWERS]
    tuned = Model(
        spec="tuned", name="llamacpp/x", version="v", adapter="a1", licence="terms", may_raise=True,
        answers={"vignettes": ANSWERS}, raising={"vignettes": ANSWERS}, memory_mb=400.0,
    )  # fmt: skip
    models = [Model(spec=FLOOR, name="no model", answers={"vignettes": floor}), tuned]
    return Report(
        made=datetime(2026, 1, 1, tzinfo=UTC),
        command="evaluate",
        versions={"prompt": "4"},
        sets=[chosen],
        models=models,
    )


def test_the_file_holds_every_figure_for_each_model_and_set(report):
    made = report.as_json()
    assert (made["kind"], made["version"]) == ("assessment", 1)
    assert made["sets"]["vignettes"]["cases"] == 6
    assert made["sets"]["vignettes"]["refused_by_the_gate"] == 1
    floor, tuned = made["models"]
    assert set(floor["sets"]["vignettes"]) == {
        f"{m}{s}" for m in ("exact", "under_triage", "over_triage") for s in ("", "_floor")
    }
    assert set(tuned["sets"]["vignettes"]["ready"]) == {"n", "k", "value", "low", "high"}
    assert tuned["gain"]["vignettes"]["exact"]["first"] == 1
    assert tuned["speed"]["drafts"] == 4
    assert {p["metric"] for p in made["paired"]} == {"exact", "under_triage", "over_triage"}


def test_any_two_models_are_compared_case_by_case(report):
    other = replace(report.models[1], spec="base", answers={"vignettes": tuple(unready(a) for a in ANSWERS)})
    pairs = {
        (p.model, p.against, p.metric): p.comparison for p in replace(report, models=[*report.models, other]).pairs()
    }
    ready = pairs["base", "tuned", "ready"]
    assert (ready.first, ready.second, ready.n) == (0, 2, 5)
    assert pairs["base", "tuned", "under_triage"].n == 6
    assert ("base", "floor", "ready") not in pairs


def unready(answer):
    if answer.record is None:
        return answer
    return replace(answer, record=replace(answer.record, ready=False, confidence=None))


def test_the_page_shows_each_model_in_a_column_and_says_what_was_left_out(report):
    page = for_page(report)
    assert "|  | floor | tuned |" in page
    assert "| drafts that pass every check, of all questions | – | 40.0 % (11.8 to 76.9) |" in page
    assert "vignettes: left out 2: no usable patient." in page
    assert "vignettes, priorities above the floor allowed" in page


def test_the_figure_is_drawn(report, tmp_path):
    draw(tmp_path / "f.png", report)
    assert (tmp_path / "f.png").stat().st_size > 10_000


def test_memory_is_the_growth_to_the_peak_even_if_it_was_given_back():
    growth = Growth()
    taken = bytearray(64 << 20)
    taken[::4096] = b"x" * len(taken[::4096])
    del taken
    assert 60 <= growth.peak_mb() < 200
    assert Growth().peak_mb() < 60
