"""The whole audit trail, verified: chain and seals together, in one reading."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.chain import ChainReport, verify
from cds_service.ledger.database import Database, any_text
from cds_service.ledger.seal import SealProblem
from cds_service.ledger.seals import Seals, SealStatus


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found."""

    chain: ChainReport
    status: SealStatus
    seal_problems: tuple[SealProblem, ...]

    @property
    def valid(self) -> bool:
        """Whether no record and no seal was touched. A clock that was set back does not count."""
        return self.chain.valid and not self.seal_problems

    @property
    def problems(self) -> list[str]:
        """Each problem in words: seals first, since they say what the chain alone cannot."""
        more = [f"{self.chain.more} further records are not right"] if self.chain.more else []
        return [*map(str, self.seal_problems), *map(str, self.chain.problems), *more]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        newest = self.status.newest
        return {
            "valid": self.valid,
            "events": self.chain.events,
            "last": self.chain.last,
            "head": self.chain.head,
            "records": [{"seq": p.seq, "problem": p.kind.value} for p in self.chain.problems],
            "more": self.chain.more,
            "clock_back": [asdict(step) for step in self.chain.clock_back],
            "seals": [
                {"seal": p.seal, "problem": p.kind.value, "first": p.first, "last": p.last} for p in self.seal_problems
            ],
            "newest_seal": None if newest is None else asdict(newest),
            "sealed_up_to": newest.last if newest else 0,
            "not_sealed": self.status.newer,
            "interrupted_seal": self.status.interrupted,
        }


def verify_trail(database: Database, seals: Seals) -> Verification:
    """Read the whole chain and every seal. Raises StoreError when database or seals file cannot be read."""
    mark = seals.mark()
    with database.transaction(write=False) as tx, any_text(tx):
        return Verification(
            chain=verify(tx), status=seals.status(tx, mark=mark), seal_problems=seals.check(tx, mark=mark)
        )


def note_verified(database: Database, found: Verification, *, now: datetime, actor: str) -> None:
    """Audit that the trail was verified and found whole. What was found broken is evidence, and nothing is added."""
    if not found.valid:
        raise ValueError("only a whole trail is written to")
    detail: dict[str, Scalar] = {"act": "verify", "events": found.chain.events, "last": found.chain.last}
    with database.transaction() as tx:
        append(tx, [AuditEvent(kind=EventKind.AUDIT_READ, actor=actor, detail=detail)], now=now)
