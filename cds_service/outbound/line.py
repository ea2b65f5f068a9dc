"""The connection of one request: to an address that was checked, and cut when its time is up.

urllib3's own `contrib` modules make connections of another kind in the same way: they replace `_new_conn`. TLS goes on
to verify the host's name, whatever address the socket is connected to.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from ssl import SSLContext
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cds_service.outbound.base_url import Address, BaseUrl

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


class Line:
    """Dials the addresses that `find` gives, in turn. `cut` may come from another thread at any time.

    A time-out of a socket holds for one read only, and a server that sends a byte a second never meets it. The line
    therefore keeps a second handle of its socket, through which it is shut down under whoever reads from it.
    """

    def __init__(self, find: Callable[[], Sequence[Address]], port: int, *, deadline: float, connect_s: float) -> None:
        self._find = find
        self._port = port
        self._deadline = deadline
        self._connect_s = connect_s
        self._lock = threading.Lock()
        self._is_cut = False
        self._handle: socket.socket | None = None

    def dial(self, connection: HTTPConnection) -> socket.socket:
        """A connected socket. Raises urllib3's own errors, as `connection` is expected to, and what `find` raises."""
        error: OSError | None = None
        for address in self._find():
            patience = min(self._connect_s, self._deadline - time.monotonic())
            if patience <= 0:
                raise ConnectTimeoutError(connection, "no time left to connect")
            made = socket.socket(_FAMILIES[address.version], socket.SOCK_STREAM)
            try:
                made.settimeout(patience)
                made.connect((str(address), self._port))
                made.settimeout(max(self._deadline - time.monotonic(), 0.001))
                self._keep(made.dup())
            except OSError as failed:
                made.close()
                error = failed
            else:
                return made
        if isinstance(error, TimeoutError):
            raise ConnectTimeoutError(connection, "connecting took too long")
        raise NewConnectionError(connection, "no connection")

    def cut(self) -> None:
        """End the connection, and every read and write on it, now and for good."""
        with self._lock:
            self._is_cut = True
            if self._handle is not None:
                with suppress(OSError):  # the other side may have been quicker
                    self._handle.shutdown(socket.SHUT_RDWR)
                self._handle.close()
                self._handle = None

    def _keep(self, handle: socket.socket) -> None:
        with self._lock:
            if self._is_cut:
                handle.close()
                raise TimeoutError
            self._handle = handle


class _Plain(HTTPConnection):
    """Connects through a line."""

    def __init__(self, *args: Any, line: Line, **options: Any) -> None:
        super().__init__(*args, **options)
        self._line = line

    def _new_conn(self) -> socket.socket:
        return self._line.dial(self)


class _Tls(_Plain, HTTPSConnection):
    """The same below TLS."""


class LineAdapter(HTTPAdapter):
    """Sends one request of `requests` through one line. It knows no proxies, and does not try again."""

    def __init__(self, base: BaseUrl, line: Line, tls: SSLContext) -> None:
        super().__init__(max_retries=0)
        if base.scheme == "https":
            self._pool: HTTPConnectionPool = HTTPSConnectionPool(base.host, base.port, ssl_context=tls, line=line)
            self._pool.ConnectionCls = _Tls
        else:
            self._pool = HTTPConnectionPool(base.host, base.port, line=line)
            self._pool.ConnectionCls = _Plain

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """The pool of this line, whatever the request's URL says."""
        return self._pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Nothing: the TLS context that the pool was made with verifies certificate and name."""

    def close(self) -> None:
        """Close the pool too."""
        self._pool.close()
        super().close()
