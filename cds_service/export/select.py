"""Which reviewed cases an order takes, and what the ledger knows of each. Nothing is opened here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, select

from cds_service.domain import Priority
from cds_service.export.left_out import Reason
from cds_service.export.values import Counts, Order
from cds_service.inference.jobs import JobState
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import answer, card, feedback, job, review_case, review_record, vault_item
from cds_service.review.values import SHADOW, Verdict


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One decided case of an order.

    `snapshot` and `notes`: ids of sealed items, `snapshot` None once either is past its retention. `comments`: ids of
    sealed comments of its cards. `kinds`: of its cards, `outcomes` and `reasons`: of their feedback.
    """

    case: str
    answer: str
    subject: str
    snapshot: str | None
    notes: str
    verdict: Verdict
    priority: Priority | None
    system_priority: Priority
    model_priority: Priority | None
    reason: str | None
    edited: bool
    confidence: int | None
    role: str
    decided_at: datetime
    floor: Priority
    assessment: Mapping[str, object] | None
    passages: tuple[str, ...]
    rules: tuple[str, ...]
    versions: Mapping[str, str]
    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()

    @property
    def given(self) -> Priority:
        """The clinician's priority; a dismissed case has the lowest."""
        return Priority.LOW if self.priority is None else self.priority


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What an order takes, in a fixed order, and why others in its scope are left out."""

    chosen: tuple[Chosen, ...]
    left_out: Mapping[Reason, int]

    def counts(self) -> Counts:
        """For people."""
        return Counts(
            cases=len(self.chosen),
            subjects=len({c.subject for c in self.chosen}),
            by_priority=_ordered(Counter(c.given.label for c in self.chosen)),
            by_verdict=_ordered(Counter(c.verdict.value for c in self.chosen)),
            left_out=_ordered(Counter({r.value: n for r, n in self.left_out.items()})),
        )


def selected(tx: Tx, order: Order, opted_out: frozenset[str], now: datetime) -> Selection:
    """The cases of `order`, read in one transaction."""
    chosen: list[Chosen] = []
    left: Counter[Reason] = Counter()
    shown = _cards(tx, order)
    for row in tx.execute(_decided(order, now)).mappings():
        found = _chosen(dict(row), shown.get(row["answer"], _Shown()))
        if not _in_scope(found, order):
            continue
        reason = _reason(found, opted_out)
        if reason is None:
            chosen.append(found)
        else:
            left[reason] += 1
    return Selection(chosen=tuple(chosen), left_out=dict(left))


def _reason(found: Chosen, opted_out: frozenset[str]) -> Reason | None:
    if found.subject in opted_out:
        return Reason.OPTED_OUT
    if found.verdict is Verdict.DISMISS:
        return Reason.DISMISSED
    return Reason.PAST_RETENTION if found.snapshot is None else None


def _in_scope(found: Chosen, order: Order) -> bool:
    scope = order.scope
    return (
        (not scope.verdicts or found.verdict in scope.verdicts)
        and (not scope.priorities or found.given in scope.priorities)
        and (not scope.cards or bool(set(found.kinds) & {k.value for k in scope.cards}))
        and (not scope.outcomes or bool(set(found.outcomes) & {o.value for o in scope.outcomes}))
    )


def _decided(order: Order, now: datetime) -> Select[tuple[object, ...]]:
    kept = vault_item.alias("chart")
    written = vault_item.alias("written")
    return (
        select(
            review_record,
            review_case.c.subject,
            answer.c.floor.label("answer_floor"),
            answer.c.assessment,
            answer.c.passages,
            answer.c.findings,
            answer.c.versions,
            kept.c.id.label("chart"),
            written.c.id.label("written"),
            job.c.result.label("drafted"),
        )
        .join(review_case, review_case.c.id == review_record.c.case)
        .join(answer, answer.c.id == review_record.c.answer)
        .outerjoin(kept, and_(kept.c.id == answer.c.snapshot, kept.c.expires_at > now))
        .outerjoin(job, and_(job.c.id == review_case.c.job, job.c.state == JobState.READY.value))
        .outerjoin(written, and_(written.c.id == review_record.c.notes, written.c.expires_at > now))
        .where(
            review_record.c.decided_at >= order.scope.since,
            review_record.c.decided_at < order.scope.until,
            review_record.c.stage != SHADOW,
        )
        .order_by(review_record.c.decided_at, review_record.c.case)
    )


@dataclass
class _Shown:
    kinds: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


def _cards(tx: Tx, order: Order) -> dict[str, _Shown]:
    """What was shown with each answer of the order, and what came back for it."""
    wanted = select(review_record.c.answer).where(
        review_record.c.decided_at >= order.scope.since, review_record.c.decided_at < order.scope.until
    )
    statement = (
        select(card.c.answer, card.c.uuid, card.c.kind, feedback.c.outcome, feedback.c.reason_code, feedback.c.comment)
        .outerjoin(feedback, feedback.c.card == card.c.uuid)
        .where(card.c.answer.in_(wanted))
        .order_by(card.c.answer, card.c.position, feedback.c.received_at, feedback.c.id)
    )
    shown: dict[str, _Shown] = {}
    seen: set[str] = set()
    for row in tx.execute(statement).mappings():
        one = shown.setdefault(row["answer"], _Shown())
        if row["uuid"] not in seen:
            seen.add(row["uuid"])
            one.kinds += (row["kind"],)
        if row["outcome"] is not None:
            one.outcomes += (row["outcome"],)
            one.reasons += (row["reason_code"],) if row["reason_code"] else ()
            one.comments += (row["comment"],) if row["comment"] else ()
    return shown


def _chosen(get: Mapping[str, object], shown: _Shown) -> Chosen:
    return Chosen(
        case=str(get["case"]),
        answer=str(get["answer"]),
        subject=str(get["subject"]),
        snapshot=None if get["chart"] is None or get["written"] is None else str(get["chart"]),
        notes=str(get["notes"]),
        verdict=Verdict(str(get["verdict"])),
        priority=_priority(get["priority"]),
        system_priority=_priority(get["system_priority"]) or Priority.LOW,
        model_priority=_priority(get["model_priority"]),
        reason=None if get["reason"] is None else str(get["reason"]),
        edited=bool(get["edited"]),
        confidence=get["confidence"],  # type: ignore[arg-type]
        role=str(get["role"]),
        decided_at=get["decided_at"],  # type: ignore[arg-type]
        floor=_priority(get["answer_floor"]) or Priority.LOW,
        assessment=_draft(get),
        passages=tuple(p["id"] for p in _listed(get["passages"])),
        rules=tuple(dict.fromkeys(f["rule"] for f in _listed(get["findings"]))),
        versions=get["versions"],  # type: ignore[arg-type]
        kinds=shown.kinds,
        outcomes=shown.outcomes,
        reasons=shown.reasons,
        comments=shown.comments,
    )


def _draft(get: Mapping[str, object]) -> Mapping[str, object] | None:
    """The assessment that the clinician saw: of the case's job, or what the answer recorded once that is purged."""
    if get["drafted"] is not None:
        draft: Mapping[str, object] = json.loads(str(get["drafted"]))["draft"]
        return draft
    recorded = get["assessment"]
    return recorded if isinstance(recorded, Mapping) else None


def _priority(value: object) -> Priority | None:
    return None if value is None else Priority(int(str(value)))


def _listed(value: object) -> Sequence[Mapping[str, str]]:
    return value if isinstance(value, list) else ()


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
