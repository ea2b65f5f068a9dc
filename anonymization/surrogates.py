"""Realistic surrogates for exports: false but plausible words in place of identifiers, the same within one record.

A reader of the export cannot tell which words are false, which also hides whatever a scrubber may have missed. Nothing
is derived from the true value, nothing is kept: the table is gone with the record.

Dates follow Safe Harbor (45 CFR 164.514(b)(2)(i)(C)): the year alone stays, unless it may be the birth year of somebody
over 89. A date is never moved here; that takes an expert (`date_shift`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date

from anonymization.dates import OLDEST_STATED
from anonymization.false_names import FalseNames
from anonymization.false_numbers import FalseNumbers, are_coordinates
from anonymization.false_places import FalsePlaces
from anonymization.fiction import Fiction
from anonymization.labels import NAME_LABELS, OLD_AGE
from anonymization.normalise import fold
from anonymization.written_dates import read

SOME_DATE = "a date"
"""What stands for a date whose year may not be told."""

_TOLD = frozenset({"DATE", "AGE"})  # a year alone may stay as it is

SOME_DATA = "(data removed)"
"""What stands for an encoded attachment inside a text: a false one would be noise."""

SOME_WORD = "(word removed)"
"""What stands for a word that no list knows: nobody can tell what kind of word would be a false one."""


class Surrogates:
    """The surrogates of one record.

    `today`: the day of the export, for the age that a year would tell. `avoid`: the known identifiers of the request,
    of which no word is drawn. `not_told`: years that no date leaves behind, because intervals stand beside them.
    `seed`: repeat a draw (see `fiction`); None draws anew.
    """

    def __init__(
        self, *, today: date, avoid: Iterable[str] = (), not_told: Collection[int] = (), seed: int | None = None
    ) -> None:
        self._fiction = Fiction(avoid=avoid, seed=seed)
        self._today = today
        self._not_told = not_told
        self._names = FalseNames(self._fiction)
        self._numbers = FalseNumbers(self._fiction)
        self._places = FalsePlaces(self._fiction, self._numbers)
        self._others: dict[tuple[str, str], str] = {}  # spans that their own way leaves as they are
        self._ways: dict[str, Callable[[str], str]] = {
            "PHONE": self._numbers.phone,
            "EMAIL": self._numbers.email,
            "URL": self._numbers.url,
            "IP": self._numbers.ip,
            "SSN": self._numbers.ssn,
            "ZIP": self._numbers.zip_code,
            "ADDRESS": self._places.address,
            "LOCATION": self._places.town,
            "FACILITY": self._places.facility,
            "ORGANIZATION": self._places.facility,
            "DATE": self._years,
            "AGE": lambda _: OLD_AGE,
            "ENCODED": lambda _: SOME_DATA,
            "WORD": lambda _: SOME_WORD,
        }

    def of(self, label: str, value: str) -> str:
        """The surrogate of `value`; a number of the same shape for every label that has no way of its own."""
        false = self._drawn(label, value)
        if false and (label in _TOLD or fold(false) != fold(value)):
            return false
        return self._others.setdefault((label, value), self._fiction.family())

    def _drawn(self, label: str, value: str) -> str:
        if label in NAME_LABELS:
            return self._names.of(label, value)
        way = None if are_coordinates(value) else self._ways.get(label)
        return way(value) if way else self._numbers.shaped(label, value)

    def _years(self, value: str) -> str:
        """The years of a date or range, or a neutral word where one is unknown or may tell an age over 89."""
        dates = read(value, self._today) or []
        years = [d.year for d in dates if d.year is not None]
        if not years or any(self._today.year - year > OLDEST_STATED or year in self._not_told for year in years):
            return SOME_DATE
        return "-".join(str(year) for year in dict.fromkeys(years))
