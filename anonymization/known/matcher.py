"""The matcher of one request: names, numbers, dates and phrases, each found by its own part."""

from __future__ import annotations

from collections.abc import Iterable

from anonymization.known.book import name_book
from anonymization.known.dates import DateFinder
from anonymization.known.kinds import DATE_KINDS, NAME_KINDS, NUMBER_LABELS, PHRASE_LABELS, KnownHit
from anonymization.known.names import NameFinder
from anonymization.known.numbers import NumberFinder
from anonymization.known.old_ages import OldAgeFinder
from anonymization.known.phrases import PhraseFinder
from anonymization.known.text import Text
from fhir_mappers.case import KnownIdentifier


class KnownMatcher:
    """Finds every mention of the identifiers of one request. Built per request; holds identified data.

    `over_89`: the patient may be over 89, so that the birth year alone counts and so does the age.
    """

    def __init__(self, identifiers: Iterable[KnownIdentifier], *, over_89: bool = False) -> None:
        known = tuple(identifiers)
        self._names = NameFinder(name_book(i for i in known if i.kind in NAME_KINDS))
        self._numbers = NumberFinder(i for i in known if i.kind in NUMBER_LABELS)
        self._dates = DateFinder((i for i in known if i.kind in DATE_KINDS), over_89=over_89)
        self._ages = OldAgeFinder(known) if over_89 else None
        self._phrases = PhraseFinder(i for i in known if i.kind in PHRASE_LABELS)

    def is_number(self, value: str) -> bool:
        """Whether `value` as a whole is one of the numbers of the request."""
        return self._numbers.is_number(value)

    def find(self, text: str) -> list[KnownHit]:
        """All mentions in normalised `text`; they may overlap."""
        read = Text(text)
        hits = [*self._names.find(read), *self._phrases.find(read), *self._dates.find(read)]
        if self._ages:
            hits += self._ages.find(read)
        return [*hits, *self._numbers.find(read, hits)]
