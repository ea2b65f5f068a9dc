"""An expert's determination (45 CFR 164.514(b)(1)), without which no date may be shifted.

A policy that rests on the expert method states it in a `[determination]` table, read by `Determination.of`. Code that
shifts dates takes one as a parameter, so that no setting alone can do it; what it writes is never called Safe Harbor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date as Date  # noqa: N812 - `date` is the name of a field

from anonymization.errors import PolicyError


@dataclass(frozen=True, kw_only=True)
class Determination:
    """Who determined, when, by which method, and the risk of identification (0 to 1) that was found very small.

    `expert`: name or role of a person with the knowledge that the rule asks for. Raises PolicyError for an empty or
    impossible statement.
    """

    expert: str
    date: Date
    method: str
    threshold: float

    def __post_init__(self) -> None:
        if not self.expert.strip() or not self.method.strip():
            raise PolicyError("an expert determination names the expert and the method")
        if not 0 < self.threshold < 1:
            raise PolicyError("the threshold of an expert determination is a risk between 0 and 1")

    @classmethod
    def of(cls, stated: object) -> Determination:
        """The determination that a policy file states. Raises PolicyError, also when there is none."""
        if not isinstance(stated, Mapping) or stated.keys() != {f.name for f in fields(cls)}:
            raise PolicyError("an expert determination states expert, date, method and threshold, and nothing else")
        expert, day, method, threshold = (stated[f.name] for f in fields(cls))
        if not isinstance(expert, str) or not isinstance(method, str):
            raise PolicyError("expert and method of an expert determination are texts")
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            raise PolicyError("the threshold of an expert determination is a risk between 0 and 1")
        return cls(expert=expert, date=_day(day), method=method, threshold=float(threshold))


def _day(stated: object) -> Date:
    try:
        return stated if isinstance(stated, Date) else Date.fromisoformat(str(stated))
    except ValueError:
        raise PolicyError("the date of an expert determination is a day, as 2024-05-31") from None
