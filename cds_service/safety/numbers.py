"""Numbers of a text with their sense: what is measured, in which unit, as a value or as a bound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_service.safety.lexicon import ancestry, rows
from cds_service.safety.reading import Mention, Sentence
from cds_service.safety.words import Token

_UNITS = {
    "%": "%", "percent": "%", "per cent": "%",
    "c": "c", "°c": "c", "cel": "c", "celsius": "c", "degrees c": "c", "degrees celsius": "c", "degrees": "c", "°": "c",
    "f": "f", "°f": "f", "[degf]": "f", "fahrenheit": "f", "degrees f": "f",
    "mmhg": "mmhg", "mm[hg]": "mmhg", "mm hg": "mmhg",
    "/min": "/min", "bpm": "/min", "beats/min": "/min", "breaths/min": "/min", "breaths": "/min", "beats": "/min",
    "minute": "minute", "minutes": "minute", "min": "minute", "mins": "minute",
    "hour": "hour", "hours": "hour", "hr": "hour", "hrs": "hour", "h": "hour", "second": "second", "seconds": "second",
    "day": "day", "days": "day", "d": "day", "week": "week", "weeks": "week", "month": "month", "months": "month",
    "mo": "month", "year": "year", "years": "year", "yr": "year", "yrs": "year",
    "mg": "mg", "mcg": "mcg", "ug": "mcg", "g": "g", "kg": "kg", "ml": "ml", "l": "l", "units": "unit", "iu": "unit",
    "mg/dl": "mg/dl", "mmol/l": "mmol/l", "g/dl": "g/dl", "g/l": "g/l", "umol/l": "umol/l", "ng/l": "ng/l",
    "pg/ml": "pg/ml", "ng/ml": "ng/ml", "mg/l": "mg/l", "meq/l": "mmol/l", "ml/min": "ml/min", "cm": "cm", "mm": "mm",
    "points": "point", "point": "point",
}  # fmt: skip
_MEASURE_OF_UNIT = {"c": "temperature", "f": "temperature", "mmhg": "blood_pressure"}
_SPELT = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
          "eleven": 11, "twelve": 12}  # fmt: skip
_TIMES = {"minute", "hour", "day", "week", "month", "year", "second"}
_ABOVE = re.compile(r"(?:above|over|greater than|more than|higher than|exceeds|exceeding|at least|>|≥|> ?=) *$")
_BELOW = re.compile(r"(?:below|under|less than|lower than|at most|<|≤|< ?=|beneath) *$")
_OR_ABOVE = re.compile(r"^ *(?:or more|or above|or higher|or over|and above|or greater)")
_OR_BELOW = re.compile(r"^ *(?:or less|or below|or lower|or under|and below)")
EMERGENCY_NUMBERS = frozenset({"911", "112", "999", "988"})


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number and its sense. `bound` is ``above``, ``below`` or None; `decimals` is how exactly it was written."""

    value: float
    measure: str | None = None
    unit: str | None = None
    bound: str | None = None
    decimals: int = 0
    supposed: bool = False

    def agrees(self, other: Number) -> bool:
        """Whether `other` (evidence) has this value, rounded to the places written here, in a sense that fits."""
        if round(other.value, self.decimals) != self.value:
            return False
        if self.unit and other.unit and self.unit != other.unit:
            return False
        if other.bound and not (self.bound or self.supposed):
            return False  # a limit is no value
        return related(self.measure, other.measure)

    def holds_for(self, value: float) -> bool:
        """For a bound: whether `value` lies on the side it names, the bound itself included."""
        return value >= self.value if self.bound == "above" else value <= self.value


def related(claimed: str | None, held: str | None) -> bool:
    """Whether a claim about one measure may rest on another: it is the same or a more particular one."""
    if claimed is None:
        return True
    return held is not None and (claimed in ancestry(held) or held in ancestry(claimed))


def unit_of(text: str | None) -> str | None:
    """The short form of a unit as written or in UCUM, None when it is not known."""
    if not text:
        return None
    return _UNITS.get(re.sub(r"\{[^}]*\}", "", text.lower()).strip())


def numbers_of(sentence: Sentence) -> tuple[Number, ...]:
    """The numbers that a sentence states. Digits inside a term (``type 2 diabetes``) and 911 are none."""
    return tuple(_numbers(sentence))


def _numbers(sentence: Sentence) -> Iterator[Number]:
    toks = sentence.tokens
    inside = {i for m in sentence.mentions for i in range(m.start, m.end)}
    for i, tok in enumerate(toks):
        spelt = tok.word in _SPELT and i + 1 < len(toks) and _UNITS.get(toks[i + 1].word) in _TIMES
        if i in inside or not (tok.is_number or spelt):
            continue
        written = tok.word.replace(",", "")
        unit = _unit_after(toks, i + 1)
        measure = _sense(_measure(sentence.mentions, toks, i), unit)
        if tok.word in EMERGENCY_NUMBERS and measure is None and unit is None:
            continue
        yield Number(
            value=float(_SPELT[tok.word] if spelt else written),
            measure=measure,
            unit=unit,
            bound=_bound(toks, i),
            decimals=len(written.partition(".")[2]),
            supposed=sentence.stances[i] == "supposed",
        )


def _sense(measure: str | None, unit: str | None) -> str | None:
    """What is measured, given the measure named nearby and the unit: a time measures nothing but an age."""
    if unit in _TIMES and measure != "age":
        return None
    return measure or _MEASURE_OF_UNIT.get(unit or "")


def _unit_after(toks: Sequence[Token], at: int) -> str | None:
    words = [t.word for t in toks[at : at + 3]] + [""] * 3
    for candidate in ("".join(words[:3]), " ".join(words[:2]), "".join(words[:2]), words[0]):
        if candidate.strip() in _UNITS:
            return _UNITS[candidate.strip()]
    return None


def _measure(mentions: Sequence[Mention], toks: Sequence[Token], at: int) -> str | None:
    """The measure a number belongs to: the nearest one named before it without another number between, else after."""
    for mention in reversed([m for m in mentions if m.end <= at and _measured(m)]):
        between = toks[mention.end : at]
        pressure = [t.word for t in between if t.word != "of"][-1:] == ["/"] and _measured(mention) == "blood_pressure"
        counted = mention.term.kind != "measure" and any(t.word == "and" for t in between)  # "fever and 2 wet diapers"
        if len(between) <= 6 and not counted and (pressure or not any(t.is_number or t.word == "," for t in between)):
            return _measured(mention)
        break
    for mention in mentions:
        gap = toks[at + 1 : mention.start]
        near = mention.start > at and len(gap) <= 2 and not any(t.is_number or t.word in {",", "and"} for t in gap)
        if mention.term.kind == "measure" and near:
            return mention.term.id
    return None


def _measured(mention: Mention) -> str | None:
    """The measure a term names, or for a sign that a number establishes ("fever of 39") the measure of that number."""
    return mention.term.id if mention.term.kind == "measure" else MEASURE_OF_SIGN.get(mention.term.id)


def _bound(toks: Sequence[Token], at: int) -> str | None:
    if at > 1 and toks[at - 1].word == "/" and toks[at - 2].is_number:
        return _bound(toks, at - 2)
    before = " ".join(t.word for t in toks[max(0, at - 3) : at])
    after = " ".join(t.word for t in toks[at + 1 : at + 6])
    skipped = re.sub(r"^(?:%|° c|percent|[a-z]+) (?=or |and )", "", after)
    if _ABOVE.search(before) or _OR_ABOVE.match(skipped):
        return "above"
    if _BELOW.search(before) or _OR_BELOW.match(skipped):
        return "below"
    return None


@dataclass(frozen=True, kw_only=True)
class AdultRange:
    """Bounds that let a word rest on a number (``data/measures.csv``)."""

    measure: str
    unit: str
    low: float
    high: float
    signs: tuple[tuple[str, str, float], ...]

    def direction(self, value: float) -> str:
        """``low``, ``normal`` or ``high``."""
        return "low" if value < self.low else "high" if value > self.high else "normal"

    def established(self, value: float) -> Iterator[tuple[str, bool]]:
        """(sign, whether `value` establishes it) for each sign of the range."""
        for sign, side, at in self.signs:
            yield sign, value <= at if side == "low" else value >= at


ADULT_RANGES = tuple(
    AdultRange(
        measure=row["measure"],
        unit=row["unit"],
        low=float(row["low"]),
        high=float(row["high"]),
        signs=tuple(
            (row[f"{side}_sign"], side, float(row[f"{side}_sign_at"]))
            for side in ("low", "high")
            if row[f"{side}_sign"]
        ),
    )
    for row in rows("measures.csv")
)
MEASURE_OF_SIGN = {sign: known.measure for known in ADULT_RANGES for sign, _, _ in known.signs} | {
    "hypercalcemia": "calcium", "hypocalcemia": "calcium", "anemia": "hemoglobin", "acidosis": "ph",
}  # fmt: skip
"""The measure whose number a sign is named for."""
