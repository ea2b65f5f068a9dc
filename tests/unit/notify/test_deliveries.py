"""Deliveries: leased to one process, tried again later and later, given up in sight."""

from __future__ import annotations

import pytest

from cds_service.domain import Priority
from cds_service.notify.deliveries import LONGEST_WAIT_S, Held, wait_s
from cds_service.notify.values import NotSent
from tests.support.ledger_values import later
from tests.support.notify_values import HOOK, Ward
from tests.unit.notify.conftest import MakeWard


@pytest.fixture
def ward(make_ward: MakeWard) -> Ward:
    return make_ward(HOOK)


def claim(ward: Ward, seconds: float, channel: str = "pager") -> Held | None:
    with ward.database.transaction() as tx:
        assert ward.deliveries.claimable(tx, channel, later(seconds)) in {True, False}
        return ward.deliveries.claim(tx, channel, later(seconds))


def claimed(ward: Ward, seconds: float) -> Held:
    held = claim(ward, seconds)
    assert held is not None
    return held


def fail(ward: Ward, held: Held, seconds: float, *, final: bool = False) -> bool:
    with ward.database.transaction() as tx:
        return ward.deliveries.failed(tx, held, later(seconds), NotSent("http-503", final=final))


def sent(ward: Ward, held: Held, seconds: float) -> bool:
    with ward.database.transaction() as tx:
        return ward.deliveries.sent(tx, held, later(seconds), problem=None)


def test_a_delivery_is_leased_to_one_and_sent_once(ward: Ward) -> None:
    case = ward.told()
    held = claimed(ward, 1)
    assert claim(ward, 2) is None
    assert held.message.link == f"https://cds.example/review/cases/{case.id}"
    assert sent(ward, held, 3)
    assert claim(ward, 1000) is None
    assert ward.states(case)[1] == ("pager", 1, "sent")
    assert ward.chain_is_whole()


def test_the_gravest_goes_first(ward: Ward) -> None:
    ward.told(Priority.HIGH)
    critical = ward.told(Priority.CRITICAL, later(5))
    assert claimed(ward, 6).message.case == critical.id


def test_a_lease_that_ran_out_is_taken_again_under_the_same_key_and_the_late_one_writes_nothing(ward: Ward) -> None:
    case = ward.told()
    first = claimed(ward, 1)
    assert claim(ward, 20.9) is None
    second = claimed(ward, 21)
    assert (second.id, second.message.key, second.attempts) == (first.id, first.message.key, 2)
    assert not sent(ward, first, 22)
    assert not fail(ward, first, 22)
    assert sent(ward, second, 23)
    assert ward.states(case)[1] == ("pager", 1, "sent")


def test_a_late_answer_counts_while_nobody_else_has_taken_it(ward: Ward) -> None:
    ward.told()
    held = claimed(ward, 1)
    assert sent(ward, held, 500)


def test_a_try_that_fails_is_repeated_later_and_later_and_then_given_up_in_sight(ward: Ward) -> None:
    case = ward.told()
    at = 1.0
    for attempt in (1, 2, 3):
        held = claimed(ward, at)
        assert held.attempts == attempt
        fail(ward, held, at)
        told = ward.outbox.of_case(case.id)[1]
        assert told.problem == "http-503"
        if attempt < 3:
            assert told.next_at is not None
            assert claim(ward, at + 0.79 * wait_s(attempt, share=0)) is None
            at += 1.21 * wait_s(attempt, share=0)
    assert (told.state, told.attempts, told.next_at) == ("gave-up", 3, None)
    assert claim(ward, 10_000) is None


def test_what_would_be_refused_again_is_given_up_at_once(ward: Ward) -> None:
    case = ward.told()
    fail(ward, claimed(ward, 1), 2, final=True)
    assert ward.states(case)[1] == ("pager", 1, "gave-up")


def test_what_was_given_up_goes_a_level_up_at_once(ward: Ward) -> None:
    case = ward.told()
    fail(ward, claimed(ward, 1), 2, final=True)
    ward.escalation.look(later(3))
    assert ward.levels(case) == [1, 2]
    ward.escalation.look(later(4))
    assert ward.levels(case) == [1, 2]


def test_giving_up_at_the_last_level_takes_no_time_from_who_may_still_answer(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK + "level = 3\n")
    case = ward.told()
    for minutes in (5, 10):
        ward.escalation.look(later(minutes * 60))
    fail(ward, claimed(ward, 601), 602, final=True)
    assert ward.levels(case) == [1, 2, 3]
    assert ward.escalation.look(later(899)) == 0
    assert ward.escalation.look(later(900)) == 1


def test_processes_that_die_while_sending_use_up_the_attempts(ward: Ward) -> None:
    case = ward.told()
    for attempt in range(3):
        claimed(ward, 1 + 21 * attempt)
    assert claim(ward, 100) is None
    told = ward.outbox.of_case(case.id)[1]
    assert (told.state, told.problem) == ("gave-up", "lease-lost")


def test_what_is_about_an_answered_case_is_not_sent_any_more(ward: Ward) -> None:
    case = ward.told()
    ward.acknowledge(case)
    assert claim(ward, 1) is None
    assert ward.states(case)[1] == ("pager", 1, "stopped")


def test_a_failing_channel_gives_up_what_is_too_old_and_keeps_the_rest(ward: Ward) -> None:
    old, young = ward.told(), ward.told(now=later(1700))
    with ward.database.transaction() as tx:
        ward.deliveries.give_up_old(tx, "pager", later(1801))
    assert ward.states(old)[1][2] == "gave-up"
    assert ward.states(young)[1][2] == "waiting"


def test_a_channel_that_is_no_longer_listed_gives_up_and_no_other(make_ward: MakeWard) -> None:
    ward = make_ward(HOOK + HOOK.replace("pager", "other"))
    case = ward.told()
    with ward.database.transaction() as tx:
        ward.deliveries.give_up_strays(tx, frozenset({"other"}), later(1))
        assert not ward.deliveries.has_strays(tx, frozenset({"other"}))
    assert [(c, s) for c, _, s in ward.states(case)] == [("app", "posted"), ("other", "waiting"), ("pager", "gave-up")]


def test_a_clock_that_is_set_back_leaves_nothing_waiting_for_long(ward: Ward) -> None:
    ward.told()
    fail(ward, claimed(ward, 1), 1)
    assert claim(ward, -86_400) is not None  # due a day later than any wait can be
    assert claim(ward, -86_400 + 21) is not None


def test_waits_double_up_to_the_longest_and_jitter_keeps_them_apart() -> None:
    assert [wait_s(n, share=0) for n in (1, 2, 3, 8, 1000)] == [5, 10, 20, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert (wait_s(1, share=-1), wait_s(1, share=1)) == (4, 6)
