"""Seals over the audit chain: at intervals, what stands in it is signed with the clinic's own key (Ed25519).

The chain shows what was changed inside it. It does not show a cut at its end, nor an end written anew with right hashes
by somebody who may write to the database. A seal does: it says how far the chain went and with which hash, it names the
seal before it, and it stands in the database and in a file outside (`seals_file`).

The file is written first, inside the transaction and under the writer's lock. A process that dies in between leaves one
seal in the file that the database lacks; it is sound, so the next `seal` takes it over.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from cds_service.errors import StoreError
from cds_service.ledger.audit import MAX_SEQ, AuditEvent, EventKind, Outcome, Scalar, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import utc_text
from cds_service.ledger.key_rings import KeySource
from cds_service.ledger.seal import Seal, SealProblem, SealTamper, parse, statement
from cds_service.ledger.seals_file import SealsFile
from cds_service.ledger.signatures import sign, verify_signature
from cds_service.ledger.tables import audit_event, audit_seal

MAX_NAMED = 1000
"""Most problems that one check names."""

_CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class SealStatus:
    """The newest seal (None: never sealed), the last event, and whether the newest seal holds where it is easily seen.

    `interrupted`: the file holds one more seal, sound, of a process that died before it was in the database.
    """

    newest: Seal | None
    last: int
    problem: SealProblem | None
    interrupted: bool

    @property
    def newer(self) -> int:
        """How many events came after the newest seal; the event of the seal itself is one of them."""
        return max(0, self.last - (self.newest.last if self.newest else 0))


class Seals:
    """Makes and checks seals. `keys`: whose signing key is used, `KeyFile` or keys in memory. `heads`: the file."""

    def __init__(self, keys: KeySource, heads: Path) -> None:
        self._keys = keys
        self.file = SealsFile(heads)

    def public_keys(self) -> dict[str, bytes]:
        """What verifies every seal that was ever made: raw Ed25519 public keys by key id."""
        return self._keys.reread().public_keys()

    def reach(self) -> None:
        """Worth a call before the transaction of `seal`, which holds the lock of every writer while it appends.

        A disk that does not answer is met here, where nobody waits. Raises StoreError when it cannot be written.
        """
        self.file.reach()

    def seal(self, tx: Tx, *, now: datetime, actor: str) -> Seal | None:
        """Seal what came since the last seal, in a write transaction; None when nothing did. An audit event as well.

        Raises StoreError when the file cannot be written, or when file, table and chain are at odds in a way that no
        crash explains: `check` then says how.
        """
        last, head = _head(tx)  # before `_agreed`: what it appends is in the chain only when the caller commits
        newest = self._agreed(tx, now, actor)
        first = newest.last + 1 if newest else 1
        if last < first - 1:
            raise StoreError("the audit chain ends before the last seal: run `cds-service audit verify`")
        if not _has_news(tx, first):
            return None
        fits = newest is None or _hash_at(tx, newest.last) == newest.head
        made = self._signed(
            number=newest.number + 1 if newest else 1,
            first=first,
            last=last,
            count=_count(tx, first, last),
            head=head,
            time=utc_text(now),
            previous=newest.signature if newest else "",
        )
        self.file.append([made.line()])
        _record(tx, made, now, actor, act="sealed", outcome=Outcome.SUCCESS if fits else Outcome.FAILED)
        return made

    def mark(self) -> int:
        """How long the file is. Taken before a read transaction begins, it tells `check` and `status` what came later.

        Another process may seal meanwhile, and the transaction does not see the events that its seal covers.
        """
        return self.file.size()

    def check(self, tx: Tx, *, mark: int | None = None) -> tuple[SealProblem, ...]:
        """Each seal that does not hold, up to `MAX_NAMED`: signature, order, what it covers, and file against table.

        One sound seal that only the file has, after the last of the table, and that no event tells of, is no problem:
        `status` tells of it. Memory stays bounded. Raises StoreError when the file cannot be read.
        """
        return tuple(sorted(islice(self._problems(tx, mark), MAX_NAMED)))

    def status(self, tx: Tx, *, mark: int | None = None) -> SealStatus:
        """How far the chain is sealed. Cheap: it looks at the newest seal alone."""
        newest, last = _newest(tx), _head(tx)[0]
        line = self.file.last()
        if newest is None or line != newest.line():  # somebody seals at this moment, or something is wrong
            line = self.file.last(before=mark)
        in_file = None if line is None else parse(line)
        public = self.public_keys()
        interrupted = (
            in_file is not None and _may_follow(tx, in_file, newest, public) and not _was_recorded(tx, in_file)
        )
        broken = None if newest is None else _broken(tx, newest, last, public)
        problem = None
        if newest is not None and broken:
            problem = _problem(newest, broken)
        elif line is not None and in_file is None:
            problem = SealProblem(seal=newest.number if newest else 1, kind=SealTamper.DISAGREE)
        elif not interrupted:
            problem = _at_odds(in_file, newest)
        return SealStatus(newest=newest, last=last, problem=problem, interrupted=interrupted)

    # -- sealing ---------------------------------------------------------------------------------------------------

    def _agreed(self, tx: Tx, now: datetime, actor: str) -> Seal | None:
        """The newest seal of the table, once file and table say the same: the one that lags is brought up."""
        newest = _newest(tx)
        line = self.file.last()
        in_file = None if line is None else parse(line)
        if line is not None and in_file is None:
            raise StoreError("the end of the seals file is not a seal: run `cds-service audit verify`")
        if in_file == newest:
            return newest
        if in_file is not None and _may_follow(tx, in_file, newest, self.public_keys()):
            if _was_recorded(tx, in_file):  # it stood in the table, and was taken away
                raise StoreError("the database lacks a seal that the file has: run `cds-service audit verify`")
            _record(tx, in_file, now, actor, act="taken-over")
            return in_file
        lacking = _from(tx, in_file)
        if lacking is None or newest is None:
            raise StoreError("the seals file and the database are at odds: run `cds-service audit verify`")
        self.file.append([seal.line() for seal in lacking])
        detail: dict[str, Scalar] = {"act": "file-completed", "seals": len(lacking), "seal": newest.number}
        append(tx, [AuditEvent(kind=EventKind.SEAL, actor=actor, detail=detail)], now=now)
        return newest

    def _signed(self, **said: Any) -> Seal:
        ring = self._keys.current().signing
        signature = sign(statement({**said, "key_id": ring.active}), ring)
        return Seal(**said, key_id=signature.key_id, signature=signature.hex)

    # -- checking --------------------------------------------------------------------------------------------------

    def _problems(self, tx: Tx, mark: int | None) -> Iterator[SealProblem]:
        before: Seal | None = None
        last, public = _head(tx)[0], self.public_keys()
        unreadable: list[SealProblem] = []
        table_end = newest.number if (newest := _newest(tx)) else 0
        tagged = heapq.merge(
            ((seal.number, 0, seal) for seal in _all(tx)),
            ((seal.number, 1, seal) for seal in self._in_file(unreadable, table_end, mark)),
            key=lambda found: found[:2],
        )
        for number, found in groupby(tagged, key=lambda item: item[0]):
            places = {place: seal for _, place, seal in found}
            seal = places.get(0) or places[1]
            broken = _broken(tx, seal, last, public)
            interrupted = (
                places.keys() == {1} and number == table_end + 1 and not broken and not _was_recorded(tx, seal)
            )
            if len(places) == 1 and not interrupted:
                yield _problem(seal, SealTamper.NOT_IN_FILE if 0 in places else SealTamper.NOT_IN_TABLE)
            elif len(places) == 2 and places[0] != places[1]:
                yield _problem(seal, SealTamper.DISAGREE)
            if broken:
                yield _problem(seal, broken)
            if not _follows(seal, before):
                yield _problem(seal, SealTamper.MISSING)
            before = seal
        yield from unreadable

    def _in_file(self, unreadable: list[SealProblem], table_end: int, mark: int | None) -> Iterator[Seal]:
        """The seals of the file in order; what is not one, or out of order, goes to `unreadable`."""
        number = 0
        for place, (begin, line) in enumerate(self.file.lines(), start=1):
            seal = parse(line)
            if mark is not None and begin >= mark and seal is not None and seal.number > table_end:
                return
            if seal is None or seal.number <= number:
                if len(unreadable) < MAX_NAMED:
                    unreadable.append(SealProblem(seal=place, kind=SealTamper.UNREADABLE))
                continue
            number = seal.number
            yield seal


def _broken(tx: Tx, seal: Seal, last: int, public: Mapping[str, bytes]) -> SealTamper | None:
    """What is wrong with `seal` by itself and with the events that it covers. `last`: the number of the last event."""
    if seal.key_id not in public:
        return SealTamper.UNKNOWN_KEY
    if not _is_ours(seal, public):
        return SealTamper.FORGED
    if last < seal.last:
        return SealTamper.CUT
    return None if _hash_at(tx, seal.last) == seal.head else SealTamper.REWRITTEN


def _is_ours(seal: Seal, public: Mapping[str, bytes]) -> bool:
    try:
        return verify_signature(seal.statement(), seal.signed(), public) is None
    except TypeError:  # a value of a type that this service never writes
        return False


def _may_follow(tx: Tx, seal: Seal, newest: Seal | None, public: Mapping[str, bytes]) -> bool:
    """Whether `seal` is what a process left that died between file and database."""
    return _follows(seal, newest) and _broken(tx, seal, _head(tx)[0], public) is None


def _was_recorded(tx: Tx, seal: Seal) -> bool:
    """Whether the chain says that `seal` stood in the table: a seal and its event are of one transaction."""
    events = select(audit_event.c.seq).where(audit_event.c.kind == EventKind.SEAL.value, audit_event.c.seq > seal.last)
    return tx.execute(events.limit(1)).first() is not None


def _at_odds(in_file: Seal | None, newest: Seal | None) -> SealProblem | None:
    """How the last seals of file and table differ, None when they do not."""
    if in_file == newest:
        return None
    if newest is None or (in_file is not None and in_file.number > newest.number):
        return _problem(in_file, SealTamper.NOT_IN_TABLE) if in_file else None
    return _problem(newest, SealTamper.DISAGREE if in_file else SealTamper.NOT_IN_FILE)


def _follows(seal: Seal, before: Seal | None) -> bool:
    if before is None:
        return (seal.number, seal.first, seal.previous) == (1, 1, "")
    return (seal.number, seal.first, seal.previous) == (before.number + 1, before.last + 1, before.signature)


def _problem(seal: Seal, kind: SealTamper) -> SealProblem:
    return SealProblem(seal=seal.number, kind=kind, first=seal.first, last=seal.last)


def _record(tx: Tx, seal: Seal, now: datetime, actor: str, *, act: str, outcome: Outcome = Outcome.SUCCESS) -> None:
    tx.execute(insert(audit_seal), [asdict(seal)])
    detail: dict[str, Scalar] = {
        "act": act,
        "seal": seal.number,
        "first": seal.first,
        "last": seal.last,
        "key": seal.key_id,
    }
    append(tx, [AuditEvent(kind=EventKind.SEAL, actor=actor, outcome=outcome, detail=detail)], now=now)


def _newest(tx: Tx) -> Seal | None:
    row = tx.execute(select(audit_seal).order_by(audit_seal.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Seal.of({**row})


def _all(tx: Tx) -> Iterator[Seal]:
    rows = tx.execute(select(audit_seal).order_by(audit_seal.c.number).execution_options(yield_per=_CHUNK))
    return (Seal.of({**row}) for row in rows.mappings())


def _from(tx: Tx, in_file: Seal | None) -> list[Seal] | None:
    """The seals of the table that the file lacks at its end; None when the file's end is not in the table."""
    wanted = select(audit_seal).order_by(audit_seal.c.number)
    if in_file is not None:
        wanted = wanted.where(audit_seal.c.number >= in_file.number)
    found = [Seal.of({**row}) for row in tx.execute(wanted).mappings()]
    if in_file is None:
        return found
    return found[1:] if found and found[0] == in_file else None


def _head(tx: Tx) -> tuple[int, str]:
    """Number and hash of the last event; 0 when there is none."""
    seq = audit_event.c.seq
    newest = select(seq, audit_event.c.hash).where(seq <= MAX_SEQ).order_by(seq.desc()).limit(1)
    row = tx.execute(newest).one_or_none()
    return (0, "") if row is None else (row.seq, row.hash)


def _hash_at(tx: Tx, seq: int) -> str | None:
    return tx.execute(select(audit_event.c.hash).where(audit_event.c.seq == seq)).scalar()


def _count(tx: Tx, first: int, last: int) -> int:
    counted = select(func.count()).select_from(audit_event).where(audit_event.c.seq.between(first, last))
    return tx.execute(counted).scalar_one()


def _has_news(tx: Tx, first: int) -> bool:
    """Whether there is an event from `first` on that is not that of a seal."""
    news = select(audit_event.c.seq).where(audit_event.c.seq >= first, audit_event.c.kind != EventKind.SEAL.value)
    return tx.execute(news.limit(1)).first() is not None
