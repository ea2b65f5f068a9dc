"""Ages and years that stand alone, as an answer or a result, where no recognizer of texts can see what they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from anonymization.codes import as_years
from anonymization.dates import OLDEST_PLAUSIBLE, OLDEST_STATED
from anonymization.labels import OLD_AGE
from fhir_mappers.case import Precision, When

AGE_LOINCS = frozenset({"30525-0", "21611-9", "21612-7", "29553-5"})
"""LOINC: age; age estimated, reported, calculated."""

_YEAR = re.compile(r"\W*((?:18|19|20)\d\d)\W*", re.ASCII)
_ASKS_AGE = re.compile(r"\bage[sd]?\b|\bhow old\b|\byears old\b", re.I)
_AGE = re.compile(r"\W*(\d{2,3})(?:\.\d+)?\W*(?:a|y|yrs?|years?)?\W*(?:old)?\W*", re.I | re.ASCII)


def bare_year(answer: str) -> When | None:
    """The year that an answer consists of."""
    found = _YEAR.fullmatch(answer)
    return When(start=datetime(int(found[1]), 1, 1, tzinfo=UTC), precision=Precision.YEAR) if found else None


def without_old_age(question: str, answer: str) -> str:
    """`answer`, or ``90+`` where it is the age over 89 that `question` asks for."""
    found = _AGE.fullmatch(answer)
    if found and _ASKS_AGE.search(question) and OLDEST_STATED < int(found[1]) <= OLDEST_PLAUSIBLE:
        return OLD_AGE
    return answer


def tells_old_age(loinc: str, label: str, value: float, unit: str, *, old: bool) -> bool:
    """Whether a result tells an age over 89, or any age (at onset, at menarche) of a person who may be over 89."""
    years = as_years(value, unit)
    if years is not None and years > OLDEST_STATED:
        return True
    named = loinc in AGE_LOINCS or _ASKS_AGE.search(label) is not None
    return named and (old or (years if years is not None else value) > OLDEST_STATED)
