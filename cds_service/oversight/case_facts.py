"""What is counted of cases and decisions. A decision holds grades, codes and seconds, never who decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_case, review_event, review_record
from cds_service.review.states import Informing, Reviewing
from cds_service.review.values import SHADOW, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionFact:
    """One decision. `system`: floor and model together. `given`: by the clinician, None where they dismissed it."""

    verdict: Verdict
    role: Role
    floor: Priority
    system: Priority
    model: Priority | None
    given: Priority | None
    reason: str | None
    edited: bool
    review_s: float | None
    turn_round_s: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFact:
    """One case that was opened.

    `asked`: a clinician was to decide it. `told`: a physician was called for. `answered_s`: from the call to the
    answer, None where there was no call or no answer.
    """

    floor: Priority
    priority: Priority
    asked: bool
    decided: bool
    told: bool
    escalated: bool
    answered_s: float | None


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """Cases opened and decisions made in one span, those of the shadow stage apart."""

    cases: tuple[CaseFact, ...] = ()
    decisions: tuple[DecisionFact, ...] = ()
    shadow_cases: int = 0
    unreadable: int = 0
    decided_answers: frozenset[str] = frozenset()


def cases_between(tx: Tx, start: datetime, end: datetime) -> CaseFacts:
    """What was opened and what was decided from `start` to before `end`."""
    told = _told(tx, start, end)
    opened = select(
        *(review_case.c[name] for name in ("id", "floor", "priority", "stage", "reviewing", "informing"))
    ).where(review_case.c.opened_at >= start, review_case.c.opened_at < end)
    decided = select(review_record).where(review_record.c.decided_at >= start, review_record.c.decided_at < end)
    cases, decisions, answers = [], [], set()
    shadow = unreadable = 0
    for row in tx.execute(opened).mappings():
        shadow += row["stage"] == SHADOW
        try:
            cases += [_case(row, told[row["id"]])] if row["stage"] != SHADOW else []
        except (ValueError, TypeError):
            unreadable += 1
    for row in tx.execute(decided).mappings():
        try:
            decisions += [_decision(row)] if row["stage"] != SHADOW else []
            answers.add(row["answer"])
        except (ValueError, TypeError):
            unreadable += 1
    return CaseFacts(
        cases=tuple(cases),
        decisions=tuple(decisions),
        shadow_cases=shadow,
        unreadable=unreadable,
        decided_answers=frozenset(answers),
    )


def _told(tx: Tx, start: datetime, end: datetime) -> defaultdict[str, list[tuple[str, datetime]]]:
    """By case: the states of the physician's track, in order, each with its time."""
    names = [state.value for state in Informing]
    wanted = (
        select(review_event.c.case, review_event.c.after, review_event.c.at)
        .join(review_case, review_case.c.id == review_event.c.case)
        .where(review_case.c.opened_at >= start, review_case.c.opened_at < end, review_event.c.after.in_(names))
        .order_by(review_event.c.case, review_event.c.seq)
    )
    found: defaultdict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for row in tx.execute(wanted):
        found[row.case].append((row.after, row.at))
    return found


def _case(row: RowMapping, track: Sequence[tuple[str, datetime]]) -> CaseFact:
    called = next((at for state, at in track if state in {Informing.DUE, Informing.NOTIFIED}), None)
    reviewing = Reviewing(row["reviewing"])
    answered = next((at for state, at in track if state == Informing.ACKNOWLEDGED), None)
    return CaseFact(
        floor=Priority(row["floor"]),
        priority=Priority(row["priority"]),
        asked=reviewing not in {Reviewing.OPENED, Reviewing.LAPSED},
        decided=reviewing.decided,
        told=Informing(row["informing"]) is not Informing.NOT_NEEDED,
        escalated=any(state == Informing.ESCALATED for state, _ in track),
        answered_s=_seconds((answered - called).total_seconds()) if called and answered else None,
    )


def _decision(row: RowMapping) -> DecisionFact:
    return DecisionFact(
        verdict=Verdict(row["verdict"]),
        role=Role(row["role"]),
        floor=Priority(row["floor"]),
        system=Priority(row["system_priority"]),
        model=_priority(row["model_priority"]),
        given=_priority(row["priority"]) if row["verdict"] != Verdict.DISMISS else None,
        reason=row["reason"],
        edited=bool(row["edited"]),
        review_s=_seconds(row["review_s"]),
        turn_round_s=_seconds(row["turn_round_s"]),
    )


def _priority(value: int | None) -> Priority | None:
    return None if value is None else Priority(value)


def _seconds(value: float | None) -> float | None:
    """None for a negative time: the clock was set back between its two ends."""
    return None if value is None or value < 0 else value
