"""One history a card: what came for it from the EHR and what was decided on the page.

A card that nobody answered is unanswered; it never counts as dismissed. A decision on a case speaks of the cards of
the answer it was made on that the case is about: the floor's and the model's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import RowMapping, and_, or_, select

from cds_service.ledger.database import Tx
from cds_service.ledger.records import CardKind
from cds_service.ledger.tables import answer, card, feedback, review_case, review_record
from cds_service.review.errors import NoSuchCase
from cds_service.review.reasons import SYSTEM_OF
from cds_service.review.rows import case_of, cases, shown
from cds_service.review.values import ReviewCase, Verdict

MAX_ANSWERS = 50
"""Most answers of one case that are told, the newest first."""

ABOUT_TRIAGE = frozenset({CardKind.FLOOR, CardKind.AI})


class Source(StrEnum):
    """Where somebody answered a card."""

    EHR = "ehr"
    PAGE = "page"


class Answered(StrEnum):
    """What became of a card."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, kw_only=True)
class Response:
    """One answer to a card, by our clock. `account`: who, where it came from the page. The reason is a code or None."""

    source: Source
    outcome: Answered
    at: datetime
    account: str | None = None
    reason_system: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class CardHistory:
    """A card with every response to it, in order of time."""

    card: str
    answer: str
    kind: CardKind
    rules: tuple[str, ...]
    shown_at: datetime
    responses: tuple[Response, ...]

    @property
    def outcome(self) -> Answered:
        """What the last response says; unanswered without one."""
        return self.responses[-1].outcome if self.responses else Answered.UNANSWERED


def of_case(tx: Tx, case: ReviewCase) -> tuple[CardHistory, ...]:
    """The cards of every answer that opened or joined `case`, newest answer first."""
    until = [] if case.decided_at is None else [answer.c.created_at <= case.decided_at]
    joined = and_(answer.c.subject == case.subject, answer.c.created_at >= case.opened_at, *until)
    found = select(answer.c.id).where(or_(joined, answer.c.id == case.answer))
    newest = tx.execute(found.order_by(answer.c.created_at.desc(), answer.c.id).limit(MAX_ANSWERS)).scalars()
    return of_answers(tx, list(newest))


def of_answers(tx: Tx, answers: list[str]) -> tuple[CardHistory, ...]:
    """The cards of `answers`, in that order and as they were shown."""
    found = (
        select(card.c.uuid, card.c.answer, card.c.kind, card.c.rules, answer.c.created_at)
        .join(answer, answer.c.id == card.c.answer)
        .where(card.c.answer.in_(answers))
        .order_by(card.c.position)
    )
    rows = sorted(tx.execute(found).mappings(), key=lambda row: answers.index(row["answer"]))
    given = _from_ehr(tx, answers)
    decided = _from_page(tx, answers)
    return tuple(_history(row, given.get(row["uuid"], []), decided.get(row["answer"], [])) for row in rows)


def case_of_answer(tx: Tx, answer_id: str, *, quiet: timedelta) -> ReviewCase:
    """The case that people see for an answer: that which it opened or joined, or one decided within `quiet` before.

    Raises NoSuchCase.
    """
    told = tx.execute(select(answer.c.subject, answer.c.created_at).where(answer.c.id == answer_id)).one_or_none()
    if told is None or told.subject is None:
        raise NoSuchCase
    found = (
        cases()
        .where(
            review_case.c.subject == told.subject,
            review_case.c.opened_at <= told.created_at,
            or_(review_case.c.decided_at.is_(None), review_case.c.decided_at >= told.created_at - quiet),
            shown(),
        )
        .order_by(review_case.c.opened_at.desc())
        .limit(1)
    )
    row = tx.execute(found).mappings().one_or_none()
    if row is None:
        raise NoSuchCase
    return case_of(row)


def _history(row: RowMapping, given: Iterable[Response], decided: Iterable[RowMapping]) -> CardHistory:
    kind = CardKind(row["kind"])
    responses = [*given, *(_response(record, kind) for record in decided if kind in ABOUT_TRIAGE)]
    return CardHistory(
        card=row["uuid"],
        answer=row["answer"],
        kind=kind,
        rules=tuple(row["rules"]),
        shown_at=row["created_at"],
        responses=tuple(sorted(responses, key=lambda response: response.at)),
    )


def _from_ehr(tx: Tx, answers: list[str]) -> dict[str, list[Response]]:
    found = select(feedback).join(card, card.c.uuid == feedback.c.card).where(card.c.answer.in_(answers))
    by_card: dict[str, list[Response]] = {}
    for row in tx.execute(found).mappings():
        told = Response(
            source=Source.EHR,
            outcome=Answered(row["outcome"]),
            at=row["received_at"],
            reason_system=row["reason_system"],
            reason_code=row["reason_code"],
        )
        by_card.setdefault(row["card"], []).append(told)
    return by_card


def _from_page(tx: Tx, answers: list[str]) -> dict[str, list[RowMapping]]:
    found = select(review_record).where(review_record.c.answer.in_(answers))
    by_answer: dict[str, list[RowMapping]] = {}
    for row in tx.execute(found).mappings():
        by_answer.setdefault(row["answer"], []).append(row)
    return by_answer


def _response(record: RowMapping, kind: CardKind) -> Response:
    """What a decision says of a card. Who words the assessment anew and keeps the priority accepts the floor."""
    verdict = Verdict(record["verdict"])
    kept = verdict is Verdict.CHANGE and kind is CardKind.FLOOR and record["priority"] == record["system_priority"]
    return Response(
        source=Source.PAGE,
        outcome=Answered.ACCEPTED if kept or verdict is Verdict.CONFIRM else Answered.OVERRIDDEN,
        at=record["decided_at"],
        account=record["account"],
        reason_system=SYSTEM_OF.get(record["reason"] or ""),
        reason_code=record["reason"],
    )
