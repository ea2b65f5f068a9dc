"""Entries about the use of patients' data: which are in force, written and closed with their audit events.

An entry of the clinic's own list only ever takes use away. Among FHIR Consents the newest statement counts, and of two
of the same moment the denial. A Consent that could not be read counts as a denial until somebody resolves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import erasure as erasures
from cds_service.ledger.tables import opt_out as table
from cds_service.rights.errors import NoSuchEntry, Refused
from cds_service.rights.values import Entry, ErasureState, Source, Verdict


def opted_out_in(tx: Tx, now: datetime) -> frozenset[str]:
    """Subjects whose data may not be used: opted out, or their erasure was asked for or done."""
    open_entries = _entries(tx, table.c.closed_at.is_(None))
    by_subject: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in open_entries:
        by_subject[entry.subject].append(entry)
    states = [ErasureState.ASKED.value, ErasureState.DONE.value]
    erased = tx.execute(select(erasures.c.subject).where(erasures.c.state.in_(states))).scalars()
    return frozenset(erased) | {subject for subject, said in by_subject.items() if is_opted_out(said, now)}


def is_opted_out(entries: Iterable[Entry], now: datetime) -> bool:
    """What the open entries of one subject come to. Pure."""
    said: list[tuple[datetime, bool]] = []
    for entry in entries:
        if entry.source is not Source.CONSENT:
            return True
        ended = entry.ends_at is not None and entry.ends_at <= now
        if entry.verdict is Verdict.DENY and not ended:
            said.append((entry.said_at, True))
        elif entry.verdict is Verdict.PERMIT:  # one that ended by its own words permits nothing more
            said.append((entry.ends_at if ended and entry.ends_at else entry.said_at, ended))
    return max(said)[1] if said else False


def open_entries_of(tx: Tx, subject: str) -> tuple[Entry, ...]:
    """The entries of one subject that were not closed, the newest first."""
    return _entries(tx, table.c.subject == subject, table.c.closed_at.is_(None))


def all_entries(tx: Tx, *, limit: int, closed: bool = False) -> tuple[Entry, ...]:
    """The newest entries; `closed`: those too that were withdrawn or replaced."""
    return _entries(tx, *(() if closed else (table.c.closed_at.is_(None),)), limit=limit)


def of_document(tx: Tx, document: str) -> Entry | None:
    """The open entry that a Consent made before."""
    found = _entries(tx, table.c.document == document, table.c.closed_at.is_(None))
    return found[0] if found else None


def was_resolved(tx: Tx, document: str, version_at: datetime | None) -> bool:
    """Whether a person resolved this very version of a Consent that could not be read."""
    if version_at is None:
        return False
    resolved = (table.c.closed_at.is_not(None), table.c.source == Source.UNREADABLE.value)
    return bool(_entries(tx, table.c.document == document, table.c.version_at == version_at, *resolved))


def add(tx: Tx, values: dict[str, Any], *, actor: str, now: datetime) -> Entry:
    """Write an entry. `values`: the other fields of `Entry`."""
    entry = Entry(id=new_id("opt"), recorded_by=actor, recorded_at=now, **values)
    row = {name: getattr(entry, name) for name in table.c.keys()}  # noqa: SIM118 - a column collection, not a dict
    tx.execute(insert(table), row | {"source": entry.source.value, "verdict": entry.verdict.value})
    _audit(tx, entry, "recorded", actor, now)
    return entry


def close(tx: Tx, entry: Entry, act: str, *, actor: str, now: datetime) -> None:
    """Close an entry: ``withdrawn``, ``resolved``, ``replaced``."""
    tx.execute(update(table).where(table.c.id == entry.id).values(closed_by=actor, closed_at=now))
    _audit(tx, entry, act, actor, now)


def withdraw(tx: Tx, entry_id: str, *, actor: str, now: datetime) -> Entry:
    """Take back an entry of the clinic's own list, or resolve a Consent that could not be read and that a person read.

    What a readable Consent says only the EHR can change. Raises NoSuchEntry, Refused.
    """
    found = _entries(tx, table.c.id == entry_id, table.c.closed_at.is_(None))
    if not found:
        raise NoSuchEntry("There is no such entry, or it was withdrawn before.")
    entry = found[0]
    if entry.source is Source.CONSENT:
        raise Refused("consent-decides", "A Consent of the EHR says so: it is changed there and imported again.")
    close(tx, entry, "withdrawn" if entry.source is Source.LOCAL else "resolved", actor=actor, now=now)
    return entry


def _entries(tx: Tx, *which: Any, limit: int | None = None) -> tuple[Entry, ...]:
    wanted = select(table).where(*which).order_by(table.c.recorded_at.desc(), table.c.id).limit(limit)
    return tuple(
        Entry(**{**row, "source": Source(row["source"]), "verdict": Verdict(row["verdict"])})
        for row in tx.execute(wanted).mappings()
    )


def _audit(tx: Tx, entry: Entry, act: str, actor: str, now: datetime) -> None:
    detail = {
        "entry": entry.id,
        "act": act,
        "source": entry.source.value,
        "verdict": entry.verdict.value,
        "reason": entry.reason,
    }
    append(tx, [AuditEvent(kind=EventKind.OPT_OUT, actor=actor, subject=entry.subject, detail=detail)], now=now)
