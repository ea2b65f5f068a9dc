"""Who is let in. One of two doors stands before every call: a signed token, or a direct call from this very machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, Protocol

import structlog
from flask import Request

from cds_service.clients.registry import LOOPBACK
from cds_service.clients.store import WINDOW_S, Admission, MemoryStore, SharedStore
from cds_service.clients.token import TokenRefused, TokenVerifier
from cds_service.errors import NotAllowed, NotAuthenticated, StoreError, TooManyCalls
from cds_service.monitoring import metrics
from cds_service.outbound import BaseUrl
from cds_service.web import loopback

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls: `name` for ledger and audit; the services (empty: all) and FHIR servers open to this caller."""

    name: str
    services: tuple[str, ...] = ()
    fhir_servers: tuple[BaseUrl, ...] = ()

    def may_call(self, service_id: str) -> bool:
        """Whether a service is open to this caller."""
        return not self.services or service_id in self.services


ANYONE = Caller(name="anyone")
"""Who asks for health, readiness or an open discovery."""


class Door(Protocol):
    """Decides whether a request comes in. `trusts_this_machine`: whoever calls from it may do so without a token."""

    trusts_this_machine: bool

    def problem(self) -> str | None:
        """Why nobody can come in, in fixed words; None when somebody can."""
        ...

    def admit_probe(self, request: Request) -> None:
        """Let a question about health or an open discovery pass. Raises NotAllowed."""
        ...

    def admit(self, request: Request) -> Caller:
        """The caller. Raises NotAuthenticated, NotAllowed or TooManyCalls."""
        ...


class Turnstile:
    """Counts each caller's calls and refuses used tokens, by the shared store.

    While the store does not answer, this process goes on with its own memory: a chart is not left without its urgent
    findings because a counter is out of reach (docs/decisions/0009).
    """

    def __init__(self, store: SharedStore, *, rate_per_minute: int, now: Callable[[], datetime]) -> None:
        self._store = store
        self._own = MemoryStore()
        self._rate = rate_per_minute
        self._now = now

    def pass_through(
        self, client: str, *, rate: int | None = None, token: str | None = None, expires: datetime | None = None
    ) -> None:
        """Let one call of `client` pass. Raises NotAuthenticated for a used token, TooManyCalls beyond its rate."""
        now = self._now()
        admission = self._admit(client, token, expires, now)
        if admission.replayed:
            _refuse("replayed", client)
        if admission.calls > (rate or self._rate):
            metrics.CLIENT_REFUSALS.labels(reason="rate").inc()
            raise TooManyCalls(
                "Too many calls in this minute; slow down.", retry_after=WINDOW_S - int(now.timestamp()) % WINDOW_S
            )

    def _admit(self, client: str, token: str | None, expires: datetime | None, now: datetime) -> Admission:
        own = self._own.admit(client=client, token=token, expires=expires, now=now)
        if own.replayed:
            return own
        try:
            return self._store.admit(client=client, token=token, expires=expires, now=now)
        except StoreError:
            log.error("shared-store-failed")
            metrics.SHARED_STORE_FAILURES.inc()
            return own


class SignedDoor:
    """Lets in registered clients with a valid signed token (checklist section J), and nobody else."""

    trusts_this_machine = False

    def __init__(
        self, verifier: TokenVerifier, turnstile: Turnstile, *, external_url: str, now: Callable[[], datetime]
    ) -> None:
        self._verifier = verifier
        self._turnstile = turnstile
        self._external_url = external_url
        self._now = now

    def problem(self) -> str | None:
        """See `Door.problem`."""
        return None if self._verifier.knows_anyone else "no client is registered: set CDS_CLIENTS_FILE"

    def admit_probe(self, request: Request) -> None:
        """See `Door.admit_probe`: they say nothing about anybody."""

    def admit(self, request: Request) -> Caller:
        """See `Door.admit`."""
        header = request.headers.get("Authorization")
        try:
            token = self._verifier.verify(header, audience=self._external_url + request.path, now=self._now())
        except TokenRefused as refused:
            _refuse(refused.reason, refused.client)
        client = token.client
        # Counted by client: a tenant that nobody listed is the client's own word.
        self._turnstile.pass_through(client.name, rate=client.rate_per_minute, token=token.id, expires=token.expires)
        return Caller(name=token.caller, services=client.services, fhir_servers=client.servers)


class LoopbackDoor:
    """Lets in direct calls from this machine while no client is registered."""

    trusts_this_machine = True

    def __init__(self, turnstile: Turnstile, *, fhir_servers: tuple[BaseUrl, ...]) -> None:
        self._turnstile = turnstile
        self._fhir_servers = fhir_servers

    def problem(self) -> str | None:
        """See `Door.problem`."""
        return None

    def admit_probe(self, request: Request) -> None:
        """See `Door.admit_probe`: direct calls alone."""
        refused = loopback.refusal(request)
        if refused is not None:
            raise NotAllowed(refused)

    def admit(self, request: Request) -> Caller:
        """See `Door.admit`."""
        self.admit_probe(request)
        self._turnstile.pass_through(LOOPBACK)
        return Caller(name=LOOPBACK, fhir_servers=self._fhir_servers)


def _refuse(reason: str, client: str) -> NoReturn:
    metrics.CLIENT_REFUSALS.labels(reason=reason).inc()
    log.warning("client-refused", reason=reason, client=client)
    raise NotAuthenticated(reason)
