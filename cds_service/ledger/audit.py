"""The audit chain: append-only events, each holding the hash of the one before it.

An event says who did what, when, to which subject, with what outcome. It never says anything about a person but the
random subject id: a detail is a code, an opaque id or a count. Verification is in `chain`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import RowMapping, insert, select

from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import SUBJECT, canonical_json, utc_text
from cds_service.ledger.tables import audit_event

GENESIS = "0" * 64
"""What stands before the first event."""

MAX_SEQ = 2**63 - 1
"""No event has a greater number. SQLite would take a text in its place, which counts as greater than all numbers."""

MAX_DETAIL_CHARS = 200
MAX_DETAILS = 20

_ACTOR = re.compile(r"[\x21-\x7e]{1,200}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TEXT = re.compile(rf"[\x20-\x7e]{{0,{MAX_DETAIL_CHARS}}}")
_PERSON = re.compile(r"\b(?:Patient|RelatedPerson|Person)/", re.IGNORECASE)

_quoted = json.encoder.encode_basestring_ascii
"""One string as JSON in ASCII."""

Scalar = str | int | float | bool | None


class EventKind(StrEnum):
    """What happened."""

    HOOK_CALL = "hook-call"
    GATE_DECISION = "gate-decision"
    MODEL_CALL = "model-call"
    CARD_SHOWN = "card-shown"
    FEEDBACK = "feedback"
    VAULT_MINT = "vault-mint"
    VAULT_WRITE = "vault-write"
    VAULT_READ = "vault-read"
    VAULT_PURGE = "vault-purge"
    JOB = "job"
    SHED = "shed"
    SETTING = "setting"
    MODEL_ADD = "model-add"
    MODEL_PROMOTE = "model-promote"
    MODEL_ROLLBACK = "model-rollback"
    ACCOUNT = "account"
    SIGN_IN = "sign-in"
    REVIEW = "review"
    NOTIFICATION = "notification"
    INTAKE = "intake"
    ROLL_OUT = "roll-out"
    SIGN_OFF = "sign-off"
    REPORT = "report"
    EXPORT = "export"
    APPROVAL = "approval"
    OPT_OUT = "opt-out"
    LEGAL_HOLD = "legal-hold"
    SHRED = "shred"
    KEY = "key"
    SEAL = "seal"
    IMPORT = "import"
    AUDIT_READ = "audit-read"


class Outcome(StrEnum):
    """How it went: done, not allowed or not acceptable, or broken."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One event, before it has a place in the chain.

    `actor`: who did it, as an identifier (``client:…``, ``worker:…``, ``user:…``). `subject`: an id that the vault
    minted. `detail`: codes, opaque ids and counts by name. Raises ValueError for anything that could be more than that;
    the message never quotes it.
    """

    kind: EventKind
    actor: str
    outcome: Outcome = Outcome.SUCCESS
    subject: str | None = None
    detail: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not _ACTOR.fullmatch(self.actor) or _PERSON.search(self.actor):
            raise ValueError("an audit actor is an identifier of 1 to 200 printable characters, never a patient")
        if self.subject is not None and not SUBJECT.fullmatch(self.subject):
            raise ValueError("an audit subject is an id minted by the vault")
        if len(self.detail) > MAX_DETAILS or not all(_KEY.fullmatch(key) for key in self.detail):
            raise ValueError(f"an audit event has at most {MAX_DETAILS} details with names in snake_case")
        if not all(_is_scalar(value) for value in self.detail.values()):
            raise ValueError(
                f"an audit detail is a number, a boolean, or at most {MAX_DETAIL_CHARS} ASCII characters "
                "that name no patient"
            )


def _is_scalar(value: object) -> bool:
    if isinstance(value, str):
        return _TEXT.fullmatch(value) is not None and _PERSON.search(value) is None
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int)


def append(tx: Tx, events: Sequence[AuditEvent], *, now: datetime) -> int:
    """Append `events` in order, in the caller's write transaction, and return the last sequence number (0: none yet).

    They are in the chain exactly when the caller commits. The writer's lock, which `tx` holds, keeps one chain.
    """
    seq = audit_event.c.seq
    newest_event = select(seq, audit_event.c.hash).where(seq <= MAX_SEQ).order_by(seq.desc()).limit(1)
    head = tx.execute(newest_event).one_or_none()
    last, previous = (head.seq, str(head.hash)) if head else (0, GENESIS)
    time = utc_text(now)
    rows = []
    for place, event in enumerate(events, start=1):
        row: dict[str, object] = {
            "seq": last + place,
            "time": time,
            "kind": event.kind.value,
            "actor": event.actor,
            "outcome": event.outcome.value,
            "subject": event.subject,
            "detail": canonical_json(dict(event.detail)),
            "previous": previous,
        }
        previous = row["hash"] = event_hash(row)
        rows.append(row)
    if rows:
        tx.execute(insert(audit_event), rows)
    return last + len(rows)


def newest(tx: Tx, kind: EventKind) -> dict[str, Scalar] | None:
    """The details of the newest event of one kind, None when there is none."""
    found = (
        select(audit_event.c.detail).where(audit_event.c.kind == kind.value).order_by(audit_event.c.seq.desc()).limit(1)
    )
    written = tx.execute(found).scalar()
    return None if written is None else json.loads(written)


def event_hash(row: Mapping[str, Any] | RowMapping, *, seq: int | None = None) -> str:
    """SHA-256, in hex, over the canonical JSON of a stored event (without its hash), at `seq` if another is given.

    The text is put together here, and not by `canonical_json`, because a verification does it for every event: a test
    holds the two equal. Raises TypeError or ValueError for a value of a type that this service never writes.
    """
    subject = row["subject"]
    text = (
        f'{{"actor":{_quoted(row["actor"])},"detail":{_quoted(row["detail"])},"kind":{_quoted(row["kind"])},'
        f'"outcome":{_quoted(row["outcome"])},"previous":{_quoted(row["previous"])},'
        f'"seq":{row["seq"] if seq is None else seq:d},'
        f'"subject":{"null" if subject is None else _quoted(subject)},"time":{_quoted(row["time"])}}}'
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()
