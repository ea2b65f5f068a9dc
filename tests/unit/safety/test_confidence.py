"""Confidence is computed, bounded, and falls where it should."""

from dataclasses import replace

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from cds_service.domain import LIKELIHOODS, NotEvaluated, Priority
from cds_service.safety.accept import judge
from cds_service.safety.confidence import CEILING, agreement, completeness, confidence, likelihood
from tests.support import drafts
from tests.support.drafts import given

FULL = given("chest-pain", drafts.SCENARIOS["chest-pain"].good)
OPEN_ENDED = given("chest-infection", drafts.SCENARIOS["chest-infection"].good)


def test_full_agreement_support_and_inputs_reach_the_ceiling_and_no_more():
    assert confidence(FULL, 1.0) == CEILING == 0.8


def test_confidence_falls_with_support():
    assert confidence(FULL, 0.2) < confidence(FULL, 0.6) < confidence(FULL, 1.0)


def test_confidence_falls_with_every_level_above_the_floor():
    above = given("chest-pain", replace(FULL.draft, priority=Priority.CRITICAL))
    assert confidence(above, 1.0) < confidence(FULL, 1.0)
    assert agreement(given("urinary", replace(FULL.draft, priority=Priority.CRITICAL))) == 0.3


def test_a_floor_without_findings_vouches_for_less():
    assert agreement(given("sore-throat", drafts.SCENARIOS["sore-throat"].good)) == 0.7


def test_missing_inputs_lower_the_confidence():
    gap = NotEvaluated(what="NEWS2", reason="no usable vital sign")
    assert completeness(OPEN_ENDED) == pytest.approx(0.75)
    assert confidence(replace(FULL, not_evaluated=(gap,)), 1.0) < confidence(FULL, 1.0)
    no_vitals = given("self-harm", drafts.SCENARIOS["self-harm"].good)
    assert completeness(no_vitals) == pytest.approx(0.8)


def test_improbable_tokens_lower_the_confidence():
    assert confidence(FULL, 1.0, token_probability=0.3) < confidence(FULL, 1.0, token_probability=0.9)


@pytest.mark.parametrize(("support", "tokens"), [(1.2, None), (-0.1, None), (0.5, 1.5), (float("nan"), None)])
def test_a_share_out_of_range_is_refused(support, tokens):
    with pytest.raises(ValueError, match="must lie in"):
        confidence(FULL, support, token_probability=tokens)


@examples(st.floats(0, 1), st.none() | st.floats(0, 1))
def test_confidence_always_lies_in_its_range(support, tokens):
    value = confidence(OPEN_ENDED, support, token_probability=tokens)
    assert 0 < value <= 0.8
    assert likelihood(value) in LIKELIHOODS


def test_the_words_follow_the_figure():
    assert [likelihood(v) for v in (0.1, 0.35, 0.54, 0.55, 0.8)] == [
        "possible", "concerning for", "concerning for", "likely", "likely",
    ]  # fmt: skip


def test_judge_makes_an_assessment_only_of_a_draft_that_passed():
    verdict, assessment = judge(FULL, model="fictional-1")
    assert verdict.passed
    assert assessment is not None
    assert assessment.draft is FULL.draft
    assert assessment.model == "fictional-1"
    bad = replace(FULL, draft=replace(FULL.draft, assessment="This is a heart attack."))
    verdict, assessment = judge(bad, model="fictional-1")
    assert not verdict.passed
    assert assessment is None


def test_judge_passes_the_similarity_on():
    calls = []

    def similarity(texts, items):
        calls.append(texts)
        return [[0.9] * len(items) for _ in texts]

    odd = replace(FULL.draft, assessment=f"Odd murky wording throughout. {FULL.draft.assessment}")
    inp = replace(FULL, draft=odd)
    assert not judge(inp, model="m")[0].passed
    assert judge(inp, model="m", similarity=similarity)[0].passed
    assert calls
