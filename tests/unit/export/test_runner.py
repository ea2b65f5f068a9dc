"""The export process: one order at a time, stopped and killed at any moment, and it goes on where it was."""

import errno
import threading
from datetime import timedelta

import pytest

from cds_service.errors import ConfigurationError
from cds_service.export.errors import ExportRefused, NotPermitted
from cds_service.export.orders import Orders
from cds_service.export.runner import Runner
from cds_service.export.states import State
from tests.support.export_values import NOW, SmallWriter, approving, asked, officers
from tests.support.site import a_clinic


@pytest.fixture
def clinic(tmp_path):
    return a_clinic(tmp_path, now=lambda: NOW)


@pytest.fixture
def orders(clinic):
    return Orders(clinic.recorder.database, clinic.recorder.vault, clinic.settings)


@pytest.fixture
def two(clinic):
    return officers(clinic)


@pytest.fixture
def approved(orders, two):
    ordered = orders.order(asked(), two[0], NOW)
    runner(orders, SmallWriter()).once(threading.Event())
    ordered = orders.get(ordered.id)
    return orders.approve(ordered.id, approving(ordered, two[1]), two[1], NOW)


def runner(orders, writer, *, now=lambda: NOW):
    return Runner(orders, lambda: writer, now=now, beat_s=0.01)


def lines_of(orders, ordered):
    return (orders.folder_of(ordered) / "train.jsonl").read_text().splitlines()


def test_a_process_that_is_told_to_stop_gives_the_export_back_and_the_next_goes_on(orders, approved):
    stop, written = threading.Event(), []

    def at_line(line):
        written.append(line)
        if line == 1:
            stop.set()

    assert runner(orders, SmallWriter(at_line=at_line)).once(stop)
    left = orders.get(approved.id)
    assert (left.state, left.lease, left.attempts) == (State.APPROVED, None, 0)
    assert runner(orders, SmallWriter(at_line=written.append)).once(threading.Event())
    assert orders.get(approved.id).state is State.DONE
    assert written == [0, 1, 2, 3], "no line twice"


def test_a_process_that_dies_leaves_the_export_to_the_next_one_after_its_lease(orders, approved):
    assert orders.take(worker="export:1-dead", now=NOW) is not None
    assert not runner(orders, SmallWriter()).once(threading.Event()), "it may still live"
    later = NOW + timedelta(seconds=61)
    assert runner(orders, SmallWriter(), now=lambda: later).once(threading.Event())
    assert [s.why for s in orders.history(approved.id)][-2:] == ["taken-up-again", "written"]


def test_a_lease_of_another_clock_holds_nothing(orders, approved):
    assert orders.take(worker="export:1-dead", now=NOW + timedelta(minutes=4)) is not None
    assert runner(orders, SmallWriter()).once(threading.Event())
    assert orders.get(approved.id).state is State.DONE


def test_an_export_that_kills_its_process_each_time_stops_and_waits_for_a_person(clinic, orders, two, approved):
    now = NOW
    for _ in range(clinic.settings.job_attempts):
        assert orders.take(worker="export:1-dead", now=now) is not None
        now += timedelta(seconds=61)
    assert orders.take(worker="export:2", now=now) is None
    stopped = orders.get(approved.id)
    assert (stopped.state, stopped.reason) == (State.STOPPED, "crashed")
    orders.go_on(approved.id, two[0], now)
    assert runner(orders, SmallWriter(), now=lambda: now).once(threading.Event())


def test_an_officer_stops_it_while_it_runs_and_lets_it_go_on(orders, two, approved):
    def at_line(line):
        if line == 1:
            orders.stop(approved.id, two[0], NOW)
            with pytest.raises(NotPermitted):
                orders.withdraw(approved.id, two[0], NOW, remove=True)
            halted.wait(5)

    halted = threading.Event()
    writer = SmallWriter(at_line=at_line)
    renew = orders.renew

    def renewed(held, **said):
        going = renew(held, **said)
        if not going:
            halted.set()
        return going

    orders.renew = renewed
    runner(orders, writer).once(threading.Event())
    stopped = orders.get(approved.id)
    assert (stopped.state, stopped.reason, stopped.lease) == (State.STOPPED, "by-a-person", None)
    assert not runner(orders, SmallWriter()).once(threading.Event()), "nobody takes it up"
    orders.go_on(approved.id, two[1], NOW)
    assert runner(orders, SmallWriter()).once(threading.Event())
    assert len(lines_of(orders, approved)) == 4


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "no space"), "disk-full"),
        (PermissionError(errno.EACCES, "denied"), "folder-not-writable"),
        (ConfigurationError("no index"), "configuration"),
        (ZeroDivisionError("a value of a chart"), "crashed"),
    ],
)
def test_what_fails_stops_with_its_reason_and_goes_on_later(orders, two, approved, error, reason):
    def at_line(line):
        if line == 2:
            raise error

    runner(orders, SmallWriter(at_line=at_line)).once(threading.Event())
    stopped = orders.get(approved.id)
    assert (stopped.state, stopped.reason) == (State.STOPPED, reason)
    assert not orders.folder_of(stopped).exists(), "nothing half-written looks whole"
    orders.go_on(approved.id, two[0], NOW)
    assert runner(orders, SmallWriter()).once(threading.Event())
    assert len(lines_of(orders, approved)) == 4


def test_what_the_writer_refuses_never_goes_on(orders, two, approved):
    def at_line(line):
        raise ExportRefused("risk-above-threshold")

    runner(orders, SmallWriter(at_line=at_line)).once(threading.Event())
    failed = orders.get(approved.id)
    assert (failed.state, failed.reason) == (State.FAILED, "risk-above-threshold")
    with pytest.raises(NotPermitted):
        orders.go_on(approved.id, two[0], NOW)
    assert orders.withdraw(approved.id, two[0], NOW, remove=True).state is State.WITHDRAWN


def test_one_export_at_a_time(orders, two, approved):
    second = orders.order(asked(), two[0], NOW + timedelta(seconds=1))
    assert orders.take(worker="export:1", now=NOW).ordered.id == approved.id
    assert orders.take(worker="export:2", now=NOW) is None
    assert orders.take(worker="export:2", now=NOW, order_id=second.id) is None
    assert not orders.waiting(NOW)


def test_the_page_is_told_how_far_it_is(orders, approved):
    seen = []

    def at_line(line):
        for _ in range(200):
            if orders.get(approved.id).share == line / 4:
                break
            threading.Event().wait(0.01)
        seen.append(orders.get(approved.id).share)

    runner(orders, SmallWriter(at_line=at_line)).once(threading.Event())
    assert seen == [0.0, 0.25, 0.5, 0.75]


def test_nothing_heavy_is_loaded_while_nothing_waits(orders):
    def writer():
        raise AssertionError("loaded for nothing")

    assert not Runner(orders, writer, now=lambda: NOW).once(threading.Event())
