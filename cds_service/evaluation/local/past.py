"""Answers that the ledger holds, from a shadow week or later: with what clinicians answered and decided.

The ledger says nothing about a person, so groups need the sealed charts: each one that is opened is a vault-read of
the audit chain.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select

from cds_service import codec
from cds_service.domain import Priority
from cds_service.errors import StoreError
from cds_service.evaluation.local.facts import Fact, groups_of, without_numbers
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import utc_text
from cds_service.ledger.records import FeedbackOutcome
from cds_service.ledger.tables import answer, audit_event, card, feedback, review_case
from cds_service.ledger.vault import Vault
from cds_service.terminal import Show
from fhir_mappers.case import Case

STEP = "answers"
ACTOR = "operator"
_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Past:
    """The answers of a time, and the number of days on which there was one."""

    facts: tuple[Fact, ...]
    days: int


def read_past(
    database: Database, since: datetime, until: datetime, show: Show, *, vault: Vault | None, now: datetime
) -> Past:
    """Every answer from `since` to before `until`. With a `vault` the charts are opened, audited, for the groups."""
    within = (answer.c.created_at >= since, answer.c.created_at < until)
    with database.transaction(write=False) as tx:
        ids = list(tx.execute(select(answer.c.id).where(*within).order_by(answer.c.created_at, answer.c.id)).scalars())
        refusals = _refusals(tx, since)
    facts: list[Fact] = []
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        with database.transaction(write=vault is not None) as tx:
            facts += _facts(tx, some, refusals, vault, now)
        show(STEP, min(1.0, (start + _AT_ONCE) / len(ids)))
    return Past(facts=tuple(facts), days=len({fact.day for fact in facts}))


def _facts(
    tx: Tx, ids: Sequence[str], refusals: Mapping[str, str], vault: Vault | None, now: datetime
) -> Iterable[Fact]:
    rows = tx.execute(select(answer).where(answer.c.id.in_(ids))).mappings().all()
    counts = _by(tx, select(card.c.answer, func.count()).where(card.c.answer.in_(ids)).group_by(card.c.answer))
    decided = _by(
        tx,
        select(review_case.c.answer, review_case.c.decided_priority).where(
            review_case.c.answer.in_(ids), review_case.c.decided_priority.is_not(None)
        ),
    )
    answered = _answered(tx, ids)
    for row in rows:
        found = _found([*row["findings"], *row["shadowed"]])
        yield Fact(
            floor=Priority(row["floor"]),
            found=found,
            cards=counts.get(row["id"], 0),
            refusal=refusals.get(row["id"]),
            not_evaluated=without_numbers(note["what"] for note in row["not_evaluated"]),
            milliseconds=sum(row["timings_ms"].values()) if row["timings_ms"] else None,
            groups=_groups(tx, row, vault, now) if vault is not None else {},
            day=row["created_at"].toordinal(),
            decided=Priority(decided[row["id"]]) if row["id"] in decided else None,
            feedback=tuple(answered[row["id"]]),
        )


def _by(tx: Tx, statement: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in tx.execute(statement)}


def _found(findings: Iterable[Mapping[str, Any]]) -> dict[str, Priority]:
    found: dict[str, Priority] = {}
    for finding in findings:
        priority = Priority.parse(finding["priority"])
        found[finding["rule"]] = max(priority, found.get(finding["rule"], Priority.LOW))
    return found


def _answered(tx: Tx, ids: Sequence[str]) -> defaultdict[str, list[tuple[str, bool]]]:
    """(rule, whether accepted) of each card that was answered, by its newest answer."""
    newest = (
        select(card.c.answer, card.c.uuid, card.c.rules, feedback.c.outcome)
        .join(feedback, feedback.c.card == card.c.uuid)
        .where(card.c.answer.in_(ids))
        .order_by(feedback.c.outcome_at)
    )
    outcomes = {row.uuid: row for row in tx.execute(newest)}
    made: defaultdict[str, list[tuple[str, bool]]] = defaultdict(list)
    for row in outcomes.values():
        made[row.answer] += [(rule, row.outcome == FeedbackOutcome.ACCEPTED.value) for rule in row.rules]
    return made


def _refusals(tx: Tx, since: datetime) -> dict[str, str]:
    """Why the gate refused the charts of answers, by answer."""
    refused = select(audit_event.c.detail).where(
        audit_event.c.kind == EventKind.GATE_DECISION.value,
        audit_event.c.outcome == Outcome.REFUSED.value,
        audit_event.c.time >= utc_text(since),
    )
    details = [json.loads(detail) for detail in tx.execute(refused).scalars()]
    return {str(detail["answer"]): str(detail["decision"]) for detail in details if "answer" in detail}


def _groups(tx: Tx, row: RowMapping, vault: Vault, now: datetime) -> dict[str, str]:
    """The groups of one patient; none where the chart is past its retention or cannot be opened."""
    if row["snapshot"] is None:
        return {}
    event = AuditEvent(kind=EventKind.VAULT_READ, actor=ACTOR, detail={"reason": "local-validation"})
    try:
        chart = vault.read_snapshot(tx, row["snapshot"], now=now, audit=event)
        return groups_of(codec.decode(Case, json.dumps(chart)))
    except (StoreError, ValueError):
        return {}
