"""The figures of classes, against tables that were reckoned by hand."""

import math

import pytest

from cds_service.export.risk.classes import bands, by, diversity, journalist, measure, sizes
from tests.support.risk_values import ASTHMA, DIABETES, a_subject

PEOPLE = (
    a_subject("a", DIABETES, sensitive=frozenset({"priority: High"})),
    a_subject("b", DIABETES, sensitive=frozenset({"priority: Low"})),
    a_subject("c", DIABETES, sensitive=frozenset({"priority: Low"})),
    a_subject("d", ASTHMA, sensitive=frozenset({"priority: Low"})),
    a_subject("e", ASTHMA, sensitive=frozenset({"priority: Low"})),
    a_subject("f", DIABETES, ASTHMA, age="30", sensitive=frozenset({"priority: Low"})),
)
"""Three alike, two alike, one alone."""


def test_risk_follows_from_the_sizes_of_the_classes():
    found = measure(sizes(PEOPLE, by()), 3)
    assert (found.subjects, found.classes, found.least, found.median) == (6, 3, 1, 2)
    assert (found.unique, found.below) == (1, 3)
    assert found.highest == 1
    assert found.mean == pytest.approx(3 / 6)  # of every class one record is a right guess


def test_a_field_by_itself_makes_fewer_classes():
    assert sizes(PEOPLE, by(["age_band"])) == {("67",): 5, ("30",): 1}
    assert measure(sizes(PEOPLE, by(["sex"])), 3).unique == 0


def test_people_are_counted_by_the_size_of_their_class():
    sizes_of = {"one": 1, "three": 3, "nine": 9, "eleven": 11, "hundred": 100}
    assert bands(sizes_of, 11) == {"1": 1, "2 to 4": 3, "5 to 10": 9, "11 to 54": 11, "55 and more": 100}
    assert bands(sizes_of, 2) == {"1": 1, "2 to 4": 3, "5 to 9": 9, "10 and more": 111}


def test_a_population_lowers_the_risk_and_must_hold_the_data():
    found = journalist({"x": 2, "y": 1}, {"x": 10, "y": 4, "z": 50})
    assert found.highest == 1 / 4
    assert found.marketer == pytest.approx((2 / 10 + 1 / 4) / 3)
    assert found.mean == pytest.approx(max(2 / 14, (2 / 10 + 1 / 4) / 3))
    with pytest.raises(ValueError, match="every person"):
        journalist({"x": 2}, {"x": 1})


def test_diversity_is_the_least_over_the_classes():
    (found,) = diversity(PEOPLE, by())
    assert (found.attribute, found.values, found.distinct) == ("priority", 2, 1)
    assert found.entropy == pytest.approx(1)
    assert found.same == 3  # the two with asthma and the one alone: all Low
    (three,) = diversity(PEOPLE[:3], by())
    assert three.distinct == 2
    assert three.entropy == pytest.approx(math.exp(-(1 / 3) * math.log(1 / 3) - (2 / 3) * math.log(2 / 3)))


def test_having_no_sensitive_value_gives_nobody_away():
    people = [a_subject("a"), a_subject("b"), a_subject("c", age="3", sensitive=frozenset({"mark: yes"}))]
    (found,) = diversity(people, by())
    assert found.same == 1


def test_the_figures_of_nothing_are_no_error():
    found = measure({}, 11)
    assert (found.least, found.highest, found.mean) == (0, 0, 0)
