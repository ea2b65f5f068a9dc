"""Synthetic cases: reproducible, each by itself, and people who can be."""

import json
from collections import Counter
from functools import cache
from itertools import islice

import pytest

from cds_service.settings import Setting
from cds_service.training.synth import Part, cases
from cds_service.training.synth.case import Channel
from cds_service.training.synth.history import _KNOWN
from cds_service.training.synth.parts import part_of
from cds_service.training.synth.requests import line
from cds_service.training.synth.wording import Style

COUNT = 500


@cache
def drawn(setting=Setting.FAMILY_PRACTICE):
    return tuple(islice(cases(11, setting), COUNT))


def lines(count, seed=3, part=None, setting=Setting.ED):
    return [json.dumps(line(case)) for case in islice(cases(seed, setting, part), count)]


def test_one_seed_gives_one_file_and_another_seed_another():
    first = lines(20)
    assert first == lines(20)
    assert not set(first) & set(lines(20, seed=4))


def test_a_longer_file_begins_with_the_shorter_one():
    assert lines(30)[:12] == lines(12)


@pytest.mark.parametrize("part", list(Part))
def test_the_cases_of_a_part_are_those_of_the_whole(part):
    whole = [text for text in lines(120) if json.loads(text)["part"] == part]
    assert whole
    assert lines(len(whole), part=part) == whole


def test_families_and_conditions_are_in_one_part_alone():
    for case in drawn():
        assert case.part is part_of(case.condition.family)
    parts = {part: {c.condition.id for c in islice(cases(5, Setting.ED, part), 25)} for part in Part}
    assert not parts[Part.TRAIN] & parts[Part.TEST]
    assert not parts[Part.TRAIN] & parts[Part.VALIDATION]
    assert not parts[Part.VALIDATION] & parts[Part.TEST]


def test_the_gold_is_the_authored_acuity_of_the_stage_in_the_setting():
    for setting in Setting:
        for case in islice(cases(2, setting), 60):
            gold = line(case)["gold"]
            assert gold["priority"] == case.stage.priorities[setting].label
            assert gold["concern"] == case.condition.concern
            assert gold["questions"] == list(case.condition.questions)


def test_priorities_styles_and_channels_come_as_stated():
    found = drawn()
    priorities = Counter(case.priority.label for case in found)
    assert min(priorities.values()) >= COUNT * 0.08
    assert max(priorities.values()) <= COUNT * 0.45
    styles = Counter(case.style for case in found)
    assert styles[Style.LAY] / COUNT == pytest.approx(0.5, abs=0.06)
    channels = Counter(case.chart.channel for case in found)
    assert set(channels) == set(Channel)
    assert channels[Channel.NOWHERE] < COUNT * 0.03


def test_race_sex_and_language_come_as_stated():
    found = drawn()
    assert Counter(c.person.gender for c in found)["other"] / COUNT == pytest.approx(0.035, abs=0.025)
    races = Counter(c.person.race.display for c in found)
    assert races["White"] / COUNT == pytest.approx(0.42, abs=0.06)
    assert races["Black or African American"] / COUNT == pytest.approx(0.20, abs=0.05)
    assert min(races.values()) >= 10
    assert Counter(c.person.language.code for c in found)["en"] / COUNT == pytest.approx(0.70, abs=0.06)


def test_children_pregnant_and_old_people_are_among_them():
    found = drawn()
    assert sum(c.person.age < 2 for c in found) >= 10
    assert sum(c.person.age < 18 for c in found) >= COUNT * 0.08
    assert sum(c.person.age >= 80 for c in found) >= COUNT * 0.05
    assert sum(c.person.pregnant for c in found) >= COUNT * 0.01


def test_only_women_of_fertile_age_are_pregnant():
    for case in drawn():
        if case.person.pregnant:
            assert case.person.gender == "female"
            assert 15 <= case.person.age < 50
        assert case.condition.pregnant < 1 or case.person.pregnant


def test_a_condition_of_one_sex_or_age_has_patients_of_it_alone():
    for case in drawn():
        if case.condition.female in (0, 1):
            assert case.person.gender == ("female" if case.condition.female else "male")
        if case.condition.ages:
            assert any(low <= case.person.age <= high for low, high, _ in case.condition.ages)


def test_earlier_problems_fit_the_age():
    for case in drawn():
        for problem in case.chart.history.problems:
            known = _KNOWN.get(problem.name)
            assert known is None or case.person.age >= known["earliest"], (case.id, problem.name)


def test_pregnant_women_get_no_medicine_that_is_stopped_in_pregnancy():
    unsafe = {m for entry in _KNOWN.values() if not entry.get("pregnancy_safe") for m in entry["medicines"]}
    pregnant = [case for case in drawn() if case.person.pregnant]
    assert unsafe
    assert pregnant
    for case in pregnant:
        assert not unsafe & set(case.chart.history.medicines) - {name for name, _ in case.condition.medicines}


def test_some_charts_lack_vital_signs_birth_date_or_a_value_and_some_hold_older_results():
    found = drawn()
    without = sum(c.chart.vitals is None for c in found) / COUNT
    assert 0.1 < without < 0.3
    assert any(c.chart.birth != "day" for c in found)
    assert any(c.chart.vitals and "spo2" not in c.chart.vitals.numbers for c in found)
    assert any(c.chart.old_labs for c in found)
    assert any(c.chart.earlier for c in found)


def test_a_part_without_conditions_gives_no_cases(monkeypatch):
    monkeypatch.setattr("cds_service.training.synth.generate.packaged", tuple)
    assert list(cases(1, Setting.ED)) == []
