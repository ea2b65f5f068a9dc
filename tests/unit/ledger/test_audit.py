from __future__ import annotations

import pytest
from sqlalchemy import select

from cds_service.ledger.audit import GENESIS, AuditEvent, EventKind, append
from cds_service.ledger.database import Database
from cds_service.ledger.tables import audit_event
from tests.support.ledger_values import HOOK_CALL, NOW, later

SUBJECT = "subj-" + "0" * 32


@pytest.mark.parametrize(
    "detail",
    [
        {"score": 9, "share": 0.5, "cached": True, "job": "job-1", "reason": "time-out of the gate", "none": None},
        {"text": "x" * 200},
        {},
    ],
)
def test_codes_ids_and_counts_are_good_details(detail: dict) -> None:
    assert AuditEvent(kind=EventKind.HOOK_CALL, actor="client:https://x.example", subject=SUBJECT, detail=detail)


@pytest.mark.parametrize(
    "values",
    [
        {"actor": ""},
        {"actor": "two words"},
        {"actor": "x" * 201},
        {"actor": "user:Patient/123"},
        {"subject": "p-123"},
        {"subject": SUBJECT + "0"},
        {"detail": {"ref": "Patient/123"}},
        {"detail": {"ref": "https://fhir.example/patient/123"}},
        {"detail": {"text": "x" * 201}},
        {"detail": {"text": "line\nbreak"}},
        {"detail": {"text": "naïve"}},
        {"detail": {"list": [1]}},
        {"detail": {"map": {}}},
        {"detail": {"number": float("nan")}},
        {"detail": {"Upper": 1}},
        {"detail": {f"key_{number}": 1 for number in range(21)}},
    ],
)
def test_what_could_say_more_than_that_is_refused_and_not_quoted(values: dict) -> None:
    with pytest.raises(ValueError) as caught:
        AuditEvent(**({"kind": EventKind.HOOK_CALL, "actor": "client:x"} | values))
    assert "123" not in str(caught.value)


def test_each_event_holds_the_hash_of_the_one_before(database: Database) -> None:
    with database.transaction() as tx:
        assert append(tx, [], now=NOW) == 0
        assert append(tx, [HOOK_CALL, HOOK_CALL], now=NOW) == 2
    with database.transaction() as tx:
        assert append(tx, [HOOK_CALL], now=later(1)) == 3
        rows = tx.execute(select(audit_event).order_by(audit_event.c.seq)).all()
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert len({row.hash for row in rows}) == 3
    assert rows[2].time == "2031-05-06T07:08:10.123456Z"
