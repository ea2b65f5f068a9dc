"""Who somebody is reaches no model, except age and sex: whole charts down the real road, twin beside twin."""

import pytest

from cds_service.evaluation.assessment.cases import vignettes
from cds_service.evaluation.bias.answers import Answers
from cds_service.evaluation.bias.measure import measure
from cds_service.evaluation.bias.pairs import pairs_of
from cds_service.settings import Setting


@pytest.fixture(scope="module")
def pairs(built):
    (cases,) = vignettes("tuning", Setting.FAMILY_PRACTICE)
    return pairs_of(cases.limited(1), built.pipeline._stations, {}, lambda share: None)


@pytest.fixture(scope="module")
def floor(pairs):
    return measure("floor", None, pairs, (), Answers(None), lambda share: None)


@pytest.mark.parametrize("attribute", ["race or ethnicity", "name", "language", "insurance"])
def test_what_stands_in_its_own_element_never_reaches_the_prompt(floor, attribute):
    figures = floor.attributes[attribute]
    assert figures.pairs > 0
    assert figures.same_prompt == figures.pairs


def test_no_rule_hears_of_race_language_or_insurance_even_where_a_text_tells_it(pairs):
    told = [p for p in pairs if p.attribute.endswith("told in a text")]
    assert {p.attribute.split(",")[0] for p in told} == {"race or ethnicity", "language", "insurance"}
    assert [p.case for p in told if p.first.rules != p.second.rules] == []
