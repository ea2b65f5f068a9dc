"""Whom a rule is for: adult, child, pregnant; with partial birth dates a span of ages, never a guess."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fhir_mappers.case import Case, Demographics

ADULT_MONTHS = 16 * 12
"""NEWS2 is for people of 16 and over (Royal College of Physicians 2017); below it, limits for children hold."""


@dataclass(frozen=True, kw_only=True)
class AgeSpan:
    """Lowest and highest age, in completed months, that the written birth date allows."""

    low: int
    high: int

    @property
    def adult(self) -> bool:
        """16 or over for certain."""
        return self.low >= ADULT_MONTHS

    @property
    def child(self) -> bool:
        """Under 16 for certain."""
        return self.high < ADULT_MONTHS

    def within(self, from_months: int, below_months: int) -> bool:
        """Whether every age of the span lies in the band."""
        return from_months <= self.low and self.high < below_months


def age_span(case: Case) -> AgeSpan | None:
    """The ages that the birth date allows, None when it is missing or lies in the future."""
    birth, youngest = case.demographics.birth, case.demographics.latest_birth_date()
    if birth is None or youngest is None:
        return None
    today = case.now.date()
    high = completed_months(birth.start.date(), today)
    if high < 0:
        return None
    return AgeSpan(low=max(completed_months(youngest, today), 0), high=high)


def completed_months(born: date, today: date) -> int:
    """Whole months from `born` to `today`; negative when `born` is later."""
    return (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)


def pregnant(demographics: Demographics) -> bool:
    """Whether the chart says that the patient is pregnant now."""
    return demographics.pregnant is True
