"""Seals: what a chain alone cannot show, shown by the seals in the table, the file, or both."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from cds_service.errors import StoreError
from cds_service.ledger.audit import GENESIS, AuditEvent, EventKind, append, event_hash, newest
from cds_service.ledger.chain import Tamper
from cds_service.ledger.database import Database
from cds_service.ledger.key_rings import KeyRing, VaultKeys
from cds_service.ledger.seal import Seal, SealTamper, parse, statement
from cds_service.ledger.seals import Seals
from cds_service.ledger.signatures import sign
from cds_service.ledger.trail import Wanted, records
from cds_service.ledger.verification import note_verified, verify_trail
from tests.support.ledger_values import NOW, later, new_keys

CHANGED = Tamper.CHANGED
CUT, REWRITTEN, MISSING = SealTamper.CUT, SealTamper.REWRITTEN, SealTamper.MISSING
TRIGGERS = (
    *(f"DROP TRIGGER audit_event_{name}" for name in ("no_update", "no_delete", "next_only")),
    *(f"DROP TRIGGER audit_seal_{name}" for name in ("no_update", "no_delete")),
)


@pytest.fixture(scope="module")
def keys() -> VaultKeys:
    return new_keys()


@pytest.fixture
def seals(keys: VaultKeys, tmp_path: Path) -> Seals:
    return Seals(keys, tmp_path / "elsewhere" / "audit-seals.jsonl")


@pytest.fixture
def sealed(database: Database, seals: Seals) -> Database:
    """Three seals: over events 1 to 3, over 4 to 7 and over 8 to 11; events 12 and 13 are newer."""
    with database.transaction() as tx:
        for statement_ in TRIGGERS:
            tx.execute(text(statement_))
    for round_ in range(3):
        events(database, 3)
        seal(database, seals, round_)
    events(database, 1)
    return database


def events(database: Database, count: int) -> None:
    with database.transaction() as tx:
        made = [AuditEvent(kind=EventKind.HOOK_CALL, actor="client:x", detail={"n": n}) for n in range(count)]
        append(tx, made, now=NOW)


def seal(database: Database, seals: Seals, seconds: float = 0) -> Seal | None:
    with database.transaction() as tx:
        return seals.seal(tx, now=later(seconds), actor="operator")


def tamper(database: Database, *statements: str) -> None:
    with database.transaction() as tx:
        for one in statements:
            tx.execute(text(one))


def problems(database: Database, seals: Seals) -> list[tuple[int, SealTamper]]:
    found = verify_trail(database, seals)
    assert found.valid is not bool(found.problems)
    return [(problem.seal, problem.kind) for problem in found.seal_problems]


def rewrite_from(database: Database, seq: int) -> None:
    """Change a record and give it and all after it right hashes: the chain alone looks whole."""
    with database.transaction() as tx:
        tx.execute(text("UPDATE audit_event SET actor = 'client:y' WHERE seq = :seq"), {"seq": seq})
        previous = tx.execute(text("SELECT hash FROM audit_event WHERE seq = :seq"), {"seq": seq - 1}).scalar()
        rows = tx.execute(text("SELECT * FROM audit_event WHERE seq >= :seq ORDER BY seq"), {"seq": seq}).mappings()
        for row in rows.all():
            fresh = {**row, "previous": previous or GENESIS}
            previous = event_hash(fresh)
            tx.execute(
                text("UPDATE audit_event SET previous = :p, hash = :h WHERE seq = :s"),
                {"p": fresh["previous"], "h": previous, "s": row["seq"]},
            )


def lines_of(seals: Seals) -> list[bytes]:
    return seals.file.path.read_bytes().splitlines(keepends=True)


def test_a_sealed_trail_is_whole_and_says_what_is_newer(sealed: Database, seals: Seals) -> None:
    found = verify_trail(sealed, seals)
    assert found.valid
    assert found.status.newest is not None
    assert (found.status.newest.number, found.status.newest.first, found.status.newest.last) == (3, 8, 11)
    assert (found.chain.last, found.status.newer, found.status.interrupted) == (13, 2, False)
    assert json.loads(json.dumps(found.as_json()))["sealed_up_to"] == 11
    assert oct(seals.file.path.stat().st_mode & 0o777) == "0o600"


def test_every_seal_is_an_event_and_nothing_new_makes_none(sealed: Database, seals: Seals) -> None:
    fourth = seal(sealed, seals)
    assert fourth is not None
    with sealed.transaction(write=False) as tx:
        event = newest(tx, EventKind.SEAL)
    assert event == {"act": "sealed", "seal": 4, "first": 12, "last": 13, "key": fourth.key_id}
    assert seal(sealed, seals) is None, "the event of a seal is nothing new"
    assert len(lines_of(seals)) == 4


def test_no_database_accepts_a_change_of_a_seal(database: Database, seals: Seals) -> None:
    events(database, 1)
    seal(database, seals)
    for change in ("UPDATE audit_seal SET last = 9", "DELETE FROM audit_seal"):
        with pytest.raises(StoreError):
            tamper(database, change)


@pytest.mark.parametrize("kept", [10, 8, 7, 3])
def test_a_cut_end_shows_although_the_chain_is_whole(sealed: Database, seals: Seals, kept: int) -> None:
    tamper(sealed, f"DELETE FROM audit_event WHERE seq > {kept}")
    assert verify_trail(sealed, seals).chain.valid
    covered = {1: 3, 2: 7, 3: 11}
    assert problems(sealed, seals) == [(n, CUT) for n, last in covered.items() if last > kept]


def test_an_end_that_is_cut_with_its_seals_shows_by_the_file(sealed: Database, seals: Seals) -> None:
    tamper(sealed, "DELETE FROM audit_event WHERE seq > 7", "DELETE FROM audit_seal WHERE number > 2")
    assert problems(sealed, seals) == [(3, CUT), (3, SealTamper.NOT_IN_TABLE)]


@pytest.mark.parametrize(("seq", "broken"), [(2, [1, 2, 3]), (9, [3]), (12, [])])
def test_a_rewritten_end_shows_as_far_as_it_was_sealed(
    sealed: Database, seals: Seals, seq: int, broken: list[int]
) -> None:
    rewrite_from(sealed, seq)
    assert verify_trail(sealed, seals).chain.valid
    assert problems(sealed, seals) == [(n, REWRITTEN) for n in broken]


@pytest.mark.parametrize("value", ["CAST(x'ff41' AS TEXT)", "x'ff41'", "x''"])
def test_bytes_that_are_no_text_are_named_and_stop_no_reading(sealed: Database, seals: Seals, value: str) -> None:
    tamper(
        sealed,
        f"UPDATE audit_event SET actor = {value}, detail = {value} WHERE seq = 5",
        f"UPDATE audit_event SET time = {value} WHERE seq = 6",
        f"UPDATE audit_seal SET head = {value} WHERE number = 2",
    )
    assert [(p.seq, p.kind) for p in verify_trail(sealed, seals).chain.problems] == [(5, CHANGED), (6, CHANGED)]
    assert sorted(problems(sealed, seals)) == [(2, SealTamper.DISAGREE), (2, SealTamper.FORGED)]
    json.dumps(verify_trail(sealed, seals).as_json())
    with sealed.transaction(write=False) as tx:
        found = [json.dumps(record.as_json()) for record in records(tx, Wanted())]
    assert len(found) == 13


def test_a_missing_seal_is_named(sealed: Database, seals: Seals) -> None:
    tamper(sealed, "DELETE FROM audit_seal WHERE number = 2")
    assert problems(sealed, seals) == [(2, SealTamper.NOT_IN_TABLE)]
    seals.file.path.write_bytes(b"".join(lines_of(seals)[i] for i in (0, 2)))
    assert problems(sealed, seals) == [(3, MISSING)]


@pytest.mark.parametrize("column", ["last", "count", "head", "time", "signature", "previous"])
def test_a_changed_seal_is_named(sealed: Database, seals: Seals, column: str) -> None:
    tamper(sealed, f"UPDATE audit_seal SET {column} = 5 WHERE number = 3")
    found = problems(sealed, seals)
    assert (3, SealTamper.FORGED) in found
    assert (3, SealTamper.DISAGREE) in found


def test_a_seal_by_another_key_is_named_and_so_is_one_under_our_keys_name(sealed: Database, seals: Seals) -> None:
    third = parse(lines_of(seals)[2])
    assert third is not None
    other = KeyRing.new("key-of-somebody")
    said = {name: value for name, value in asdict(third).items() if name != "signature"}
    for name, expected in (("key-of-somebody", SealTamper.UNKNOWN_KEY), (third.key_id, SealTamper.FORGED)):
        forged = replace(
            third, key_id=name, signature=sign(statement({**said, "key_id": name, "head": "0" * 64}), other).hex
        )
        values = {"k": name, "s": forged.signature}
        with sealed.transaction() as tx:
            tx.execute(text("UPDATE audit_seal SET key_id = :k, signature = :s WHERE number = 3"), values)
        assert sorted(problems(sealed, seals)) == sorted([(3, expected), (3, SealTamper.DISAGREE)])


def test_seals_of_a_retired_or_destroyed_key_hold_and_the_wrong_key_file_shows(
    sealed: Database, seals: Seals, keys: VaultKeys
) -> None:
    rotated = replace(keys, signing=keys.signing.rotated("key-new"))
    assert problems(sealed, Seals(rotated, seals.file.path)) == []
    destroyed = replace(
        rotated, signing=rotated.signing.without(frozenset(keys.signing.keys)), verifying=keys.public_keys()
    )
    assert problems(sealed, Seals(destroyed, seals.file.path)) == []
    assert {kind for _, kind in problems(sealed, Seals(new_keys(), seals.file.path))} == {SealTamper.UNKNOWN_KEY}


def test_a_file_that_was_cut_changed_or_lost_shows(sealed: Database, seals: Seals) -> None:
    lines, path = lines_of(seals), seals.file.path
    path.write_bytes(b"".join(lines[:2]))
    assert problems(sealed, seals) == [(3, SealTamper.NOT_IN_FILE)]
    path.write_bytes(lines[0] + b"rubbish\n" + lines[2])
    assert problems(sealed, seals) == [(2, SealTamper.NOT_IN_FILE), (2, SealTamper.UNREADABLE)]
    path.write_bytes(lines[1] + lines[0] + lines[2])
    assert problems(sealed, seals) == [(1, SealTamper.NOT_IN_FILE), (2, SealTamper.UNREADABLE)]
    path.unlink()
    assert problems(sealed, seals) == [(n, SealTamper.NOT_IN_FILE) for n in (1, 2, 3)]


def test_a_file_that_lags_is_completed_by_the_next_seal_and_that_is_audited(sealed: Database, seals: Seals) -> None:
    lines = lines_of(seals)
    seals.file.path.write_bytes(lines[0] + lines[1][:20])
    assert seal(sealed, seals) is not None
    assert lines_of(seals)[:3] == lines
    assert problems(sealed, seals) == []
    with sealed.transaction(write=False) as tx:
        told = tx.execute(text("SELECT detail FROM audit_event WHERE seq = 14")).scalar()
    assert json.loads(str(told)) == {"act": "file-completed", "seals": 2, "seal": 3}


def test_a_seal_that_died_between_file_and_database_is_taken_over(sealed: Database, seals: Seals) -> None:
    with sealed.transaction() as tx:
        seals.seal(tx, now=NOW, actor="operator")
        tx.rollback()
    assert len(lines_of(seals)) == 4
    assert problems(sealed, seals) == []
    assert verify_trail(sealed, seals).status.interrupted
    assert seal(sealed, seals) is None, "the one in the file is taken over, and covers everything"
    assert len(lines_of(seals)) == 4
    found = verify_trail(sealed, seals)
    assert found.valid
    assert found.status.newest is not None
    assert (found.status.newest.number, found.status.interrupted) == (4, False)


def test_a_seal_never_covers_an_event_of_its_own_transaction_which_may_not_come_to_pass(
    sealed: Database, seals: Seals
) -> None:
    seals.file.path.unlink()
    with sealed.transaction() as tx:
        seals.seal(tx, now=NOW, actor="operator")
        tx.rollback()
    events(sealed, 1)
    assert problems(sealed, seals) == []
    assert seal(sealed, seals) is not None
    assert problems(sealed, seals) == []


def test_a_seal_that_the_chain_says_was_recorded_was_not_interrupted(sealed: Database, seals: Seals) -> None:
    tamper(sealed, "DELETE FROM audit_seal WHERE number = 3")
    assert problems(sealed, seals) == [(3, SealTamper.NOT_IN_TABLE)]
    found = verify_trail(sealed, seals).status
    assert (found.interrupted, found.problem and found.problem.kind) == (False, SealTamper.NOT_IN_TABLE)
    tamper(sealed, "DELETE FROM audit_seal")
    found = verify_trail(sealed, seals).status
    assert (found.interrupted, found.problem and found.problem.kind) == (False, SealTamper.NOT_IN_TABLE)
    assert {kind for _, kind in problems(sealed, seals)} == {SealTamper.NOT_IN_TABLE}


@pytest.mark.parametrize(
    ("table", "column", "place"),
    [
        *(("audit_event", column, "seq = 13") for column in ("seq", "hash")),
        *(("audit_seal", column, "number = 3") for column in ("number", "first", "last", "time")),
        ("audit_seal", "previous", "number = 1"),
    ],
)
@pytest.mark.parametrize("value", ["'abc'", "x'ff'"])
def test_no_value_of_another_type_keeps_the_rest_from_being_told(
    sealed: Database, seals: Seals, table: str, column: str, place: str, value: str
) -> None:
    tamper(sealed, f"UPDATE {table} SET {column} = {value} WHERE {place}")
    found = verify_trail(sealed, seals)
    assert not found.valid
    assert found.problems
    assert json.dumps(found.as_json())
    events(sealed, 1)  # and the service goes on writing


def test_a_database_that_was_set_back_is_not_sealed_over(sealed: Database, seals: Seals) -> None:
    tamper(sealed, "DELETE FROM audit_event WHERE seq > 7", "DELETE FROM audit_seal WHERE number > 1")
    before = lines_of(seals)
    with pytest.raises(StoreError, match="at odds"):
        seal(sealed, seals)
    assert lines_of(seals) == before


def test_a_full_disk_costs_the_seal_and_leaves_file_and_chain_as_they_were(
    sealed: Database, seals: Seals, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, write = lines_of(seals), os.write

    def full(descriptor: int, content: bytes) -> int:
        write(descriptor, content[:7])
        raise OSError(errno.ENOSPC, "quoted nowhere")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match="No space left"):
        seal(sealed, seals)
    monkeypatch.undo()
    assert lines_of(seals) == before
    assert problems(sealed, seals) == []
    assert seal(sealed, seals) is not None


def test_somebody_who_seals_during_a_verification_is_no_false_alarm(sealed: Database, seals: Seals) -> None:
    mark = seals.mark()
    with sealed.transaction(write=False) as tx:
        tx.execute(text("SELECT 1 FROM audit_event LIMIT 1")).all()
        events(sealed, 2)
        assert seal(sealed, seals) is not None
        assert seals.check(tx, mark=mark) == ()
        assert seals.status(tx, mark=mark).problem is None


@pytest.mark.parametrize("seconds", [-3600, -61])
def test_a_clock_that_was_set_back_is_told_and_refuses_nothing(sealed: Database, seals: Seals, seconds: float) -> None:
    assert seal(sealed, seals, seconds) is not None
    found = verify_trail(sealed, seals)
    assert found.valid
    assert [(step.seq, step.seconds) for step in found.chain.clock_back] == [(14, -seconds)]


def test_small_steps_back_are_those_of_processes_that_queue(sealed: Database, seals: Seals) -> None:
    assert seal(sealed, seals, -59) is not None
    assert verify_trail(sealed, seals).chain.clock_back == ()


def test_a_whole_verification_is_an_event_and_a_broken_trail_is_left_as_it_is(sealed: Database, seals: Seals) -> None:
    note_verified(sealed, verify_trail(sealed, seals), now=NOW, actor="operator")
    assert verify_trail(sealed, seals).chain.last == 14
    tamper(sealed, "DELETE FROM audit_event WHERE seq > 9")
    with pytest.raises(ValueError, match="whole"):
        note_verified(sealed, verify_trail(sealed, seals), now=NOW, actor="operator")


def test_the_newest_seal_alone_tells_of_a_cut_at_once(sealed: Database, seals: Seals) -> None:
    tamper(sealed, "DELETE FROM audit_event WHERE seq > 9")
    with sealed.transaction(write=False) as tx:
        problem = seals.status(tx, mark=seals.mark()).problem
    assert problem is not None
    assert str(problem) == "seal 3 covers events 8 to 11, but the chain ends before: its end was cut off"
