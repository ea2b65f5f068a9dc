"""Start the service as an operator would, and look at its processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import requests

GUARD = Path(__file__).parent / "netguard"
READY_S = 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(home, **changes):
    base = {key: value for key, value in os.environ.items() if not key.startswith("CDS_") or key == "CDS_MODELS_DIR"}
    own = {
        "CDS_DATA_DIR": str(home / "state"),
        "CDS_KEYS_FILE": str(home / "keys.json"),
        "CDS_MODEL": "none",
        "PYTHONPATH": str(GUARD),
        "NETGUARD_LOG": str(home / "network.log"),
    }
    return base | own | changes


@contextmanager
def serving(home, *, scheme="http", verify=True, port=None, **changes):
    """`cds-service serve` on a free port, ready; yields (base URL, process). `verify`: the certificate to trust."""
    port = port or free_port()
    log = (home / "serve.log").open("wb")
    child = subprocess.Popen(
        [sys.executable, "-m", "cds_service", "serve", "--port", str(port)],
        env=environment(home, **changes),
        stdout=log,
        stderr=log,
    )
    try:
        base = f"{scheme}://127.0.0.1:{port}"
        await_ready(base, child, home / "serve.log", verify)
        yield base, child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait(timeout=30)
        log.close()


def await_ready(base, child, log, verify=True):
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert child.poll() is None, f"serve ended: {log.read_text()[-2000:]}"
        try:
            if requests.get(f"{base}/readyz", timeout=5, verify=verify).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not ready within {READY_S} s: {log.read_text()[-2000:]}")


def descendants(pid):
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(entry.name), *descendants(int(entry.name))]
    return found


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def all_gone(pids, within_s=20):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False
