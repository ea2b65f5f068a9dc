"""From draft to assessment, or to the reasons why not."""

from __future__ import annotations

from dataclasses import replace

from cds_service.domain import Assessment, Verdict
from cds_service.safety.check import CheckInput, Similarity
from cds_service.safety.confidence import confidence, likelihood
from cds_service.safety.grounding import support_share
from cds_service.safety.verdict import examine


def judge(
    inp: CheckInput,
    *,
    model: str,
    similarity: Similarity | None = None,
    token_probability: float | None = None,
) -> tuple[Verdict, Assessment | None]:
    """The verdict on a draft and, if it passed whole, the assessment made of it by `model`."""
    if similarity is not None:
        inp = replace(inp, similarity=similarity)
    verdict = examine(inp)
    if not verdict.passed:
        return verdict, None
    value = confidence(inp, support_share(inp), token_probability=token_probability)
    return verdict, Assessment(draft=inp.draft, confidence=value, likelihood=likelihood(value), model=model)
