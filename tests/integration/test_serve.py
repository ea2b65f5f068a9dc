"""`cds-service serve` as an operator meets it: an empty folder, real processes, signals."""

import signal
import socket
import stat
from datetime import UTC, datetime

import pytest
import requests

from cds_service.sample.chart import request_body
from tests.support.processes import all_gone, descendants, serving


@pytest.mark.timeout(200)
def test_serve_prepares_an_empty_folder_answers_and_leaves_nothing_behind(tmp_path):
    with serving(tmp_path) as (base, child):
        answer = requests.post(f"{base}/cds-services/patient-triage", json=request_body(datetime.now(UTC)), timeout=30)
        assert answer.status_code == 200
        assert answer.json()["extension"]["org.cds-service.advice"]["assessment"]["status"] == "off"
        metrics = requests.get(f"{base}/metrics", timeout=10).text
        assert 'cds_hook_calls_total{assessment="off"' in metrics
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer SECRETCANARY\r\n\r\n")
            reply = raw.recv(4096)
        assert b"400" in reply
        assert b"SECRETCANARY" not in reply
        assert "SECRETCANARY" not in (tmp_path / "serve.log").read_text()
        below = descendants(child.pid)
        assert len(below) >= 2
        for path in [tmp_path / "state", tmp_path / "state" / "cds.sqlite3", tmp_path / "keys.json"]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=30) == 0
        assert all_gone(below)
    assert not (tmp_path / "network.log").exists(), (tmp_path / "network.log").read_text()
