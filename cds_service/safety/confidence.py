"""How far an accepted draft may be trusted, computed in code and never above 0.8.

``confidence = 0.8 * (0.35 * agreement + 0.30 * completeness + 0.35 * support)``, kept within [0.05, 0.8]:

* *agreement* with the floor: 1 for the same priority, 0.6 for one level above, 0.3 for more; 0.7 where no rule fired,
  since then nothing vouches for the draft.
* *completeness* of the inputs: 1, less 0.25 for each finding that is "at least" (0.5 at most), less 0.1 for each part
  that was not evaluated (0.4 at most), less 0.2 without any vital sign; never below 0.
* *support*: the mean share of the draft's content that its evidence holds (`grounding.support_share`).

Where the backend reports how probable its own tokens were, their geometric mean takes a fifth of the weight. The
weights are a stated judgement, not a fit; calibration on labelled cases is the business of the evaluation.
"""

from __future__ import annotations

from cds_service.domain import LIKELIHOODS
from cds_service.safety.check import CheckInput

CEILING = 0.8
FLOOR = 0.05
WEIGHTS = {"agreement": 0.35, "completeness": 0.30, "support": 0.35}
TOKEN_WEIGHT = 0.2
POSSIBLE, CONCERNING, LIKELY = LIKELIHOODS
LIKELY_FROM = 0.55
CONCERNING_FROM = 0.35


def confidence(inp: CheckInput, support: float, *, token_probability: float | None = None) -> float:
    """Confidence in (0, 0.8] of an accepted draft.

    `support` is in [0, 1]; `token_probability`, in [0, 1], is the geometric mean probability of the generated tokens.
    Raises ValueError outside these ranges.
    """
    for share in (support, token_probability if token_probability is not None else 0.0):
        if not 0.0 <= share <= 1.0:
            raise ValueError("support and token probability must lie in [0, 1]")
    parts = {"agreement": agreement(inp), "completeness": completeness(inp), "support": support}
    mean = sum(WEIGHTS[name] * value for name, value in parts.items())
    if token_probability is not None:
        mean = (1 - TOKEN_WEIGHT) * mean + TOKEN_WEIGHT * token_probability
    return round(min(CEILING, max(FLOOR, CEILING * mean)), 3)


def agreement(inp: CheckInput) -> float:
    """How well the draft's priority agrees with the floor, in [0, 1]; 0 below it."""
    above = inp.draft.priority - inp.floor
    if above < 0:
        return 0.0
    if above == 0:
        return 1.0 if inp.findings else 0.7
    return 0.6 if above == 1 else 0.3


def completeness(inp: CheckInput) -> float:
    """How complete the inputs were, in [0, 1]."""
    open_ended = min(0.5, 0.25 * sum(f.at_least for f in inp.findings))
    missing = min(0.4, 0.1 * len(inp.not_evaluated))
    unmeasured = 0.0 if any(inp.case.of_kind("vital")) else 0.2
    return max(0.0, 1.0 - open_ended - missing - unmeasured)


def likelihood(value: float) -> str:
    """The word a card shows: ``likely`` from 0.55 (ICD 203: 55 to 80 %), ``concerning for`` from 0.35, ``possible``."""
    if value >= LIKELY_FROM:
        return LIKELY
    return CONCERNING if value >= CONCERNING_FROM else POSSIBLE
