"""How much a prompt shows: a base model needs worked examples and room, a model tuned on our prompts needs neither.

An adapter is bound to the style it was trained with (``adapter.json``); a model without one gets the worked examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Style(StrEnum):
    """A form of the prompt."""

    WORKED = "worked"
    COMPACT = "compact"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Most characters of each section of the patient's part, and of one passage; about 3.5 characters make a token.

    `rules`: of the findings, or, in a short prompt, of those that a draft has to name, and `also` of the others.
    `full`: whether findings come with their reasons and stand among the risk factors too, and standing facts come with
    intervals. `risk_factors`, `places`, `actions` (places among them), `passages`: most entries that are offered.
    """

    rules: int = 400
    also: int = 0
    complaint: int = 220
    vitals: int = 200
    labs: int = 160
    problems: int = 260
    medicines: int = 260
    allergies: int = 80
    notes: int = 160
    passage: int = 220
    full: bool = True
    risk_factors: int = 8
    places: int = 3
    actions: int = 7
    passages: int = 5


LIMITS: Mapping[Style, Limits] = MappingProxyType(
    {
        Style.WORKED: Limits(),
        # Prompt and note together stay near 256 tokens, which a CPU can train and read in time.
        Style.COMPACT: Limits(
            rules=190, also=50, complaint=110, vitals=76, labs=0, problems=0, medicines=0, allergies=0, notes=50,
            passage=50, full=False, risk_factors=3, places=1, actions=2, passages=2,
        ),
    }
)  # fmt: skip
