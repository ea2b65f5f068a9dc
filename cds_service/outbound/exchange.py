"""One request: allowed or refused, answered in time and size or failed."""

from __future__ import annotations

import logging
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as WireTimeout

from cds_service.outbound.addresses import address_of, permitted
from cds_service.outbound.base_url import Address, BaseUrl, literal, path_segments
from cds_service.outbound.errors import Code, OutboundFailed, OutboundRefused
from cds_service.outbound.line import Line, LineAdapter

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its lines quote URLs, also at the level of warnings

AT_ONCE = 16
"""Most requests of one process to one server at once, those included that wait for a stuck resolver."""

_CHUNK = 65_536
_QUERY = re.compile(r"[A-Za-z0-9!$%&'()*+,./:;=?@_~|\[\]-]*", re.ASCII)
"""RFC 3986 query, and the `|`, `[` and `]` that FHIR servers leave unescaped in page links."""
_HEADER_VALUE = re.compile(r"[ -~]*", re.ASCII)
_OUR_HEADERS = {"User-Agent": "cds-service", "Accept-Encoding": "identity", "Connection": "close"}

Resolver = Callable[..., Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back, with any status that is no redirect. `media_type`: in lower case, without parameters."""

    status: int
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class _Ask:
    """One request, checked."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    deadline: float
    max_bytes: int
    content: bytes | None = field(default=None, repr=False)


class Outbound:
    """Asks places that the operator listed. Safe for threads; keeps nothing of a request.

    `resolve`: as `socket.getaddrinfo`. `connect_s`: most seconds to wait for one address. `ca_file`: certificates, in
    PEM, of authorities to trust beside the well-known ones. `tls`: how certificates and names are verified.
    """

    def __init__(
        self, *, resolve: Resolver = socket.getaddrinfo, connect_s: float = 2.0, ca_file: Path | None = None
    ) -> None:
        self._resolve = resolve
        self._connect_s = connect_s
        self.tls = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
        if ca_file is not None:
            self.tls.load_verify_locations(cafile=ca_file)
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._lock = threading.Lock()

    def get(
        self, base: BaseUrl, relative: str = "", *, headers: Mapping[str, str], deadline: float, max_bytes: int
    ) -> Reply:
        """What `base` answers to a GET of `relative` (path segments, a query or both) below it.

        `base` is, or lies under, what the operator listed. `deadline`: the `time.monotonic()` by which this method
        returns, whatever the other side does. Raises OutboundRefused and OutboundFailed, and nothing else.
        """
        return self._ask(
            base, _Ask(url=_url(base, relative), headers=_checked(headers), deadline=deadline, max_bytes=max_bytes)
        )

    def post(
        self,
        base: BaseUrl,
        relative: str = "",
        *,
        content: bytes,
        headers: Mapping[str, str],
        deadline: float,
        max_bytes: int,
    ) -> Reply:
        """What `base` answers to a POST of `content`; otherwise as `get`. It is sent once: the caller tries again."""
        url = _url(base, relative)
        ask = _Ask(url=url, headers=_checked(headers), deadline=deadline, max_bytes=max_bytes, content=content)
        return self._ask(base, ask)

    @contextmanager
    def dial(self, host: str, port: int, *, deadline: float) -> Iterator[socket.socket]:
        """A socket connected to a listed host, for mail: cut at `deadline` and at the end of the block.

        `host` is written as `BaseUrl` holds it. Raises OutboundRefused and OutboundFailed before the block.
        """
        base = BaseUrl(scheme="https", host=host, port=port)
        line = Line(lambda: self._addresses(base), port, deadline=deadline, connect_s=self._connect_s)
        try:
            connected = line.dial(HTTPConnection(host, port))
        except (OSError, UnicodeError, HTTPError) as error:  # a resolver's errors are among them
            late = isinstance(error, TimeoutError | WireTimeout) and not isinstance(error, NewConnectionError)
            raise OutboundFailed("timeout" if late else "unreachable") from None
        clock = threading.Timer(_left(deadline), line.cut)
        clock.daemon = True
        clock.start()
        try:
            yield connected
        finally:
            clock.cancel()
            line.cut()
            connected.close()

    def _ask(self, base: BaseUrl, ask: _Ask) -> Reply:
        deadline = ask.deadline
        line = Line(lambda: self._addresses(base), base.port, deadline=deadline, connect_s=self._connect_s)
        adapter = LineAdapter(base, line, self.tls)
        slots = self._slots_of(base)
        answer: queue.SimpleQueue[Reply | OutboundRefused | OutboundFailed] = queue.SimpleQueue()

        def work() -> None:
            answer.put(_answer(ask, adapter))
            line.cut()
            slots.release()

        # In a thread of its own: the resolution of a name cannot be interrupted, only left behind.
        if not slots.acquire(timeout=_left(deadline)):
            raise OutboundFailed("timeout")
        try:
            threading.Thread(target=work, name="outbound", daemon=True).start()
            result = answer.get(timeout=_left(deadline))
        except queue.Empty:
            line.cut()
            result = OutboundFailed("timeout")
        except RuntimeError:  # no more threads on this machine
            slots.release()
            result = OutboundFailed("unreachable")
        if isinstance(result, Reply):
            return result
        raise result

    def _slots_of(self, base: BaseUrl) -> threading.BoundedSemaphore:
        """The slots of one server: one that hangs takes none of another's. Servers are listed, so they are few."""
        with self._lock:
            return self._slots.setdefault(base.origin, threading.BoundedSemaphore(AT_ONCE))

    def _addresses(self, base: BaseUrl) -> tuple[Address, ...]:
        """The addresses of a host, in the resolver's order. Raises OutboundRefused when one is not permitted."""
        listed = literal(base.host)
        if listed is not None:
            return (listed,)
        answers = self._resolve(base.host, base.port, type=socket.SOCK_STREAM)
        found = dict.fromkeys(address_of(answer[4][0]) for answer in answers)
        allowed = tuple(address for address in found if address is not None and permitted(base.host, address))
        if len(allowed) < len(found):
            raise OutboundRefused("the host's name leads to an address that is not allowed")
        return allowed


def _url(base: BaseUrl, relative: str) -> str:
    """The request's URL, put together from checked parts. Raises OutboundRefused."""
    path, mark, query = relative.partition("?")
    try:
        segments = path_segments(path)
    except ValueError:
        segments = None
    if segments is None or _QUERY.fullmatch(query) is None:
        raise OutboundRefused("what follows the base URL is no path and query")
    return "/".join((base.origin, *base.segments, *segments)) + mark + query


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers. Raises OutboundRefused for a value that could end its line, before anyone quotes it."""
    if not all(_HEADER_VALUE.fullmatch(value) for value in headers.values()):
        raise OutboundRefused("a header's value is printable ASCII")
    return headers


def _answer(ask: _Ask, adapter: LineAdapter) -> Reply | OutboundRefused | OutboundFailed:
    """The reply, or why there is none."""
    try:
        return _exchange(ask, adapter)
    except (OutboundRefused, OutboundFailed) as error:
        return error.with_traceback(None)
    except Exception as error:  # noqa: BLE001 - a reply may break the libraries in any way; their words may quote ours
        return OutboundFailed(_code(error))
    finally:
        adapter.close()


def _exchange(ask: _Ask, adapter: LineAdapter) -> Reply:
    """Send and read. Raises OutboundFailed, and whatever the libraries raise."""
    method = "GET" if ask.content is None else "POST"
    request = requests.Request(method, ask.url, data=ask.content, headers={**ask.headers, **_OUR_HEADERS}).prepare()
    # The adapter's `send` and not a session's: a session reads the body of a redirect whole, whatever its size.
    response = adapter.send(request, stream=True, timeout=max(0.001, _left(ask.deadline)))
    if 300 <= response.status_code < 400:
        raise OutboundFailed("redirect")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise OutboundFailed("unreadable")  # it was asked not to, and a small reply may unpack to a huge one
    if int(response.headers.get("Content-Length", 0)) > ask.max_bytes:
        raise OutboundFailed("too-large")
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > ask.max_bytes:
            raise OutboundFailed("too-large")
    media_type = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    return Reply(status=response.status_code, media_type=media_type, body=bytes(body))


def _code(error: Exception) -> Code:
    if isinstance(error, requests.exceptions.SSLError | ssl.SSLError):
        return "tls"
    if isinstance(error, requests.Timeout | WireTimeout | TimeoutError):
        return "timeout"
    return "unreachable" if isinstance(error, requests.ConnectionError) else "unreadable"


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())
