"""Two persons stand for an export: who may do what, what an approval is bound to, and that every step is audited."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from cds_service.accounts.roles import Role
from cds_service.errors import StoreError
from cds_service.export import permissions
from cds_service.export.errors import Incomplete, NoSuchOrder, NotPermitted, Stale
from cds_service.export.ordered import Attestation
from cds_service.export.orders import Orders
from cds_service.export.runner import Runner
from cds_service.export.states import NEXT, State, diagram
from cds_service.export.values import Profile
from cds_service.ledger.audit import EventKind
from cds_service.ledger.tables import audit_event, export_event, export_order, vault_item
from cds_service.review.errors import NotPermitted as AccountNotInForce
from tests.support.export_values import DAY, NOW, WORDS, SmallWriter, approving, asked, officers
from tests.support.site import a_clinic, a_member

DECISION = Path(__file__).parents[3] / "docs" / "decisions" / "0026-two-persons-for-an-export.md"


@pytest.fixture
def clinic(tmp_path):
    return a_clinic(tmp_path, now=lambda: NOW)


@pytest.fixture
def orders(clinic):
    return Orders(clinic.recorder.database, clinic.recorder.vault, clinic.settings)


@pytest.fixture
def two(clinic):
    return officers(clinic)


def work(orders, writer=None, *, now=NOW):
    writer = writer or SmallWriter()
    return Runner(orders, lambda: writer, now=lambda: now, beat_s=0.01).once(threading.Event())


def awaiting(orders, member, **changed):
    ordered = orders.order(asked(**changed), member, NOW)
    work(orders)
    return orders.get(ordered.id)


def events(clinic, *kinds):
    wanted = select(audit_event).where(audit_event.c.kind.in_([kind.value for kind in kinds]))
    with clinic.recorder.database.transaction(write=False) as tx:
        return tx.execute(wanted.order_by(audit_event.c.seq)).mappings().all()


def test_an_order_is_previewed_approved_by_another_person_and_written(clinic, orders, two, tmp_path):
    one, other = two
    ordered = awaiting(orders, one)
    assert ordered.state is State.AWAITING
    assert ordered.cases == 4
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    writer = SmallWriter()
    assert work(orders, writer)
    done = orders.get(ordered.id)
    assert (done.state, done.rows, done.subjects) == (State.DONE, 4, 2)
    assert (Path(done.folder) / "train.jsonl").read_text().count("\n") == 4
    stand = writer.seen[0]
    assert [(a.account, a.declared) for a in stand] == [
        (one.account, "ordered"),
        (other.account, "no-actual-knowledge"),
    ]
    assert not work(orders), "there is nothing more to do"


def test_every_step_is_in_the_audit_chain_and_in_the_history(clinic, orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    work(orders)
    orders.withdraw(ordered.id, other, NOW, remove=True)
    found = events(clinic, EventKind.EXPORT, EventKind.APPROVAL)
    steps = orders.history(ordered.id)
    assert len(found) == len(steps)
    assert [step.why for step in steps] == [
        "ordered", "begun", "previewed", "approved", "begun", "written", "withdrawn",
    ]  # fmt: skip
    assert [row["actor"] for row in found if row["kind"] == "approval"] == [other.actor]
    assert clinic.recorder.verify_audit().valid


def test_what_people_wrote_stands_in_no_table_and_no_audit_record(clinic, orders, two):
    one, _ = two
    ordered = awaiting(orders, one)
    with clinic.recorder.database.transaction(write=False) as tx:
        text = str([tx.execute(select(table)).all() for table in (export_order, export_event, audit_event)])
    assert "nurses decided" not in text
    assert "pneumonia" not in text
    words, preview = orders.look(ordered, one, NOW)
    assert words.purpose == WORDS
    assert "pneumonia" in str(preview.rows)
    assert events(clinic, EventKind.VAULT_READ)[-1]["actor"] == one.actor


def test_who_ordered_may_not_decide(orders, two):
    one, _ = two
    ordered = awaiting(orders, one)
    with pytest.raises(NotPermitted):
        orders.approve(ordered.id, approving(ordered, one), one, NOW)
    with pytest.raises(NotPermitted):
        orders.refuse(ordered.id, ordered.digest, "risk", one, NOW)
    assert orders.get(ordered.id) == ordered


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COMPLIANCE])
def test_no_other_role_may_do_anything(clinic, orders, two, role):
    stranger = a_member(clinic, role)
    ordered = awaiting(orders, two[0])
    for act in (
        lambda: orders.order(asked(), stranger, NOW),
        lambda: orders.look(ordered, stranger, NOW),
        lambda: orders.approve(ordered.id, approving(ordered, stranger), stranger, NOW),
        lambda: orders.refuse(ordered.id, ordered.digest, "risk", stranger, NOW),
        lambda: orders.stop(ordered.id, stranger, NOW),
        lambda: orders.go_on(ordered.id, stranger, NOW),
        lambda: orders.preview_again(ordered.id, stranger, NOW),
        lambda: orders.withdraw(ordered.id, stranger, NOW, remove=False),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert orders.get(ordered.id) == ordered
    assert not permissions.may_see(stranger)
    assert not permissions.may_judge(ordered, stranger)


def test_an_account_that_was_disabled_meanwhile_decides_nothing(clinic, orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    clinic.accounts.disable(other.account, now=NOW)
    with pytest.raises(AccountNotInForce):
        orders.approve(ordered.id, approving(ordered, other), other, NOW)


def test_an_approval_is_bound_to_the_preview_that_was_seen(orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    seen = approving(ordered, other)
    orders.preview_again(ordered.id, one, NOW)
    with pytest.raises(Stale):
        orders.approve(ordered.id, seen, other, NOW)
    work(orders, SmallWriter(cases=5))
    with pytest.raises(Stale):
        orders.approve(ordered.id, seen, other, NOW)
    assert orders.get(ordered.id).state is State.AWAITING


def test_an_approval_needs_each_attestation_of_the_profile_and_the_name(orders, two):
    one, other = two
    ordered = awaiting(orders, one, profile=Profile.EXPERT_DETERMINATION)
    with pytest.raises(Incomplete) as missing:
        orders.approve(ordered.id, approving(ordered, other, attested=frozenset(), signature="X"), other, NOW)
    assert set(missing.value.fields) == {"no-actual-knowledge", "determination-on-file", "signature"}
    half = frozenset({Attestation.NO_KNOWLEDGE})
    with pytest.raises(Incomplete):
        orders.approve(ordered.id, approving(ordered, other, attested=half), other, NOW)
    approved = orders.approve(ordered.id, approving(ordered, other), other, NOW)
    assert approved.declared == "determination-on-file no-actual-knowledge"


def test_an_approval_runs_out_and_the_export_is_previewed_again(orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    assert not work(orders, now=NOW + (orders.approval_days + 1) * DAY)
    again = orders.get(ordered.id)
    assert (again.state, again.reason, again.approved_by) == (State.PREVIEWING, "approval-expired", None)


@pytest.mark.parametrize("changed", [{"cases": 5}, {"policy": "2"}])
def test_other_cases_or_versions_than_were_approved_are_never_written(orders, two, changed):
    one, other = two
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    work(orders, SmallWriter(**changed))
    again = orders.get(ordered.id)
    assert (again.state, again.reason) == (State.PREVIEWING, "not-as-approved")
    assert not orders.folder_of(again).exists()


def test_who_refuses_after_an_earlier_approval_ran_out_leaves_no_code_and_no_half_made_file(clinic, orders, two):
    one, other = two
    vault, database = clinic.recorder.vault, clinic.recorder.database
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    with database.transaction() as tx:
        subject = vault.subject_for(tx, tenant="ehr", patient_key="p-1", now=NOW, actor="ehr")
        code = vault.export_code(tx, export=ordered.id, subject=subject, now=NOW, actor="export")
    work(orders, SmallWriter(at_line=broken))
    orders.go_on(ordered.id, one, late := NOW + (orders.approval_days + 1) * DAY)
    work(orders, now=late)
    again = orders.get(ordered.id)
    half = orders.folder.joinpath(f".{ordered.id}.part")
    assert half.is_dir()
    orders.refuse(ordered.id, again.digest, "scope", other, late)
    assert not half.exists()
    with database.transaction() as tx:
        assert vault.export_code(tx, export=ordered.id, subject=subject, now=NOW, actor="export") != code


def broken(_line):
    raise OSError("disk")


def test_what_was_begun_elsewhere_goes_on_there_and_is_withdrawn_from_there(orders, two, tmp_path):
    one, other = two
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    held = orders.take(worker="export:1", now=NOW, order_id=ordered.id, folder=tmp_path / "out" / ordered.id)
    Runner(orders, lambda: SmallWriter(at_line=broken), now=lambda: NOW).work(held, threading.Event())
    assert (tmp_path / "out" / f".{ordered.id}.part").is_dir()
    orders.withdraw(ordered.id, one, NOW, remove=True)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_deleted_leaves_the_export_to_be_withdrawn_again(orders, two, monkeypatch):
    one, other = two
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    work(orders)
    with monkeypatch.context() as patched:
        patched.setattr("cds_service.export.orders.shutil.rmtree", lambda *_a, **_k: broken(0))
        with pytest.raises(Stale):
            orders.withdraw(ordered.id, one, NOW, remove=True)
    assert orders.get(ordered.id).state is State.DONE
    assert orders.withdraw(ordered.id, one, NOW, remove=True).state is State.WITHDRAWN


def test_a_refused_export_is_closed(orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    with pytest.raises(Incomplete):
        orders.refuse(ordered.id, ordered.digest, "", other, NOW)
    refused = orders.refuse(ordered.id, ordered.digest, "identifier", other, NOW)
    assert (refused.state, refused.reason) == (State.REFUSED, "identifier")
    with pytest.raises(NotPermitted):
        orders.withdraw(ordered.id, one, NOW, remove=False)
    assert not work(orders)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("words", {"words": "  "}),
        ("words", {"words": "For the sister of jane.roe@example.org"}),
        ("words", {"words": "x" * 1001}),
        ("recipient", {"recipient": "Call 555-867-5309"}),
        ("until", {"until": NOW + DAY}),
    ],
)
def test_an_order_that_lacks_something_or_names_somebody_is_not_placed(orders, two, field, changed):
    with pytest.raises(Incomplete) as missing:
        orders.order(asked(**changed), two[0], NOW)
    assert set(missing.value.fields) == {field}
    assert "roe" not in str(missing.value)
    assert orders.all() == ()


def test_withdrawing_forgets_the_codes_and_removes_the_folder(clinic, orders, two):
    one, other = two
    vault, database = clinic.recorder.vault, clinic.recorder.database
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    work(orders)
    with database.transaction() as tx:
        subject = vault.subject_for(tx, tenant="ehr", patient_key="p-1", now=NOW, actor="ehr")
        code = vault.export_code(tx, export=ordered.id, subject=subject, now=NOW, actor="export")
    folder = orders.folder_of(orders.get(ordered.id))
    assert folder.is_dir()
    assert orders.withdraw(ordered.id, one, NOW, remove=True).state is State.WITHDRAWN
    assert not folder.exists()
    with database.transaction() as tx:
        assert vault.export_code(tx, export=ordered.id, subject=subject, now=NOW, actor="export") != code


def test_a_clock_that_was_set_back_stops_the_export_and_approves_nothing(orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    with pytest.raises(Stale):
        orders.approve(ordered.id, approving(ordered, other), other, NOW - DAY)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    assert not work(orders, now=NOW - DAY)
    stopped = orders.get(ordered.id)
    assert (stopped.state, stopped.reason, stopped.changed_at) == (State.STOPPED, "clock-moved-back", NOW)
    with pytest.raises(Stale):
        orders.go_on(ordered.id, one, NOW - DAY)
    assert orders.go_on(ordered.id, one, NOW).state is State.APPROVED
    assert work(orders)


def test_there_is_no_such_order_for_another_id(orders, two):
    with pytest.raises(NoSuchOrder):
        orders.get("exp-none")
    with pytest.raises(NoSuchOrder):
        orders.stop("exp-none", two[0], NOW)


def test_words_past_their_retention_are_gone_and_the_order_stays(orders, two):
    ordered = awaiting(orders, two[0])
    with pytest.raises(StoreError):
        orders.look(ordered, two[0], NOW + 3000 * DAY)
    assert orders.get(ordered.id) == ordered


def test_sample_rows_are_kept_for_a_season_and_not_for_good(orders, two):
    ordered = awaiting(orders, two[0])
    words, preview = orders.look(ordered, two[0], NOW + 91 * DAY)
    assert words.purpose == WORDS
    assert preview is None


@pytest.mark.parametrize(
    "end",
    [
        lambda orders, it, member: orders.refuse(it.id, it.digest, "identifier", member, NOW),
        lambda orders, it, member: orders.withdraw(it.id, member, NOW, remove=True),
        lambda orders, it, member: orders.preview_again(it.id, member, NOW),
    ],
)
def test_what_a_preview_showed_is_gone_when_nobody_may_decide_by_it(clinic, orders, two, end):
    ordered = awaiting(orders, two[0])
    end(orders, ordered, two[1])
    with clinic.recorder.database.transaction(write=False) as tx:
        kept = set(tx.execute(select(vault_item.c.id)).scalars())
    assert ordered.words in kept
    assert ordered.preview not in kept
    assert orders.look(orders.get(ordered.id), two[0], NOW)[1] is None


def test_the_diagram_in_the_docs_is_the_one_of_the_dict():
    assert diagram() in DECISION.read_text(encoding="utf-8")
    assert set(NEXT) == set(State)


def test_two_officers_who_decide_at_once_leave_one_decision(orders, two):
    one, other = two
    ordered = awaiting(orders, one)
    orders.approve(ordered.id, approving(ordered, other), other, NOW)
    with pytest.raises((Stale, NotPermitted)):
        orders.refuse(ordered.id, ordered.digest, "risk", other, NOW)
    assert orders.get(ordered.id).state is State.APPROVED
    assert replace(orders.get(ordered.id)).approved_by == other.account
