"""Vital signs: healthy at every age, changed by a stage, and together what one body can have."""

from random import Random
from statistics import correlation, mean

import pytest

from cds_service.training.synth import labs, vitals
from cds_service.training.synth.schema import packaged
from cds_service.training.synth.vitals import Normal, draw, healthy


def rounds(stage, count=300, **who):
    who = {"age": 40, "reference_age": 40} | who
    return [draw(Random(n), stage, **who) for n in range(count)]


def test_a_healthy_adult_scores_nothing_in_news2():
    for drawn in rounds({}, age=70):
        assert 51 <= drawn["heart_rate"] <= 90
        assert 12 <= drawn["respiratory_rate"] <= 20
        assert 111 <= drawn["systolic"] <= 219
        assert 36.1 <= drawn["temperature_c"] <= 38.0
        assert drawn["spo2"] >= 96


@pytest.mark.parametrize(
    ("age", "low", "median", "high"), [(0.1, 107, 143, 181), (2.5, 76, 110, 142), (10, 52, 84, 115)]
)
def test_a_healthy_child_has_the_pulse_of_its_age(age, low, median, high):
    found = [drawn["heart_rate"] for drawn in rounds({}, age=age)]
    assert min(found) >= low
    assert max(found) <= high
    assert mean(found) == pytest.approx(median, abs=3)


def test_a_stage_changes_what_it_names_and_fever_takes_the_pulse_along():
    sick = rounds({"temperature_c": Normal(mean=39.5, sd=0.3)})
    assert mean(d["temperature_c"] for d in sick) == pytest.approx(39.5, abs=0.1)
    assert mean(d["heart_rate"] for d in sick) == pytest.approx(75 + 2.5 * 8, abs=3)
    assert mean(d["spo2"] for d in sick) == pytest.approx(98, abs=0.5)


def test_values_written_for_adults_are_shifted_to_the_age_of_a_child():
    stage = {"heart_rate": Normal(mean=120, sd=5)}
    child = mean(d["heart_rate"] for d in rounds(stage, age=2.5))
    assert child == pytest.approx(120 + 110 - 75, abs=3)
    assert mean(d["heart_rate"] for d in rounds(stage, age=85)) == pytest.approx(120, abs=2)


def test_who_is_sicker_is_so_in_pulse_breathing_and_pressure():
    names = {"heart_rate": 120, "respiratory_rate": 28, "systolic": 90, "spo2": 90}
    sick = rounds({name: Normal(mean=m, sd=m / 20) for name, m in names.items()}, count=600)
    pulse = [d["heart_rate"] for d in sick]
    assert correlation(pulse, [d["respiratory_rate"] for d in sick]) > 0.3
    assert correlation(pulse, [d["systolic"] for d in sick]) < -0.3
    assert correlation(pulse, [d["spo2"] for d in sick]) < -0.3


def test_a_slow_pulse_is_slower_in_who_is_sicker():
    stage = {"heart_rate": Normal(mean=40, sd=5), "systolic": Normal(mean=85, sd=6)}
    sick = rounds(stage, count=600)
    assert correlation([d["heart_rate"] for d in sick], [d["systolic"] for d in sick]) > 0.3


def test_pregnancy_raises_the_pulse_and_lowers_the_pressure():
    usual, pregnant = healthy(30), healthy(30, pregnant=True)
    assert pregnant["heart_rate"].mean > usual["heart_rate"].mean
    assert pregnant["systolic"].mean < usual["systolic"].mean


def test_the_rounds_of_every_stage_can_be_had_by_a_living_person():
    for condition in packaged():
        low, high = condition.reference_age, min(condition.reference_age + 20, 95)
        for stage in condition.stages:
            for age in (low, high):
                for number in range(3):
                    drawn = draw(Random(number), stage.vitals, age=age, reference_age=condition.reference_age)
                    place = (condition.id, stage.name, drawn)
                    assert drawn["diastolic"] < drawn["systolic"], place
                    assert all(vitals.NAMES[n].low <= v <= vitals.NAMES[n].high for n, v in drawn.items()), place
                    assert set(stage.vitals) <= set(drawn), place


def test_results_lie_about_their_mean_and_inside_what_can_be_charted():
    found = [labs.draw(Random(n), {"crp_mg_l": Normal(mean=100, sd=60)})["crp_mg_l"] for n in range(300)]
    assert mean(found) == pytest.approx(100, abs=12)
    assert min(found) >= 10


def test_routine_results_are_healthy_and_as_many_as_asked():
    for number in range(50):
        for name, value in labs.draw_routine(Random(number), 4).items():
            average, sd = labs.TESTS[name].healthy
            assert abs(value - average) <= 2 * sd + 1
    assert len(labs.draw_routine(Random(1), 4)) == 4
