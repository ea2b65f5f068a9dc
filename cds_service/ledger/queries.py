"""Reading the ledger: answers with their cards and the feedback that was joined to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import RowMapping, Select, select

from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.records import (
    CardKind,
    CardRecord,
    FeedbackOutcome,
    StoredAnswer,
    StoredCard,
    StoredFeedback,
    canonical_uuid,
)
from cds_service.ledger.tables import answer, card, feedback


def recent_answers(tx: Tx, *, limit: int) -> tuple[StoredAnswer, ...]:
    """The newest answers first, at most `limit`."""
    rows = tx.execute(select(answer).order_by(answer.c.created_at.desc(), answer.c.id).limit(limit)).mappings()
    return _load(tx, rows.all())


def answer_by_id(tx: Tx, answer_id: str) -> StoredAnswer | None:
    """The answer with that id, None when there is none."""
    found = _load(tx, tx.execute(select(answer).where(answer.c.id == answer_id)).mappings().all())
    return found[0] if found else None


def feedback_for(tx: Tx, card_uuid: str) -> tuple[StoredFeedback, ...]:
    """The feedback for one card, in order of receipt."""
    known = canonical_uuid(card_uuid)
    return _feedback(tx, select(feedback).where(feedback.c.card == known))[known] if known else ()


def dismissed_states(tx: Tx, *, subject: str, user_key: str, since: datetime) -> frozenset[str]:
    """States of the care gaps of `subject` whose card this user dismissed after `since`."""
    statement = (
        select(card.c.states)
        .join(answer, answer.c.id == card.c.answer)
        .join(feedback, feedback.c.card == card.c.uuid)
        .where(
            answer.c.subject == subject,
            answer.c.user_key == user_key,
            card.c.kind == CardKind.CARE_GAP.value,
            feedback.c.outcome == FeedbackOutcome.OVERRIDDEN.value,
            feedback.c.received_at >= since,
        )
    )
    return frozenset(state for states in tx.execute(statement).scalars() for state in states)


def _load(tx: Tx, rows: Sequence[RowMapping]) -> tuple[StoredAnswer, ...]:
    ids = [row["id"] for row in rows]
    shown = select(card).where(card.c.answer.in_(ids)).order_by(card.c.answer, card.c.position)
    given = _feedback(tx, select(feedback).join(card, card.c.uuid == feedback.c.card).where(card.c.answer.in_(ids)))
    cards: dict[str, list[StoredCard]] = defaultdict(list)
    for row in tx.execute(shown).mappings():
        cards[row["answer"]].append(StoredCard(card=_card(row), feedback=given[row["uuid"]]))
    return tuple(_answer(row, cards[row["id"]]) for row in rows)


def _feedback(tx: Tx, statement: Select[*tuple[object, ...]]) -> defaultdict[str, tuple[StoredFeedback, ...]]:
    by_card: defaultdict[str, tuple[StoredFeedback, ...]] = defaultdict(tuple)
    for row in tx.execute(statement.order_by(feedback.c.received_at, feedback.c.outcome_at)).mappings():
        by_card[row["card"]] += (
            StoredFeedback(
                id=row["id"],
                card=row["card"],
                outcome=FeedbackOutcome(row["outcome"]),
                outcome_at=row["outcome_at"],
                received_at=row["received_at"],
                suggestions=tuple(row["suggestions"]),
                reason_system=row["reason_system"],
                reason_code=row["reason_code"],
                comment=row["comment"],
            ),
        )
    return by_card


def _card(row: RowMapping) -> CardRecord:
    return CardRecord(
        uuid=row["uuid"],
        kind=CardKind(row["kind"]),
        indicator=row["indicator"],
        suggestions=tuple(row["suggestions"]),
        rules=tuple(row["rules"]),
        passages=tuple(row["passages"]),
        evidence=tuple(row["evidence"]),
        states=tuple(row["states"]),
    )


def _answer(row: RowMapping, cards: Iterable[StoredCard]) -> StoredAnswer:
    same = ("id", "service", "hook", "hook_instance", "client", "subject", "snapshot", "job", "assessment")
    return StoredAnswer(
        **{name: row[name] for name in (*same, "versions", "timings_ms", "created_at", "stage")},
        priority=Priority(row["priority"]),
        floor=Priority(row["floor"]),
        status=AssessmentStatus(row["status"]),
        reasons=tuple(row["reasons"]),
        findings=tuple(row["findings"]),
        shadowed=tuple(row["shadowed"]),
        passages=tuple(row["passages"]),
        not_evaluated=tuple(row["not_evaluated"]),
        cards=tuple(cards),
    )
