"""Erasure: who may, when it is refused, and a proof that can fail."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from cds_service.ledger.audit import EventKind
from cds_service.ledger.chain import verify
from cds_service.ledger.errors import VaultError
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.tables import answer, notification
from cds_service.rights import cleaning
from cds_service.rights.errors import NoSuchEntry, Refused
from cds_service.rights.needles import needles_of
from cds_service.rights.proof import search_files
from cds_service.rights.rights import Rights
from cds_service.rights.shred_report import TODO, lines
from tests.support.ledger_values import CLIENT, HOOK_CALL, NOW, answer_record, later
from tests.support.review_values import settings_in
from tests.support.rights_values import ACTOR, OTHER


def shred(office, patient="canary-1", **changes):
    return office.rights.shred(CLIENT, patient, **{"reason": "patient-request", "actor": ACTOR, "now": NOW} | changes)


def ask(office, patient="canary-1"):
    return office.rights.ask_erasure(CLIENT, patient, reason="patient-request", actor=ACTOR, now=NOW)


def answered(office, patient="canary-1"):
    """An answer of the hook, with a sealed chart that names the patient."""
    subject = office.subject(patient)
    with office.database.transaction() as tx:
        snapshot = office.vault.store_snapshot(
            tx, subject=subject, payload={"id": patient}, now=NOW, expires_at=later(1e6), actor=CLIENT
        )
        record = answer_record(subject=subject, snapshot=snapshot, user_key="k")
        Ledger(office.vault, retention=timedelta(days=9)).record_answer(tx, record, audit=[HOOK_CALL])
    return subject, record


def test_an_erasure_takes_two_people_and_the_data_are_not_used_meanwhile(office):
    answered(office)
    asked = ask(office)
    assert office.opted_out("canary-1")
    with pytest.raises(Refused) as refused:
        office.rights.confirm(asked.id, actor=ACTOR, now=NOW)
    assert refused.value.reason == "same-person"
    assert office.rights.person_of(asked, actor=OTHER, now=NOW).patient_key == "canary-1"
    with pytest.raises(Refused, match="waits for a second person"):
        ask(office)
    report = office.rights.confirm(asked.id, actor=OTHER, now=NOW)
    assert report.clean
    assert report.cleaned
    acts = [(e["act"], e["actor"]) for e in office.audited(EventKind.SHRED)]
    assert acts == [("asked", ACTOR), ("done", OTHER), ("proved", OTHER)]
    with pytest.raises(Refused, match="carried out"):
        office.rights.confirm(asked.id, actor=OTHER, now=NOW)
    with pytest.raises(VaultError):
        office.rights.person_of(asked, actor=OTHER, now=NOW)


def test_a_request_is_taken_back_and_the_data_are_used_again(office):
    answered(office)
    office.rights.withdraw_erasure(ask(office).id, actor=OTHER, now=NOW)
    assert not office.opted_out("canary-1")
    with pytest.raises(NoSuchEntry):
        office.rights.withdraw_erasure("erase-none", actor=OTHER, now=NOW)


def test_a_duty_to_keep_records_holds_it_back_and_then_does_not(office, tmp_path):
    answered(office)
    office.rights = Rights(office.database, office.vault, settings_in(tmp_path, erasure_after_days=30))
    with pytest.raises(Refused) as refused:
        shred(office, now=NOW + timedelta(days=29))
    assert refused.value.reason == "duty-to-keep"
    assert shred(office, now=NOW + timedelta(days=31)).clean


def test_a_hold_placed_after_the_request_wins_and_the_refusal_is_audited(office):
    answered(office)
    asked = ask(office)
    office.hold("canary-1")
    with pytest.raises(Refused):
        office.rights.confirm(asked.id, actor=OTHER, now=NOW)
    last = office.audited(EventKind.SHRED)[-1]
    assert (last["outcome"], last["refused"]) == ("refused", "held")
    assert office.rights.look(CLIENT, "canary-1", reason="complaint", actor=ACTOR, now=NOW).asked is not None


def test_who_is_not_known_cannot_be_erased(office):
    with pytest.raises(Refused) as refused:
        shred(office, "nobody")
    assert refused.value.reason == "unknown"


def test_the_answer_stays_as_an_empty_row_and_the_audit_chain_stays_whole(office):
    _, record = answered(office)
    answered(office, "other-2")
    report = shred(office)
    with office.database.transaction(write=False) as tx:
        row = tx.execute(select(answer).where(answer.c.id == record.id)).mappings().one()
        others = tx.execute(select(answer).where(answer.c.id != record.id)).mappings().one()
        assert verify(tx).valid
    emptied = ("findings", "passages", "assessment", "not_evaluated", "hook_instance", "snapshot", "subject")
    assert not any(row[name] for name in emptied)
    assert row["priority"] == int(record.advice.priority)
    assert all(others[name] for name in emptied)
    assert "answer" not in report.remains
    assert report.remains["audit_event"] >= 2
    assert report.emptied["answer"] == 1


def test_who_comes_back_is_somebody_new_without_the_old_opt_out(office):
    subject, _ = answered(office)
    office.opt_out("canary-1")
    shred(office)
    assert not office.opted_out("canary-1")
    assert office.subject("canary-1") != subject


@pytest.mark.parametrize("where", ["file", "file name", "table"])
def test_the_proof_finds_what_was_left_and_names_the_place_alone(office, where, tmp_path):
    answered(office)
    state = tmp_path / "state"
    if where == "table":
        with office.database.transaction() as tx:
            row = {"id": "note-1", "case": "c", "version": 1, "level": 1, "priority": 1, "created_at": NOW}
            tx.execute(insert(notification), row | {"topics": ["of canary-1"]})
        place = "table notification"
    else:
        name = {"file": "index/old.json", "file name": "of-canary-1.txt"}[where]
        (state / name).parent.mkdir(exist_ok=True)
        (state / name).write_text("x" * 100 + ("" if where == "file name" else "canary-1"))
        place = f"file {name}" if where != "file name" else "file whose name leads back"
    report = shred(office)
    assert not report.clean
    found = {look.place for look in report.looks if look.found}
    assert place in found
    assert "found" in report.todo
    text = "\n".join(lines(report.as_json()))
    assert f"FOUND in {place}" in text
    assert "canary-1" not in text
    assert office.audited(EventKind.SHRED)[-1]["outcome"] == "failed"


@pytest.mark.parametrize("small", [True, False])
def test_no_sealed_byte_is_left_in_the_files_of_the_database(office, small, monkeypatch):
    """The search is not blind: it finds them before. A large database is not written anew while others use it."""
    subject, _ = answered(office)
    for _ in range(9):
        office.opt_out("canary-1", words="x" * 2000)
        answered(office)
    answered(office, "other-2")
    with office.database.transaction() as tx:
        known = {"client": CLIENT, "patient_id": "canary-1", "subject": subject, "now": NOW, "actor": ACTOR}
        needles = needles_of(tx, office.vault, **known)
    assert sum(look.found for look in search_files(office.database, office.settings, needles)) > 20
    monkeypatch.setattr(cleaning, "SMALL_BYTES", 10**9 if small else 0)
    report = office.rights.confirm(ask(office).id, actor=OTHER, now=NOW)
    assert report.cleaned is small
    assert ("clean" in report.todo) is not small
    assert report.sought["sealed_values"] > 20
    assert [look.place for look in report.looks if look.found] == []
    assert sum(look.found for look in search_files(office.database, office.settings, needles)) == 0


def test_a_short_id_is_looked_for_as_fhir_and_json_write_it(office, tmp_path):
    office.subject("12")
    (tmp_path / "state" / "counts.txt").write_text("12 of 120")
    assert shred(office, "12").clean
    office.subject("13")
    (tmp_path / "state" / "old.json").write_text('{"subject": "Patient/13"}')
    assert not shred(office, "13").clean


def test_codes_of_exports_lead_nowhere_and_the_report_says_what_remains(office, tmp_path):
    subject, _ = answered(office)
    with office.database.transaction() as tx:
        code = office.vault.export_code(tx, export="exp-1", subject=subject, now=NOW, actor=ACTOR)
    rows = tmp_path / "state" / "exports" / "exp-1" / "train.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text(f'{{"subject": "{code}"}}\n')
    report = shred(office)
    assert report.clean
    assert report.remains["files_of_exports"] == 1
    assert report.sought["export_codes"] == 1
    assert set(report.todo) <= set(TODO)
    assert report.todo[-3:] == ("rotate", "destroy-old-keys", "clients")
