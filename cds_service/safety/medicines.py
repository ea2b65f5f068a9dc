"""Finds medicines in a sentence: by name, by class, or by how the name of an unlisted one is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cds_service.safety.lexicon import Phrases, listed, rows
from cds_service.safety.words import Token

ANY = "any medicine"

_INN_ENDINGS = (
    "cillin", "mycin", "micin", "floxacin", "cycline", "conazole", "prazole", "nidazole", "pril", "sartan", "olol",
    "dipine", "statin", "gliptin", "gliflozin", "glutide", "glitazone", "xaban", "gatran", "parin", "semide",
    "thiazide", "azepam", "azolam", "oxetine", "triptan", "setron", "tidine", "lukast", "terol", "tropium",
    "barbital", "codone", "morphone", "fentanil", "mab", "tinib", "ciclib", "lisib", "navir", "tegravir", "previr",
    "buvir", "ciclovir", "asone", "solone", "sonide", "profen", "coxib", "caine", "curonium", "platin", "rubicin",
    "taxel", "dronate", "trexate", "penem", "bactam", "cef", "racetam", "gabalin", "peridone", "piprazole", "zosin",
    "afil", "steride", "grel", "parinux", "tocin", "relin", "vastatin", "ipramine", "triptyline", "zodone",
)  # fmt: skip
_NOT_MEDICINES = frozenset({"april", "cholesterol", "cocaine", "chef"})
"""Words that end like a medicine and are none."""


@dataclass(frozen=True, kw_only=True)
class Medicine:
    """One medicine or class named at tokens `start` to `end`. `group` is the class it belongs to."""

    id: str
    group: str
    start: int
    end: int

    @property
    def is_class(self) -> bool:
        """Whether a class was named and no particular medicine."""
        return self.id == self.group


def _table() -> tuple[Phrases, Mapping[str, str]]:
    phrases: dict[str, str] = {}
    groups: dict[str, str] = {}
    for row in rows("medicines.csv"):
        names = listed(row["class"])
        group = names[0]
        phrases.update(dict.fromkeys(names, group))
        groups[group] = group
        for name in listed(row["names"]):
            phrases[name] = name
            groups[name] = group
    return Phrases(phrases), groups


_PHRASES, GROUPS = _table()


def medicines_in(toks: Sequence[Token]) -> Iterator[Medicine]:
    """Every medicine that a sentence names, left to right."""
    taken: set[int] = set()
    for start, end, name in _PHRASES.find(toks):
        taken |= set(range(start, end))
        yield Medicine(id=name, group=GROUPS[name], start=start, end=end)
    for i, tok in enumerate(toks):
        if i not in taken and _built_like_one(tok.word):
            yield Medicine(id=tok.word, group=_ending(tok.word), start=i, end=i + 1)


def _built_like_one(word: str) -> bool:
    return len(word) > 5 and word not in _NOT_MEDICINES and word.endswith(_INN_ENDINGS)


def _ending(word: str) -> str:
    return "-" + next(e for e in _INN_ENDINGS if word.endswith(e))


def same_medicine(named: Medicine, held: frozenset[str]) -> bool:
    """Whether the chart holds this medicine, or for a class one that belongs to it."""
    if named.id == ANY:
        return True
    if named.is_class:
        return any(GROUPS.get(h) == named.group for h in held)
    return named.id in held


DOSE = re.compile(
    r"\b\d+(?:[.,]\d+)?\s?(?:mg|mcg|microgram\w*|milligram\w*|gram|grams|g|ml|units?|iu|puffs?|tablets?|tabs?|capsules?|"
    r"drops?|pills?|doses?|l/min|litres? per minute|liters? per minute)(?:/(?:kg|day|h|hr|hour|min))?\b(?!\s?/\s?d?l)"
    r"|\b(?:once|twice|thrice|three times|four times|\d times) (?:a day|daily|per day|weekly)\b"
    r"|\b(?:one|two|three|half|a|an extra|another|double the|double) (?:tablets?|pills?|capsules?|doses?|puffs?)\b"
    r"|\bevery (?:\d+|two|four|six|eight|twelve) (?:h|hrs?|hours?)\b(?= (?:as needed|for pain|prn|until|with|orally))"
    r"|\b(?:q\d+h|bid|tid|qid|prn|po|b\.i\.d|t\.i\.d)\b",
    re.IGNORECASE,
)
"""How a dose is written: an amount with a unit of dosing (not a laboratory unit), or how often it is taken."""


def doses(text: str) -> tuple[str, ...]:
    """The doses that `text` writes, in one form that can be compared."""
    return tuple(re.sub(r"\s+", "", m.group().lower()) for m in DOSE.finditer(text))
