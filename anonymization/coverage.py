"""Which lines, recognizers and known identifiers serve each of the eighteen clauses of 45 CFR 164.514(b)(2)(i)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from anonymization.paths import Action
from anonymization.policy import ALL, LETTERS, Policy

CLAUSES: Mapping[str, str] = MappingProxyType(
    {
        "A": "names",
        "B": "places smaller than a state",
        "C": "dates but for the year, ages over 89",
        "D": "telephone numbers",
        "E": "fax numbers",
        "F": "e-mail addresses",
        "G": "social security numbers",
        "H": "medical record numbers",
        "I": "health plan numbers",
        "J": "account numbers",
        "K": "certificate and licence numbers",
        "L": "vehicles and their number plates",
        "M": "devices and their serial numbers",
        "N": "web addresses",
        "O": "IP addresses",
        "P": "biometric identifiers",
        "Q": "full-face photographs",
        "R": "any other unique number, characteristic or code",
    }
)

# Labels of spans in text (`labels.KINDS`): what a recognizer looks for says which clause it serves.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "PATIENT": "A", "RELATIVE": "A", "CLINICIAN": "A", "PERSON": "A", "ADDRESS": "B", "ZIP": "B", "LOCATION": "B",
        "FACILITY": "B", "ORGANIZATION": "BR", "DATE": "C", "AGE": "C", "PHONE": "DE", "EMAIL": "F", "SSN": "G",
        "ID": "HR", "PLAN": "I", "ACCOUNT": "J", "LICENCE": "K", "NPI": "K", "VEHICLE": "L", "DEVICE": "M",
        "URL": "N", "IP": "O", "ENCODED": LETTERS, "WORD": "AB",
    }
)  # fmt: skip

# Kinds of `KnownIdentifier`, whoever they belong to: the person, relatives, household members, employers, clinicians.
KNOWN_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "name": "A", "given": "A", "family": "A", "prefix": "A", "address-line": "B", "city": "B", "postal-code": "B",
        "county": "B", "location": "B", "organization": "BR", "birth-date": "C", "date": "C", "phone": "DE",
        "email": "F", "identifier": "GHIJKMR", "url": "N", "photo": "Q",
    }
)  # fmt: skip


MODEL_LABELS = ["PERSON", "LOCATION"]
"""What the language model looks for."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What serves one clause.

    `lines` are those of structured elements; `texts` counts those of free text, which serve every clause.
    """

    letter: str
    lines: tuple[str, ...]
    texts: int
    recognizers: tuple[str, ...]
    known: tuple[str, ...]


def coverage(policy: Policy, recognizers: Mapping[str, Iterable[str]]) -> tuple[Coverage, ...]:
    """One row for each clause. `recognizers`: by name, the labels they find.

    Raises KeyError for a label whose clause nobody has stated.
    """
    served = {name: {c for label in labels for c in LABELS[label]} for name, labels in recognizers.items()}
    texts = sum(1 for line in policy.lines.values() if line.action in (Action.SCRUB, Action.REPLACE))
    return tuple(
        Coverage(
            letter=letter,
            lines=tuple(p for p, line in policy.lines.items() if line.clause != ALL and letter in line.clauses),
            texts=texts,
            recognizers=tuple(name for name, letters in served.items() if letter in letters),
            known=tuple(kind for kind, letters in KNOWN_KINDS.items() if letter in letters),
        )
        for letter in LETTERS
    )


def packaged_recognizers() -> dict[str, list[str]]:
    """The recognizers of the package by name, with the labels they find."""
    from anonymization.recognizers import PATTERN_RECOGNIZERS

    made = ((kind.__name__.removesuffix("Recognizer"), kind()) for kind in PATTERN_RECOGNIZERS)  # type: ignore[call-arg]
    return {name: list(recognizer.supported_entities) for name, recognizer in made} | {"language model": MODEL_LABELS}
