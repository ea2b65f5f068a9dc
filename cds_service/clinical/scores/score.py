"""What a score is: a number with its category, inputs, sources and time; or why it could not be computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from cds_service.domain import NotEvaluated, Value


@dataclass(frozen=True, kw_only=True)
class Score:
    """A computed score.

    `value` in `unit` (UCUM; ``{score}`` for points). `category`: the class that `value` falls into, in fixed words;
    empty where the source defines none. `inputs`: named numbers and fixed words that it was made of. `sources`: handles
    of `Case.sources`. `when`: the time of its oldest measured input (the height of an adult does not count), None when
    nothing measured went in. `at_least`: the true value may be higher, since something may be missing from the chart.
    """

    name: str
    value: float
    unit: str
    category: str = ""
    inputs: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    sources: tuple[str, ...] = ()
    when: datetime | None = None
    at_least: bool = False


@dataclass(frozen=True, kw_only=True)
class NotComputed:
    """A score that could not be computed: the inputs that were `missing` (plain names), or another `reason`."""

    name: str
    missing: tuple[str, ...] = ()
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("a score that is not computed needs a reason")

    def note(self) -> NotEvaluated:
        """The same for the not-evaluated list of an answer."""
        return NotEvaluated(what=self.name, reason=self.reason)


Result = Score | NotComputed


def without(name: str, *missing: str) -> NotComputed:
    """`NotComputed` for want of inputs."""
    return NotComputed(name=name, missing=missing, reason=f"missing: {', '.join(missing)}")


def unique(sources: Iterable[str]) -> tuple[str, ...]:
    """Handles in order, each once."""
    return tuple(dict.fromkeys(sources))
