"""Nobody answers: one level further up, once, whatever the clock does."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from cds_service.domain import Priority
from cds_service.errors import StoreError
from cds_service.ledger.tables import notification
from cds_service.review.states import Informing
from tests.support.ledger_values import later
from tests.support.notify_values import HOOK
from tests.unit.notify.conftest import MakeWard


@pytest.mark.parametrize(("priority", "minutes"), [(Priority.CRITICAL, 5), (Priority.HIGH, 15)])
def test_a_level_has_its_minutes_and_then_the_next_is_told(
    make_ward: MakeWard, priority: Priority, minutes: int
) -> None:
    ward = make_ward()
    case = ward.told(priority)
    assert ward.escalation.look(later(minutes * 60 - 1)) == 0
    assert ward.escalation.look(later(minutes * 60)) == 1
    assert ward.levels(case) == [1, 2]
    assert ward.track(case, "informing")[-2:] == ["notified", "escalated"]


def test_the_minutes_are_settings(make_ward: MakeWard) -> None:
    ward = make_ward(escalate_critical_minutes=2)
    case = ward.told()
    ward.escalation.look(later(121))
    assert ward.levels(case) == [1, 2]


def test_it_ends_at_the_last_level_and_says_that_nobody_answered(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK.replace('"pager"', '"chief"') + "level = 3\n")
    case = ward.told()
    for second in range(0, 1500, 150):
        ward.escalation.look(later(second))
    assert ward.levels(case) == [1, 2, 3]
    assert ward.states(case)[-1] == ("chief", 3, "waiting")
    ended = select(notification.c.ended).where(notification.c.level == 3)
    with ward.database.transaction(write=False) as tx:
        assert tx.execute(ended).scalar() == "unanswered"
    assert len(ward.bell()) == 1
    assert ward.chain_is_whole()


def test_an_acknowledged_case_is_told_no_further(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    ward.acknowledge(case, later(100))
    ward.escalation.look(later(400))
    assert ward.levels(case) == [1]
    assert ward.escalation.look(later(401)) == 0
    assert ward.as_it_stands(case).informing is Informing.ACKNOWLEDGED


def test_a_clock_that_jumps_ahead_makes_one_step_and_not_three(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    for _ in range(3):
        ward.escalation.look(later(86_400))
    assert ward.levels(case) == [1, 2]


def test_a_clock_that_is_set_back_takes_nothing_back_and_waits_no_longer_than_a_level_has(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    yesterday = later(-86_400)
    ward.escalation.look(yesterday)
    assert ward.levels(case) == [1]
    assert len(ward.bell(now=yesterday)) == 1
    assert ward.bell(now=yesterday)[0].since <= yesterday
    ward.escalation.look(later(-86_400 + 299))
    assert ward.levels(case) == [1]
    ward.escalation.look(later(-86_400 + 300))
    assert sorted(ward.levels(case)) == [1, 2]


def test_two_processes_tell_a_level_once(make_ward: MakeWard) -> None:
    ward = make_ward()
    case = ward.told()
    due = ward.escalation._due(later(301))
    with ward.database.transaction(write=False) as tx:
        made = tx.execute(select(notification.c.id).where(due)).scalar_one()
    for _ in range(2):  # both saw it due before either wrote
        with ward.database.transaction() as tx:
            ward.escalation._step(tx, made, later(301))
    assert ward.levels(case) == [1, 2]


def test_a_case_that_cannot_be_told_holds_up_no_other(make_ward: MakeWard) -> None:
    ward = make_ward()
    broken, well = ward.told(), ward.told()
    when = f"WHEN NEW.\"case\" = '{broken.id}'"
    with ward.database.transaction() as tx:
        tx.exec_driver_sql(
            f"CREATE TRIGGER no_way BEFORE INSERT ON notification {when} BEGIN SELECT RAISE(ABORT, 'x'); END"
        )
    ward.escalation.look(later(301))
    assert (ward.levels(broken), ward.levels(well)) == ([1], [1, 2])


def test_a_database_that_refuses_everything_is_not_asked_for_every_case(make_ward: MakeWard) -> None:
    ward = make_ward()
    for _ in range(4):
        ward.opened()
    with ward.database.transaction() as tx:
        tx.exec_driver_sql("CREATE TRIGGER none BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'x'); END")
    with capture_logs() as logs, pytest.raises(StoreError):
        ward.escalation.look(later(1))
    assert len(logs) == 3


def test_every_case_is_told_its_next_level(make_ward: MakeWard) -> None:
    ward = make_ward()
    cases = [ward.told() for _ in range(4)]
    assert ward.escalation.look(later(301)) == 4
    assert all(ward.levels(case) == [1, 2] for case in cases)
