"""What is told, to whom, once; and what the review page shows of it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from sqlalchemy.exc import SQLAlchemyError

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.ledger.audit import EventKind, append
from cds_service.monitoring import metrics
from cds_service.review.states import Informing
from cds_service.review.values import Verdict
from tests.support.ledger_values import HOOK_CALL, later
from tests.support.notify_values import HOOK
from tests.support.review_values import decision, finding
from tests.unit.notify.conftest import MakeWard


@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.CRITICAL])
def test_an_urgent_case_is_told_in_the_page_and_on_each_channel_of_the_first_level(
    make_ward: MakeWard, priority: Priority
) -> None:
    ward = make_ward(HOOK + HOOK.replace("pager", "chief") + "level = 2\n")
    case = ward.told(priority)
    assert ward.states(case) == [("app", 1, "posted"), ("pager", 1, "waiting")]
    assert case.informing is Informing.NOTIFIED
    assert [(n.case, n.priority, n.level) for n in ward.bell()] == [(case.id, priority, 1)]
    assert ward.audited(EventKind.NOTIFICATION) == 1


def test_the_same_event_never_makes_two_messages(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    opened = ward.opened(finding(Priority.CRITICAL))
    for case in (opened, opened, ward.as_it_stands(opened)):
        assert ward.tell(case).informing is Informing.NOTIFIED
    assert len(ward.states(opened)) == 2
    ward.escalation.look(later(301))
    assert ward.levels(opened) == [1, 2]


def test_a_case_that_is_not_urgent_or_not_shown_is_not_told(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    medium = ward.told(Priority.MEDIUM)
    shadow = ward.told(Priority.CRITICAL, stage="shadow")
    assert ward.states(medium) == ward.states(shadow) == []
    assert ward.bell() == ()
    assert ward.escalation.look(later(1)) == 0


def test_what_rolls_back_was_never_told(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    case = ward.opened(finding(Priority.CRITICAL))
    with suppress(RuntimeError), ward.database.transaction() as tx:
        assert ward.outbox.for_case_in(tx, case, later(0)).informing is Informing.NOTIFIED
        raise RuntimeError
    assert ward.states(case) == []
    assert ward.as_it_stands(case).informing is Informing.DUE


def test_a_case_that_the_hook_could_not_tell_is_told_by_the_process(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    case = ward.opened(finding(Priority.CRITICAL))
    assert ward.escalation.look(later(1)) == 1
    assert ward.states(case) == [("app", 1, "posted"), ("pager", 1, "waiting")]
    assert ward.escalation.look(later(2)) == 0


def test_a_savepoint_keeps_the_answer_when_telling_fails(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    with ward.database.transaction() as tx:
        tx.exec_driver_sql("CREATE TRIGGER no_way BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'no'); END")
    case = ward.opened(finding(Priority.CRITICAL))
    with ward.database.transaction() as tx:
        append(tx, [HOOK_CALL], now=later(0))
        with suppress(SQLAlchemyError), tx.begin_nested():
            ward.outbox.for_case_in(tx, case, later(0))
    assert ward.audited(EventKind.HOOK_CALL) == 2
    assert ward.levels(case) == []
    with ward.database.transaction() as tx:
        tx.exec_driver_sql("DROP TRIGGER no_way")
    assert ward.escalation.look(later(1)) == 1
    assert ward.levels(case) == [1]


def test_a_graver_finding_is_told_anew_and_takes_the_place_of_the_first(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    subject = ward.patient()
    first = ward.answered(subject, finding(Priority.HIGH))
    assert first is not None
    ward.tell(first)
    graver = ward.answered(subject, finding(Priority.CRITICAL, "sepsis"), data_at=later(60), now=later(60))
    assert graver is not None
    assert graver.id == first.id
    ward.tell(graver, later(60))
    assert ward.levels(first) == [1, 1]
    with ward.database.transaction() as tx:
        held = ward.deliveries.claim(tx, "pager", later(61))
        assert held is not None
        assert held.message.priority is Priority.CRITICAL
        assert ward.deliveries.claim(tx, "pager", later(61)) is None
    assert [state for channel, _, state in ward.states(first) if channel == "pager"] == ["stopped", "sending"]
    assert [(n.priority, n.level) for n in ward.bell(now=later(61))] == [(Priority.CRITICAL, 1)]
    assert ward.escalation.look(later(20 * 60)) == 1  # of the two notifications one goes on


def test_the_bell_is_for_physicians_and_for_nurses_once_nobody_answered(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    seen = {role: len(ward.bell(role)) for role in Role}
    assert seen == {Role.PHYSICIAN: 1, Role.NURSE: 0, Role.COMPLIANCE: 0, Role.ADMINISTRATOR: 0}
    ward.escalation.look(later(301))
    assert [n.level for n in ward.bell(Role.NURSE)] == [2]
    ward.acknowledge(case, later(302))
    assert ward.bell(Role.PHYSICIAN) == ward.bell(Role.NURSE) == ()


def test_the_bell_begins_with_the_gravest_then_the_oldest(make_ward: MakeWard) -> None:
    ward = make_ward()
    high = ward.told(Priority.HIGH, later(0))
    young = ward.told(Priority.CRITICAL, later(20))
    old = ward.told(Priority.CRITICAL, later(10))
    assert [n.case for n in ward.bell()] == [old.id, young.id, high.id]


def test_a_nurse_who_confirms_does_not_silence_the_call(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    ward.reviews.decide(case.id, decision(case), ward.member(), later(5))
    assert len(ward.bell()) == 1
    ward.escalation.look(later(301))
    assert ward.levels(case) == [1, 2]


def test_a_physician_who_dismisses_ends_the_call(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    physician = ward.member(Role.PHYSICIAN)
    ward.reviews.decide(case.id, decision(case, Verdict.DISMISS, reason="data-wrong"), physician, later(5))
    assert ward.bell() == ()
    ward.escalation.look(later(301))
    assert ward.levels(case) == [1]


def test_a_channel_takes_its_priorities_and_places_and_a_case_without_a_place_goes_to_all(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK + 'priorities = ["Critical"]\nlocations = ["ward-1"]\n')
    told = {
        "high": ward.told(Priority.HIGH, location="ward-1"),
        "here": ward.told(location="ward-1"),
        "elsewhere": ward.told(location="ward-2"),
        "nowhere": ward.told(),
    }
    assert {name: len(ward.states(case)) for name, case in told.items()} == {
        "high": 1,
        "here": 2,
        "elsewhere": 1,
        "nowhere": 2,
    }


@pytest.mark.parametrize("titles", [False, True])
def test_messages_name_no_finding_unless_the_clinic_has_it_so(make_ward: MakeWard, titles: bool) -> None:
    ward = make_ward(HOOK, notify_titles=titles)
    ward.told()
    with ward.database.transaction() as tx:
        held = ward.deliveries.claim(tx, "pager", later(1))
    assert held is not None
    assert held.message.text.startswith("A Critical case waits for review.")
    assert ("Title of news2" in held.message.text) is titles


def test_gauges_tell_what_waits_and_what_nobody_answered(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK)
    ward.told()
    ward.outbox.refresh_metrics(later(40))
    assert metrics.ESCALATION_LATE._value.get() == 0
    assert metrics.DELIVERY_AGE._value.get() == 40
    assert metrics.DELIVERIES.labels(channel="pager", state="waiting")._value.get() == 1
    ward.outbox.refresh_metrics(later(310))
    assert metrics.ESCALATION_LATE._value.get() == 10
    for minutes in (6, 11, 16):
        ward.escalation.look(later(minutes * 60 + 1))
    ward.outbox.refresh_metrics(later(960))
    assert metrics.UNANSWERED._value.get() == 1
