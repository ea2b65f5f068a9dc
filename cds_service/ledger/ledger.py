"""The ledger: what was shown, why and by which versions, and what the clinician did with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import canonical_json, new_id, utc_text
from cds_service.ledger.records import (
    AnswerRecord,
    FeedbackItem,
    FeedbackOutcome,
    FeedbackResult,
    FeedbackStatus,
    advice_data,
    canonical_uuid,
)
from cds_service.ledger.tables import answer, card, feedback
from cds_service.ledger.vault import Vault

SHADOW = "shadow"
"""Stage of an answer whose cards nobody was shown."""

MAX_ITEMS = 500
"""Most items of one feedback request that are looked at."""

_SYSTEM = re.compile(r"[\x21-\x7e]{1,200}")
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Ledger:
    """Writes answers and feedback. Comments go into the vault, for `retention`."""

    def __init__(self, vault: Vault, *, retention: timedelta) -> None:
        self._vault = vault
        self._retention = retention

    def record_answer(self, tx: Tx, record: AnswerRecord, *, audit: Sequence[AuditEvent]) -> None:
        """Write an answer and its cards, the events in `audit` (hook call, gate decision, …), and one a card shown.

        Raises ValueError when `audit` is empty (no unaudited write), StoreError when the answer or a card exists.
        """
        if not audit:
            raise ValueError("an answer is recorded with at least the event of its hook call")
        row = {
            "id": record.id,
            "service": record.service,
            "hook": record.hook,
            "hook_instance": canonical_uuid(record.hook_instance),
            "client": record.client,
            "subject": record.subject,
            "user_key": record.user_key,
            "snapshot": record.snapshot,
            "job": record.job,
            "timings_ms": dict(record.timings_ms),
            "created_at": record.created_at,
            "stage": record.stage,
        }
        tx.execute(insert(answer), row | advice_data(record.advice))
        cards = [
            {
                "uuid": item.uuid,
                "answer": record.id,
                "position": position,
                "kind": item.kind.value,
                "indicator": item.indicator,
                "suggestions": list(item.suggestions),
                "rules": list(item.rules),
                "passages": list(item.passages),
                "evidence": list(item.evidence),
                "states": list(item.states),
            }
            for position, item in enumerate(record.cards)
        ]
        if cards:
            tx.execute(insert(card), cards)
        shown = [
            AuditEvent(
                kind=EventKind.CARD_SHOWN,
                actor=audit[0].actor,
                subject=record.subject,
                detail={"answer": record.id, "card": item.uuid, "card_kind": item.kind.value},
            )
            for item in (record.cards if record.stage != SHADOW else ())
        ]
        append(tx, [*audit, *shown], now=record.created_at)

    def record_feedback(
        self, tx: Tx, *, service: str, client: str, items: Sequence[FeedbackItem], now: datetime, audit: AuditEvent
    ) -> tuple[FeedbackResult, ...]:
        """Judge each item by itself and write the good ones; one result for each item, in their order.

        The same item again is a duplicate and changes nothing; a card may be accepted and later overridden. `audit`
        (kind feedback) says who sent them; an event is written for each item.
        """
        if audit.kind is not EventKind.FEEDBACK:
            raise ValueError("feedback is audited as feedback")
        shown = _cards(tx, items[:MAX_ITEMS])
        results, events = [], []
        for position, item in enumerate(items):
            known = shown.get(canonical_uuid(item.card) or "")
            status = _judge(item, known, service, client) if position < MAX_ITEMS else FeedbackStatus.TOO_MANY
            subject = None
            if status is FeedbackStatus.RECORDED and known is not None:
                subject = known["subject"]
                status = self._write(tx, item, known, now, audit.actor)
            results.append(FeedbackResult(position=position, status=status))
            if position < MAX_ITEMS:
                events.append(_event(audit, item, known, status, subject))
        append(tx, events, now=now)
        return tuple(results)

    def _write(self, tx: Tx, item: FeedbackItem, known: dict[str, Any], now: datetime, actor: str) -> FeedbackStatus:
        fingerprint = _fingerprint(item, known["uuid"])
        if tx.execute(select(feedback.c.id).where(feedback.c.fingerprint == fingerprint)).first():
            return FeedbackStatus.DUPLICATE
        comment = None
        if item.comment:
            comment = self._vault.store_comment(
                tx,
                subject=known["subject"],
                text=item.comment,
                now=now,
                expires_at=now + self._retention,
                actor=actor,
            )
        row = {
            "id": new_id("fb"),
            "card": known["uuid"],
            "fingerprint": fingerprint,
            "outcome": item.outcome.value,
            "outcome_at": item.outcome_at,
            "suggestions": list(item.suggestions),
            "reason_system": item.reason_system,
            "reason_code": item.reason_code,
            "comment": comment,
            "received_at": now,
        }
        tx.execute(insert(feedback), row)
        return FeedbackStatus.RECORDED


def _cards(tx: Tx, items: Sequence[FeedbackItem]) -> dict[str, dict[str, Any]]:
    """The cards that the items name and the ledger knows, by uuid, with the service, client and subject of each."""
    uuids = {found for item in items if (found := canonical_uuid(item.card))}
    statement = (
        select(card.c.uuid, card.c.suggestions, answer.c.service, answer.c.client, answer.c.subject)
        .join(answer, answer.c.id == card.c.answer)
        .where(card.c.uuid.in_(uuids))
    )
    return {row["uuid"]: dict(row) for row in tx.execute(statement).mappings()} if uuids else {}


def _judge(item: FeedbackItem, known: dict[str, Any] | None, service: str, client: str) -> FeedbackStatus:
    """`RECORDED` when the item may be written, else the reason why not."""
    if known is None:
        return FeedbackStatus.UNKNOWN_CARD
    if known["client"] != client:
        return FeedbackStatus.OTHER_CLIENT
    if known["service"] != service:
        return FeedbackStatus.OTHER_SERVICE
    if not set(item.suggestions) <= set(known["suggestions"]):
        return FeedbackStatus.UNKNOWN_SUGGESTION
    if item.outcome is FeedbackOutcome.ACCEPTED and not item.suggestions:
        return FeedbackStatus.NO_SUGGESTION
    if not _is_coding(item.reason_system, item.reason_code):
        return FeedbackStatus.BAD_REASON
    return FeedbackStatus.RECORDED


def _is_coding(system: str | None, code: str | None) -> bool:
    """A reason is a system and a code in the form of codes, or absent: words belong into the comment."""
    if system is None and code is None:
        return True
    return bool(system and code and _SYSTEM.fullmatch(system) and _CODE.fullmatch(code))


def _fingerprint(item: FeedbackItem, card_uuid: str) -> str:
    """Equal for an item that is sent twice. The words of a comment are left out: a hash of them would speak of them."""
    same = [
        card_uuid,
        item.outcome.value,
        utc_text(item.outcome_at),
        sorted(item.suggestions),
        item.reason_system,
        item.reason_code,
        bool(item.comment),
    ]
    return hashlib.sha256(canonical_json(same).encode("ascii")).hexdigest()


def _event(
    audit: AuditEvent, item: FeedbackItem, known: dict[str, Any] | None, status: FeedbackStatus, subject: str | None
) -> AuditEvent:
    """The event of one item. It names the card only when we made it: an unknown id is the client's own text."""
    detail = {
        **audit.detail,
        "status": status.value,
        "feedback_outcome": item.outcome.value,
        "card": known["uuid"] if known else None,
    }
    outcome = Outcome.SUCCESS if status.accepted else Outcome.REFUSED
    return replace(audit, outcome=outcome, subject=subject, detail=detail)
