"""What is of a held patient is not deleted."""

from datetime import timedelta

import pytest
from sqlalchemy import JSON, delete, func, insert, select

from cds_service.inference.jobs import JobStore
from cds_service.ledger.audit import EventKind
from cds_service.ledger.holds import no_job_of_a_held, not_held
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.tables import UtcDateTime, export_order, job, vault_export, vault_item
from cds_service.ledger.vault import ItemKind
from cds_service.rights.errors import NoSuchEntry, Refused
from tests.support.ledger_values import CLIENT, HOOK_CALL, NOW, answer_record, later
from tests.support.oversight_values import a_case, write
from tests.support.rights_values import ACTOR

LATER = NOW + timedelta(days=9000)


def kept(office, table):
    with office.database.transaction(write=False) as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar()


def sealed(office, patient):
    subject = office.subject(patient)
    with office.database.transaction() as tx:
        office.vault.store(
            tx, ItemKind.NOTE, subject=subject, payload={"text": "x"}, now=NOW, expires_at=later(60), actor=ACTOR
        )
    return subject


def test_holds_are_placed_and_released_each_audited_and_the_last_one_frees(office):
    first, second = office.hold("p-1", words="The letter of the court."), office.hold("p-1", reason="audit")
    office.rights.release(first.id, actor=ACTOR, now=NOW)
    assert office.held("p-1")
    office.rights.release(second.id, actor=ACTOR, now=NOW)
    assert not office.held("p-1")
    events = office.audited(EventKind.LEGAL_HOLD)
    assert [(e["act"], e["reason"]) for e in events] == [
        ("placed", "litigation"), ("placed", "audit"), ("released", "litigation"), ("released", "audit"),
    ]  # fmt: skip
    assert "letter" not in str(events)
    with pytest.raises(NoSuchEntry):
        office.rights.release(first.id, actor=ACTOR, now=NOW)


def test_the_condition_spares_the_held_and_nobody_else(office):
    office.hold("p-1")
    for patient in ("p-1", "p-2"):
        sealed(office, patient)
    with office.database.transaction() as tx:
        office.vault.store_comment(tx, subject=None, text="x", now=NOW, expires_at=later(60), actor=ACTOR)
        tx.execute(delete(vault_item).where(vault_item.c.expires_at <= LATER, not_held(vault_item.c.subject)))
        assert tx.execute(select(vault_item.c.subject)).scalars().all() == [office.vault.find_subject(
            tx, tenant=CLIENT, patient_key="p-1"
        )]  # fmt: skip


def test_retention_deletes_nothing_of_a_held_patient_until_the_release(office):
    for patient in ("p-1", "p-2"):
        sealed(office, patient)
    hold = office.hold("p-1")
    with office.database.transaction() as tx:
        assert office.vault.purge_expired(tx, now=LATER, actor="purge") == 1
    office.rights.release(hold.id, actor=ACTOR, now=NOW)
    with office.database.transaction() as tx:
        assert office.vault.purge_expired(tx, now=LATER, actor="purge") == 1
    assert kept(office, vault_item) == 0


def test_jobs_of_a_held_patient_stay(office):
    jobs = JobStore(bound=9, max_attempts=1, ttl=timedelta(hours=1))
    office.hold("p-1")
    with office.database.transaction() as tx:
        for patient in ("p-1", "p-2"):
            wanted = jobs.enqueue(tx, cache_key=f"k-{patient}", payload="{}", now=NOW, actor="hook")
            claimed = jobs.claim(tx, now=NOW, worker="w", lease_s=60)
            jobs.fail(tx, claimed, reason="x", now=NOW)
            record = answer_record(
                subject=office.vault.subject_for(tx, tenant=CLIENT, patient_key=patient, now=NOW, actor="hook"),
                job=wanted.id,
            )
            Ledger(office.vault, retention=timedelta(days=1)).record_answer(tx, record, audit=[HOOK_CALL])
        assert len(tx.execute(select(job.c.id).where(no_job_of_a_held(job.c.id))).all()) == 1
        assert jobs.purge_finished(tx, before=LATER, now=LATER, actor="purge") == 1
    assert kept(office, job) == 1


def test_the_draft_of_a_case_stays_with_its_chart_and_as_it_was_seen(office):
    """A job is also the cache of its question: what is asked again later must not take a case's draft away."""
    jobs = JobStore(bound=9, max_attempts=1, ttl=timedelta(hours=1))
    subject = office.subject("p-1")
    with office.database.transaction() as tx:
        chart = office.vault.store_snapshot(
            tx, subject=subject, payload={}, now=NOW, expires_at=later(60 * 24 * 365), actor=ACTOR
        )

    def drafted(key, draft, at):
        with office.database.transaction() as tx:
            jobs.enqueue(tx, cache_key=key, payload="{}", now=at, actor="hook")
            return jobs.complete(tx, jobs.claim(tx, now=at, worker="w", lease_s=60), result=draft, now=at).id

    of_case, nobodys = drafted("k-1", "A", NOW), drafted("k-2", "B", NOW)
    write(office.database, review_case=[a_case(NOW, subject=subject, snapshot=chart, job=of_case)])
    day = NOW + timedelta(days=1)
    assert drafted("k-2", "D", day) == nobodys
    assert drafted("k-1", "C", day) != of_case
    with office.database.transaction() as tx:
        assert tx.execute(select(job.c.result).where(job.c.id == of_case)).scalar_one() == "A"
        assert jobs.purge_finished(tx, before=NOW + timedelta(days=40), now=NOW, actor="purge") == 2
        assert tx.execute(select(job.c.id)).scalars().all() == [of_case]
        tx.execute(delete(vault_item).where(vault_item.c.id == chart))
        assert jobs.purge_finished(tx, before=NOW + timedelta(days=40), now=NOW, actor="purge") == 1


def test_a_withdrawn_export_keeps_the_link_of_a_held_patient_until_the_release(office):
    hold = office.hold("p-1")
    columns = {c.name: _any(c) for c in export_order.columns if not c.nullable}
    with office.database.transaction() as tx:
        tx.execute(insert(export_order), columns | {"id": "exp-1", "state": "withdrawn"})
    for patient in ("p-1", "p-2"):
        subject = office.subject(patient)
        with office.database.transaction() as tx:
            office.vault.export_link(tx, export="exp-1", subject=subject, now=NOW, actor=ACTOR)
    with office.database.transaction() as tx:
        office.vault.forget_export(tx, export="exp-1", now=NOW, actor=ACTOR)
    assert kept(office, vault_export) == 1
    office.rights.release(hold.id, actor=ACTOR, now=NOW)
    assert kept(office, vault_export) == 0


def test_nobody_under_a_hold_is_erased(office):
    office.subject("p-1")
    hold = office.hold("p-1")
    for erase in (office.rights.shred, office.rights.ask_erasure):
        with pytest.raises(Refused) as refused:
            erase(CLIENT, "p-1", reason="patient-request", actor=ACTOR, now=NOW)
        assert refused.value.reason == "held"
    office.rights.release(hold.id, actor=ACTOR, now=NOW)
    assert office.rights.shred(CLIENT, "p-1", reason="patient-request", actor=ACTOR, now=NOW).clean


def _any(column):
    """A value of the column's type."""
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return NOW
    return [] if isinstance(kind, JSON) else kind.python_type()
