"""Forms, codes and answers over a real database and vault."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from cds_service.accounts.roles import Member, Role
from cds_service.errors import NotAllowed, StoreError
from cds_service.intake.codes import spaced
from cds_service.intake.errors import CodeRefused, FormClosed, NoSuchForm, NotAnswered, TabletClosed
from cds_service.intake.store import FORM_LASTS, Intake
from cds_service.intake.values import NEXT_FORM, FormState, Helper, Tablet
from cds_service.ledger.chain import verify
from cds_service.ledger.database import open_database
from cds_service.ledger.tables import audit_event, metadata
from cds_service.settings import Settings
from fhir_mappers.intake_form import SIGNS
from tests.support.ledger_values import NOW, later

EHR = "ehr-1"
CALM = {q.link_id: False for q in SIGNS.questions}
CANARY = "Zebulon whispers of mauve thunder"
ANSWERS = {"chief-complaint": CANARY, "severity": 6}
MINUTE = 60


@pytest.fixture
def form(intake, nurse, patient_id):
    return intake.start(EHR, patient_id, nurse, NOW)


@pytest.fixture
def tablet(intake, nurse, form):
    return Tablet(token=intake.open(intake.new_code(form.id, nurse, NOW), NOW).token)


@pytest.fixture
def sent(intake, tablet):
    intake.tell_signs(tablet, CALM, NOW)
    return intake.send(tablet, ANSWERS, later(30))


def acts(database, form):
    with database.transaction(write=False) as tx:
        rows = tx.execute(select(audit_event).where(audit_event.c.subject == form.subject).order_by(audit_event.c.seq))
        return [(row.kind, row.actor, row.detail) for row in rows]


# -- starting ------------------------------------------------------------------------------------------------------


def test_a_form_started_twice_is_one_form(intake, nurse, patient_id, form):
    assert intake.start(EHR, patient_id, nurse, later(5)) == form
    assert intake.start("ehr-2", patient_id, nurse, later(5)).subject != form.subject


def test_after_an_answer_or_a_day_another_form_is_started(intake, nurse, patient_id, form, sent):
    second = intake.start(EHR, patient_id, nurse, later(MINUTE))
    assert second.id != form.id
    assert intake.start(EHR, patient_id, nurse, NOW + 2 * FORM_LASTS).id not in (form.id, second.id)


@pytest.mark.parametrize("role", [Role.COMPLIANCE, Role.ADMINISTRATOR])
def test_who_may_not_see_charts_starts_and_reads_nothing(intake, form, sent, role):
    other = Member(account="acct-9", name="Otto Vale", role=role)
    for ask in (
        lambda: intake.start(EHR, "p", other, NOW),
        lambda: intake.new_code(form.id, other, NOW),
        lambda: intake.answers(form.id, other, NOW),
        lambda: intake.patient(form, other, NOW),
        lambda: intake.recent(other, NOW),
        lambda: intake.withdraw(form.id, other, NOW),
        lambda: intake.seen(form.id, other, NOW),
        lambda: intake.send(Helper(form=form.id, member=other), ANSWERS, NOW),
    ):
        with pytest.raises(NotAllowed):
            ask()


def test_an_unknown_form_is_told(intake, nurse):
    with pytest.raises(NoSuchForm):
        intake.get("form-0")
    with pytest.raises(NoSuchForm):
        intake.start_for_answer("ans-0", nurse, NOW)


# -- codes and tablets ---------------------------------------------------------------------------------------------


def test_a_code_opens_once_and_only_in_its_time(intake, nurse, form):
    code = intake.new_code(form.id, nurse, NOW)
    assert intake.may_open(spaced(code).lower(), NOW)
    assert not intake.may_open(code, later(15 * MINUTE))
    assert not intake.may_open(code, later(-MINUTE)), "the clock went back before the form began"
    opened = intake.open(code, later(14 * MINUTE))
    assert opened.form.state is FormState.OPENED
    for typed in (code, "WRONGCODE2", "", "x" * 100_000):
        with pytest.raises(CodeRefused):
            intake.open(typed, later(14 * MINUTE))


def test_a_new_code_ends_the_one_before_and_the_tablet_that_held_the_form(intake, nurse, form):
    first = intake.new_code(form.id, nurse, NOW)
    second = intake.new_code(form.id, nurse, NOW)
    with pytest.raises(CodeRefused):
        intake.open(first, NOW)
    old = Tablet(token=intake.open(second, NOW).token)
    intake.tell_signs(old, {**CALM, "seizure": True}, NOW)
    new = Tablet(token=intake.open(intake.new_code(form.id, nurse, NOW), NOW).token)
    for ask in (lambda: intake.held(old, NOW), lambda: intake.send(old, ANSWERS, NOW)):
        with pytest.raises(TabletClosed):
            ask()
    assert intake.held(new, NOW).signs["seizure"], "what was told stays with the form"


@pytest.mark.parametrize("token", ["", "guess", "x" * 100_000, "\ud800"])
def test_a_browser_without_a_form_holds_none(intake, token):
    with pytest.raises(TabletClosed):
        intake.held(Tablet(token=token), NOW)


def test_the_time_of_a_tablet_ends_and_may_be_stretched_within_the_day(intake, tablet):
    assert intake.held(tablet, later(44 * MINUTE))
    intake.more_time(tablet, later(44 * MINUTE))
    assert intake.held(tablet, later(80 * MINUTE))
    with pytest.raises(TabletClosed):
        intake.send(tablet, ANSWERS, later(90 * MINUTE))
    with pytest.raises(TabletClosed):
        intake.more_time(tablet, later(90 * MINUTE))


def test_more_time_does_not_outlive_the_form(database, vault, nurse, patient_id):
    long = Intake(database, vault, settings=Settings(intake_form_minutes=480))
    form = long.start(EHR, patient_id, nurse, NOW)
    tablet = Tablet(token=long.open(long.new_code(form.id, nurse, NOW), NOW).token)
    assert long.more_time(tablet, NOW + timedelta(hours=7)).tablet_until == NOW + FORM_LASTS


def test_a_form_that_was_taken_back_opens_nowhere(intake, nurse, form, tablet):
    intake.withdraw(form.id, nurse, NOW)
    with pytest.raises(TabletClosed):
        intake.held(tablet, NOW)
    with pytest.raises(FormClosed):
        intake.new_code(form.id, nurse, NOW)
    with pytest.raises(FormClosed):
        intake.withdraw(form.id, nurse, NOW)


def test_an_old_form_is_not_filled_in(intake, nurse, form):
    with pytest.raises(FormClosed):
        intake.new_code(form.id, nurse, NOW + FORM_LASTS)
    with pytest.raises(FormClosed):
        intake.send(Helper(form=form.id, member=nurse), ANSWERS, NOW + FORM_LASTS)


# -- answers -------------------------------------------------------------------------------------------------------


def test_answers_come_back_as_the_response_of_this_patient(intake, nurse, sent, patient_id):
    response = intake.answers(sent.id, nurse, later(MINUTE))
    assert response["id"] == sent.id
    assert response["subject"] == {"reference": f"Patient/{patient_id}"}
    assert response["authored"].startswith("2031-05-06T07:08:39")
    assert CANARY in str(response)
    assert (sent.state, sent.filled_by) == (FormState.ANSWERED, "patient")


def test_what_was_sent_once_is_not_overwritten(intake, nurse, sent, tablet):
    assert intake.was_sent_by(tablet)
    with pytest.raises(TabletClosed):
        intake.send(tablet, {"chief-complaint": "another"}, later(40))
    with pytest.raises(FormClosed):
        intake.send(Helper(form=sent.id, member=nurse), {"chief-complaint": "another"}, later(40))
    assert CANARY in str(intake.answers(sent.id, nurse, later(50)))


def test_staff_write_down_what_the_patient_says(intake, nurse, form):
    helper = Helper(form=form.id, member=nurse)
    intake.tell_signs(helper, CALM, NOW)
    done = intake.send(helper, ANSWERS, NOW)
    assert done.filled_by == "staff"
    assert intake.answers(form.id, nurse, NOW)["author"]["identifier"]["value"] == nurse.account


def test_an_unanswered_form_has_no_response(intake, nurse, form):
    with pytest.raises(NotAnswered):
        intake.answers(form.id, nurse, NOW)


def test_answers_stand_in_the_open_nowhere(database, intake, nurse, sent, patient_id):
    intake.answers(sent.id, nurse, NOW)
    with database.transaction(write=False) as tx:
        dump = " ".join(repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table)))
    assert sent.id in dump
    for word in ("Zebulon", "mauve", patient_id, "Nora"):
        assert word not in dump


def test_neither_code_nor_tablet_can_be_read_from_the_database(database, intake, nurse, form):
    code = intake.new_code(form.id, nurse, NOW)
    token = intake.open(code, NOW).token
    again = intake.new_code(form.id, nurse, NOW)
    with database.transaction(write=False) as tx:
        dump = " ".join(repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table)))
    assert not any(secret in dump for secret in (code, token, again))


def test_every_act_is_in_the_chain(database, intake, nurse, sent):
    intake.answers(sent.id, nurse, NOW)
    told = acts(database, sent)
    intake_acts = [detail.split('"act":"')[1].split('"')[0] for kind, _, detail in told if kind == "intake"]
    assert intake_acts == ["started", "code-made", "opened", "signs-told", "answered"]
    assert [(kind, actor) for kind, actor, _ in told if kind == "vault-read"][-1] == ("vault-read", "user:acct-1")
    with database.transaction(write=False) as tx:
        assert verify(tx).valid


# -- warning signs -------------------------------------------------------------------------------------------------


def test_a_warning_sign_is_told_at_once_and_once(intake, warned, tablet, form):
    intake.tell_signs(tablet, {**CALM, "chest-pain": True}, NOW)
    intake.tell_signs(tablet, {**CALM, "chest-pain": True}, later(5))
    assert [(w.form, w.subject, w.signs) for w in warned] == [(form.id, form.subject, ("chest-pain",))]
    assert form.id in {f.id for f in intake.warnings(later(6))}


def test_no_sign_is_no_warning(intake, warned, tablet, form):
    intake.tell_signs(tablet, CALM, NOW)
    assert warned == []
    assert form.id not in {f.id for f in intake.warnings(NOW)}


def test_a_sign_taken_back_stays_told_and_a_further_one_is_told_anew(intake, warned, nurse, tablet, form):
    intake.tell_signs(tablet, {**CALM, "seizure": True}, NOW)
    intake.seen(form.id, nurse, later(10))
    assert form.id not in {f.id for f in intake.warnings(later(11))}
    after = intake.tell_signs(tablet, CALM, later(12))
    assert (after.signs["seizure"], after.warned, after.alarming) == (False, ("seizure",), False)
    after = intake.tell_signs(tablet, {**CALM, "self-harm": True}, later(13))
    assert after.alarming
    assert warned[-1].signs == ("seizure", "self-harm")


def test_the_first_who_has_seen_a_warning_stays(intake, nurse, tablet, form):
    intake.tell_signs(tablet, {**CALM, "swelling": True}, NOW)
    intake.seen(form.id, nurse, later(1))
    intake.seen(form.id, Member(account="acct-2", name="Ada Reed", role=Role.PHYSICIAN), later(2))
    assert (intake.get(form.id).seen_by, intake.get(form.id).seen_at) == ("acct-1", later(1))


def test_who_cannot_hear_of_a_warning_costs_no_answer(database, vault, nurse, patient_id):
    def broken(tx, told, now):
        tx.execute(audit_event.delete())
        raise RuntimeError

    intake = Intake(database, vault, settings=Settings(), on_warning=broken)
    form = intake.start(EHR, patient_id, nurse, NOW)
    helper = Helper(form=form.id, member=nurse)
    assert intake.tell_signs(helper, {**CALM, "passed-out": True}, NOW).alarming
    assert acts(database, form), "what the listener did half is undone"
    intake.send(helper, ANSWERS, NOW)


# -- on the road ---------------------------------------------------------------------------------------------------


def test_the_newest_answers_of_the_last_days_join_the_chart(intake, nurse, patient_id, sent):
    assert intake.newest(EHR, patient_id, later(MINUTE))["id"] == sent.id
    assert intake.newest(EHR, patient_id, NOW + timedelta(days=6)) is not None
    assert intake.newest(EHR, patient_id, NOW + timedelta(days=8)) is None
    second = intake.start(EHR, patient_id, nurse, later(MINUTE))
    assert intake.newest(EHR, patient_id, later(2 * MINUTE))["id"] == sent.id
    intake.send(Helper(form=second.id, member=nurse), ANSWERS, later(3 * MINUTE))
    assert intake.newest(EHR, patient_id, later(4 * MINUTE))["id"] == second.id


def test_answers_join_no_other_chart(intake, patient_id, sent):
    assert intake.newest("ehr-2", patient_id, later(MINUTE)) is None
    assert intake.newest(EHR, patient_id + "x", later(MINUTE)) is None


def test_answers_past_their_retention_are_a_store_error(database, vault, nurse, patient_id):
    short = Intake(database, vault, settings=Settings(vault_retention_days=1))
    form = short.start(EHR, patient_id, nurse, NOW)
    short.send(Helper(form=form.id, member=nurse), ANSWERS, NOW)
    with pytest.raises(StoreError):
        short.newest(EHR, patient_id, NOW + timedelta(days=2))


def test_without_a_database_it_is_a_store_error_and_nothing_else(vault, tmp_path):
    gone = Intake(open_database(f"sqlite:///{tmp_path / 'empty.sqlite3'}"), vault, settings=Settings())
    for ask in (
        lambda: gone.newest(EHR, "p", NOW),
        lambda: gone.warnings(NOW),
        lambda: gone.held(Tablet(token="t"), NOW),
    ):
        with pytest.raises(StoreError):
            ask()


def test_every_state_has_a_way_in_and_only_answered_and_withdrawn_are_ends():
    assert set(NEXT_FORM) == set(FormState)
    assert {s for s in FormState if not NEXT_FORM[s]} == {FormState.ANSWERED, FormState.WITHDRAWN}
    assert set().union(*NEXT_FORM.values()) == set(FormState)
