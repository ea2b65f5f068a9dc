"""Intake questions and answers as statements: a yes affirms what the question names, a no denies it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.clinical.red_flags.mention import Origin, Statement, Status
from fhir_mappers.case import IntakeAnswer

YES = re.compile(r"^\s*(?:yes|y|true|yeah|yep|positive|present|checked)\b[\s,.:;-]*", re.IGNORECASE)
NO = re.compile(r"^\s*(?:no|n|false|nope|negative)\s*(?:[,.:;-]\s*|$)", re.IGNORECASE)
NOTHING = re.compile(
    r"^\s*(?:none|never|nil|nothing|not at all|not applicable|n/?a|0|0\s*/\s*10|no pain|unknown|declined|-+)\W*$",
    re.IGNORECASE,
)
AMOUNT = re.compile(
    r"^\s*(?:several days|more than half the days|nearly every day|sometimes|often|always|a little|somewhat|very much"
    r"|mild|moderate|severe|constant|[1-9]|10|\d+\s*/\s*10|\d+\s*(?:minutes?|hours?|days?)|today|yesterday"
    r"|this morning)\b",
    re.IGNORECASE,
)
"""Answers that say how much, how often or how long: what the question names is there ("How bad is the pain?")."""

EARLIER = re.compile(
    r"\bin the past\b|\b(?:past|medical|surgical|family) (?:medical )?history\b|\ballergic to\b|\ballergies\b",
    re.IGNORECASE,
)
"""Questions about earlier times: what is written there is no complaint of today."""


def answered(answer: IntakeAnswer) -> Iterator[Statement]:
    """What one answered question says. Words beyond yes and no are read as free text."""
    given = answer.answer
    yes, no, nothing = YES.match(given), NO.match(given), NOTHING.match(given)
    if no or nothing:
        yield Statement(text=answer.question, origin=Origin.INTAKE, source=answer.source, presumed=Status.NEGATED)
    elif yes or AMOUNT.match(given):
        yield Statement(text=answer.question, origin=Origin.INTAKE, source=answer.source)
    if nothing:
        return
    rest = given[yes.end() :] if yes else given[no.end() :] if no else given
    if rest.strip():
        presumed = Status.HISTORICAL if EARLIER.search(answer.question) else None
        yield Statement(text=rest, origin=Origin.INTAKE, source=answer.source, presumed=presumed)
