"""A decision is taken whole, by who may, on what was looked at, or refused whole."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, select

from cds_service.accounts.roles import Member, Role
from cds_service.domain import AssessmentStatus, Priority
from cds_service.errors import StoreError
from cds_service.ledger.audit import EventKind
from cds_service.ledger.chain import verify
from cds_service.ledger.errors import VaultError
from cds_service.ledger.tables import audit_event, metadata, review_record, vault_item
from cds_service.review import required
from cds_service.review.errors import Incomplete, NoSuchCase, NotPermitted, Stale
from cds_service.review.permissions import may_acknowledge, may_decide, may_lower
from cds_service.review.states import Informing, Reviewing
from cds_service.review.values import Notes, Symptom, Verdict
from tests.support.ledger_values import NOW, later
from tests.support.review_values import WORDS, decision, finding

LOW, MEDIUM, HIGH, CRITICAL = sorted(Priority)
NOTHING = Notes()


def taken(clinic, case, decided, member=None, at=60):
    return clinic.reviews.decide(case.id, decided, member or clinic.member(), later(at))


def missing(clinic, case, decided, member=None):
    with pytest.raises(Incomplete) as refused:
        taken(clinic, case, decided, member)
    assert clinic.as_it_stands(case) == case
    return set(refused.value.fields)


def record(clinic, case):
    with clinic.database.transaction(write=False) as tx:
        return tx.execute(select(review_record).where(review_record.c.case == case.id)).mappings().one_or_none()


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_confirmed_case_says_who_when_and_what_and_the_record_holds_the_measures(clinic):
    case, nurse = clinic.opened(status=AssessmentStatus.READY), clinic.member()
    clinic.reviews.look(case.id, nurse, later(10))
    after = taken(clinic, case, decision(case), nurse, at=52.5)
    assert (after.reviewing, after.decided_priority, after.decided_by) == (Reviewing.CONFIRMED, HIGH, nurse.account)
    assert after.decided_at == later(52.5)
    assert clinic.as_it_stands(case) == after
    row = record(clinic, case)
    assert (row["verdict"], row["floor"], row["system_priority"], row["model_priority"], row["priority"]) == (
        "confirm", HIGH, HIGH, HIGH, HIGH,
    )  # fmt: skip
    assert (row["review_s"], row["turn_round_s"], row["confidence"], row["answer"]) == (42.5, 52.5, 70, case.answer)


def test_what_was_signed_is_sealed_and_given_back_to_clinicians_with_an_audit_event(clinic):
    case = clinic.opened()
    taken(clinic, case, decision(case, signature="  nora   QUILL "))
    physician = clinic.member(Role.PHYSICIAN, "Petra Vole")
    reads = clinic.audited(EventKind.VAULT_READ)
    signed = clinic.reviews.signed(clinic.as_it_stands(case), physician, later(90))
    assert (signed.notes, signed.verdict, signed.role, signed.name) == (WORDS, Verdict.CONFIRM, "nurse", "nora   QUILL")
    assert clinic.audited(EventKind.VAULT_READ) == reads + 1
    with pytest.raises(NotPermitted):
        clinic.reviews.signed(case, clinic.member(Role.COMPLIANCE), later(90))


def test_no_word_of_a_clinician_stands_outside_the_vault(clinic):
    case = clinic.opened()
    words = Notes(
        history="Zebulon told",
        symptoms=(Symptom(name="Zebulon", duration="Zebulon", severity=1),),
        **dict.fromkeys(["vitals", "risk_factors", "assessment", "justification", "note"], "Zebulon"),
        confidence=1,
    )
    taken(clinic, case, decision(case, notes=words))
    with clinic.database.transaction(write=False) as tx:
        dump = [repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table))]
    assert len(dump) > 10
    assert not [row for row in dump if "Zebulon" in row or "Iva" in row]


def test_a_changed_case_keeps_the_floor_beside_the_clinicians_priority(clinic):
    case = clinic.opened()
    after = taken(clinic, case, decision(case, Verdict.CHANGE, priority=CRITICAL))
    assert (after.reviewing, after.floor, after.priority, after.decided_priority) == (
        Reviewing.CHANGED, HIGH, HIGH, CRITICAL,
    )  # fmt: skip


def test_an_assessment_worded_anew_at_the_same_priority_is_a_change(clinic):
    case = clinic.opened(status=AssessmentStatus.READY)
    taken(clinic, case, decision(case, Verdict.CHANGE, priority=HIGH, edited=True))
    assert record(clinic, case)["edited"] is True


def test_a_dismissal_needs_a_reason_and_a_signature_and_nothing_else(clinic):
    case = clinic.opened(finding(MEDIUM))
    dismissed = decision(case, Verdict.DISMISS, reason="data-wrong", notes=NOTHING)
    assert missing(clinic, case, replace(dismissed, reason=None, signature="")) == {"reason", "signature"}
    assert missing(clinic, case, replace(dismissed, reason="because")) == {"reason"}
    after = taken(clinic, case, dismissed)
    assert (after.reviewing, after.decided_priority) == (Reviewing.DISMISSED, None)
    assert [e.why for e in clinic.reviews.history(case.id) if e.after == "dismissed"] == ["data-wrong"]


def test_every_step_is_an_event_of_its_case_and_of_the_audit_chain(clinic):
    case, nurse = clinic.opened(), clinic.member()
    taken(clinic, case, decision(case), nurse)
    events = clinic.reviews.history(case.id)
    assert [(e.seq, e.track, e.before, e.after) for e in events] == [
        (1, "reviewing", "new", "opened"),
        (2, "reviewing", "opened", "awaiting-nurse-review"),
        (3, "informing", "not-needed", "due"),
        (4, "reviewing", "awaiting-nurse-review", "confirmed"),
    ]
    assert (events[-1].actor, events[-1].role, events[-1].at) == (nurse.actor, "nurse", later(60))
    with clinic.database.transaction(write=False) as tx:
        kept = tx.execute(select(audit_event.c.detail).where(audit_event.c.kind == "review")).scalars().all()
        assert verify(tx).valid
    assert [case.id in detail for detail in kept] == [True] * 4


# -- what is required --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [Verdict.CONFIRM, Verdict.CHANGE])
def test_an_empty_form_is_told_every_field_that_it_lacks(clinic, verdict):
    case = clinic.opened()
    empty = decision(case, verdict, notes=NOTHING, signature="", priority=None)
    lacks = {"history", "symptoms", "vitals", "risk_factors", "assessment", "confidence", "signature"}
    also = {"justification"} if verdict is Verdict.CONFIRM else {"priority"}
    assert missing(clinic, case, empty) == lacks | also


@pytest.mark.parametrize(
    ("floor", "verdict", "priority", "justified"),
    [
        (MEDIUM, Verdict.CONFIRM, None, False),
        (MEDIUM, Verdict.CHANGE, LOW, True),
        (MEDIUM, Verdict.CHANGE, HIGH, True),
        (HIGH, Verdict.CONFIRM, None, True),
        (CRITICAL, Verdict.CONFIRM, CRITICAL, True),
    ],
)
def test_a_priority_is_justified_where_it_is_urgent_or_not_the_floor(clinic, floor, verdict, priority, justified):
    case = clinic.opened(finding(floor))
    bare = decision(case, verdict, priority=priority, notes=replace(WORDS, justification=" "))
    if justified:
        assert missing(clinic, case, bare) == {"justification"}
    else:
        assert taken(clinic, case, bare).reviewing.decided


@pytest.mark.parametrize(
    "symptom",
    [
        Symptom(name="Cough", duration="2 days"),
        Symptom(name="Cough", duration=" ", severity=3),
        Symptom(name="", duration="2 days", severity=3),
        Symptom(name="Cough", duration="2 days", severity=11),
        Symptom(name="Cough", duration="2 days", severity=-1),
        Symptom(name="Cough" * 100, duration="2 days", severity=1),
    ],
)
def test_a_symptom_has_a_duration_and_a_severity_of_0_to_10(clinic, symptom):
    case = clinic.opened()
    notes = replace(WORDS, symptoms=(*WORDS.symptoms, symptom))
    assert missing(clinic, case, decision(case, notes=notes)) == {"symptoms"}


def test_bounds_hold_and_their_messages_quote_nothing(clinic):
    case = clinic.opened()
    long = replace(WORDS, note="Zebulon" * required.MAX_CHARS, history="Zebulon" * required.MAX_CHARS, confidence=101)
    with pytest.raises(Incomplete) as refused:
        taken(clinic, case, decision(case, notes=long))
    assert set(refused.value.fields) == {"note", "history", "confidence"}
    assert "Zebulon" not in f"{refused.value} {dict(refused.value.fields)}"


@pytest.mark.parametrize("signature", ["Nora", "Petra Vole", "", "Nora Quill x"])
def test_only_the_name_of_the_account_signs(clinic, signature):
    case = clinic.opened()
    assert missing(clinic, case, decision(case, signature=signature)) == {"signature"}


def test_confirming_takes_no_other_priority_and_changing_takes_none_that_is_the_same(clinic):
    case = clinic.opened()
    assert missing(clinic, case, decision(case, priority=CRITICAL)) == {"priority"}
    assert missing(clinic, case, decision(case, Verdict.CHANGE, priority=HIGH)) == {"priority"}


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("priority", [HIGH, CRITICAL])
@pytest.mark.parametrize(
    ("verdict", "given"), [(Verdict.CHANGE, MEDIUM), (Verdict.CHANGE, LOW), (Verdict.DISMISS, None)]
)
def test_what_is_urgent_is_lowered_or_dismissed_by_a_physician_alone(clinic, priority, verdict, given):
    case, nurse, physician = clinic.opened(finding(priority)), clinic.member(), clinic.member(Role.PHYSICIAN)
    lowered = decision(case, verdict, priority=given, reason="data-wrong")
    assert (may_lower(case, nurse), may_lower(case, physician)) == (False, True)
    with pytest.raises(NotPermitted, match="Only a physician"):
        taken(clinic, case, lowered, nurse)
    assert clinic.as_it_stands(case) == case
    assert taken(clinic, case, lowered, physician).reviewing.decided


def test_a_nurse_lowers_medium_to_low(clinic):
    case = clinic.opened(finding(MEDIUM))
    assert taken(clinic, case, decision(case, Verdict.CHANGE, priority=LOW)).decided_priority is LOW


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.ADMINISTRATOR])
def test_who_is_no_clinician_sees_no_case_no_chart_and_decides_nothing(clinic, role):
    case, other = clinic.opened(), clinic.member(role)
    assert not may_decide(case, other)
    for forbidden in (
        lambda: taken(clinic, case, decision(case), other),
        lambda: clinic.reviews.look(case.id, other, NOW),
        lambda: clinic.reviews.chart(case, other, NOW),
        lambda: clinic.reviews.queue(NOW, role=role),
        lambda: clinic.reviews.acknowledged(case.id, other, NOW),
    ):
        with pytest.raises(NotPermitted):
            forbidden()
    assert clinic.as_it_stands(case) == case


@pytest.mark.parametrize("what", ["disabled", "gone", "another role"])
def test_an_account_that_is_no_longer_in_force_decides_nothing(clinic, what):
    case, nurse = clinic.opened(), clinic.member()
    if what == "disabled":
        clinic.disable(nurse)
    member = {
        "disabled": nurse,
        "gone": Member(account="acct-gone", name="Nora Quill", role=Role.NURSE),
        "another role": replace(nurse, role=Role.PHYSICIAN),
    }[what]
    with pytest.raises(NotPermitted, match="no longer in force"):
        taken(clinic, case, decision(case), member)
    with pytest.raises(NotPermitted):
        clinic.reviews.acknowledged(case.id, member, later(60))
    assert clinic.as_it_stands(case) == case


# -- bad moments -------------------------------------------------------------------------------------------------------


def test_the_second_of_two_decisions_is_refused_and_overwrites_nothing(clinic):
    case = clinic.opened()
    first = taken(clinic, case, decision(case))
    with pytest.raises(Stale):
        taken(clinic, case, decision(case, Verdict.CHANGE, priority=CRITICAL))
    assert clinic.as_it_stands(case) == first
    with pytest.raises(NotPermitted, match="decided"):
        taken(clinic, first, decision(first))


def test_a_decision_on_a_chart_that_was_overtaken_is_refused(clinic):
    subject = clinic.patient()
    case = clinic.answered(subject, finding())
    clinic.answered(subject, finding(score=8), now=later(30), data_at=later(20))
    with pytest.raises(Stale):
        taken(clinic, case, decision(case))


def test_telling_a_physician_makes_no_decision_stale(clinic):
    case = clinic.opened()
    clinic.informs(case, Informing.NOTIFIED, Informing.ESCALATED)
    assert taken(clinic, case, decision(case)).reviewing is Reviewing.CONFIRMED


def test_a_case_that_asks_for_no_decision_takes_none(clinic):
    case = clinic.opened(finding(LOW), status=AssessmentStatus.PENDING)
    with pytest.raises(NotPermitted, match="does not ask"):
        taken(clinic, case, decision(case))


def test_an_unknown_case_is_told_as_such(clinic):
    case = replace(clinic.opened(), id="case-x' OR 1=1")
    for unknown in (
        lambda: taken(clinic, case, decision(case)),
        lambda: clinic.reviews.get(case.id),
        lambda: clinic.reviews.look(case.id, clinic.member(), NOW),
        lambda: clinic.reviews.get_by_answer("ans-unknown"),
    ):
        with pytest.raises(NoSuchCase):
            unknown()


def test_times_of_a_case_never_go_back_with_the_clock(clinic):
    case, nurse = clinic.opened(), clinic.member()
    clinic.reviews.look(case.id, nurse, later(100))
    after = taken(clinic, case, decision(case), nurse, at=-3600)
    assert (after.changed_at, after.decided_at) == (NOW, NOW)
    assert (record(clinic, case)["review_s"], record(clinic, case)["turn_round_s"]) == (None, 0.0)


def test_a_database_that_is_locked_refuses_and_the_same_decision_holds_afterwards(clinic):
    case, nurse = clinic.opened(), clinic.member()
    event.listen(clinic.database.engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 10"))
    clinic.database.close()
    blocker = sqlite3.connect(clinic.database.engine.url.database, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError):
        taken(clinic, case, decision(case), nurse)
    blocker.execute("ROLLBACK")
    blocker.close()
    assert taken(clinic, case, decision(case), nurse).reviewing is Reviewing.CONFIRMED


def test_a_database_that_is_gone_refuses_without_a_word_of_the_case(clinic):
    case, nurse = clinic.opened(), clinic.member()
    clinic.database.close()
    path = Path(clinic.database.engine.url.database)
    path.rename(path.with_suffix(".gone"))
    path.mkdir()
    with pytest.raises(StoreError) as refused:
        taken(clinic, case, decision(case), nurse)
    assert "Quill" not in str(refused.value)


def test_a_decision_that_cannot_be_sealed_is_not_taken(clinic, monkeypatch):
    case = clinic.opened()

    def broken(*_args, **_kwargs):
        raise VaultError("sealed with another key")

    monkeypatch.setattr(clinic.vault, "store", broken)
    with pytest.raises(VaultError):
        taken(clinic, case, decision(case))
    assert clinic.as_it_stands(case) == case
    assert record(clinic, case) is None


def test_a_chart_past_its_retention_is_told_as_such(clinic):
    case, nurse = clinic.opened(), clinic.member()
    other, reads = clinic.opened(), clinic.audited(EventKind.VAULT_READ)
    assert clinic.reviews.chart(case, nurse, later(60)) == {"name": "Iva"}
    assert set(clinic.reviews.charts([case, other], nurse, later(60))) == {case.id, other.id}
    assert clinic.audited(EventKind.VAULT_READ) == reads + 3
    with clinic.database.transaction() as tx:
        tx.execute(vault_item.delete().where(vault_item.c.id == case.snapshot))
    with pytest.raises(VaultError):
        clinic.reviews.chart(case, nurse, later(60))
    assert set(clinic.reviews.charts([case, other], nurse, later(60))) == {other.id}


# -- the physician's track ---------------------------------------------------------------------------------------------


def test_a_physician_acknowledges_once_and_a_nurse_does_not(clinic):
    case, physician = clinic.opened(), clinic.member(Role.PHYSICIAN)
    with pytest.raises(NotPermitted):
        clinic.reviews.acknowledged(case.id, clinic.member(), later(5))
    after = clinic.reviews.acknowledged(case.id, physician, later(10))
    assert (after.informing, after.version) == (Informing.ACKNOWLEDGED, case.version)
    assert clinic.reviews.acknowledged(case.id, physician, later(20)) == after
    assert not may_acknowledge(after, physician)


def test_nothing_is_acknowledged_that_nobody_was_called_for(clinic):
    case = clinic.opened(finding(MEDIUM))
    with pytest.raises(NotPermitted):
        clinic.reviews.acknowledged(case.id, clinic.member(Role.PHYSICIAN), later(10))


def test_escalation_goes_on_until_a_physician_acknowledges_and_no_further(clinic):
    case, physician = clinic.opened(), clinic.member(Role.PHYSICIAN)
    clinic.informs(case, Informing.NOTIFIED, Informing.ESCALATED, Informing.ESCALATED)
    clinic.reviews.acknowledged(case.id, physician, later(5))
    with pytest.raises(Stale):
        clinic.informs(case, Informing.ESCALATED)
    assert clinic.track(case, "informing") == ["due", "notified", "escalated", "escalated", "acknowledged"]


def test_a_nurses_decision_does_not_stop_the_escalation_and_a_physicians_does(clinic):
    case, other = clinic.opened(), clinic.opened()
    assert taken(clinic, case, decision(case)).awaits_physician
    after = taken(clinic, other, decision(other), clinic.member(Role.PHYSICIAN))
    assert after.informing is Informing.ACKNOWLEDGED


@pytest.mark.parametrize("known", [Informing.NOTIFIED, Informing.ACKNOWLEDGED])
def test_a_nurse_who_finds_a_case_graver_calls_the_physician_who_knew_of_less_again(clinic, known):
    case = clinic.informs(clinic.opened(finding(HIGH)), known)
    assert taken(clinic, case, decision(case, Verdict.CHANGE, priority=CRITICAL)).informing is Informing.DUE


def test_a_case_is_as_urgent_as_a_clinician_found_it(clinic):
    case = clinic.opened(finding(MEDIUM))
    assert case.urgency is MEDIUM
    assert taken(clinic, case, decision(case, Verdict.CHANGE, priority=HIGH)).urgency is HIGH
