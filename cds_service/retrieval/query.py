"""What to ask the guidelines about a case: one short question for each thing that needs guidance.

Short questions are asked one by one, because one long query about everything in a chart is near to nothing.
What a reader wants depends on why the thing is there: for an urgent finding the emergency, for a complaint the
work-up, for a chronic problem its goals and follow-up. The wording of `_ASK` and `LEAST` were chosen on questions of
our own for the packaged guidelines and MiniLM.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from anonymization.deidentified import DeidentifiedCase
from cds_service.domain import Finding, FindingKind, Priority
from cds_service.retrieval.population import parse_age

MAX_NEEDS = 16
"""Most questions for one case: uncached ones cost about 4 ms each."""

MAX_WORDS = 40
"""Longest question; longer complaints are asked sentence by sentence."""

MAX_SENTENCES = 5

_SEMANTIC_TAG = re.compile(r"\s*\((?:disorder|finding|situation|procedure|event|morphologic abnormality|person)\)$")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_PLACEHOLDER = re.compile(r"[\[<][A-Z][^\[\]<>]{0,40}[\]>]")


_CLEARER = (
    ("low blood pressure", "hypotension, shock"),
    ("slow heart rate", "abnormal vital sign"),
    ("fast heart rate", "abnormal vital sign"),
    ("news2", "National Early Warning Score"),
    ("trouble speaking", "stroke"),
    ("sudden numbness", "stroke"),
    ("vision changes", "stroke"),
)
"""Words of the rules' titles, and what to add because the vectors alone miss the meaning: "low blood pressure" lies
nearest to hypertension, and one sign of stroke named alone lies near to nothing."""


LABORATORY = "laboratory"
"""Topic of the findings on results of the laboratory."""

_RESULTS = (
    ("potassium", "high", "hyperkalemia"),
    ("potassium", "low", "hypokalemia"),
    ("sodium", "high", "hypernatremia"),
    ("sodium", "low", "hyponatremia"),
    ("calcium", "high", "hypercalcemia"),
    ("calcium", "low", "hypocalcemia"),
    ("magnesium", "low", "hypomagnesemia"),
    ("glucose", "high", "hyperglycemic crisis, ketoacidosis"),
    ("glucose", "low", "hypoglycemia"),
    ("neutrophils", "low", "neutropenia"),
    ("lactate", "high", "sepsis, shock"),
    ("troponin", "high", "acute coronary syndrome"),
    ("kidney injury", "creatinine", ""),
    ("creatinine", "high", "acute kidney injury"),
)
"""Words of a laboratory finding's title, and the name of what it shows, since neither vectors nor words tell low from
high. A result that is not here asks nothing: a card that points the wrong way is worse than none."""


class Kind(StrEnum):
    """Why something is asked about, the most pressing first: answers are ranked in this order."""

    URGENT = "urgent"
    COMPLAINT = "complaint"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True)
class Need:
    """One question, what it is about, and why it is asked.

    `text` is asked of the meanings, `subject` of the words.
    """

    kind: Kind
    text: str
    subject: str


_ASK = {
    Kind.URGENT: "emergency: {subject}",
    Kind.COMPLAINT: "{person} with {subject}",
    Kind.PROBLEM: "goals of treatment and follow-up for {subject} in {group}",
}
LEAST = 0.5
"""Cosine of question and passage below which the passage is no answer by its meaning alone."""

LEAST_NAMED = 0.35
"""The same where the question calls the guideline by name."""


def needs_of(
    case: DeidentifiedCase, findings: Sequence[Finding], *, spelled: Callable[[str], str] = str
) -> tuple[Need, ...]:
    """The questions of a case, the most urgent first, each once, at most `MAX_NEEDS`.

    Triage findings of High and Critical are urgent; Medium ones ask like a complaint; Low ones ask nothing. Findings
    on medicines and care gaps ask nothing: their cards bring their own sources. `spelled` puts the spelling of a
    complaint right.
    """
    age = parse_age(case.age)
    person, group = ("child", "children") if age is not None and age < 18 else ("adult patient", "adults")
    needs: dict[str, Need] = {}
    for kind, subject in _subjects(case, findings, spelled):
        text = _ASK[kind].format(subject=subject, person=person, group=group)
        needs.setdefault(text, Need(kind=kind, text=text, subject=subject))
    return tuple(needs.values())[:MAX_NEEDS]


def _subjects(
    case: DeidentifiedCase, findings: Sequence[Finding], spelled: Callable[[str], str]
) -> Iterator[tuple[Kind, str]]:
    ranked = sorted((f for f in findings if f.kind is FindingKind.TRIAGE), key=lambda f: -f.priority)
    asked = [(f.priority, subject) for f in ranked if (subject := _finding(f))]
    yield from ((Kind.URGENT, subject) for priority, subject in asked if priority >= Priority.HIGH)
    for fact in case.of_kind("complaint"):
        yield from ((Kind.COMPLAINT, spelled(subject)) for subject in _complaint(fact.text or fact.name))
    yield from ((Kind.COMPLAINT, subject) for priority, subject in asked if priority is Priority.MEDIUM)
    for fact in case.of_kind("problem"):
        if subject := _clean(fact.name):
            yield Kind.PROBLEM, subject


def _finding(finding: Finding) -> str:
    """What a finding asks about; empty when it asks nothing."""
    title = finding.title.lower()
    if finding.topic != LABORATORY:
        added = [words for phrase, words in _CLEARER if phrase in title]
    else:
        added = [words for analyte, direction, words in _RESULTS if analyte in title and direction in title][:1]
        if not added:
            return ""
    return ": ".join([finding.title, ", ".join(filter(None, added))]).removesuffix(": ")


def _complaint(text: str) -> list[str]:
    """A complaint whole when it is short, else its first sentences."""
    parts = [text] if len(text.split()) <= MAX_WORDS else _SENTENCE.split(text)[:MAX_SENTENCES]
    return [subject for part in parts if (subject := _clean(part))]


def _clean(text: str) -> str:
    """One line without semantic tags and placeholders of the gate, at most MAX_WORDS words."""
    words = _PLACEHOLDER.sub(" ", _SEMANTIC_TAG.sub("", text.strip())).split()
    return " ".join(words[:MAX_WORDS]).strip(" .;,")
