"""Whom a guideline is for."""

import pytest

from cds_service.retrieval.population import Person, Population, parse_age

ADULT = Population(min_age=18, max_age=79)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("67", 67), ("90+", 90), ("7 months", 7 / 12), ("1 month", 1 / 12), ("0", 0),
        (None, None), ("", None), ("old", None), ("67 years", None),
    ],
)  # fmt: skip
def test_ages_are_read_as_the_gate_writes_them(text, years):
    assert parse_age(text) == years


@pytest.mark.parametrize(("age", "belongs"), [(17, False), (18, True), (79, True), (80, False), (7 / 12, False)])
def test_age_limits_are_inclusive_completed_years(age, belongs):
    assert ADULT.admits(Person(age_years=age)) is belongs


def test_an_unknown_age_belongs_only_where_age_has_no_limit():
    assert not ADULT.admits(Person(age_years=None))
    assert Population().admits(Person(age_years=None))


@pytest.mark.parametrize(("sex", "belongs"), [("female", True), ("male", False), ("other", False), (None, False)])
def test_a_guideline_for_one_sex_needs_that_sex_to_be_known(sex, belongs):
    assert Population(sex="female").admits(Person(age_years=30, sex=sex)) is belongs
    assert Population(sex="any").admits(Person(age_years=30, sex=sex))


@pytest.mark.parametrize(
    ("pregnancy", "pregnant", "belongs"),
    [
        ("any", True, True), ("any", None, True), ("only", True, True), ("only", None, False), ("only", False, False),
        ("exclude", True, False), ("exclude", False, True), ("exclude", None, True),
    ],
)  # fmt: skip
def test_pregnancy_is_honoured_and_unstated_counts_as_none(pregnancy, pregnant, belongs):
    assert Population(pregnancy=pregnancy).admits(Person(age_years=30, pregnant=pregnant)) is belongs


def test_limits_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="min_age"):
        Population(min_age=5, max_age=4)


@pytest.mark.parametrize(("age", "belongs"), [(0, True), (2 / 12, True), (3 / 12, False), (5, False), (None, False)])
def test_a_limit_in_months_is_inclusive_completed_months(age, belongs):
    assert Population(max_months=2).admits(Person(age_years=age)) is belongs


def test_a_limit_in_months_below_the_least_age_is_refused():
    with pytest.raises(ValueError, match="min_age"):
        Population(min_age=1, max_months=6)
