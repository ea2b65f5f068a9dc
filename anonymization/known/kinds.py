"""What kinds of identifier there are, and the label of each in text."""

from __future__ import annotations

from dataclasses import dataclass

NAME_KINDS = frozenset({"name", "given", "family"})
DATE_KINDS = frozenset({"birth-date", "date"})
NUMBER_LABELS = {
    "phone": "PHONE", "email": "EMAIL", "url": "URL", "photo": "URL", "identifier": "ID", "postal-code": "ZIP",
    "birth-date": "DATE", "date": "DATE",
}  # fmt: skip
PHRASE_LABELS = {
    "address-line": "ADDRESS", "city": "LOCATION", "county": "LOCATION", "organization": "FACILITY",
    "location": "FACILITY",
}  # fmt: skip

SHORTEST_NUMBER = 5  # fewer letters and digits than this cannot be told from a result without a label
LONG_NUMBER = 7


@dataclass(frozen=True, slots=True)
class KnownHit:
    """A mention of a known identifier: span in the searched text, and its placeholder label."""

    start: int
    end: int
    label: str
