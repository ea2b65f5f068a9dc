"""The notifying process as it runs: killed at the worst moment, started again, the database locked, a channel dead.

A message may be sent again after a crash, and then has the key under which the receiver knows it.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds_service.ledger.chain import verify
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.notify import deliveries
from cds_service.notify.process import Notifier
from cds_service.notify.values import Delivery
from tests.support.notify_values import Ward
from tests.support.processes import environment, free_port
from tests.support.receivers import SECRET, http_receiver
from tests.support.review_values import settings_in

CHANNEL = """
[[channel]]
kind = "webhook"
name = "{name}"
url = "{url}"
secret_file = "secret"
"""
PROGRAM = "from cds_service.commands.notify import notify; notify()"
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notifier") / "cds.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def make_ward(tmp_path: Path, template: Path) -> Iterator[Callable[..., Ward]]:
    made: list[Ward] = []

    def make(timeout_s: float = 0.5, **channels: str) -> Ward:
        file = tmp_path / "notify.toml"
        file.write_text("".join(CHANNEL.format(name=name, url=url) for name, url in channels.items()))
        (tmp_path / "secret").write_text(SECRET)
        settings = settings_in(tmp_path, notify_file=file, notify_timeout_s=timeout_s)
        settings.data_dir.mkdir()
        path = settings.data_dir / "cds.sqlite3"
        path.write_bytes(template.read_bytes())
        made.append(Ward(database=open_database(settings.database), settings=settings))
        return made[0]

    yield make
    for ward in made:
        ward.database.close()


@contextmanager
def notifying(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`cds-service notify` as its own process."""
    changes = {"CDS_NOTIFY_FILE": str(home / "notify.toml"), "CDS_NOTIFY_TIMEOUT_S": "1"}
    with (home / "notify.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environment(home, **changes), stdout=log, stderr=log
        )
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()


@contextmanager
def in_thread(ward: Ward) -> Iterator[None]:
    """A notifier in this process."""
    stop = threading.Event()
    notifier = Notifier(ward.database, ward.settings, now=lambda: datetime.now(UTC))
    thread = threading.Thread(target=notifier.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)
        assert not thread.is_alive()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def delivery(ward: Ward, case_id: str, channel: str = "pager") -> Delivery:
    return next(d for d in ward.outbox.of_case(case_id) if d.channel == channel)


def test_killed_between_sending_and_marking_it_sends_again_under_the_same_key(
    tmp_path: Path, make_ward: Callable[..., Ward]
) -> None:
    with http_receiver() as receiver:
        ward = make_ward(pager=receiver.url)
        receiver.stall_s = 0.9
        now = datetime.now(UTC)
        case, other = ward.told(now=now), ward.told(now=now)
        with notifying(tmp_path) as child:
            until(lambda: receiver.posts, "the first message")
            os.kill(child.pid, signal.SIGKILL)  # it waits for the answer now: sent, and not marked
            child.wait()
        assert delivery(ward, case.id).state == "sending" or delivery(ward, other.id).state == "sending"
        receiver.stall_s = 0
        with notifying(tmp_path) as child:
            until(lambda: {delivery(ward, c.id).state for c in (case, other)} == {"sent"}, "both sent")
            child.send_signal(signal.SIGTERM)
            assert child.wait(timeout=10) == 0
        assert set(receiver.keys()) == {delivery(ward, c.id).id for c in (case, other)}
        assert sorted(Counter(receiver.keys()).values()) == [1, 2]
        with ward.database.transaction(write=False) as tx:
            assert verify(tx).valid
    log = (tmp_path / "notify.log").read_text()
    assert "notification-tried" in log
    assert not any(word in log for word in ("waits for review", "/review/cases", receiver.url, "Traceback"))


def test_two_processes_send_each_message_once(make_ward: Callable[..., Ward]) -> None:
    with http_receiver() as receiver:
        ward = make_ward(timeout_s=10, pager=receiver.url)
        cases = [ward.told(now=datetime.now(UTC)) for _ in range(4)]
        with in_thread(ward), in_thread(ward):
            until(lambda: all(delivery(ward, c.id).state == "sent" for c in cases), "all sent")
        assert sorted(receiver.keys()) == sorted(delivery(ward, c.id).id for c in cases)


def test_a_database_that_is_locked_loses_nothing_and_repeats_nothing(make_ward: Callable[..., Ward]) -> None:
    with http_receiver() as receiver:
        ward = make_ward(pager=receiver.url)
        receiver.stall_s = 0.2
        case = ward.told(now=datetime.now(UTC))
        path = ward.settings.data_dir / "cds.sqlite3"
        with in_thread(ward):
            until(lambda: receiver.posts, "the message")
            lock = sqlite3.connect(path, isolation_level=None, timeout=10)
            lock.execute("BEGIN IMMEDIATE")  # while the receiver still thinks about it
            time.sleep(3.5)  # longer than a transaction waits for a lock
            assert delivery(ward, case.id).state == "sending"
            lock.execute("ROLLBACK")
            lock.close()
            until(lambda: delivery(ward, case.id).state == "sent", "marked")
        assert receiver.keys() == [delivery(ward, case.id).id]


def test_a_channel_that_hangs_or_is_gone_holds_up_no_other(make_ward: Callable[..., Ward]) -> None:
    with http_receiver() as well, http_receiver() as hangs:
        hangs.stall_s = 30
        ward = make_ward(well=well.url, hangs=hangs.url, gone=f"http://127.0.0.1:{free_port()}")
        cases = [ward.told(now=datetime.now(UTC)) for _ in range(5)]
        with in_thread(ward):
            until(lambda: all(delivery(ward, c.id, "well").state == "sent" for c in cases), "all sent")
            until(lambda: delivery(ward, cases[0].id, "hangs").problem == "timeout", "the time-out")
            until(lambda: delivery(ward, cases[0].id, "gone").problem == "unreachable", "the refusal")
            tried = [d for c in cases for d in ward.outbox.of_case(c.id) if d.channel == "gone" and d.attempts]
            assert len(tried) <= 3  # then the channel is left alone for a while


def test_a_receiver_that_comes_back_gets_what_waited(
    make_ward: Callable[..., Ward], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "FIRST_WAIT_S", 0.2)
    with http_receiver() as receiver:
        ward = make_ward(pager=receiver.url)
        receiver.statuses = [503]
        case = ward.told(now=datetime.now(UTC))
        with in_thread(ward):
            until(lambda: delivery(ward, case.id).state == "sent", "sent at the second try")
        told = delivery(ward, case.id)
        assert (told.attempts, receiver.keys()) == (2, [told.id, told.id])


def test_what_the_receiver_refuses_for_good_goes_a_level_up(make_ward: Callable[..., Ward]) -> None:
    with http_receiver() as receiver:
        ward = make_ward(pager=receiver.url)
        receiver.statuses = [410]
        case = ward.told(now=datetime.now(UTC))
        with in_thread(ward):
            until(lambda: ward.levels(case) == [1, 2], "level 2")
        assert delivery(ward, case.id).state == "gave-up"
