"""What `serve` runs again and again by itself."""

import os
import sys
import time

import pytest
from structlog.testing import capture_logs

from cds_service import serve

SLOW = """#!/bin/sh
echo "$@" >> {calls}
trap 'exit 7' TERM
while [ ! -e {end} ]; do sleep 0.02; done
exit 3
"""


@pytest.fixture
def errands(tmp_path, monkeypatch):
    """A supervisor whose commands end when the file `end` is there, and where they tell of themselves."""
    calls, end, script = (tmp_path / name for name in ("calls", "end", "script"))
    calls.touch()
    script.write_text(SLOW.format(calls=calls, end=end))
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setattr(serve, "EVERY", {"audit seal": 0.0, "alerts": 3600.0})
    supervisor = serve._Supervisor({}, dict(os.environ), tmp_path / "pid")
    yield supervisor, calls, end
    supervisor._end_children()


def until(condition):
    """Wait a little for it."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_is_due_is_not_waited_for_and_not_started_twice(errands):
    supervisor, calls, end = errands
    for _ in range(3):
        supervisor._run_what_is_due()
    until(lambda: calls.read_text() == "-m cds_service audit seal\n")
    end.touch()
    supervisor._errands["audit seal"].wait()
    supervisor._run_what_is_due()
    until(lambda: calls.read_text() == 2 * "-m cds_service audit seal\n")


def test_what_still_runs_is_ended_with_the_service(errands):
    supervisor, calls, _ = errands
    supervisor._run_what_is_due()
    until(calls.read_text)
    supervisor._end_children()
    assert supervisor._errands["audit seal"].returncode == 7


def test_what_failed_is_told(errands):
    supervisor, _, end = errands
    end.touch()
    supervisor._run_what_is_due()
    supervisor._errands["audit seal"].wait()
    with capture_logs() as logs:
        supervisor._run_what_is_due()
    assert {"command": "audit seal", "code": 3, "event": "command-failed", "log_level": "error"} in logs
