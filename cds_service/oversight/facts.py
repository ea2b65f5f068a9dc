"""What is counted, read from the tables: no ids of patients leave this file but as tokens to count a chart once a day.

A row that is half written or holds what this version does not know is left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from sqlalchemy import RowMapping, select

from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.records import CardKind, FeedbackOutcome
from cds_service.ledger.tables import answer, card, feedback, job
from cds_service.oversight.case_facts import CaseFacts, cases_between
from cds_service.oversight.periods import Span
from cds_service.review.values import SHADOW

_NUMBER = re.compile(r"^\d+ ")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFact:
    """One answer. `chart`: equal for answers about one chart. `total_ms`: of all parts that were measured."""

    id: str
    at: datetime
    chart: str
    floor: Priority
    priority: Priority
    status: AssessmentStatus
    rules: frozenset[str]
    not_evaluated: frozenset[str]
    total_ms: float | None
    shadow: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFact:
    """One card that was shown, and the last word on it from the EHR. `decided`: its case was decided on the page."""

    kind: CardKind
    rules: tuple[str, ...]
    outcome: FeedbackOutcome | None
    reason: str | None
    decided: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFact:
    """One finished job."""

    state: str
    reasons: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that was recorded in one span. `unreadable`: rows left out."""

    answers: tuple[AnswerFact, ...] = ()
    cards: tuple[CardFact, ...] = ()
    jobs: tuple[JobFact, ...] = ()
    reviews: CaseFacts = field(default_factory=CaseFacts)
    unreadable: int = 0
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def visits(self) -> tuple[AnswerFact, ...]:
        """The last answer about each chart on each day that was not in shadow: opened twice, it counts once."""
        last = {(a.chart, a.at.date()): a for a in self.answers if not a.shadow}
        return tuple(last.values())


def read(tx: Tx, span: Span, *, whole: bool = True) -> Facts:
    """Everything of the span: answers given, cases opened and jobs finished in it; feedback whenever it came.

    Not `whole`: without cards and jobs.
    """
    lost: list[str] = []
    versions: dict[str, dict[str, None]] = {}
    answers = _kept(_answer_rows(tx, span), lambda row: _answer(row, versions), lost)
    shadow = {a.id for a in answers if a.shadow}
    reviews = cases_between(tx, span.start, span.end)
    cards: tuple[CardFact, ...] = ()
    jobs: tuple[JobFact, ...] = ()
    if whole:
        words, decided = _last_words(tx, span), reviews.decided_answers
        cards = _kept(_card_rows(tx, span), lambda row: _card(row, words, decided), lost, leave_out=shadow)
        jobs = _kept(_job_rows(tx, span), _job, lost)
    return Facts(
        answers=answers,
        cards=cards,
        jobs=jobs,
        reviews=reviews,
        unreadable=len(lost) + reviews.unreadable,
        versions={name: tuple(values) for name, values in sorted(versions.items())},
    )


def _kept(
    rows: Iterable[RowMapping], make: Callable[[RowMapping], T], lost: list[str], leave_out: Container[str] = ()
) -> tuple[T, ...]:
    made = []
    for row in rows:
        try:
            if leave_out and row["answer"] in leave_out:
                continue
            made.append(make(row))
        except (ValueError, TypeError, KeyError, AttributeError):
            lost.append("row")
    return tuple(made)


def _answer_rows(tx: Tx, span: Span) -> Iterable[RowMapping]:
    names = ("id", "subject", "floor", "priority", "status", "findings", "not_evaluated", "timings_ms", "versions")
    wanted = select(*(answer.c[name] for name in (*names, "created_at", "stage")))
    return tx.execute(
        wanted.where(answer.c.created_at >= span.start, answer.c.created_at < span.end).order_by(answer.c.created_at)
    ).mappings()


def _answer(row: RowMapping, versions: dict[str, dict[str, None]]) -> AnswerFact:
    for name, value in row["versions"].items():
        versions.setdefault(name, {})[str(value)] = None
    return AnswerFact(
        id=row["id"],
        at=row["created_at"],
        chart=row["subject"] or row["id"],
        floor=Priority(row["floor"]),
        priority=Priority(row["priority"]),
        status=AssessmentStatus(row["status"]),
        rules=frozenset(finding["rule"] for finding in row["findings"]),
        not_evaluated=frozenset(_NUMBER.sub("", item["what"]) for item in row["not_evaluated"]),
        total_ms=sum(row["timings_ms"].values()) if row["timings_ms"] else None,
        shadow=row["stage"] == SHADOW,
    )


def _card_rows(tx: Tx, span: Span) -> Iterable[RowMapping]:
    wanted = select(card.c.uuid, card.c.answer, card.c.kind, card.c.rules).join(answer, answer.c.id == card.c.answer)
    return tx.execute(wanted.where(answer.c.created_at >= span.start, answer.c.created_at < span.end)).mappings()


def _last_words(tx: Tx, span: Span) -> dict[str, RowMapping]:
    """The newest feedback on each card: a card may be accepted and later overridden."""
    wanted = (
        select(feedback.c.card, feedback.c.outcome, feedback.c.reason_code)
        .join(card, card.c.uuid == feedback.c.card)
        .join(answer, answer.c.id == card.c.answer)
        .where(answer.c.created_at >= span.start, answer.c.created_at < span.end)
        .order_by(feedback.c.outcome_at, feedback.c.received_at)
    )
    return {row["card"]: row for row in tx.execute(wanted).mappings()}


def _card(row: RowMapping, words: Mapping[str, RowMapping], decided: frozenset[str]) -> CardFact:
    word = words.get(row["uuid"])
    return CardFact(
        kind=CardKind(row["kind"]),
        rules=tuple(row["rules"]),
        outcome=FeedbackOutcome(word["outcome"]) if word else None,
        reason=word["reason_code"] if word else None,
        decided=row["answer"] in decided,
    )


def _job_rows(tx: Tx, span: Span) -> Iterable[RowMapping]:
    wanted = select(job.c.state, job.c.reasons, job.c.queued_at, job.c.finished_at)
    return tx.execute(wanted.where(job.c.finished_at >= span.start, job.c.finished_at < span.end)).mappings()


def _job(row: RowMapping) -> JobFact:
    seconds = (row["finished_at"] - row["queued_at"]).total_seconds()
    if seconds < 0:
        raise ValueError("a job that ended before it was asked for: the clock was set back")
    return JobFact(state=row["state"], reasons=tuple(row["reasons"]), seconds=seconds)
