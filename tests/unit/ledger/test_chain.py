"""Tampering through raw SQL, with the triggers gone, as by someone who may write to the file."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from cds_service.ledger import chain
from cds_service.ledger.audit import AuditEvent, EventKind, append, event_hash
from cds_service.ledger.chain import Tamper, verify
from cds_service.ledger.database import Database
from tests.support.ledger_values import NOW

CHANGED, REMOVED, REORDERED, INSERTED = Tamper.CHANGED, Tamper.REMOVED, Tamper.REORDERED, Tamper.INSERTED
SHIFT_UP = ("UPDATE audit_event SET seq = -seq - 1 WHERE seq >= {0}", "UPDATE audit_event SET seq = -seq WHERE seq < 0")
SHIFT_DOWN = (
    "UPDATE audit_event SET seq = -seq + 1 WHERE seq > {0}",
    "UPDATE audit_event SET seq = -seq WHERE seq < 0",
)
COPY_OF_2 = (
    "INSERT INTO audit_event SELECT {0}, time, kind, actor, outcome, subject, detail, previous, hash "
    "FROM audit_event WHERE seq = 2"
)


@pytest.fixture
def ten(database: Database) -> Database:
    events = [AuditEvent(kind=EventKind.HOOK_CALL, actor="client:x", detail={"n": number}) for number in range(10)]
    with database.transaction() as tx:
        append(tx, events, now=NOW)
        for trigger in ("no_update", "no_delete", "next_only"):
            tx.execute(text(f"DROP TRIGGER audit_event_{trigger}"))
    return database


def tamper(database: Database, *statements: str) -> list[tuple[int, Tamper]]:
    with database.transaction() as tx:
        for statement in statements:
            tx.execute(text(statement))
    return found(database)


def found(database: Database) -> list[tuple[int, Tamper]]:
    with database.transaction(write=False) as tx:
        report = verify(tx)
    assert report.valid is (not report.problems)
    return [(problem.seq, problem.kind) for problem in report.problems]


def rehash(database: Database, seq: int) -> None:
    with database.transaction() as tx:
        row = tx.execute(text("SELECT * FROM audit_event WHERE seq = :seq"), {"seq": seq}).mappings().one()
        tx.execute(text("UPDATE audit_event SET hash = :h WHERE seq = :seq"), {"h": event_hash(row), "seq": seq})


def test_an_untouched_chain_is_whole(ten: Database) -> None:
    with ten.transaction(write=False) as tx:
        report = verify(tx)
    assert report.valid
    assert (report.events, report.last) == (10, 10)
    assert len(report.head) == 64


def test_an_empty_chain_is_whole(database: Database) -> None:
    assert found(database) == []


@pytest.mark.parametrize("column", ["time", "kind", "actor", "outcome", "subject", "detail", "hash", "previous"])
@pytest.mark.parametrize("seq", [1, 5, 10])
def test_a_change_of_any_field_is_named(ten: Database, column: str, seq: int) -> None:
    expected = INSERTED if (column, seq) == ("previous", 10) else CHANGED  # the last links to nothing: a stranger
    assert tamper(ten, f"UPDATE audit_event SET {column} = 'x' WHERE seq = {seq}") == [(seq, expected)]


@pytest.mark.parametrize("value", ["x'00ff'", "12", "1.5"])
def test_a_value_of_a_foreign_type_is_named(ten: Database, value: str) -> None:
    assert tamper(ten, f"UPDATE audit_event SET subject = {value} WHERE seq = 5") == [(5, CHANGED)]


def test_a_changed_record_with_a_new_hash_is_named_by_the_next(ten: Database) -> None:
    tamper(ten, "UPDATE audit_event SET actor = 'client:y' WHERE seq = 5")
    rehash(ten, 5)
    assert found(ten) == [(5, CHANGED)]


def test_two_changed_records_are_both_named(ten: Database) -> None:
    assert tamper(ten, "UPDATE audit_event SET actor = 'y' WHERE seq IN (4, 5)") == [(4, CHANGED), (5, CHANGED)]


@pytest.mark.parametrize("gone", [[1], [5], [1, 2], [3, 4, 7]])
def test_removed_records_are_named(ten: Database, gone: list[int]) -> None:
    numbers = ", ".join(map(str, gone))
    assert tamper(ten, f"DELETE FROM audit_event WHERE seq IN ({numbers})") == [(seq, REMOVED) for seq in gone]


def test_a_removed_record_is_named_when_the_rest_was_renumbered(ten: Database) -> None:
    statements = [statement.format(4) for statement in SHIFT_DOWN]
    assert tamper(ten, "DELETE FROM audit_event WHERE seq = 4", *statements) == [(4, REMOVED)]


@pytest.mark.parametrize(("a", "b"), [(5, 6), (2, 9), (9, 10), (1, 2)])
def test_swapped_records_are_named(ten: Database, a: int, b: int) -> None:
    swap = f"UPDATE audit_event SET seq = CASE seq WHEN -{a} THEN {b} ELSE {a} END WHERE seq < 0"
    both = f"UPDATE audit_event SET seq = -seq WHERE seq IN ({a}, {b})"
    assert tamper(ten, both, swap) == [(a, REORDERED), (b, REORDERED)]


def test_a_swap_is_named_beside_a_gap(ten: Database) -> None:
    swap = "UPDATE audit_event SET seq = CASE seq WHEN -5 THEN 6 ELSE 5 END WHERE seq < 0"
    statements = "UPDATE audit_event SET seq = -seq WHERE seq IN (5, 6)", swap, "DELETE FROM audit_event WHERE seq = 2"
    assert tamper(ten, *statements) == [(2, REMOVED), (5, REORDERED), (6, REORDERED)]


@pytest.mark.parametrize("place", [3, 7, 10])
def test_a_record_slipped_in_between_is_named(ten: Database, place: int) -> None:
    statements = [statement.format(place) for statement in SHIFT_UP]
    assert tamper(ten, *statements, COPY_OF_2.format(place)) == [(place, INSERTED)]


def test_a_record_slipped_in_with_a_hash_of_its_own_is_named(ten: Database) -> None:
    tamper(ten, *(statement.format(6) for statement in SHIFT_UP), COPY_OF_2.format(6))
    tamper(ten, "UPDATE audit_event SET previous = (SELECT hash FROM audit_event WHERE seq = 5) WHERE seq = 6")
    rehash(ten, 6)
    assert found(ten) == [(6, INSERTED)]


@pytest.mark.parametrize("copied", [2, 10])
def test_a_record_put_at_the_end_is_named(ten: Database, copied: int) -> None:
    statement = COPY_OF_2.format(11).replace("seq = 2", f"seq = {copied}")
    assert tamper(ten, statement) == [(11, INSERTED)]


def test_a_cut_at_the_end_shows_in_the_head_alone(ten: Database) -> None:
    with ten.transaction(write=False) as tx:
        before = verify(tx)
    assert tamper(ten, "DELETE FROM audit_event WHERE seq = 10") == []  # as the module says: keep the head elsewhere
    with ten.transaction(write=False) as tx:
        after = verify(tx)
    assert (after.last, after.head) != (before.last, before.head)


def test_beyond_the_bound_bad_records_are_counted(ten: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "MAX_NAMED", 4)
    tamper(ten, "UPDATE audit_event SET actor = 'y' WHERE seq > 1", "DELETE FROM audit_event WHERE seq IN (2, 3)")
    with ten.transaction(write=False) as tx:
        report = verify(tx)
    assert not report.valid
    assert report.more == 3
    assert [problem.seq for problem in report.problems] == [2, 3, 4, 5, 6, 7]


def test_a_problem_reads_as_a_sentence(ten: Database) -> None:
    tamper(ten, "DELETE FROM audit_event WHERE seq = 5")
    with ten.transaction(write=False) as tx:
        assert [str(problem) for problem in verify(tx).problems] == ["audit event 5 was removed"]
