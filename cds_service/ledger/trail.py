"""Reading the audit trail: by period, kind, actor and subject. Reading it is an event of the trail as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select

from cds_service.ledger.audit import MAX_SEQ, AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Tx, any_text
from cds_service.ledger.encoding import utc_text
from cds_service.ledger.tables import audit_event

_CHUNK = 1000


@dataclass(frozen=True, kw_only=True)
class Record:
    """One event as it stands in the chain. `time`: RFC 3339 text in UTC. `detail`: empty where it cannot be read."""

    seq: int
    time: str
    kind: str
    actor: str
    outcome: str
    subject: str | None
    detail: Mapping[str, Scalar]
    previous: str
    hash: str

    def as_json(self) -> dict[str, object]:
        """As a JSON value."""
        return {**vars(self), "detail": dict(self.detail)}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which events: each field that is set narrows. `since` is part of the period, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[EventKind] = frozenset()
    actor: str | None = None
    subject: str | None = None
    up_to: int | None = field(default=None)
    """The last number."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """For the database."""
        column = audit_event.c
        return [
            *([column.time >= utc_text(self.since)] if self.since else []),
            *([column.time < utc_text(self.until)] if self.until else []),
            *([column.kind.in_(sorted(kind.value for kind in self.kinds))] if self.kinds else []),
            *([column.actor == self.actor] if self.actor else []),
            *([column.subject == self.subject] if self.subject else []),
            *([column.seq <= self.up_to] if self.up_to is not None else []),
        ]

    def detail(self) -> dict[str, Scalar]:
        """What an audit event says of a reading of these."""
        said: dict[str, Scalar] = {
            "since": utc_text(self.since) if self.since else None,
            "until": utc_text(self.until) if self.until else None,
            "kinds": " ".join(sorted(kind.value for kind in self.kinds))[:200] or None,
            "actor": self.actor,
            "up_to": self.up_to,
        }
        return {name: value for name, value in said.items() if value is not None}


FIRST_DAY, LAST_DAY = date(1, 1, 3), date(9999, 12, 28)


def span(first: date | None, last: date | None, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """The period of whole days of the clinic, both counted: the moment it begins, and the first moment after it.

    Days at the edges of the calendar ("9999-12-31" for no end) are moved to where every zone can tell them.
    """
    since = datetime.combine(max(first, FIRST_DAY), time(), zone) if first else None
    return since, datetime.combine(min(last, LAST_DAY) + timedelta(days=1), time(), zone) if last else None


def records(tx: Tx, wanted: Wanted) -> Iterator[Record]:
    """The events in their order. Memory stays bounded."""
    return _read(tx, _select(tx, wanted).order_by(audit_event.c.seq))


def history_of(tx: Tx, subject: str) -> Iterator[Record]:
    """Every event about one patient, in order: who had to do with their data, when and why."""
    return records(tx, Wanted(subject=subject))


def newest_first(tx: Tx, wanted: Wanted, *, limit: int) -> list[Record]:
    """At most `limit` events, the newest first."""
    return list(_read(tx, _select(tx, wanted).order_by(audit_event.c.seq.desc()).limit(limit)))


def more_than(tx: Tx, wanted: Wanted, count: int) -> bool:
    """Whether there are more than `count` events."""
    beyond = _select(tx, wanted).with_only_columns(audit_event.c.seq).order_by(audit_event.c.seq)
    return tx.execute(beyond.offset(count).limit(1)).first() is not None


def note_reading(tx: Tx, wanted: Wanted, *, act: str, actor: str, now: datetime, how: str | None = None) -> Wanted:
    """Audit that somebody is about to read `wanted`; returns it cut off before that event.

    An actor whom the trail does not know may be any word that somebody typed, and is not repeated in it. A long reading
    must not hold the writer's lock: note it in a transaction of its own, and read afterwards.
    """
    seq = audit_event.c.seq
    last = tx.execute(select(func.max(seq)).where(seq <= MAX_SEQ)).scalar() or 0
    bounded = Wanted(**{**vars(wanted), "up_to": last if wanted.up_to is None else min(last, wanted.up_to)})
    detail = {"act": act, **({"format": how} if how else {}), **bounded.detail()}
    if wanted.actor is not None and not more_than(tx, Wanted(actor=wanted.actor), 0):
        detail["actor"] = "nobody"
    event = AuditEvent(kind=EventKind.AUDIT_READ, actor=actor, subject=wanted.subject, detail=detail)
    append(tx, [event], now=now)
    return bounded


def last_verified(tx: Tx) -> Record | None:
    """The newest event of a whole verification that found nothing, None when there was none."""
    wanted = Wanted(kinds=frozenset({EventKind.AUDIT_READ}))
    statement = (
        _select(tx, wanted).where(audit_event.c.detail.like('%"act":"verify"%')).order_by(audit_event.c.seq.desc())
    )
    return next(_read(tx, statement.limit(1)), None)


def not_verified_for(tx: Tx, now: datetime) -> timedelta:
    """How long ago the whole trail was last found whole; where it never was, how long ago it began.

    A time that cannot be read, or is to come, was not written by this service, and counts as for ever.
    """
    verified = last_verified(tx)
    began = select(audit_event.c.time).order_by(audit_event.c.seq).limit(1)
    since = verified.time if verified else tx.execute(began).scalar()
    if since is None:
        return timedelta()
    try:
        gone = now - datetime.fromisoformat(since)
    except (TypeError, ValueError):
        return timedelta.max
    return gone if gone >= timedelta(minutes=-1) else timedelta.max


def _select(tx: Tx, wanted: Wanted) -> Select[tuple[object, ...]]:
    """The events. A period is turned into numbers first, from an index alone, so that no reading begins too far away.

    By the numbers alone it would not be right: a clock may have been set back.
    """
    statement = select(audit_event).where(*wanted.conditions())
    if wanted.since is None and wanted.until is None:
        return statement
    period = Wanted(since=wanted.since, until=wanted.until)
    seq = audit_event.c.seq
    ends = tx.execute(select(func.min(seq), func.max(seq)).where(*period.conditions())).one()
    return statement.where(seq.between(ends[0] or 0, ends[1] or 0))


def _read(tx: Tx, statement: Select[tuple[object, ...]]) -> Iterator[Record]:
    with any_text(tx):
        for row in tx.execute(statement.execution_options(yield_per=_CHUNK)).mappings():
            yield _record(row)


def _record(row: RowMapping) -> Record:
    """What was written. A record that somebody changed must not stop the reading of the others."""
    fields: dict[str, Any] = {name: str(value) if isinstance(value, bytes) else value for name, value in row.items()}
    return Record(**{**fields, "detail": _detail(row["detail"])})


def _detail(written: str) -> Mapping[str, Scalar]:
    try:
        found = json.loads(written)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
