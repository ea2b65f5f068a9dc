"""A decision: judged, sealed, recorded and audited in one transaction, or refused whole."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select

from cds_service import codec
from cds_service.accounts.roles import Member, Role
from cds_service.domain import Priority
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_record
from cds_service.ledger.vault import ItemKind, Vault
from cds_service.review.errors import Incomplete, Stale
from cds_service.review.looks import Looks
from cds_service.review.moves import CHANGED, By, Move, apply, may_follow
from cds_service.review.people import name_in_force
from cds_service.review.permissions import check_may_see, check_may_take
from cds_service.review.required import given_priority, problems
from cds_service.review.rows import case_by_id
from cds_service.review.states import Informing, Reviewing
from cds_service.review.values import Decision, ReviewCase, Signed, Verdict

TO: dict[Verdict, Reviewing] = {
    Verdict.CONFIRM: Reviewing.CONFIRMED,
    Verdict.CHANGE: Reviewing.CHANGED,
    Verdict.DISMISS: Reviewing.DISMISSED,
}
"""Where each verdict leads."""

DECIDED = "decided"


def _must_be_told(case: ReviewCase, given: Priority) -> bool:
    """Whether a physician must hear of `given`: of what is urgent, and again of what is graver than they were told."""
    anew = case.informing is Informing.NOT_NEEDED or given > case.priority
    return given >= Priority.HIGH and anew and may_follow(case, Move(to=Informing.DUE, why=DECIDED))


class Deciding:
    """`retention`: how long the vault keeps what was signed."""

    def __init__(self, vault: Vault, looks: Looks, *, retention: timedelta) -> None:
        self._vault = vault
        self._looks = looks
        self._retention = retention

    def decide(self, tx: Tx, case_id: str, decision: Decision, member: Member, now: datetime) -> ReviewCase:
        """Take `decision`. Raises NoSuchCase, NotPermitted, Stale, Incomplete; then nothing was written."""
        name = name_in_force(tx, member)
        check_may_see(member)
        case = case_by_id(tx, case_id)
        if decision.seen != case.version:
            raise Stale(CHANGED)
        check_may_take(case, decision, member)
        missing = problems(case, decision, name)
        if missing:
            raise Incomplete(missing)
        at = max(now, case.changed_at)
        given = given_priority(case, decision)
        self._record(tx, case, decision, given, member, at)
        by = By.member(member)
        why = DECIDED if decision.reason is None or decision.verdict is not Verdict.DISMISS else decision.reason
        moves = [Move(to=TO[decision.verdict], why=why)]
        if member.role is Role.PHYSICIAN and case.awaits_physician:
            moves.append(Move(to=Informing.ACKNOWLEDGED, why=DECIDED))
        elif given is not None and _must_be_told(case, given):
            moves.append(Move(to=Informing.DUE, why=DECIDED))
        changes = {"decided_at": at, "decided_by": member.account, "decided_priority": given}
        return apply(tx, case, moves, by=by, now=at, counts=True, **changes)

    def signed(self, tx: Tx, case: ReviewCase, member: Member, now: datetime) -> Signed | None:
        """What was signed on `case`, None while it is not decided. Reading it is audited."""
        check_may_see(member)
        row = tx.execute(select(review_record).where(review_record.c.case == case.id)).mappings().one_or_none()
        if row is None:
            return None
        detail = {"reason": "review", "case": case.id}
        audit = AuditEvent(kind=EventKind.VAULT_READ, actor=member.actor, detail=detail)
        sealed = self._vault.read(tx, ItemKind.REVIEW, row["notes"], now=now, audit=audit)
        return codec.decode(Signed, codec.encode(sealed))

    def _record(
        self, tx: Tx, case: ReviewCase, decision: Decision, given: Priority | None, member: Member, at: datetime
    ) -> None:
        reason = decision.reason if decision.verdict is Verdict.DISMISS else None
        signed = Signed(
            case=case.id,
            verdict=decision.verdict,
            priority=given,
            reason=reason,
            notes=decision.notes,
            edited=decision.edited,
            by=member.account,
            name=decision.signature.strip(),
            role=member.role.value,
            at=at,
        )
        item = self._vault.store(
            tx,
            ItemKind.REVIEW,
            subject=case.subject,
            payload=codec.plain(signed),
            now=at,
            expires_at=at + self._retention,
            actor=member.actor,
        )
        row = {
            "case": case.id,
            "answer": case.answer,
            "verdict": decision.verdict.value,
            "floor": int(case.floor),
            "system_priority": int(case.priority),
            "model_priority": None if case.model_priority is None else int(case.model_priority),
            "priority": None if given is None else int(given),
            "reason": reason,
            "edited": decision.edited,
            "confidence": decision.notes.confidence,
            "account": member.account,
            "role": member.role.value,
            "stage": case.stage,
            "decided_at": at,
            "review_s": self._looks.seconds(tx, case.id, member, at),
            "turn_round_s": (at - case.opened_at).total_seconds(),
            "notes": item,
        }
        tx.execute(insert(review_record), row)
