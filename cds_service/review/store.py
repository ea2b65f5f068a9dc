"""The review: what opens, who looks, what is decided. One object for the hook, the worker, the notifier and the pages.

Methods that end in ``_in`` join the caller's transaction, the others open their own. None of them waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from cds_service.accounts.roles import Member, Role
from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.tables import review_event
from cds_service.ledger.vault import Vault
from cds_service.review import history, identities
from cds_service.review.arrivals import Arrivals
from cds_service.review.deciding import Deciding
from cds_service.review.history import CardHistory
from cds_service.review.looks import Looks
from cds_service.review.moves import By, Move, apply
from cds_service.review.opening import Opening
from cds_service.review.people import name_in_force
from cds_service.review.permissions import check_may_acknowledge, check_may_see, check_role_may_see
from cds_service.review.queue import Show, queue_page
from cds_service.review.rows import case_by_id
from cds_service.review.states import Informing
from cds_service.review.values import CaseEvent, Decision, QueuePage, ReviewCase, Sight, Signed
from cds_service.settings import Settings


class Reviews:
    """The cases of one database. Safe for threads: it holds no connection."""

    def __init__(self, database: Database, vault: Vault, *, settings: Settings) -> None:
        self._database = database
        self._vault = vault
        self._quiet = timedelta(hours=settings.review_quiet_hours)
        self._arrivals = Arrivals(least=Priority.parse(settings.review_from), quiet=self._quiet)
        self._looks = Looks(idle=timedelta(minutes=settings.idle_minutes))
        self._deciding = Deciding(vault, self._looks, retention=timedelta(days=settings.vault_retention_days))

    # -- what comes in ---------------------------------------------------------------------------------------------

    def opened_in(self, tx: Tx, opening: Opening, now: datetime) -> ReviewCase | None:
        """The case that an answer opened or joined, None when it needs none.

        One that stands at `Informing.DUE` wants its physician told, in the same transaction.
        """
        return self._arrivals.answer(tx, opening, now)

    def assessed_in(self, tx: Tx, job_id: str, status: AssessmentStatus, now: datetime) -> tuple[ReviewCase, ...]:
        """A worker finished `job_id`, whose result stands in its table. Returns the open cases that rest on it."""
        return self._arrivals.draft(tx, job_id, status, now)

    # -- the pages -------------------------------------------------------------------------------------------------

    def queue(
        self, now: datetime, *, show: Show = "waiting", page: int = 1, per_page: int = 25, role: Role
    ) -> QueuePage:
        """One page of the queue, as it stands `now`. Raises NotPermitted."""
        check_role_may_see(role)
        with self._database.transaction(write=False) as tx:
            return queue_page(tx, show=show, page=page, per_page=per_page, at=now)

    def get(self, case_id: str) -> ReviewCase:
        """The case with that id. Raises NoSuchCase."""
        with self._database.transaction(write=False) as tx:
            return case_by_id(tx, case_id)

    def get_by_answer(self, answer_id: str) -> ReviewCase:
        """The case that an answer opened or joined, or that told the same shortly before. Raises NoSuchCase."""
        with self._database.transaction(write=False) as tx:
            return history.case_of_answer(tx, answer_id, quiet=self._quiet)

    def look(self, case_id: str, member: Member, now: datetime) -> Sight:
        """`member` has the case open: noted, and who else has. Call it again while the page stands open."""
        check_may_see(member)
        with self._database.transaction(write=False) as tx:
            case = case_by_id(tx, case_id)
            others = self._looks.others(tx, case_id, member, now)
            due = self._looks.is_due(tx, case_id, member, now)
        if due:
            with self._database.transaction() as tx:
                self._looks.note(tx, case, member, now)
        return Sight(case=case, people=others)

    def chart(self, case: ReviewCase, member: Member, now: datetime) -> dict[str, Any]:
        """The identified chart that the case rests on. Audited. Raises NotPermitted, VaultError."""
        check_may_see(member)
        detail = {"reason": "review", "case": case.id}
        audit = AuditEvent(kind=EventKind.VAULT_READ, actor=member.actor, detail=detail)
        with self._database.transaction() as tx:
            return self._vault.read_snapshot(tx, case.snapshot, now=now, audit=audit)

    def charts(self, cases: Sequence[ReviewCase], member: Member, now: datetime) -> dict[str, dict[str, Any]]:
        """The identified charts of a page of the queue, by id of the case; one that is past its retention is left out.

        Audited, each by itself. Raises NotPermitted.
        """
        check_may_see(member)
        with self._database.transaction() as tx:
            return identities.charts(tx, self._vault, cases, member, now)

    def decide(self, case_id: str, decision: Decision, member: Member, now: datetime) -> ReviewCase:
        """Take a decision whole, or refuse it whole. Raises NoSuchCase, NotPermitted, Stale, Incomplete, StoreError."""
        with self._database.transaction() as tx:
            return self._deciding.decide(tx, case_id, decision, member, now)

    def acknowledged(self, case_id: str, member: Member, now: datetime) -> ReviewCase:
        """A physician has taken notice. Once more changes nothing. Raises NoSuchCase, NotPermitted."""
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            check_may_see(member)
            case = case_by_id(tx, case_id)
            if case.informing is Informing.ACKNOWLEDGED:
                return case
            check_may_acknowledge(case, member)
            move = Move(to=Informing.ACKNOWLEDGED, why="acknowledged")
            return apply(tx, case, [move], by=By.member(member), now=now)

    def signed(self, case: ReviewCase, member: Member, now: datetime) -> Signed | None:
        """What was signed on the case, None while it is not decided. Audited. Raises NotPermitted, VaultError."""
        with self._database.transaction() as tx:
            return self._deciding.signed(tx, case, member, now)

    def history(self, case_id: str) -> tuple[CaseEvent, ...]:
        """Every transition of the case, in order."""
        found = select(review_event).where(review_event.c.case == case_id).order_by(review_event.c.seq)
        with self._database.transaction(write=False) as tx:
            rows = tx.execute(found).mappings().all()
        return tuple(CaseEvent(**{name: value for name, value in row.items() if name != "case"}) for row in rows)

    def card_history(self, case: ReviewCase) -> tuple[CardHistory, ...]:
        """One history for each card of the case: what came from the EHR and what was decided here."""
        with self._database.transaction(write=False) as tx:
            return history.of_case(tx, case)

    def answer_history(self, answer_id: str) -> tuple[CardHistory, ...]:
        """The same for the cards of one answer."""
        with self._database.transaction(write=False) as tx:
            return history.of_answers(tx, [answer_id])
