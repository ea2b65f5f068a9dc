"""A limit on a number, and whether a measurement lies beyond it; FHIR comparators are read with care.

A result such as ``>6.0`` against "at least 6.5" is neither beyond nor within the limit for certain: it is
`Beyond.POSSIBLY`, which may alarm (as "at least") and never reassures. An open end that points away from the danger
(``>3.5`` against "below 2.5") is within.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Self


class Beyond(Enum):
    """Whether a value lies beyond a limit."""

    NO = 0
    POSSIBLY = 1
    CERTAINLY = 2


OPERATORS = ("below", "at_most", "above", "at_least")
WORDS = {"below": "below", "at_most": "at or below", "above": "above", "at_least": "at or above"}


@dataclass(frozen=True, kw_only=True)
class Bound:
    """``below 90`` and the like. `operator` is one of `OPERATORS`."""

    operator: str
    value: Decimal

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> Self:
        """The one bound named in a table row. Raises ValueError unless there is exactly one."""
        named = [o for o in OPERATORS if o in row]
        if len(named) != 1:
            raise ValueError(f"a limit needs exactly one of {', '.join(OPERATORS)}")
        return cls(operator=named[0], value=Decimal(str(row[named[0]])))

    @property
    def low(self) -> bool:
        """Whether the danger lies below the limit."""
        return self.operator in ("below", "at_most")

    def __str__(self) -> str:
        return f"{WORDS[self.operator]} {self.value}"

    def test(self, value: Decimal, comparator: str | None = None) -> Beyond:
        """Whether `value`, written with `comparator`, lies beyond."""
        if comparator in ("<", "<=") and self.low:
            certain = value < self.value or (value == self.value and (comparator == "<" or self.operator == "at_most"))
        elif comparator in (">", ">=") and not self.low:
            certain = value > self.value or (value == self.value and (comparator == ">" or self.operator == "at_least"))
        elif comparator is not None:
            return Beyond.NO
        else:
            return Beyond.CERTAINLY if self._exact(value) else Beyond.NO
        return Beyond.CERTAINLY if certain else Beyond.POSSIBLY

    def _exact(self, value: Decimal) -> bool:
        if self.operator == "below":
            return value < self.value
        if self.operator == "at_most":
            return value <= self.value
        if self.operator == "above":
            return value > self.value
        return value >= self.value
