"""Answers of an intake QuestionnaireResponse, in document order, and which of them says why the patient came."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_mappers import dates
from fhir_mappers.case import IntakeAnswer, When
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, coding, number, obj, objs, text
from fhir_mappers.limits import Limits
from fhir_mappers.units import tidy

_USED = frozenset({"in-progress", "completed", "amended"})
_LETTERS_APART = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_COMPLAINT = re.compile(
    r"chief complaint|presenting (complaint|problem)|main (complaint|problem|concern|symptom|reason)"
    r"|reason (for|of) (the |your |this |today s )*(visit|appointment|encounter|coming|consultation)"
    r"|reason for (contact|attendance)|visit reason|why (are|did|have) you|(what )?bring(s|ing)? you|what brought you"
    r"|how can we help|main health concern|\b(8661 1|10154 3)\b",
    re.I,
)
MAX_ANSWERS = 300
"""Most answers read from one response."""


def read(resource: Json, handle: str, limits: Limits) -> tuple[IntakeAnswer, ...]:
    """All answers, but not many more than `MAX_ANSWERS`: who keeps them says what was left out.

    Raises Unused when the response was stopped, entered in error, or holds no answer.
    """
    status = resource.get("status")
    if status == "entered-in-error":
        raise Unused("entered-in-error")
    if status == "stopped":
        raise Unused("inactive")
    if status not in _USED:
        raise Unused("invalid", "QuestionnaireResponse.status")
    when = dates.when(resource.get("authored"))
    answers = []
    for question, answer in _walk(objs(resource, "item")):
        words = _answer(answer, limits.max_string_chars)
        if words:
            link = text(question, "linkId", 100) or ""
            answers.append(
                IntakeAnswer(
                    link_id=link, question=text(question, "text", 300) or link, answer=words, when=when, source=handle
                )
            )
        if len(answers) > MAX_ANSWERS:
            break
    if not answers:
        raise Unused("no-value")
    return tuple(answers)


def is_complaint(answer: IntakeAnswer) -> bool:
    """Whether the question asks why the patient came (by its words or its linkId)."""
    asked = f"{answer.question} {answer.link_id}"
    return _COMPLAINT.search(_LETTERS_APART.sub(" ", asked)) is not None


def authored(answers: tuple[IntakeAnswer, ...]) -> When | None:
    """When the answers were given."""
    return answers[0].when if answers else None


def _walk(items: list[Json]) -> Iterator[tuple[Json, Json]]:
    """(item, answer) in document order: items nest in items and in answers."""
    stack = list(reversed(items))
    while stack:
        item = stack.pop()
        nested: list[Json] = []
        for answer in objs(item, "answer"):
            yield item, answer
            nested += objs(answer, "item")
        stack += reversed([*nested, *objs(item, "item")])


def _answer(answer: Json, limit: int) -> str | None:
    """One answer of any type in words."""
    for key in ("valueString", "valueDate", "valueDateTime", "valueTime", "valueUri"):
        words = text(answer, key, limit)
        if words:
            return words
    if isinstance(answer.get("valueBoolean"), bool):
        return "yes" if answer["valueBoolean"] else "no"
    for key in ("valueInteger", "valueDecimal"):
        value = number(answer.get(key))
        if value is not None:
            return str(tidy(value))
    return _structured(answer)


def _structured(answer: Json) -> str | None:
    choice = coding(obj(answer, "valueCoding"))
    if choice.display or choice.code:
        return choice.display or choice.code
    quantity = obj(answer, "valueQuantity")
    value = number(quantity.get("value"))
    if value is not None:
        return f"{tidy(value)} {text(quantity, 'unit', 40) or text(quantity, 'code', 40) or ''}".strip()
    return text(obj(answer, "valueReference"), "display") or text(obj(answer, "valueAttachment"), "title")
