"""Limits raise an alert once, and clear it; what people owe is due by the calendar."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from cds_service.accounts.roles import Member, Role
from cds_service.domain import Priority
from cds_service.errors import ConfigurationError, NotAllowed, RequestError
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.tables import alert, audit_event, review_case, sign_off
from cds_service.oversight import gauges
from cds_service.oversight.periods import Period
from cds_service.oversight.sign_offs import KINDS, FiguresChanged, NotDue, kind_of, months_after
from tests.support.oversight_values import MONDAY, a_case, an_answer, decided, open_oversight, write

TUESDAY = MONDAY - timedelta(days=6)
DOCTOR = Member(account="acct-2", name="Dana Roe", role=Role.PHYSICIAN)
OFFICER = Member(account="acct-3", name="Cleo Marsh", role=Role.COMPLIANCE)


def events(database, kind):
    wanted = select(audit_event.c.detail).where(audit_event.c.kind == kind.value).order_by(audit_event.c.seq)
    with database.transaction(write=False) as tx:
        return [json.loads(d) for d in tx.execute(wanted).scalars()]


def test_a_breach_is_raised_once_and_cleared_when_it_is_over(oversight, database):
    decided(database, [(2, 3)] * 30 + [(2, 2)] * 30, TUESDAY)
    assert set(oversight.check(MONDAY).raised) == {"under-triage", "missed-urgent", "agreement"}
    assert oversight.check(MONDAY + timedelta(hours=1)).raised == ()
    assert {a.id for a in oversight.report(Period.WEEKLY, MONDAY).alerts} == {
        "under-triage",
        "missed-urgent",
        "agreement",
    }
    decided(database, [(2, 2), (3, 3)] * 40, MONDAY)
    later = oversight.check(MONDAY + timedelta(days=7))
    assert set(later.cleared) == {"under-triage", "missed-urgent", "agreement"}
    with database.transaction(write=False) as tx:
        assert len(tx.execute(select(alert.c.id).where(alert.c.limit_id != "audit-not-verified")).all()) == 3
    states = [(e["alert"], e["state"]) for e in events(database, EventKind.REPORT)]
    assert states.count(("under-triage", "raised")) == states.count(("under-triage", "cleared")) == 1


def test_an_alert_stays_where_too_few_are_counted_to_say(oversight, database):
    decided(database, [(2, 3)] * 30 + [(2, 2)] * 30, TUESDAY)
    oversight.check(MONDAY)
    assert oversight.check(MONDAY + timedelta(days=7)).cleared == ()


def test_chance_alone_breaks_no_limit(oversight, database):
    decided(database, [(2, 3)] * 2 + [(2, 2)] * 28, TUESDAY)  # 6.7 %, interval from 1.8 %
    assert "under-triage" not in oversight.check(MONDAY).raised


def test_a_critical_case_without_a_physician_raises_after_half_an_hour(oversight, database):
    write(database, review_case=[a_case(MONDAY, 4, informing="notified", reviewing="awaiting-nurse-review")])
    assert oversight.check(MONDAY + timedelta(minutes=29)).raised == ()
    assert oversight.check(MONDAY + timedelta(minutes=31)).raised == ("late-criticals",)
    with database.transaction() as tx:
        tx.execute(update(review_case).values(informing="acknowledged"))
    assert oversight.check(MONDAY + timedelta(minutes=40)).cleared == ("late-criticals",)


def test_what_is_so_right_now(oversight, database):
    waits = "awaiting-nurse-review"
    cases = [a_case(MONDAY - timedelta(minutes=n), 4 if n else 2, reviewing=waits, informing="due") for n in range(3)]
    write(database, review_case=[*cases, a_case(MONDAY, 4, stage="shadow", reviewing=waits, informing="due")])
    live = oversight.live(MONDAY)
    assert (live.open[Priority.CRITICAL], live.open[Priority.MEDIUM], live.open[Priority.LOW]) == (2, 1, 0)
    assert (live.oldest_s, live.unanswered_criticals) == (120, 2)


def test_prometheus_is_told_counts_and_no_agreement_of_nothing(oversight, database):
    write(database, review_case=[a_case(MONDAY, 4, reviewing="awaiting-nurse-review", informing="due")])
    gauges.refresh(oversight, MONDAY + timedelta(minutes=2))
    assert gauges.OPEN_CASES.labels(priority="Critical")._value.get() == 1
    assert gauges.OLDEST._value.get() == 120
    assert math.isnan(gauges.KAPPA._value.get())
    decided(database, [(2, 2), (3, 3)] * 10, TUESDAY)
    gauges.refresh(oversight, MONDAY)
    assert gauges.KAPPA._value.get() == 1


def test_a_trail_that_nobody_found_whole_for_two_days_is_an_alert(oversight, database):
    def event(act, at):
        told = AuditEvent(kind=EventKind.AUDIT_READ, actor="operator", detail={"act": act})
        with database.transaction() as tx:
            append(tx, [told], now=at)

    event("page", MONDAY - timedelta(days=3))
    assert oversight.check(MONDAY - timedelta(days=1, hours=1)).raised == ()
    assert oversight.check(MONDAY).raised == ("audit-not-verified",)
    event("verify", MONDAY)
    assert oversight.check(MONDAY + timedelta(hours=1)).cleared == ("audit-not-verified",)
    assert oversight.check(MONDAY + timedelta(days=2)).raised == ("audit-not-verified",)


def test_limits_of_the_clinic_take_the_place_of_ours(database, vault, settings, tmp_path):
    own = tmp_path / "limits.toml"
    own.write_text('[[threshold]]\nid = "any"\nfigure = "answers.all"\nabove = 0\nwords = "There were answers."\n')
    write(database, answer=[an_answer(TUESDAY)])
    with_own = settings.model_copy(update={"monitoring_limits_file": own})
    assert open_oversight(database, vault, with_own).check(MONDAY).raised == ("any",)
    own.write_text('[[threshold]]\nid = "any"\n')
    with pytest.raises(ConfigurationError, match="no file of thresholds"):
        open_oversight(database, vault, with_own)


def test_nothing_is_due_before_first_use_and_then_by_the_calendar(oversight, database):
    assert oversight.overdue(MONDAY) == ()
    first = MONDAY - timedelta(days=40)
    write(database, answer=[an_answer(first)])
    dues = {due.kind.id: due.at for due in oversight.dues()}
    assert dues == {kind.id: months_after(first, kind.months) for kind in KINDS}
    assert [kind.id for kind in oversight.overdue(MONDAY)] == ["performance"]


def test_months_end_where_the_calendar_has_them_end():
    def day(year, month, number):
        return datetime(year, month, number, tzinfo=UTC)

    assert months_after(day(2031, 1, 31), 1) == day(2031, 2, 28)
    assert months_after(day(2031, 11, 30), 3) == day(2032, 2, 29)
    assert months_after(day(2031, 12, 5), 12) == day(2032, 12, 5)


def signed(oversight, kind, member, now=MONDAY, note="Looked at every figure.", digest=None):
    digest = digest or oversight.report(Period.MONTHLY, now, fresh=True).digest
    oversight.sign(kind_of(kind), member, now, note=note, digest=digest)
    return digest


def test_a_signature_is_sealed_audited_and_moves_the_date(oversight, database, vault):
    write(database, answer=[an_answer(MONDAY - timedelta(days=40))])
    digest = signed(oversight, "performance", DOCTOR)
    assert oversight.overdue(MONDAY) == ()
    due = oversight.dues()[0]
    assert (due.last, due.role, due.at) == (MONDAY, Role.PHYSICIAN, months_after(MONDAY, 1))
    (event,) = events(database, EventKind.SIGN_OFF)
    assert (event["kind"], event["report"]) == ("performance", digest)
    with database.transaction(write=False) as tx:
        row = tx.execute(select(sign_off)).mappings().one()
    assert "Looked" not in str(dict(row)) + json.dumps(event)


def test_who_may_not_sign_is_told_who_may(oversight, database):
    write(database, answer=[an_answer(MONDAY - timedelta(days=40))])
    with pytest.raises(NotAllowed, match="nurse or physician"):
        signed(oversight, "performance", OFFICER)


def test_a_review_is_signed_once(oversight, database):
    write(database, answer=[an_answer(MONDAY - timedelta(days=40))])
    signed(oversight, "performance", DOCTOR)
    with pytest.raises(NotDue):
        signed(oversight, "performance", DOCTOR)
    with pytest.raises(NotDue):
        signed(oversight, "protocol", DOCTOR)  # half a year has not passed


def test_who_signs_has_read_what_the_report_says_now(oversight, database):
    write(database, answer=[an_answer(MONDAY - timedelta(days=40))])
    seen = oversight.report(Period.MONTHLY, MONDAY).digest
    decided(database, [(2, 2)] * 8, MONDAY - timedelta(days=10))
    with pytest.raises(FiguresChanged):
        signed(oversight, "performance", DOCTOR, digest=seen)
    with database.transaction(write=False) as tx:
        assert tx.execute(select(sign_off)).all() == []
    assert oversight.report(Period.MONTHLY, MONDAY).digest != seen  # the page shows what is to be signed now


@pytest.mark.parametrize("note", ["", "   too few  "[:9], "x" * 4001])
def test_a_note_is_neither_empty_nor_endless(oversight, database, note):
    write(database, answer=[an_answer(MONDAY - timedelta(days=40))])
    with pytest.raises(RequestError):
        signed(oversight, "performance", DOCTOR, note=note)
