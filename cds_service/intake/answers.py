"""From the fields of a form to answers: what is wrong is said by question, and nothing that was typed is dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fhir_mappers.intake_form import MAX_TEXT, WORST, Kind, Part, Question, Value

NEEDED = "Please answer this question."
TOO_LONG = f"Please use fewer words. There is room for {MAX_TEXT:,} letters."
NOT_OFFERED = "Please pick one of the answers."

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_YES_NO: Mapping[str, bool] = {"yes": True, "no": False}


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was filled in. `typed`: every field as it came. `problems`: what to change, by linkId."""

    answers: Mapping[str, Value]
    typed: Mapping[str, str]
    problems: Mapping[str, str]


def read(parts: tuple[Part, ...], fields: Mapping[str, str]) -> Given:
    """The answers to the questions of `parts` in the `fields` of a form, whose names are linkIds."""
    answers: dict[str, Value] = {}
    typed: dict[str, str] = {}
    problems: dict[str, str] = {}
    for question in (q for part in parts for q in part.questions):
        text = typed[question.link_id] = fields.get(question.link_id, "")
        said = _UNPRINTABLE.sub(" ", text).strip()
        if not said:
            if question.required:
                problems[question.link_id] = NEEDED
            continue
        value = _value(question, said)
        if value is None:
            problems[question.link_id] = TOO_LONG if question.kind is Kind.TEXT else NOT_OFFERED
        else:
            answers[question.link_id] = value
    return Given(answers=answers, typed=typed, problems=problems)


def _value(question: Question, said: str) -> Value | None:
    """The answer in `said`, None when it is not acceptable."""
    match question.kind:
        case Kind.YES_NO:
            return _YES_NO.get(said)
        case Kind.NUMBER:
            return next((number for number in range(WORST + 1) if said == str(number)), None)
        case Kind.CHOICE:
            return said if said in question.options else None
        case Kind.TEXT:
            return said if len(said) <= MAX_TEXT else None
