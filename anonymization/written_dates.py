"""Dates as people write them: read from a span that the date recognizer found, and written again in the same form.

What is not read to its end is refused: a part that nobody understood could be the true date.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

_FULL = [name.lower() for name in calendar.month_name[1:]]
_SHORT = [name[:3] for name in _FULL]
_SPELLINGS = {spelling: n % 12 + 1 for n, spelling in enumerate([*_FULL, *_SHORT])} | {"sept": 9}
_LEAP = 2000

_NAME = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?P<more>[a-z]*)\.?"
_DAY = r"(?P<day>\d{1,2})(?P<ordinal>(?:st|nd|rd|th)(?![a-z]))?"
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_ANY_YEAR = r"(?P<year>(?:19|20)\d{2}|'?\d{2})"
_BEFORE_NAME = r"[ .\-/]{0,2}(?:of[ ])?"
_FORMS = tuple(
    re.compile(pattern + r"(?![\d/])", re.IGNORECASE)
    for pattern in (
        _YEAR + r"(?P<s>[-/.])(?P<month>\d{1,2})(?P=s)(?P<day>\d{1,2})",
        _YEAR + r"-(?P<month>\d{2})",
        _YEAR + r"(?P<month>\d{2})(?P<day>\d{2})(?:T?\d{4,6}Z?)?",
        r"(?P<month>\d{2})(?P<day>\d{2})" + _YEAR,
        r"(?P<month>\d{1,2})(?P<s>[/.-])\s?(?P<day>\d{1,2})(?P=s)\s?" + _ANY_YEAR,
        r"(?P<month>\d{1,2})[/-]" + _YEAR,
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        _NAME + r"[ ]{0,2}" + _DAY + r"(?:,[ ]?|[ ])" + _ANY_YEAR,
        _NAME + r"[ ]{0,2}" + _DAY,
        _DAY + _BEFORE_NAME + _NAME + r"[,.\-/ ]{0,2}" + _ANY_YEAR,
        _DAY + _BEFORE_NAME + _NAME,
        _NAME + r"(?:,?[ ]|[ ]of[ ]|-|/)" + _ANY_YEAR,
        _NAME,
        _YEAR,
    )
)
_CLOCK = re.compile(
    r"[T ,]{1,2}(?:at )?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[ap]\.?m\.?)?(?:Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)
_JOIN = re.compile(r"\s*(?:-|to\b|through\b|thru\b|until\b|till\b|and\b|,)?\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class WrittenDate:
    """A date in a text. `year`, `month` and `day` are None where the text has none; `parts` are their places in it."""

    text: str
    start: int
    end: int
    year: int | None
    month: int | None
    day: int | None
    parts: Mapping[str, tuple[int, int]]

    def rewritten(self, new: date) -> str:
        """`new` in the form of this one: same order, separators, padding, case and length of words."""
        words = {
            "year": self._year(new),
            "month": self._figure(new.month),
            "day": self._figure(new.day),
            "name": self._name(new),
            "more": "",
            "ordinal": self._ordinal(new.day),
        }
        out, at = [], self.start
        for name, (begin, end) in sorted(self.parts.items(), key=lambda part: part[1]):
            out += [self.text[at:begin], words[name]]
            at = end
        return "".join(out) + self.text[at : self.end]

    def _part(self, name: str) -> str:
        return self.text[slice(*self.parts[name])] if name in self.parts else ""

    def _year(self, new: date) -> str:
        written = self._part("year")
        if len(written) == 4:
            return f"{new.year:04d}"
        return ("'" if written.startswith("'") else "") + f"{new.year % 100:02d}"

    def _figure(self, value: int) -> str:
        if "name" in self.parts:
            padded = self._part("day").startswith("0") or self._is_joined()
        else:
            padded = all(len(self._part(n)) == 2 for n in ("month", "day") if n in self.parts)
        return f"{value:02d}" if padded else str(value)

    def _name(self, new: date) -> str:
        written = self._part("name") + self._part("more")
        whole = written.lower() in _FULL and not (written.lower() == "may" and self._is_joined())
        name = (_FULL if whole else _SHORT)[new.month - 1]
        if written.isupper():
            return name.upper()
        return name if written.islower() else name.capitalize()

    def _is_joined(self) -> bool:
        """Whether the form uses two figures and three letters throughout: 23-May-16, 23MAY2016."""
        return " " not in self.text[self.start : self.end]

    def _ordinal(self, day: int) -> str:
        ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        return ending.upper() if self._part("ordinal").isupper() else ending


def read(text: str, today: date) -> list[WrittenDate] | None:
    """The dates in a span, in order; None when any part of it is not understood. Two-digit years are near `today`.

    Figures are month before day unless the first is more than 12. Times of day are read over.
    """
    found: list[WrittenDate] = []
    at = 0
    while at < len(text):
        written = _longest(text, at, today)
        if written is None:
            return None
        found.append(written)
        at = written.end
        for over in (_CLOCK, _JOIN):
            passed = over.match(text, at)
            at = passed.end() if passed else at
    return found or None


def rewrite(text: str, dates: list[WrittenDate], new: Callable[[WrittenDate], date]) -> str:
    """`text` with each of `dates`, which `read` found in it, replaced by what `new` says."""
    out, at = [], 0
    for written in dates:
        out += [text[at : written.start], written.rewritten(new(written))]
        at = written.end
    return "".join(out) + text[at:]


def _longest(text: str, at: int, today: date) -> WrittenDate | None:
    """The longest date that begins at `at` and stands in the calendar."""
    matches = [m for form in _FORMS if (m := form.match(text, at))]
    understood = (_understood(m, today) for m in sorted(matches, key=lambda m: -m.end()))
    return next((written for written in understood if written is not None), None)


def _understood(match: re.Match[str], today: date) -> WrittenDate | None:
    parts = {name: match.span(name) for name, value in match.groupdict().items() if value is not None and name != "s"}
    month, day, year = (int(match[n].strip("'")) if n in parts else None for n in ("month", "day", "year"))
    if "name" in parts:
        month = _SPELLINGS.get((match["name"] + match["more"]).lower(), 0)
    elif month is not None and day is not None and month > 12:
        month, day = day, month
        parts["month"], parts["day"] = parts["day"], parts["month"]
    if year is not None and year < 100:
        year = _full_year(year, today)
    if not _exists(year, month, day):
        return None
    return WrittenDate(
        text=match.string, start=match.start(), end=match.end(), year=year, month=month, day=day, parts=parts
    )


def _exists(year: int | None, month: int | None, day: int | None) -> bool:
    try:
        date(year or _LEAP, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return False
    return True


def _full_year(two_digits: int, today: date) -> int:
    """The newest year with these two digits that is no more than a year ahead of `today`."""
    century = today.year // 100 * 100
    return century + two_digits if century + two_digits <= today.year + 1 else century - 100 + two_digits
