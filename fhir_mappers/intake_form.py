"""The form that a patient fills in before a visit: its questions, and the FHIR resources made of them.

The questions are written for `questionnaire`, which reads the answers: the reason for the visit is asked under a
linkId that says so, and a warning sign is named in its own question, so that a yes affirms it and a no denies it.
Words are plain (a test measures school grade 8 or less), and none of them judges an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from fhir_mappers.fields import LOINC, Json
from fhir_mappers.r4 import validate

VERSION = "1.0.0"
"""Of the questions. Any change of a question or an option makes a new one."""

CHANGED = "2026-11-26"
"""When `VERSION` was made."""

TITLE = "Before your visit"

EMERGENCY = (
    "If you have chest pain, trouble breathing, heavy bleeding, or thoughts of hurting yourself, tell our staff now. "
    "If no one is near you, call 911."
)
"""Stands on every page of the form, whatever was answered."""

MAX_TEXT = 2000
"""Most characters of one written answer."""

WORST = 10
"""End of the severity scale, which begins at 0."""


class Kind(StrEnum):
    """How a question is answered; the values are FHIR's names."""

    YES_NO = "boolean"
    TEXT = "text"
    NUMBER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. `loinc`: code and display. `options`: display by code. `sign`: what staff read for a yes."""

    link_id: str
    text: str
    kind: Kind
    loinc: tuple[str, str]
    required: bool = False
    hint: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sign: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Questions that stand together under one heading."""

    link_id: str
    title: str
    questions: tuple[Question, ...]


def _sign(link_id: str, text: str, sign: str) -> Question:
    symptom = ("75325-1", "Symptom")
    return Question(link_id=link_id, text=text, kind=Kind.YES_NO, loinc=symptom, required=True, sign=sign)


SIGNS = Part(
    link_id="warning-signs",
    title="How are you right now?",
    questions=(
        _sign("chest-pain", "Do you have chest pain, or does your chest feel tight?", "Chest pain"),
        _sign("hard-to-breathe", "Is it hard to breathe?", "Trouble breathing"),
        _sign(
            "one-side-weak",
            "Is one side of your face or body weak or numb, or is it hard to speak?",
            "One side weak or numb, or hard to speak",
        ),
        _sign("passed-out", "Did you faint or pass out today?", "Passed out today"),
        _sign("seizure", "Did you have a seizure (a fit) today?", "Seizure today"),
        _sign("heavy-bleeding", "Are you bleeding a lot, or is the bleeding hard to stop?", "Heavy bleeding"),
        _sign("swelling", "Is your face, tongue or throat swelling?", "Swelling of face, tongue or throat"),
        _sign("worst-headache", "Do you have the worst headache of your life?", "Worst headache of life"),
        _sign("self-harm", "Do you think about killing or hurting yourself?", "Thoughts of self-harm"),
    ),
)

STARTS: Mapping[str, str] = MappingProxyType({
    "last-hour": "In the last hour",
    "today": "Today",
    "1-3-days": "1 to 3 days ago",
    "4-7-days": "4 to 7 days ago",
    "weeks": "More than a week ago",
    "months": "More than a month ago",
})  # fmt: skip

PREGNANT: Mapping[str, str] = MappingProxyType({
    "yes": "Yes",
    "no": "No",
    "not-sure": "Not sure",
    "does-not-apply": "Does not apply to me",
})  # fmt: skip

VISIT = Part(
    link_id="visit",
    title="Why you are here",
    questions=(
        Question(
            link_id="chief-complaint",
            text="Why do you come to the clinic today?",
            kind=Kind.TEXT,
            loinc=("8661-1", "Chief complaint - Reported"),
            required=True,
            hint="Use your own words.",
        ),
        Question(
            link_id="other-symptoms",
            text="What else do you feel or see that is not normal for you?",
            kind=Kind.TEXT,
            loinc=("75325-1", "Symptom"),
        ),
        Question(
            link_id="started",
            text="When did it start?",
            kind=Kind.CHOICE,
            loinc=("11368-8", "Illness or injury onset date and time"),
            options=STARTS,
        ),
        Question(
            link_id="severity",
            text="How bad is it now, from 0 to 10?",
            kind=Kind.NUMBER,
            loinc=("64750-3", "Severity of symptoms"),
            hint="Pick 0 for not bad at all. Pick 10 for as bad as it can be.",
        ),
    ),
)

HEALTH = Part(
    link_id="health",
    title="Your health",
    questions=(
        Question(
            link_id="past-history",
            text="What health problems or operations have you had in the past?",
            kind=Kind.TEXT,
            loinc=("11348-0", "History of Past illness Narrative"),
        ),
        Question(
            link_id="medicines",
            text="Which medicines do you take?",
            kind=Kind.TEXT,
            loinc=("10160-0", "History of Medication use Narrative"),
            hint="Add the ones you buy without a prescription.",
        ),
        Question(
            link_id="allergies",
            text="What are you allergic to?",
            kind=Kind.TEXT,
            loinc=("48765-2", "Allergies and adverse reactions Document"),
            hint="Write none if you have no allergies.",
        ),
        Question(
            link_id="pregnancy",
            text="Are you pregnant, or could you be?",
            kind=Kind.CHOICE,
            loinc=("82810-3", "Pregnancy status"),
            options=PREGNANT,
        ),
    ),
)

PARTS = (SIGNS, VISIT, HEALTH)
SIGN_NAMES: Mapping[str, str] = MappingProxyType({q.link_id: q.sign for q in SIGNS.questions})
"""What staff read for each warning sign."""

Value = str | int | bool
"""Of an answer: the text, the number, yes or no, or the code of the option."""


def canonical(base: str) -> str:
    """The canonical URL of the Questionnaire of a service at `base`."""
    return f"{base}/fhir/Questionnaire/pre-visit"


def options_system(base: str) -> str:
    """The URL of the CodeSystem of the options."""
    return f"{base}/fhir/CodeSystem/pre-visit"


def questionnaire(base: str) -> Json:
    """The form as a FHIR R4 Questionnaire, published by the service at `base`."""
    emergency = {"linkId": "emergency", "text": EMERGENCY, "type": "display"}
    return {
        "resourceType": "Questionnaire",
        "id": "pre-visit",
        "url": canonical(base),
        "version": VERSION,
        "name": "PreVisit",
        "title": TITLE,
        "status": "active",
        "subjectType": ["Patient"],
        "date": CHANGED,
        "description": "What a patient tells before a visit. No answer is judged or advised on here.",
        "item": [emergency, *(_group(part, base) for part in PARTS)],
    }


def code_system(base: str) -> Json:
    """The options that the form offers, as a FHIR R4 CodeSystem."""
    concepts = [{"code": f"{q}.{code}", "display": display} for q, code, display in _options()]
    return {
        "resourceType": "CodeSystem",
        "id": "pre-visit",
        "url": options_system(base),
        "version": VERSION,
        "name": "PreVisitOptions",
        "title": f"{TITLE}: options",
        "status": "active",
        "date": CHANGED,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def response(
    answers: Mapping[str, Value],
    *,
    base: str,
    response_id: str,
    patient_id: str,
    authored: datetime,
    helper: str | None,
) -> Json:
    """A QuestionnaireResponse of `answers` by linkId, said by the patient. `helper`: the account that wrote it down.

    Raises ValueError when it would be no valid R4; the message holds no answer.
    """
    patient = {"reference": f"Patient/{patient_id}"}
    made: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": response_id,
        "questionnaire": f"{canonical(base)}|{VERSION}",
        "status": "completed",
        "subject": patient,
        "authored": authored.isoformat(timespec="seconds"),
        "source": patient,
        "item": [item for part in PARTS if (item := _answered(part, answers, base)) is not None],
    }
    if helper is not None:
        made["author"] = {"type": "Practitioner", "identifier": {"system": f"{base}/accounts", "value": helper}}
    validate(made)
    return made


def _group(part: Part, base: str) -> Json:
    items = [_item(question, base) for question in part.questions]
    return {"linkId": part.link_id, "text": part.title, "type": "group", "item": items}


def _item(question: Question, base: str) -> Json:
    code, display = question.loinc
    made: Json = {
        "linkId": question.link_id,
        "code": [{"system": LOINC, "code": code, "display": display}],
        "text": question.text,
        "type": question.kind.value,
        "required": question.required,
    }
    if question.kind is Kind.TEXT:
        made["maxLength"] = MAX_TEXT
    if question.kind is Kind.NUMBER:
        bounds = (("minValue", 0), ("maxValue", WORST))
        made["extension"] = [
            {"url": f"http://hl7.org/fhir/StructureDefinition/{name}", "valueInteger": value} for name, value in bounds
        ]
    if question.kind is Kind.CHOICE:
        made["answerOption"] = [{"valueCoding": _option(question, code, base)} for code in question.options]
    return made


def _option(question: Question, code: str, base: str) -> Json:
    return {
        "system": options_system(base),
        "code": f"{question.link_id}.{code}",
        "display": question.options[code],
    }


def _options() -> list[tuple[str, str, str]]:
    questions = [q for part in PARTS for q in part.questions]
    return [(q.link_id, code, display) for q in questions for code, display in q.options.items()]


def _answered(part: Part, answers: Mapping[str, Value], base: str) -> Json | None:
    items = [
        {"linkId": q.link_id, "text": q.text, "answer": [_value(q, answers[q.link_id], base)]}
        for q in part.questions
        if q.link_id in answers
    ]
    return {"linkId": part.link_id, "text": part.title, "item": items} if items else None


def _value(question: Question, value: Value, base: str) -> Json:
    match question.kind:
        case Kind.YES_NO:
            return {"valueBoolean": value}
        case Kind.NUMBER:
            return {"valueInteger": value}
        case Kind.CHOICE:
            return {"valueCoding": _option(question, str(value), base)}
        case Kind.TEXT:
            return {"valueString": value}
