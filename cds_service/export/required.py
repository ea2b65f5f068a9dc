"""What an order and an approval must hold: field by field, in words for the form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from cds_service.export.ordered import ATTESTATIONS, Approving, Asked, Attestation, Ordered
from cds_service.ledger.trail import span
from cds_service.review.required import same_name

MAX_WORDS = 1000
MAX_RECIPIENT = 200
REFUSALS = {
    "purpose": "The purpose is not one that the clinic allows, or is not clear",
    "recipient": "The recipient may not have it",
    "risk": "The risk of re-identification is too high",
    "identifier": "A sample row holds something that identifies a person",
    "scope": "It takes more than the purpose needs",
    "other": "Another reason",
}
"""Why a second person refuses, as codes for the table and words for the form."""

_IDENTIFIES = (
    "Take out what could identify a person (a name, a number, a date, an address, an e-mail): these words go into the "
    "manifest."
)
_TICK = {
    Attestation.NO_KNOWLEDGE: "Declare that you have no such knowledge. If you have, refuse the export.",
    Attestation.DETERMINATION: "Declare that the expert's determination is on file. If it is not, refuse the export.",
}


def order_problems(asked: Asked, now: datetime) -> dict[str, str]:
    """What is wrong with an order, by name of the field; empty when it may be placed."""
    found = word_problems(asked.words, asked.recipient)
    if asked.scope.until > now:
        found["until"] = "The period must be over: what is approved is what was seen."
    return found


def word_problems(words: str, recipient: str) -> dict[str, str]:
    """What is wrong with what an officer wrote, by name of the field."""
    found = dict(_text("words", words, MAX_WORDS, "Say in a sentence or two what the training set is for."))
    return found | dict(
        _text("recipient", recipient, MAX_RECIPIENT, "Say who gets it: a department or an organization.")
    )


def approval_problems(ordered: Ordered, approving: Approving, name: str) -> dict[str, str]:
    """What is wrong with an approval, by name of the field. `name`: of the account."""
    found = {a.value: _TICK[a] for a in ATTESTATIONS[ordered.profile] if a not in approving.attested}
    if same_name(approving.signature) != same_name(name):
        found["signature"] = "Type your name as it stands in your account."
    return found


def _text(field: str, text: str, most: int, missing: str) -> Iterator[tuple[str, str]]:
    from cds_service.export.identifiers import identifiers  # heavy, and wanted only when somebody orders

    if not text.strip():
        yield field, missing
    elif len(text) > most:
        yield field, f"Too long: at most {most} characters."
    elif identifiers(text):
        yield field, _IDENTIFIES


def days(since: date, until: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants from the first day to the end of the last one, in the clinic's zone."""
    begin, end = span(since, until, zone)
    if begin is None or end is None:
        raise ValueError("both days are given")
    return begin.astimezone(UTC), end.astimezone(UTC)
