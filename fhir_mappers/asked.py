"""Which questions of an intake form ask who somebody is: for a name, a number, an address, a place of care or work.

Such an answer is one of the request's identifiers, however short or plain it is ("Small", "4410"), and is no fact.
Looked for are plain requests ("Doctor", "Who is your doctor?"), not every question with such a word in it ("What did the
doctor say?"), whose answers are about the illness.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from fhir_mappers import questionnaire
from fhir_mappers.case import IntakeAnswer

_LETTERS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_NOT_ASKED = re.compile(r"medic(?!al record|are|aid)|drug|disease|condition|allerg|test|vaccin|symptom", re.I)
_KIN = (
    r"wife|husband|spouse|partner|son|daughter|child(ren)?|mother|mom|mum|father|dad|parents?|sister|brother|sibling"
    r"|aunt|uncle|cousin|niece|nephew|grand(mother|father|ma|pa|son|daughter|parents?)|family|relatives?|friends?"
    r"|neighbou?rs?|room ?mates?|ambulance|ems|police|staff|aide|nurse|doctor|care ?giver|self|me|myself|alone|nobody"
    r"|no one|dog|cat"
)
_PLAIN = re.compile(
    rf"\W*(yes|no|y|n|none|nil|n ?/ ?a|not applicable|unknown|unsure|not sure|don'?t know|do not know|other|same|declined?"
    rf"|refused?|prefer not to (say|answer)|((by|with|and|or|my|the|her|his|a|\d)\W+|({_KIN})\W+)*({_KIN})|\d)\W*",
    re.I,
)
"""Answers that name nobody."""

# Asked by these words alone, with "your" or "preferred" before and "name" behind; or by "who is", "which", "name of".
_ROUND = r"(the |a |an |your |my |our |patient s? ?|current |preferred |usual |regular |primary( care)? |family |referring )*"
_CLINICIAN = (
    r"doctor|dr|physician|gp|pcp|provider|clinician|practitioner|specialist|surgeon|cardiologist|dentist|therapist"
    r"|counsell?or|nurse|midwife|interpreter"
)
_RELATIVE = (
    r"case ?worker|case manager|care ?giver|emergency contact|contact( person)?|next of kin|spouse|husband|wife|partner"
    r"|mother|father|parent|guardian|son|daughter|relative|responsible party|guarantor|sponsor|accompan(ied by|ying person)"
    r"|informant|friend|proxy|health ?care proxy|power of attorney"
)
_WHERE = (
    r"pharmacy|drug ?store|hospital|clinic|practice|facility|nursing home|care home|school|college|university|church"
    r"|employer|work ?place|company|health plan|insurer|insurance( company| carrier| provider| plan)?|payer|shelter"
    r"|group home|agency"
)
_ENDS = (
    r"( s)?( (full |first |last )?names?)?( and (phone|telephone|address|number|location|city).*)?( if (any|known))?"
)


def _whole(words: str) -> re.Pattern[str]:
    """A question of these words alone."""
    return re.compile(
        rf"^\W*((what|who|which) (is|are|was|s) |which |name of |please (enter|give|state) |list )*{_ROUND}(?:{words}){_ENDS}"
        r"( (is it|do you (use|see|have|go to|attend)))?\W*$",
        re.I,
    )


_NUMBERED = (
    r"mrn|medical record|chart|hospital|patient|case|file|social security|ssn|social|nhs|medicare|medicaid|member|subscriber"
    r"|beneficiary|policy|insurance|group|plan|card|account|claim|authori[sz]ation|licen[cs]e|driver s? ?licen[cs]e"
    r"|passport|badge|employee|student|tax|registration|reference|confirmation|visit|encounter|order|serial|device"
    r"|vehicle|plate|room|bed"
)

# (question, kind of the answer, whose it is); the first that fits counts
_ASKED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"\b(e mail|email)\b", re.I), "email", "patient"),
    (
        re.compile(
            r"\b(phone|telephone|mobile|cell|fax|pager|contact|home|work) (number|no|nr)\b"
            r"|^\W*((your|home|work|cell|mobile|day ?time|contact|best|emergency) )*(phone|telephone|mobile|cell|fax|pager)\W*$"
            r"|\b(phone|number)\b.*\b(reach|call|contact) you\b|\b(reach|call|contact) you\b.*\b(phone|number)\b",
            re.I,
        ),
        "phone", "patient",
    ),
    (re.compile(r"\b(date of birth|birth ?da(te|y)|dob|when were you born)\b", re.I), "birth-date", "patient"),
    (re.compile(r"\b(zip|postal|post) ?code\b|^\W*(your )?(zip|postcode)( \+? ?4)?\W*$", re.I), "postal-code", "patient"),
    (
        re.compile(r"^\W*(your |home |current )*(city|town|village|county)( (and|or) (state|town|county))?\W*$|"
                   r"\b(city|town|place|county) (of|you were|where you were) (birth|born|residence|live)\b|"
                   r"\bbirth ?place\b|\bwhere (do|did) you live\b|\bwhere were you born\b", re.I),
        "city", "patient",
    ),
    (re.compile(r"(?<!ip )\baddress\b|\bstreet\b", re.I), "address-line", "patient"),
    (
        re.compile(
            rf"\b({_NUMBERED}) (number|numbers|num|no|nr|id|ids|identifier|code)\b"
            r"|\b(mrn|ssn|social security|passcode|password|user ?name|login|npi|dea)\b"
            r"|\bpin( (number|code))?\W*$|\blast (4|four)( digits)? of\b|^\W*(your )?(id|number|identifier|policy|member|group)( #)?\W*$",
            re.I,
        ),
        "identifier", "patient",
    ),
    (_whole(_WHERE), "organization", "organization"),
    (re.compile(r"\bwhere do you (work|go to school)\b|\bwho (do you work for|employs you)\b|\bemployer\b", re.I),
     "organization", "organization"),
    (_whole(_CLINICIAN), "name", "practitioner"),
    (_whole(_RELATIVE), "name", "relative"),
    (
        re.compile(
            r"\b(contact|emergency contact|relative|guardian|mother|father|spouse|partner)( s)? (full |first |last )?name\b"
            r"|\bwho (brought|drove|accompanied|is with|came with|lives with|do you live with|are you here with)\b",
            re.I,
        ),
        "name", "relative",
    ),
    (re.compile(r"\b(completed|filled (in|out)|referred) by\b|\bwho referred\b", re.I), "name", "practitioner"),
    (
        re.compile(
            r"\b(first|last|full|middle|maiden|your|patient( s)?|family|given|sur|nick|user|preferred|legal) ?names?\b"
            r"|\bname of\b|^\W*names?( and .*)?\W*$|\bwhat (should|do|can) we call you\b|\bsignature\b|\binitials\b",
            re.I,
        ),
        "name", "patient",
    ),
)  # fmt: skip


def identifying(answer: IntakeAnswer) -> tuple[str, str] | None:
    """(kind, role) of the identifier that an answer is because of its question; None for every other answer."""
    if _PLAIN.fullmatch(answer.answer) or questionnaire.is_complaint(answer):
        return None
    return asked(answer.question) or (asked(answer.link_id) if answer.link_id != answer.question else None)


def asked(question: str) -> tuple[str, str] | None:
    """(kind, role) of the identifier that the words of a question ask for."""
    words = " ".join(_LETTERS.sub(" ", question).split())
    if _NOT_ASKED.search(words):
        return None
    return next(((kind, role) for pattern, kind, role in _ASKED if pattern.search(words)), None)
