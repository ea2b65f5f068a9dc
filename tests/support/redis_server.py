"""A throw-away Redis server on a Unix socket in a temporary folder, gone afterwards."""

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import redis

MISSING = "no redis-server program in PATH"
_START_S = 15.0


def server_program():
    """The path of ``redis-server``, None when it is not installed."""
    return shutil.which("redis-server")


@contextmanager
def throwaway_redis(program):
    """Yields the URL of a running server and the process; ends it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cds-redis-"))
    socket = folder / "redis.sock"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", folder],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"unix://{socket}"
        _wait(redis.Redis.from_url(url), server, folder / "log")
        yield url, server
    finally:
        server.terminate()
        server.wait(timeout=_START_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(client, server, log):
    deadline = time.monotonic() + _START_S
    while True:
        try:
            client.ping()
        except redis.RedisError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Redis did not start: {log.read_text()[-1000:]}") from None
            time.sleep(0.05)
        else:
            return
