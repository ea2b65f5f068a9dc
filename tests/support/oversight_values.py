"""A clinic's months for the oversight: rows as the stores write them, many at once, and a clinic of a few by hand."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from cds_service.ledger.database import Database
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import (
    answer,
    card,
    feedback,
    job,
    review_case,
    review_event,
    review_record,
    vault_subject,
)
from cds_service.ledger.vault import Vault
from cds_service.oversight.oversight import Oversight
from cds_service.safety.verdict import check_of_reason
from cds_service.settings import Settings

SUBJECT = "subj-" + "0" * 32
MONDAY = datetime(2031, 6, 2, tzinfo=UTC)
"""The Monday after the week that the tests fill."""


def an_answer(at: datetime, **changes: Any) -> dict[str, Any]:
    """A row of an answer that found nothing."""
    row = {
        "id": new_id("ans"),
        "service": "patient-triage",
        "hook": "patient-view",
        "client": "https://ehr.example",
        "subject": SUBJECT,
        "priority": 1,
        "floor": 1,
        "status": "off",
        "reasons": [],
        "findings": [],
        "passages": [],
        "assessment": None,
        "not_evaluated": [],
        "versions": {"rules": "1"},
        "timings_ms": {"rules": 20.0, "ledger": 30.0},
        "created_at": at,
        "stage": "full",
    }
    return row | changes


def a_card(of: dict[str, Any], kind: str = "floor", rules: Sequence[str] = ("news2",)) -> dict[str, Any]:
    """A card of an answer."""
    return {
        "uuid": str(uuid.uuid4()),
        "answer": of["id"],
        "position": 0,
        "kind": kind,
        "indicator": "warning",
        "suggestions": [],
        "rules": list(rules),
        "passages": [],
        "evidence": [],
        "states": [],
    }


def a_word(on: dict[str, Any], outcome: str, at: datetime, reason: str | None = None) -> dict[str, Any]:
    """Feedback on a card."""
    return {
        "id": new_id("fb"),
        "card": on["uuid"],
        "fingerprint": uuid.uuid4().hex,
        "outcome": outcome,
        "outcome_at": at,
        "suggestions": [],
        "reason_code": reason,
        "received_at": at,
    }


def a_case(at: datetime, floor: int = 3, **changes: Any) -> dict[str, Any]:
    """A case that was opened and confirmed."""
    row = {
        "id": new_id("case"),
        "subject": SUBJECT,
        "client": "https://ehr.example",
        "answer": new_id("ans"),
        "snapshot": new_id("snapshot"),
        "floor": floor,
        "priority": floor,
        "assessing": "off",
        "reviewing": "confirmed",
        "informing": "not-needed",
        "topics": [],
        "states": [],
        "waits_since": at,
        "stage": "full",
        "opened_at": at,
        "changed_at": at,
        "version": 1,
    }
    return row | changes


def a_decision(case: dict[str, Any], given: int | None, *, after_s: float = 300.0, **changes: Any) -> dict[str, Any]:
    """A nurse's decision on a case."""
    row = {
        "case": case["id"],
        "answer": case["answer"],
        "verdict": "dismiss" if given is None else "confirm" if given == case["priority"] else "change",
        "floor": case["floor"],
        "system_priority": case["priority"],
        "model_priority": None,
        "priority": given,
        "reason": None,
        "edited": False,
        "confidence": 80,
        "account": "acct-1",
        "role": "nurse",
        "stage": case["stage"],
        "decided_at": case["opened_at"] + timedelta(seconds=after_s),
        "review_s": 40.0,
        "turn_round_s": after_s,
        "notes": "review-1",
    }
    return row | changes


def a_job(at: datetime, state: str = "ready", seconds: float = 4.0, reasons: Sequence[str] = ()) -> dict[str, Any]:
    """A finished job."""
    return {
        "id": new_id("job"),
        "cache_key": uuid.uuid4().hex,
        "state": state,
        "payload": "{}",
        "attempts": 1,
        "queued_at": at,
        "finished_at": at + timedelta(seconds=seconds),
        "reasons": list(reasons),
    }


def write(database: Database, **rows: Sequence[dict[str, Any]]) -> None:
    """Write rows by table."""
    tables = {t.name: t for t in (answer, card, feedback, job, review_case, review_event, review_record)}
    with database.transaction() as tx:
        if not tx.execute(select(vault_subject.c.subject)).first():
            tx.execute(insert(vault_subject), _subject())
        for name, table in tables.items():
            if rows.get(name):
                tx.execute(insert(table), list(rows[name]))


def _subject() -> dict[str, Any]:
    sealed = {"sealing_key": "k", "nonce": b"n", "sealed": b"s"}
    return {"subject": SUBJECT, "index_key": "k", "blind_index": "b", "created_at": MONDAY} | sealed


def decided(database: Database, grades: Sequence[tuple[int, int | None]], start: datetime, **changes: Any) -> None:
    """Cases, one a minute from `start`, as (system, given by the clinician); None: dismissed."""
    cases = [a_case(start + timedelta(minutes=n), floor) for n, (floor, _) in enumerate(grades)]
    made = [a_decision(case, given, **changes) for case, (_, given) in zip(cases, grades, strict=True)]
    write(database, review_case=cases, review_record=made)


def a_busy_time(database: Database, start: datetime, days: int, a_day: int, *, seed: int = 1) -> None:
    """A clinic with `a_day` answers a day, each with what belongs to it, drawn with a fixed seed."""
    chance = random.Random(seed)
    rows: dict[str, list[dict[str, Any]]] = {"answer": [], "card": [], "feedback": [], "job": []}
    rows |= {"review_case": [], "review_event": [], "review_record": []}
    for n in range(days * a_day):
        at = start + timedelta(days=n // a_day, minutes=(n % a_day) * 1440 / a_day)
        floor = chance.choices((1, 2, 3, 4), (60, 20, 15, 5))[0]
        fired = [r for r in (f"rule-{k}" for k in range(12)) if chance.random() < 0.2]
        finding = {
            "version": "1",
            "priority": "High",
            "title": "A title",
            "reason": "A reason. " * 6,
            "values": {"score": 5},
        }
        made = an_answer(
            at,
            subject=f"subj-{chance.randrange(4000):032x}",
            floor=floor,
            priority=floor,
            status=chance.choice(("ready", "withheld", "pending")),
            findings=[{"rule": rule, **finding} for rule in fired],
            not_evaluated=[{"what": "NEWS2", "reason": "no usable vital sign"}] if chance.random() < 0.3 else [],
            timings_ms={
                "map": chance.uniform(20, 90),
                "rules": chance.uniform(5, 30),
                "ledger": chance.uniform(5, 200),
            },
        )
        rows["answer"].append(made)
        shown = [a_card(made, kind, fired[:2] or ["news2"]) for kind in ("floor", "care-gap")]
        rows["card"] += shown
        rows["feedback"] += [
            a_word(c, chance.choice(("accepted", "overridden")), at + timedelta(minutes=2), "cds-not-applicable")
            for c in shown
            if chance.random() < 0.4
        ]
        rows["job"].append(
            a_job(at, chance.choice(("ready", "ready", "withheld")), chance.uniform(2, 20), ["a text names race"])
        )
        if floor > 1:
            case = a_case(at, floor, answer=made["id"], informing="acknowledged" if floor > 2 else "not-needed")
            rows["review_case"].append(case)
            given = min(4, max(1, floor + chance.choices((-1, 0, 1), (10, 85, 5))[0]))
            rows["review_record"].append(
                a_decision(case, given, after_s=chance.uniform(60, 3000), review_s=chance.uniform(15, 120))
            )
    write(database, **rows)


def monitored(folder: Any, **changes: Any) -> Settings:
    """Settings with all state in `folder`."""
    return Settings(data_dir=folder / "state", keys_file=folder / "keys.json", model="none", **changes)


def open_oversight(database: Database, vault: Vault, settings: Settings) -> Oversight:
    """The oversight as the service builds it."""
    return Oversight(database, vault, settings, checks=check_of_reason())
