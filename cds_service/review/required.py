"""What a decision must hold before it is signed: field by field, in words for the form. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from cds_service.domain import Priority
from cds_service.review.reasons import SYSTEM_OF
from cds_service.review.values import Decision, Notes, ReviewCase, Symptom, Verdict

MAX_CHARS = 4000
MAX_SHORT_CHARS = 200
MAX_SYMPTOMS = 20
WORST = 10
TOO_LONG = "Too long: shorten it."

_TEXTS = {
    "history": "Summarize the history.",
    "vitals": "Note the vital signs, or that none were taken.",
    "risk_factors": "Note the risk factors, or that there are none.",
    "assessment": "Write your assessment.",
}


def problems(case: ReviewCase, decision: Decision, name: str) -> dict[str, str]:
    """What is wrong with `decision`, by name of the field; empty when it may be signed. `name`: of the account."""
    found = dict(_too_long(decision.notes))
    if decision.verdict is Verdict.DISMISS:
        if decision.reason not in SYSTEM_OF:
            found["reason"] = "Choose a reason."
    else:
        found |= {field: words for field, words in _missing(case, decision) if field not in found}
    if same_name(decision.signature) != same_name(name):
        found["signature"] = "Type your name as it stands in your account."
    return found


def given_priority(case: ReviewCase, decision: Decision) -> Priority | None:
    """The priority that the decision gives, None for a dismissal."""
    if decision.verdict is Verdict.DISMISS:
        return None
    return case.priority if decision.verdict is Verdict.CONFIRM else decision.priority


def same_name(name: str) -> str:
    """A name for comparing: case and spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _missing(case: ReviewCase, decision: Decision) -> Iterator[tuple[str, str]]:
    notes = decision.notes
    for field, words in _TEXTS.items():
        if not getattr(notes, field).strip():
            yield field, words
    if not notes.symptoms or not all(map(_is_whole, notes.symptoms)):
        yield (
            "symptoms",
            "Give each symptom with its duration and a severity from 0 to 10. No symptom is worth a line too.",
        )
    if notes.confidence is None or not 0 <= notes.confidence <= 100:
        yield "confidence", "Say how sure you are, from 0 to 100 %."
    yield from _about_priority(case, decision)


def _about_priority(case: ReviewCase, decision: Decision) -> Iterator[tuple[str, str]]:
    given = given_priority(case, decision)
    if decision.verdict is Verdict.CONFIRM and decision.priority not in {None, case.priority}:
        yield "priority", "To give another priority, choose to change it."
    if decision.verdict is Verdict.CHANGE and (given is None or (given is case.priority and not decision.edited)):
        yield "priority", "Choose another priority or reword the assessment, or confirm the case as it is."
    justify = given is not None and (given >= Priority.HIGH or given is not case.floor)
    if justify and not decision.notes.justification.strip():
        yield "justification", "Justify the priority."


def _is_whole(symptom: Symptom) -> bool:
    severity = symptom.severity
    return bool(symptom.name.strip() and symptom.duration.strip()) and severity is not None and 0 <= severity <= WORST


def _too_long(notes: Notes) -> Iterator[tuple[str, str]]:
    for field in (*_TEXTS, "justification", "note"):
        if len(getattr(notes, field)) > MAX_CHARS:
            yield field, TOO_LONG
    words = [text for symptom in notes.symptoms for text in (symptom.name, symptom.duration)]
    if len(notes.symptoms) > MAX_SYMPTOMS or any(len(text) > MAX_SHORT_CHARS for text in words):
        yield "symptoms", TOO_LONG
