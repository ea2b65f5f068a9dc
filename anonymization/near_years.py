"""Years in the text of a chart whose times are told as intervals.

An interval of at most a year and a year together may date an entry to days: an entry of "2025" within seven days of one
of "2026" is of the last days of December. So where a policy tells intervals, no year passes that lies within `NEAR` of
the newest entry's or of now: the entries with a narrower interval than "over a year before" are of two such years, and
a text may speak of the year before or after its own. An older year passes, as the rule allows: it stands beside "over a
year before" at most.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime

from anonymization.dates import anchor_of
from anonymization.known import KnownHit, KnownMatcher
from anonymization.policy import Dates, Policy
from anonymization.times import times
from fhir_mappers.case import Case, KnownIdentifier

NEAR = 2

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ONES = {word: n for n, word in enumerate(_NUMBERS, start=1)}
_AMOUNT = r"\s?(?:m[lg]|mcg|ug|g|k?cal|units?|iu|cc|ms|steps|hours?|hrs?|%)(?![a-z])"
_YEAR = re.compile(
    rf"(?<![\d#$])(?<!\d[.,])(?P<whole>(?:19|20)\d\d)(?!\d|[.:]\d|,\d{{3}}(?!\d)|{_AMOUNT})"
    r"|(?<![\w'])'(?P<short>\d\d)(?![\w'\"])"
    rf"|\b(?:twenty[ -]twenty|two thousand(?: and)? twenty)[ -](?P<words>{'|'.join(_ONES)})\b",
    re.IGNORECASE | re.ASCII,
)


def near_years(case: Case, policy: Policy) -> frozenset[int]:
    """The years that may not stand in the text of `case` under `policy`."""
    if policy.dates is not Dates.INTERVAL:
        return frozenset()
    return years_near(t.year for t in (anchor_of(times(case), case.now), case.now) if isinstance(t, datetime))


def years_near(years: Iterable[int]) -> frozenset[int]:
    """All years within `NEAR` of one of `years`."""
    return frozenset(near for year in years for near in range(year - NEAR, year + NEAR + 1))


class ChartMatcher(KnownMatcher):
    """The matcher of one request that finds the years in `years` too."""

    def __init__(
        self, identifiers: Iterable[KnownIdentifier], *, over_89: bool = False, years: Collection[int] = ()
    ) -> None:
        super().__init__(identifiers, over_89=over_89)
        self._years = years
        self._short = {year % 100 for year in years}

    def find(self, text: str) -> list[KnownHit]:
        """All mentions in normalised `text`; they may overlap."""
        hits = super().find(text)
        if self._years:
            hits += [KnownHit(*found.span(), "DATE") for found in _YEAR.finditer(text) if self._is_near(found)]
        return hits

    def _is_near(self, found: re.Match[str]) -> bool:
        if found["whole"]:
            return int(found["whole"]) in self._years
        if found["words"]:
            return 2020 + _ONES[found["words"].lower()] in self._years
        return int(found["short"]) in self._short
