"""Dates of the request in any usual writing: what a text writes is read in every way it can be meant, and compared.

Day and month without a year ("8/2", "May 2") count where they equal a known date and the words around them say that a
date is meant, so that "pain 8/10" and "2/6 murmur" stay. A year alone counts only for a person who may be over 89.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

from anonymization.known.kinds import KnownHit
from anonymization.known.text import Text
from fhir_mappers.case import KnownIdentifier

_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
_MONTHS = {name[:n]: i for i, name in enumerate(_NAMES, start=1) for n in (3, len(name))} | {"sept": 9}
_ORDINALS = {
    word: n
    for n, word in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
            "twenty-first",
            "twenty-second",
            "twenty-third",
            "twenty-fourth",
            "twenty-fifth",
            "twenty-sixth",
            "twenty-seventh",
            "twenty-eighth",
            "twenty-ninth",
            "thirtieth",
            "thirty-first",
        ],
        start=1,
    )
}
_ORDINAL_END = re.compile(r"(?:st|nd|rd|th)\b")
_VALUE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_DAY_WORDS = "|".join(sorted(_ORDINALS, key=len, reverse=True)).replace("-", "[- ]")
_DAY = rf"(?P<d>\d{{1,2}}|\b(?:{_DAY_WORDS})\b)"
_YEAR = r"(?P<y>\d{4}|'?\d{2})"
_NUMERIC = re.compile(r"(?<!\d)(?P<a>\d{1,4})\s?[-/.,\\]\s?(?P<b>\d{1,2})\s?[-/.,\\]\s?'?(?P<c>\d{4}|\d{2}|\d)(?!\d)")
_SPACED = re.compile(r"(?<!\d)(?P<a>\d{1,4}) (?P<b>\d{1,2}) (?P<c>\d{4}|\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(?:\d{8}|\d{6})(?!\d)")
_WORDED = (
    re.compile(
        rf"(?<![\w/.]){_DAY}(?:st|nd|rd|th)?[\s./-]{{0,2}}(?:day )?(?:of )?(?P<m>[a-z]{{3,9}})\.?(?:[\s,./-]{{0,3}}{_YEAR})?(?!\d)"
    ),
    re.compile(
        rf"(?<![a-z])(?P<m>[a-z]{{3,9}})\.?[\s/.-]{{0,2}}(?:the )?{_DAY}(?:st|nd|rd|th)?(?:[\s,./-]{{1,3}}{_YEAR})?(?![\d:])"
    ),
)
_MONTH_YEAR = re.compile(r"(?<![a-z])(?P<m>[a-z]{3,9})\.?[\s,/-]{0,2}(?:of )?(?P<y>\d{4}|'\d{2})(?!\d)")
_MONTH_YEAR_FIGURES = re.compile(
    r"(?<![\d/.-])(?:(?P<m>\d{1,2})[-/](?P<y>\d{4})|(?P<y2>\d{4})-(?P<m2>\d{2}))(?![\d/-])"
)
_RANGE = re.compile(
    r"(?<![\w./-])(?P<a>\d{1,2})/(?P<b>\d{1,2})\s?(?:-|to|thru|through)\s?(?P<c>\d{1,2})/(?P<d>\d{1,2})(?![\w/%])"
)
_MONTH_SHORT_YEAR = re.compile(r"(?<![a-z])(?P<m>[a-z]{3,9})\.?(?P<gap>-| of |[ ,]{1,2}|)'?(?P<y>\d{2})(?![\d:%-])")
_MONTH_SHORT_FIGURES = re.compile(r"(?<![\d/.-])(?P<m>\d{1,2})[-/]'?(?P<y>\d{2})(?![\d/%-]|\.\d)")
_THE_DAY = re.compile(r"\b(?:on|until|since|by|before|after|from|of|through|was|is) the (?P<d>\d{1,2})(?:st|nd|rd|th)\b(?= (?:at|she|he|pt|patient|and|with|for|in|after|"
                      r"when|but|this|of (?:this|last) month)\b|\W*[.,;:)\n]|\s*$)")  # fmt: skip
_SHORT = re.compile(r"(?<![\w./-])(?P<a>\d{1,2})[/-](?P<b>\d{1,2})(?![\w/%-]|\.\d)")
_DATED = re.compile(
    r"(?:\b(?:on|since|from|until|till|through|thru|by|dated?|dob|d\.o\.b\.?|bdate|bday|b-day|birthday|birth ?date|born|diagnosed|"
    r"admit(?:ted)?|adm|discharged?|d/c|seen|visit(?:ed)?|scheduled|due|before|after|as of|began|started|starting|last|next|"
    r"performed|collected|drawn|signed|appointment|appt|f/u|surgery|follow[- ]?up|encounter|expired|died|deceased|dod|tod|pronounced|time of death|the|when|"
    r"stay|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun|\w{3,6}day)\b[\s:,.(='\"-]{0,5}(?:was |is |on )?(?:the )?|(?:^|\n)[ \t]*)$"
)
_MONTH_WORD = rf"\b(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b"
_UNTIL = r"(?:to|-|until|till|through|thru)"
_WHOLE = rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|\d{{8}}\b|(?:the )?\d{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH_WORD}|{_MONTH_WORD}\.? \d)"
_FROM_DATE = re.compile(
    rf"(?:\d[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\b\d{{8}}|{_MONTH_WORD}\.?(?:[ -]\d{{1,2}}(?:st|nd|rd|th)?)?(?:,?[ -]\d{{4}})?)\s?{_UNTIL}\s?$"
)
_FROM_SHORT = re.compile(rf"\d{{1,2}}/\d{{1,2}}\s?{_UNTIL}\s?$")
_TO_DATE = re.compile(rf"\s?{_UNTIL}\s?{_WHOLE}")
_ENTRY = re.compile(r"[ \t]*(?::|-[ \t]|\n|$)")
_SCORE = re.compile(r"\s?(?:pain|strength|murmur|systolic|points?|power|sem\b|hsm\b|tabs?|tablets?|of\b|doses?)")
_DOSE = re.compile(r"[\s-]?(?:mg|mcg|ug|g|ml|units?|tabs?|tablets?|caps?|capsules?|puffs?|drops?|times|doses?|%|x\b|weeks?|days?|hours?|"
                   r"months?|years?|or\b|more\b|of\b|to \d{1,2}(?![\d/.-])|-\d|/\d|episodes?|attacks?)")  # fmt: skip
_BORN = re.compile(r"\b(?:born|dob|d\.o\.b\.?|birth ?(?:date|day)|b\.|bdate|year)\b[\s:.(=-]{0,3}(?:in |on |is )?'?$")
_WORDS_TOO = frozenset({"may", "mar", "march", "dec", "sep", "jan"})
_NUMBERED = re.compile(r"\d{1,2}(?:st|nd|rd|th)\b")

YOUTH = 20  # years
_YEAR_ALONE = re.compile(
    r"(?<![\d.,/-])\d{4}(?![\d%]|[.,/-]\d|\s?(?:m?g|mcg|ml|l|units?|iu|k?cal|cells|steps|hours?|hrs?)\b)"
)


def telling_years(born: int) -> set[str]:
    """The years that tell the birth year of somebody over 89, nearly or with an age beside them: those of youth."""
    return {str(year) for year in range(born - 1, born + YOUTH + 1)}


class DateFinder:
    """Finds the dates of one request."""

    def __init__(self, identifiers: Iterable[KnownIdentifier], *, over_89: bool = False) -> None:
        self._days: dict[tuple[int, int], set[int]] = {}  # (month, day) -> years
        self._months: set[tuple[int, int]] = set()  # (year, month)
        self._birth_years: set[str] = set()
        self._telling_years: set[str] = set()
        for item in identifiers:
            found = _VALUE.match(item.value)
            if found is None:
                continue
            year, month, day = (int(g) if g else 0 for g in found.groups())
            if month and day:
                self._days.setdefault((month, day), set()).add(year)
            if month:
                self._months.add((year, month))
            if item.kind == "birth-date" and over_89:
                self._birth_years.add(found[1])
                self._telling_years |= telling_years(year)

    def find(self, text: Text) -> Iterator[KnownHit]:
        """All mentions."""
        folded = text.folded
        if self._days:
            yield from self._figures(folded)
            yield from self._worded(folded)
            yield from self._short(folded)
            yield from self._ranges(folded)
            yield from self._days_alone(folded)
        if self._months:
            yield from self._months_of(folded)
        for year in self._birth_years:
            for found in re.finditer(rf"(?<!\d)(?:{year}|'{year[2:]})(?!\d)", folded):
                yield KnownHit(*found.span(), "DATE")
            for found in re.finditer(rf"(?<!\d){year[2:]}(?!\d)", folded):
                if _BORN.search(folded[max(0, found.start() - 24) : found.start()]):
                    yield KnownHit(*found.span(), "DATE")
        for found in _YEAR_ALONE.finditer(folded) if self._telling_years else ():
            if found[0] in self._telling_years:
                yield KnownHit(*found.span(), "DATE")

    # -- whole dates ------------------------------------------------------------------------------------------------
    def _figures(self, folded: str) -> Iterator[KnownHit]:
        for pattern in (_NUMERIC, _SPACED):
            for found in pattern.finditer(folded):
                if pattern is _SPACED and not _is_long_enough(found):
                    continue
                if any(self._is_known(*way) for way in _ways(found["a"], found["b"], found["c"])):
                    yield KnownHit(*found.span(), "DATE")
        for found in _COMPACT.finditer(folded):
            whole = found[0]
            if len(whole) == 6 and not _dated(folded, found.start()):
                continue
            if any(self._is_known(*way) for way in _compact_ways(whole)):
                yield KnownHit(*found.span(), "DATE")

    def _is_known(self, year: str, month: int, day: int) -> bool:
        years = self._days.get((month, day))
        if years is None:
            return False
        number = int(year.lstrip("'"))
        return number in years if len(year.lstrip("'")) == 4 else any(y % 100 == number for y in years)

    # -- dates with the month as a word -----------------------------------------------------------------------------
    def _worded(self, folded: str) -> Iterator[KnownHit]:
        for pattern in _WORDED:
            for found in _with_months(pattern, folded):
                day = _ORDINALS.get(found["d"].replace(" ", "-")) or (int(found["d"]) if found["d"].isdigit() else 0)
                month = _month(found["m"], guess=found["y"] is not None and len(found["y"]) == 4)
                if (month, day) not in self._days:
                    continue
                if found["y"] is not None and self._is_known(found["y"], month, day):
                    yield KnownHit(*found.span(), "DATE")
                elif self._day_counts(folded, found):
                    end = max(found.end("d"), found.end("m"))
                    ordinal = _ORDINAL_END.match(folded, end)
                    yield KnownHit(found.start(), ordinal.end() if ordinal else end, "DATE")

    def _day_counts(self, folded: str, found: re.Match[str]) -> bool:
        """Whether "may 2" without a known year is a date: no amount follows, and no word but a month is meant."""
        end = max(found.end("d"), found.end("m"))
        if found["y"] is not None and len(found["y"]) == 4:
            return False  # another year
        if found["m"] not in _WORDS_TOO or _NUMBERED.match(folded, found.start("d")):
            return True
        if _DOSE.match(folded, end) and not _TO_DATE.match(folded, end):
            return False
        return (
            found.start("d") < found.start("m")
            or _dated(folded, found.start())
            or _in_range(folded, found.start(), end)
            or _FROM_SHORT.search(folded, max(0, found.start() - 16), found.start()) is not None
        )

    # -- parts of dates ---------------------------------------------------------------------------------------------
    def _short(self, folded: str) -> Iterator[KnownHit]:
        for found in _SHORT.finditer(folded):
            a, b = int(found["a"]), int(found["b"])
            if (a, b) not in self._days and (b, a) not in self._days:
                continue
            line = folded[folded.rfind("\n", 0, found.start()) + 1 : found.start()]
            entry = not line.strip() and _ENTRY.match(folded, found.end())
            padded = (found["a"][0] == "0" and a) or (found["b"][0] == "0" and b)
            told = entry or padded or _dated(folded, found.start(), line=False) or _in_range(folded, *found.span())
            if told and not _SCORE.match(folded, found.end()):
                yield KnownHit(*found.span(), "DATE")

    def _ranges(self, folded: str) -> Iterator[KnownHit]:
        """As in "12/28-1/2": each end that is a known day."""
        for found in _RANGE.finditer(folded):
            if _SCORE.match(folded, found.end()):
                continue
            ends = [e for e in (("a", "b"), ("c", "d")) if (int(found[e[0]]), int(found[e[1]])) in self._days]
            if all(_is_score(found[first], found[second]) for first, second in (("a", "b"), ("c", "d"))):
                continue
            for first, second in ends:
                yield KnownHit(found.start(first), found.end(second), "DATE")

    def _days_alone(self, folded: str) -> Iterator[KnownHit]:
        """As in "died on the 5th"."""
        days = {day for _, day in self._days}
        for found in _THE_DAY.finditer(folded):
            if int(found["d"]) in days:
                yield KnownHit(found.start("d"), found.end(), "DATE")

    def _months_of(self, folded: str) -> Iterator[KnownHit]:
        for found in _MONTH_YEAR.finditer(folded):
            if self._is_month(found["y"], _month(found["m"])):
                yield KnownHit(*found.span(), "DATE")
        for found in _MONTH_YEAR_FIGURES.finditer(folded):
            if self._is_month(found["y"] or found["y2"], int(found["m"] or found["m2"])):
                yield KnownHit(*found.span(), "DATE")
        for found in _MONTH_SHORT_YEAR.finditer(folded):
            sure = found["gap"] in ("-", " of ") or int(found["y"]) > 31
            if (sure or _born(folded, found.start())) and self._is_month(found["y"], _MONTHS.get(found["m"], 0)):
                yield KnownHit(*found.span(), "DATE")
        for found in _MONTH_SHORT_FIGURES.finditer(folded):
            if _born(folded, found.start()) and self._is_month(found["y"], int(found["m"])):
                yield KnownHit(*found.span(), "DATE")

    def _is_month(self, year: str, month: int) -> bool:
        digits = year.lstrip("'")
        return any(m == month and (y if len(digits) == 4 else y % 100) == int(digits) for y, m in self._months)


def _with_months(pattern: re.Pattern[str], folded: str) -> Iterator[re.Match[str]]:
    """Matches whose word is a month; what other words took ("80 yrs 2" of "80 yrs 2 May") is read again."""
    at = 0
    while found := pattern.search(folded, at):
        if _month(found["m"], guess=True):
            yield found
            at = found.end()
        else:
            at = min(found.end("d"), found.end("m"))


def _in_range(folded: str, start: int, end: int) -> bool:
    """Whether a short date is one end of a stay whose other end is written out ("5/2 to the 8th of May")."""
    return _TO_DATE.match(folded, end) is not None or _FROM_DATE.search(folded, max(0, start - 28), start) is not None


def _is_long_enough(found: re.Match[str]) -> bool:
    """Whether three figures with blanks between are a date: a whole year, or two figures each."""
    return 4 in (len(found["a"]), len(found["c"])) or len(found["a"] + found["b"] + found["c"]) == 6


def _is_score(a: str, b: str) -> bool:
    """Whether a fraction can be a strength or a part ("4/5"): the lower figure is small and not exceeded."""
    return int(b) in (2, 3, 4, 5, 6, 10) and int(a) <= int(b)


def _born(folded: str, start: int) -> bool:
    return _BORN.search(folded[max(0, start - 24) : start]) is not None


def _ways(a: str, b: str, c: str) -> Iterator[tuple[str, int, int]]:
    """(year, month, day) in every order that three figures can have."""
    if len(c) >= 2 and len(a) <= 2:
        yield c, int(a), int(b)
        yield c, int(b), int(a)
    if len(a) in (2, 4) and len(c) <= 2:
        yield a, int(b), int(c)
        yield a, int(c), int(b)


def _compact_ways(whole: str) -> Iterator[tuple[str, int, int]]:
    size = len(whole) - 4
    for year, rest in ((whole[:size], whole[size:]), (whole[4:], whole[:4])):
        yield year, int(rest[:2]), int(rest[2:])
        yield year, int(rest[2:]), int(rest[:2])


def _month(word: str, *, guess: bool = False) -> int:
    """The number of a month by name or abbreviation, with `guess` one misspelt by a letter; 0 for other words."""
    number = _MONTHS.get(word, 0)
    if number or not guess or len(word) < 4:
        return number
    return next((n for n, name in enumerate(_NAMES, start=1) if OSA.distance(word, name, score_cutoff=1) <= 1), 0)


def _dated(folded: str, start: int, *, line: bool = True) -> bool:
    """Whether the words before `start` announce a date; with `line` the beginning of a line does too."""
    before = folded[max(0, start - 28) : start]
    found = _DATED.search(before)
    return found is not None and (line or bool(found[0].strip()))
