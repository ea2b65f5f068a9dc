"""An order as it stands, what an officer asks for, and both to and from the table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, select

from cds_service import codec
from cds_service.domain import Priority
from cds_service.export.errors import NoSuchOrder
from cds_service.export.states import State
from cds_service.export.values import Approval, Order, Preview, Profile, Scope
from cds_service.ledger.database import Tx
from cds_service.ledger.records import CardKind, FeedbackOutcome
from cds_service.ledger.tables import export_order as table
from cds_service.review.values import Verdict

ORDERED = "ordered"
"""What the first of the two persons declares."""


class Purpose(StrEnum):
    """What a training set is for. The officer's own words stand beside it."""

    MODEL_TRAINING = "model-training"
    MODEL_EVALUATION = "model-evaluation"
    QUALITY_IMPROVEMENT = "quality-improvement"
    RESEARCH = "research"

    @property
    def label(self) -> str:
        """For people."""
        return self.value.replace("-", " ").capitalize()


class Attestation(StrEnum):
    """What the second person declares: 45 CFR 164.514(b)(2)(ii), and for an expert's rules (b)(1)."""

    NO_KNOWLEDGE = "no-actual-knowledge"
    DETERMINATION = "determination-on-file"


ATTESTATIONS: Mapping[Profile, tuple[Attestation, ...]] = {
    Profile.SAFE_HARBOR: (Attestation.NO_KNOWLEDGE,),
    Profile.EXPERT_DETERMINATION: (Attestation.NO_KNOWLEDGE, Attestation.DETERMINATION),
}
ATTESTED: Mapping[Attestation, str] = {
    Attestation.NO_KNOWLEDGE: "I have no actual knowledge that the information could be used alone or in combination "
    "with other information to identify an individual who is a subject of it (45 CFR 164.514(b)(2)(ii)).",
    Attestation.DETERMINATION: "The determination of an expert that the risk is very small, with the methods and "
    "results that justify it, is documented and on file (45 CFR 164.514(b)(1)), and it covers this recipient.",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an officer asks for. `words`: the purpose in their own words, sealed with `recipient`."""

    scope: Scope
    profile: Profile
    purpose: Purpose
    words: str
    recipient: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the officer wrote: opened from the vault."""

    purpose: str
    recipient: str


@dataclass(frozen=True, kw_only=True)
class Approving:
    """The second person's approval. `seen`: digest of the preview that was looked at."""

    seen: str
    attested: frozenset[Attestation]
    signature: str


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """One order. Ids, codes, counts and times only.

    `words`, `preview`: ids of what is sealed. `digest`: of order and preview together, what an approval is bound to.
    `cases`: how many the preview took. `reason`: why it is where it is, a code. `version` counts the steps. `stage` and
    `share`: how far the work is. `lease_until`: until when a process has it. `left_out`: of the finished export.
    """

    id: str
    state: State
    version: int
    scope: Scope
    profile: Profile
    purpose: Purpose
    words: str
    ordered_by: str
    ordered_at: datetime
    changed_at: datetime
    left_out: Mapping[str, int]
    reason: str | None = None
    preview: str | None = None
    digest: str | None = None
    cases: int | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    declared: str | None = None
    stage: str = ""
    share: float = 0.0
    attempts: int = 0
    worker: str | None = None
    lease: str | None = None
    lease_until: datetime | None = None
    folder: str | None = None
    rows: int | None = None
    subjects: int | None = None
    manifest: str | None = None

    def busy(self, now: datetime) -> bool:
        """Whether a process works on it. A lease that ends later than any could is one of another clock."""
        return self.lease_until is not None and now < self.lease_until <= now + 2 * LEASE

    def approvals(self) -> tuple[Approval, ...]:
        """Who stands for it."""
        ordered = Approval(account=self.ordered_by, role=ROLE, declared=ORDERED, at=self.ordered_at)
        if self.approved_by is None or self.approved_at is None:
            return (ordered,)
        declared = self.declared or ""
        return ordered, Approval(account=self.approved_by, role=ROLE, declared=declared, at=self.approved_at)

    def order(self, words: Words) -> Order:
        """As the writer takes it."""
        purpose = f"{self.purpose.label}: {words.purpose}"
        return Order(id=self.id, scope=self.scope, profile=self.profile, purpose=purpose, recipient=words.recipient)


LEASE = timedelta(seconds=60)
"""How long a process that says nothing keeps an order."""

ROLE = "compliance"
"""The role of both persons."""

_FIELDS = tuple(f.name for f in fields(Ordered) if f.name != "scope")


def digest_of(order: Order, preview: Preview) -> str:
    """SHA-256, in hex, over the order and what was seen of it."""
    asked = {**_scope_row(order.scope), "purpose": order.purpose, "recipient": order.recipient}
    seen = codec.plain([order.id, order.profile, asked, preview])
    return hashlib.sha256(codec.encode(seen).encode()).hexdigest()


def order_by_id(tx: Tx, order_id: str) -> Ordered:
    """The order of that id. Raises NoSuchOrder."""
    row = tx.execute(select(table).where(table.c.id == order_id)).mappings().one_or_none()
    if row is None:
        raise NoSuchOrder
    return ordered_of(row)


def ordered_of(row: RowMapping) -> Ordered:
    """The order of a row."""
    scope = Scope(
        since=row["since"],
        until=row["until"],
        cards=frozenset(map(CardKind, row["cards"])),
        outcomes=frozenset(map(FeedbackOutcome, row["outcomes"])),
        verdicts=frozenset(map(Verdict, row["verdicts"])),
        priorities=frozenset(map(Priority, row["priorities"])),
    )
    known = {"state": State(row["state"]), "profile": Profile(row["profile"]), "purpose": Purpose(row["purpose"])}
    return Ordered(scope=scope, **{name: row[name] for name in _FIELDS} | known)


def row_of(ordered: Ordered) -> dict[str, Any]:
    """The row of an order."""
    return {name: getattr(ordered, name) for name in _FIELDS} | {
        "state": ordered.state.value,
        "profile": ordered.profile.value,
        "purpose": ordered.purpose.value,
        "left_out": dict(ordered.left_out),
        **_scope_row(ordered.scope),
    }


def _scope_row(scope: Scope) -> dict[str, Any]:
    return {
        "since": scope.since,
        "until": scope.until,
        "cards": sorted(scope.cards),
        "outcomes": sorted(scope.outcomes),
        "verdicts": sorted(scope.verdicts),
        "priorities": sorted(map(int, scope.priorities)),
    }
