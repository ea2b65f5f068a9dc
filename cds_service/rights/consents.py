"""FHIR Consents into the list: each read, compared with what was known of the same Consent, written or passed over."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.vault import Vault
from cds_service.rights import opt_outs
from cds_service.rights.files import Placed
from cds_service.rights.values import Entry, Source, Verdict
from fhir_mappers.consent import ConsentReading, Says, read_consent

BATCH = 200
"""Consents of one transaction, so that hook calls need not wait long for their turn."""

NO_PATIENT = "no-patient"
NOT_JSON = "not-json"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A Consent that could not be read. `counts`: whether its patient is opted out until it is resolved."""

    place: str
    why: str
    counts: bool


@dataclass(frozen=True, kw_only=True)
class ConsentReport:
    """What became of the Consents: how many by outcome (codes), and each that could not be read."""

    counts: Mapping[str, int]
    problems: tuple[Problem, ...]


class Consents:
    """Takes Consents in, for one client at a time. Importing the same again changes nothing."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def take(self, placed: Iterable[Placed], client: str, *, actor: str, now: datetime) -> ConsentReport:
        """Take them all in. What was committed stays when it is stopped; calling it again goes on."""
        counts: Counter[str] = Counter()
        problems: list[Problem] = []
        left = iter(placed)
        while batch := tuple(islice(left, BATCH)):
            with self._database.transaction() as tx:
                for outcome, problem in self._batch(tx, batch, client, actor, now):
                    counts[outcome] += 1
                    problems.extend([problem] if problem else [])
        detail: dict[str, Scalar] = {name.replace("-", "_"): count for name, count in sorted(counts.items())}
        detail["what"] = "consents"
        with self._database.transaction() as tx:
            append(tx, [AuditEvent(kind=EventKind.IMPORT, actor=actor, detail=detail)], now=now)
        return ConsentReport(counts=dict(counts), problems=tuple(problems))

    def _batch(
        self, tx: Tx, batch: Iterable[Placed], client: str, actor: str, now: datetime
    ) -> Iterator[tuple[str, Problem | None]]:
        for one in batch:
            if one.resource is None:
                yield "unreadable", Problem(place=one.place, why=NOT_JSON, counts=False)
                continue
            reading = read_consent(one.resource, now=now, patient=one.patient)
            if reading.patient is None:
                yield "unreadable", Problem(place=one.place, why=NO_PATIENT, counts=False)
                continue
            outcome = self._one(tx, reading, self._document(client, reading, one), client, actor, now)
            unread = reading.says is Says.UNREADABLE
            yield outcome, Problem(place=one.place, why=reading.why, counts=True) if unread else None

    def _one(self, tx: Tx, reading: ConsentReading, document: str, client: str, actor: str, now: datetime) -> str:
        """What became of one Consent, as a code."""
        known = opt_outs.of_document(tx, document)
        if known and known.version_at and reading.version_at and reading.version_at < known.version_at:
            return "older-version"
        if reading.says in (Says.NOTHING, Says.VOID):
            if known is None:
                return "says-nothing"
            opt_outs.close(tx, known, "replaced", actor=actor, now=now)
            return "replaced"
        subject = self._vault.subject_for(tx, tenant=client, patient_key=str(reading.patient), now=now, actor=actor)
        values = {
            "subject": subject,
            "source": Source.UNREADABLE if reading.says is Says.UNREADABLE else Source.CONSENT,
            "verdict": Verdict.PERMIT if reading.says is Says.PERMITS else Verdict.DENY,
            "reason": reading.why,
            "ends_at": reading.ends_at,
            "version_at": reading.version_at,
        }
        if known is not None:
            if _is_unchanged(known, reading, values):
                return "known-before"
            opt_outs.close(tx, known, "replaced", actor=actor, now=now)
        elif opt_outs.was_resolved(tx, document, reading.version_at):
            return "resolved-before"
        said_at = min(reading.said_at or now, now)
        opt_outs.add(tx, values | {"said_at": said_at, "document": document}, actor=actor, now=now)
        return {Says.UNREADABLE: "unreadable", Says.PERMITS: "permits"}.get(reading.says, "denies")

    def _document(self, client: str, reading: ConsentReading, one: Placed) -> str:
        """What this Consent is known again by: its id, or its content where it has none."""
        if reading.consent is not None:
            return self._vault.keyed("consent", client, reading.consent)
        content = hashlib.sha256(json.dumps(one.resource, sort_keys=True).encode()).hexdigest()
        return self._vault.keyed("consent-without-id", client, content)


def _is_unchanged(known: Entry, reading: ConsentReading, values: Mapping[str, object]) -> bool:
    """Whether the Consent says what it said before. One without a time, or ahead of the clock, was dated by us."""
    dated_by_us = reading.said_at is None or reading.said_at > known.recorded_at
    same = all(getattr(known, name) == value for name, value in values.items())
    return same and (dated_by_us or reading.said_at == known.said_at)
