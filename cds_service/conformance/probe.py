"""The checker's hands: it sends any request, good or bad, and brings back whatever came, without ever failing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cds_service.sandbox.client import JSON, OK, CdsClient
from cds_service.sandbox.errors import SandboxError
from cds_service.sandbox.transport import Reply
from hooks.errors import MalformedRequest
from hooks.wire import decode

PATIENCE = 3
"""Calls in a row without an answer after which nothing more is sent."""

MAX_WAIT_S = 120
"""Seconds to wait in the whole run for a service that is busy."""

_BUSY = (429, 503)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and what came back. Without a `reply`, `trouble` says why; `content` is None where it is no JSON."""

    method: str
    url: str
    reply: Reply | None
    trouble: str = ""
    content: dict[str, Any] | None = field(default=None, repr=False)
    not_json: str = ""

    @property
    def status(self) -> int | None:
        """The HTTP status, None where there was no answer."""
        return self.reply.status if self.reply else None

    @property
    def outcome(self) -> str:
        """What came, in a few words."""
        return self.trouble.rstrip(".") if self.reply is None else f"answered {self.reply.status}"


@dataclass(kw_only=True)
class Probe:
    """Sends requests in the name of `client` and remembers every exchange."""

    client: CdsClient
    sleep: Callable[[float], None] = time.sleep
    exchanges: list[Exchange] = field(default_factory=list)
    _silent: int = 0
    _waited: int = 0

    def get(self, url: str, **how: Any) -> Exchange:
        """GET `url`; see `send`."""
        return self.send("GET", url, None, **how)

    def post(self, url: str, body: Any, **how: Any) -> Exchange:
        """POST `body` as JSON; see `send`."""
        return self.send("POST", url, json.dumps(body).encode(), **how)

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        *,
        token: Callable[[], str | None] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """One request. `token` makes the bearer token (none where it gives None; by default a good one).

        Where the service asks to come again later, the request is repeated once.
        """
        if self._silent >= PATIENCE:
            return Exchange(method=method, url=url, reply=None, trouble="not tried, as the service stopped answering")
        exchange = self._once(method, url, body, token, headers)
        wait = _wait_s(exchange)
        if wait is not None and self._waited + wait <= MAX_WAIT_S:
            self._waited += wait
            self.sleep(wait)
            exchange = self._once(method, url, body, token, headers)
        self._silent = self._silent + 1 if exchange.reply is None else 0
        self.exchanges.append(exchange)
        return exchange

    def _once(
        self,
        method: str,
        url: str,
        body: bytes | None,
        token: Callable[[], str | None] | None,
        headers: Mapping[str, str] | None,
    ) -> Exchange:
        bearer = token() if token else self.client.identity.token(url, self.client.now())
        sent = {"Accept": JSON} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        sent |= ({"Content-Type": JSON} if body is not None else {}) | dict(headers or {})
        try:
            reply = self.client.transport.send(method, url, headers=sent, body=body)
        except SandboxError as error:
            return Exchange(method=method, url=url, reply=None, trouble=str(error))
        try:
            return Exchange(method=method, url=url, reply=reply, content=decode(reply.body))
        except MalformedRequest as error:
            return Exchange(method=method, url=url, reply=reply, not_json=str(error))


def _wait_s(exchange: Exchange) -> int | None:
    """Seconds after which a busy service wants to be asked again."""
    if exchange.reply is None or exchange.reply.status not in _BUSY:
        return None
    after = exchange.reply.headers.get("retry-after", "")
    return int(after) if after.isdecimal() and len(after) <= 3 else None


def is_good(exchange: Exchange) -> bool:
    """Whether the service answered 200 with a JSON object."""
    return exchange.status == OK and exchange.content is not None
