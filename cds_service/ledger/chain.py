"""Verification of the audit chain: which records were changed, removed, reordered or inserted.

Every record's hash covers its number, its content and the hash before it. A record whose hash is wrong where it stands
but right under another number was moved; one that stands where another belongs was inserted; a number that no record
holds was removed; the rest was changed. What the chain alone cannot show is a cut at its end, or an end rewritten with
new hashes by someone who may write to the database: `seals` shows those.

A clock that was set back changes nothing in the chain, but an auditor must know of it: such steps are reported apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping, select

from cds_service.ledger.audit import GENESIS, event_hash
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import audit_event

MAX_NAMED = 1000
"""Most records that one report looks at closely; what is beyond is counted."""

CLOCK_TOLERANCE_S = 60.0
"""Seconds by which an event may seem older than the one before it: work is dated by its begin, and processes queue."""

_CHUNK = 1000


class Tamper(StrEnum):
    """What happened to a record."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"


@dataclass(frozen=True, kw_only=True, order=True)
class ChainProblem:
    """One record that is not as it was written: the number it has now, or had when it is gone."""

    seq: int
    kind: Tamper

    def __str__(self) -> str:
        return f"audit event {self.seq} was {self.kind}"


@dataclass(frozen=True, kw_only=True, order=True)
class ClockStep:
    """The clock stood `seconds` earlier at event `seq` than at the one before it."""

    seq: int
    seconds: float

    def __str__(self) -> str:
        return f"the clock stood {self.seconds:.0f} s earlier at event {self.seq} than at the one before it"


@dataclass(frozen=True, kw_only=True)
class ChainReport:
    """What `verify` read: how many events, the last number and hash, and each problem found.

    `more`: records with a wrong hash beyond the first `MAX_NAMED`, and records whose number is none: they are counted
    and not named. `clock_back`: where the clock was set back by more than `CLOCK_TOLERANCE_S`, at most `MAX_NAMED`
    times; it makes no record wrong.
    """

    events: int
    last: int
    head: str
    problems: tuple[ChainProblem, ...]
    more: int = 0
    clock_back: tuple[ClockStep, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the chain is whole."""
        return not self.problems and not self.more


@dataclass
class _Walk:
    """One pass over the chain in order."""

    events: int = 0
    last: int = 0
    head: str = GENESIS
    head_sound: bool = True
    more: int = 0
    sound_last: int = 0
    gaps: list[int] = field(default_factory=list)
    odd: dict[int, RowMapping] = field(default_factory=dict)
    loose: set[int] = field(default_factory=set)
    rewritten: set[int] = field(default_factory=set)
    time: str = ""
    clock_back: list[ClockStep] = field(default_factory=list)

    def step(self, row: RowMapping) -> None:
        seq: int = row["seq"]
        if type(seq) is not int:  # a value of a type that this service never writes: a record without a number
            self.events, self.more = self.events + 1, self.more + 1
            return
        follows = seq == self.last + 1
        linked = row["previous"] == self.head
        sound = _hash_is_right(row, seq)
        if not follows:
            self._missing(range(self.last + 1, seq))
        elif sound and self.head_sound and not linked:
            self.rewritten.add(self.last or seq)
        if sound:
            self.sound_last = seq
            self._clock(seq, row["time"])
        elif len(self.odd) < MAX_NAMED:
            self.odd[seq] = row
        else:
            self.more += 1
        self.loose = {seq} if follows and not sound and not linked else set()
        self.events, self.last, self.head, self.head_sound = self.events + 1, seq, row["hash"], sound

    def _clock(self, seq: int, time: str) -> None:
        before, self.time = self.time, time
        if time < before and len(self.clock_back) < MAX_NAMED:
            seconds = _seconds_back(before, time)
            if seconds > CLOCK_TOLERANCE_S:
                self.clock_back.append(ClockStep(seq=seq, seconds=seconds))

    def _missing(self, seqs: range) -> None:
        named = seqs[: MAX_NAMED - len(self.gaps)]
        self.gaps.extend(named)
        self.more += len(seqs) - len(named)


def verify(tx: Tx) -> ChainReport:
    """Read the whole chain in order (memory stays bounded) and report each record that is not as it was written."""
    walk = _Walk()
    statement = select(audit_event).order_by(audit_event.c.seq).execution_options(yield_per=_CHUNK)
    for row in tx.execute(statement).mappings():
        walk.step(row)
    problems = {ChainProblem(seq=seq, kind=Tamper.CHANGED) for seq in walk.rewritten} | _name(tx, walk)
    return ChainReport(
        events=walk.events,
        last=walk.last,
        head=str(walk.head),
        problems=tuple(sorted(problems)),
        more=walk.more,
        clock_back=tuple(walk.clock_back),
    )


def _name(tx: Tx, walk: _Walk) -> set[ChainProblem]:
    """Tell moved records from changed ones, and see from where they belong what was inserted or removed."""
    origins = {seq: origin for seq, row in walk.odd.items() if (origin := _origin(walk, row)) is not None}
    copies = {seq for seq, origin in origins.items() if _hash_at(tx, origin) == walk.odd[seq]["hash"] and seq != origin}
    origins = {seq: origin for seq, origin in origins.items() if seq not in copies}
    belonging = set(origins.values())
    end = max([walk.sound_last, *belonging])
    inserted = {o for o in belonging if o not in walk.gaps and o <= walk.last and o not in origins}
    inserted |= copies | (walk.loose - set(origins))
    closed = {seq for seq in origins if seq <= end and seq not in belonging}
    removed = closed | (set(walk.gaps) - belonging)
    reordered = {
        seq
        for seq, origin in origins.items()
        if seq != origin + sum(i <= seq for i in inserted) - sum(r <= origin for r in closed)
    }
    changed = set(walk.odd) - set(origins) - inserted
    found = {
        Tamper.INSERTED: inserted,
        Tamper.REMOVED: removed,
        Tamper.REORDERED: reordered,
        Tamper.CHANGED: changed,
    }
    return {ChainProblem(seq=seq, kind=kind) for kind, seqs in found.items() for seq in seqs}


def _origin(walk: _Walk, row: RowMapping) -> int | None:
    """The number under which the hash of `row` is right, None when there is none near or among the suspects."""
    seq: int = row["seq"]
    suspects = [*walk.odd, *walk.gaps] if len(walk.odd) + len(walk.gaps) <= MAX_NAMED // 2 else []
    for candidate in dict.fromkeys((seq - 1, seq + 1, *suspects)):
        if _hash_is_right(row, candidate):
            return candidate
    return None


def _hash_at(tx: Tx, seq: int) -> str | None:
    """Return the hash that stands at `seq`: the same hash at two numbers is one record and a copy of it."""
    return tx.execute(select(audit_event.c.hash).where(audit_event.c.seq == seq)).scalar()


def _hash_is_right(row: RowMapping, seq: int) -> bool:
    try:
        return bool(event_hash(row, seq=seq) == row["hash"])
    except (TypeError, ValueError):  # a value of a type that this service never writes
        return False


def _seconds_back(before: str, time: str) -> float:
    try:
        return (datetime.fromisoformat(before) - datetime.fromisoformat(time)).total_seconds()
    except (TypeError, ValueError):  # not a time that this service writes: the hash then tells
        return 0.0
