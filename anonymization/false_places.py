"""False streets, towns and facilities in the shape of the true ones.

Words that say what kind of place it is stay ("Street", "Apt", "Hospital", two-letter states, which Safe Harbor allows);
each run of other words becomes one false name, the same wherever it stands in the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from anonymization.false_numbers import FalseNumbers
from anonymization.fiction import Fiction
from anonymization.lexicon import words
from anonymization.normalise import fold

_STREET = words(
    "street st avenue ave av road rd boulevard blvd lane ln drive dr court ct place pl terrace ter circle cir highway "
    "hwy parkway pkwy square sq trail trl way loop apartment apt suite ste unit building bldg floor fl room rm box po "
    "p o north south east west n s e w ne nw se sw no the of saint mt mount"
)
_KIND = words(
    "hospital hospitals medical center centre health healthcare system services service clinic clinics infirmary "
    "hospice nursing home facility care rehab rehabilitation surgery surgical cancer institute urgent walk in family "
    "practice medicine group associates physicians pediatrics pharmacy laboratory laboratories labs lab foundation "
    "memorial general manor assisted senior living university college high elementary school academy church shelter "
    "department emergency community regional county city inc llc ltd co company corporation and the of at for st "
    "saint mt mount north south east west northeast northwest southeast southwest upper lower tower wing ward unit "
    "floor room bed bay icu ccu nicu picu micu sicu er ed or pacu telemetry stepdown step down oncology orthopedics "
    "maternity nursery"
)
_STATES = words(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY PR"
)
_WORD = re.compile(r"\d{5}-\d{4}(?!\d)|[^\W_]*\d[^\W_]*|[^\W\d_]+(?:['&-][^\W\d_]+)*")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)", re.IGNORECASE)
_ACRONYM = re.compile(r"(?!ICU|CCU|NICU|PICU|ER|ED|OR|PACU)[A-Z]{2,6}")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")


class FalsePlaces:
    """The false places of one record."""

    def __init__(self, fiction: Fiction, numbers: FalseNumbers) -> None:
        self._fiction = fiction
        self._numbers = numbers
        self._drawn: dict[str, str] = {}

    def address(self, value: str) -> str:
        """A street line or whole address: house number of the same length, false street, false ZIP at the end."""
        return self._told(value, _STREET, self._fiction.family)

    def town(self, value: str) -> str:
        """A town or county, with the state as it is."""
        return self._told(value, _STREET, self._fiction.town)

    def facility(self, value: str) -> str:
        """A facility or organisation; one whose name is made of such words alone gets a false name before them."""
        if _ACRONYM.fullmatch(value):
            return self._once(value, lambda: "".join(self._fiction.letter().upper() for _ in value))
        false = self._told(value, _KIND, self._fiction.family)
        return f"{self._once(fold(value), self._fiction.family)} {value}" if fold(false) == fold(value) else false

    def _told(self, value: str, kept: frozenset[str], draw: Callable[[], str]) -> str:
        """`value` with false numbers, and one false name for each run of words that are not `kept`."""
        out: list[str] = []
        at = 0
        for run in _runs(value, kept):
            start, end = run[0].start(), run[-1].end()
            out += [value[at:start], self._false(value[start:end], kept, draw, last=end == len(value) and at > 0)]
            at = end
        return "".join(out) + value[at:]

    def _false(self, true: str, kept: frozenset[str], draw: Callable[[], str], *, last: bool) -> str:
        if last and _ZIP.fullmatch(true):
            return self._numbers.zip_code(true)
        if _ORDINAL.fullmatch(true):
            return self._once(
                fold(true), lambda: f"{self._fiction.below(10, least=2)}{self._fiction.choice(*'456789')}th"
            )
        if any(c.isdigit() for c in true):
            return self._numbers.shaped("NUMBER", true)
        if _stays(true, kept):
            return true
        false = self._once(fold(true), draw)
        if true.isupper():
            return false.upper()
        return false.lower() if true.islower() else false

    def _once(self, key: str, draw: Callable[[], str]) -> str:
        if key not in self._drawn:
            self._fiction.take(key)
            self._drawn[key] = draw()
        return self._drawn[key]


def _runs(value: str, kept: frozenset[str]) -> list[list[re.Match[str]]]:
    """The words of `value`; neighbours that are neither numbers nor kept words stand in one run."""
    runs: list[list[re.Match[str]]] = []
    joins = False
    for word in _WORD.finditer(value):
        plain = not any(c.isdigit() for c in word[0]) and not _stays(word[0], kept)
        if joins and plain and not value[runs[-1][-1].end() : word.start()].strip(" "):
            runs[-1].append(word)
        else:
            runs.append([word])
        joins = plain
    return runs


def _stays(word: str, kept: frozenset[str]) -> bool:
    return fold(word) in kept or word in _STATES
