"""What an answer of the hook, or a worker's draft, does to the cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from cds_service import codec
from cds_service.domain import Assessment, AssessmentStatus, Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import job as job_table
from cds_service.ledger.tables import review_case
from cds_service.review.moves import By, Move, apply, create, may_follow
from cds_service.review.opening import Opening
from cds_service.review.rows import case_of, cases, still_open
from cds_service.review.states import DECIDED, Assessing, Informing, Reviewing
from cds_service.review.values import SHADOW, ReviewCase

NEWER = "newer-chart"
ANSWER = "answer"
ASSESSED = "assessment"
WORKER = By(actor="worker")


class Arrivals:
    """`least`: priority from which an answer asks for a nurse. `quiet`: how long a decision answers the same."""

    def __init__(self, *, least: Priority, quiet: timedelta) -> None:
        self._least = least
        self._quiet = quiet

    def answer(self, tx: Tx, opening: Opening, now: datetime) -> ReviewCase | None:
        """The case that the answer opened or joined, None when it needs none."""
        case = _newest_open(tx, opening.subject)
        if case is not None:
            return self._join(tx, case, opening, now)
        asks = opening.asks(self._least)
        if not (asks or opening.may_ask()) or self._is_quiet(tx, opening, now):
            return None
        case = _new_case(opening, now)
        by = By(actor=opening.client)
        create(tx, case, waits_since=opening.data_at or now, why=ANSWER, by=by)
        moves = self._moves(case, opening)
        return apply(tx, case, moves, by=by, now=now) if moves else case

    def draft(self, tx: Tx, job_id: str, status: AssessmentStatus, now: datetime) -> tuple[ReviewCase, ...]:
        """A worker finished `job_id`: the open cases that rest on it, as they stand then.

        A decision that did not wait for a draft that is graver does not speak for it: that is a case of its own.
        """
        found = cases().where(review_case.c.job == job_id).order_by(review_case.c.opened_at.desc())
        resting = [case_of(row) for row in tx.execute(found).mappings()]
        given = _model_priority(tx, job_id) if resting and status is AssessmentStatus.READY else None
        to = Assessing(status.value)
        moved = [drafted(tx, case, to, given, now) for case in resting if case.reviewing.open]
        before = [case for case in resting if given is not None and _came_before(case, given)]
        moved += (
            drafted(tx, _opened_again(tx, case, now), to, given, now)
            for case in before
            if _newest_open(tx, case.subject) is None
        )
        return tuple(moved)

    def _join(self, tx: Tx, case: ReviewCase, opening: Opening, now: datetime) -> ReviewCase:
        """A further answer of the patient: it may raise the case and never lowers it.

        A chart that was merely opened again changes nothing, so that nobody's decision becomes stale by it.
        """
        leaves_shadow = case.stage == SHADOW and opening.stage != SHADOW
        drafted = opening.job == case.job and opening.status.value != case.assessing.value
        if not (opening.newer_than(case) or opening.priority > case.priority or drafted or leaves_shadow):
            return case
        changes = {
            "stage": opening.stage if leaves_shadow else case.stage,
            "opened_at": now if leaves_shadow else case.opened_at,  # in shadow nobody could see that it waits
            "answer": opening.answer,
            "snapshot": opening.snapshot,
            "job": opening.job,
            "floor": max(case.floor, opening.floor),
            "model_priority": opening.model_priority,
            "topics": opening.topics if opening.floor >= case.floor else case.topics,
            "states": tuple(dict.fromkeys([*opening.states, *case.states])),
            "data_at": opening.data_at,
            "location": opening.location or case.location,
        }
        moves = self._moves(case, opening)
        return apply(tx, case, moves, by=By(actor=opening.client), now=now, counts=True, **changes)

    def _moves(self, case: ReviewCase, opening: Opening) -> list[Move]:
        """What `opening` does on each track of `case`."""
        moves: list[Move] = []
        assessing = Assessing(opening.status.value)
        if assessing is not case.assessing:
            moves.append(Move(to=assessing, why=NEWER, anew=True))
        if opening.priority > case.priority:
            moves.append(Move(to=opening.priority, why=NEWER))
        if case.reviewing is Reviewing.OPENED:
            if opening.asks(self._least):
                moves.append(Move(to=Reviewing.AWAITING, why=ANSWER))
            elif not opening.may_ask():
                moves.append(Move(to=Reviewing.LAPSED, why=NEWER))
        due = Move(to=Informing.DUE, why=ANSWER)
        seen = not case.stage == opening.stage == SHADOW
        urgent = max(case.priority, opening.priority) >= Priority.HIGH and seen
        if urgent and (case.informing is Informing.NOT_NEEDED or opening.alarms_anew(case)) and may_follow(case, due):
            moves.append(due)
        return moves

    def _is_quiet(self, tx: Tx, opening: Opening, now: datetime) -> bool:
        """Whether a clinician decided the same lately."""
        lately = cases().where(
            review_case.c.subject == opening.subject,
            review_case.c.reviewing.in_([state.value for state in DECIDED]),
            review_case.c.decided_at > now - self._quiet,
        )
        return any(opening.tells_again(case_of(row)) for row in tx.execute(lately).mappings())


def _newest_open(tx: Tx, subject: str) -> ReviewCase | None:
    found = cases().where(review_case.c.subject == subject, still_open())
    row = tx.execute(found.order_by(review_case.c.opened_at.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else case_of(row)


def _new_case(opening: Opening, now: datetime) -> ReviewCase:
    return ReviewCase(
        id=new_id("case"),
        subject=opening.subject,
        client=opening.client,
        answer=opening.answer,
        snapshot=opening.snapshot,
        job=opening.job,
        floor=opening.floor,
        priority=opening.priority,
        assessing=Assessing(opening.status.value),
        reviewing=Reviewing.OPENED,
        informing=Informing.NOT_NEEDED,
        topics=opening.topics,
        data_at=opening.data_at,
        opened_at=now,
        changed_at=now,
        version=1,
        stage=opening.stage,
        states=opening.states,
        model_priority=opening.model_priority,
        location=opening.location,
    )


def drafted(tx: Tx, case: ReviewCase, to: Assessing, given: Priority | None, now: datetime) -> ReviewCase:
    """`case` after its draft. Only a draft that can be read makes a decision stale."""
    drafted = Move(to=to, why=ASSESSED)
    if not may_follow(case, drafted):
        return case
    moves = [drafted]
    risen = given if given is not None and given > case.priority else None
    if risen is not None:
        moves.append(Move(to=risen, why=ASSESSED))
    if case.reviewing is Reviewing.OPENED:
        moves.append(Move(to=Reviewing.AWAITING if to is Assessing.READY else Reviewing.LAPSED, why=ASSESSED))
    due = Move(to=Informing.DUE, why=ASSESSED)
    if risen is not None and risen >= Priority.HIGH and case.stage != SHADOW and may_follow(case, due):
        moves.append(due)
    return apply(tx, case, moves, by=WORKER, now=now, counts=to is Assessing.READY, model_priority=given)


def _came_before(case: ReviewCase, given: Priority) -> bool:
    """Whether `case` was decided without a draft that is graver than what it said and was decided."""
    unseen = may_follow(case, Move(to=Assessing.READY, why=ASSESSED))
    return case.reviewing.decided and unseen and given > max(case.priority, case.urgency)


def _opened_again(tx: Tx, decided: ReviewCase, now: datetime) -> ReviewCase:
    """A new case on the chart of `decided`, to which its draft comes."""
    case = replace(
        decided,
        id=new_id("case"),
        assessing=Assessing.PENDING,
        reviewing=Reviewing.OPENED,
        informing=Informing.NOT_NEEDED,
        opened_at=now,
        changed_at=now,
        version=1,
        decided_at=None,
        decided_by=None,
        decided_priority=None,
    )
    create(tx, case, waits_since=now, why=ASSESSED, by=WORKER)
    return case


def _model_priority(tx: Tx, job_id: str) -> Priority | None:
    result = tx.execute(select(job_table.c.result).where(job_table.c.id == job_id)).scalar()
    return None if result is None else codec.decode(Assessment, result).draft.priority
