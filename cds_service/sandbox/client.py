"""Discovery, service calls and feedback of any CDS service, as an EHR makes them: each call with a signed token."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cds_service.sandbox.address import DISCOVERY
from cds_service.sandbox.errors import CallFailed, UnknownClient
from cds_service.sandbox.identity import Identity
from cds_service.sandbox.transport import Reply, Transport
from cds_service.terminal_cards import line
from hooks.errors import MalformedRequest
from hooks.wire import decode

JSON = "application/json"
OK, UNAUTHORIZED = 200, 401
SUCCESS, REDIRECTS = range(200, 300), range(300, 400)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One service as discovery describes it; templates that are no text are left out."""

    id: str
    hook: str
    title: str
    prefetch: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CdsClient:
    """Calls the CDS service at `base` in the name of `identity`."""

    base: str
    transport: Transport
    identity: Identity
    now: Callable[[], datetime]

    def url(self, service_id: str | None = None, *, feedback: bool = False) -> str:
        """The exact URL of discovery, of a service or of its feedback; it is the audience of the token too."""
        service = "" if service_id is None else f"/{quote(service_id, safe='')}"
        return f"{self.base}{DISCOVERY}{service}{'/feedback' if feedback else ''}"

    def discover(self) -> tuple[list[Offered], Reply]:
        """The services offered, in order. Raises CallFailed."""
        reply = self.send("GET", self.url())
        services = self.content(reply).get("services")
        if not isinstance(services, list):
            raise CallFailed("The discovery answer has no array 'services'.")
        return [offer for entry in services if (offer := offered(entry)) is not None], reply

    def post(self, url: str, body: Mapping[str, Any]) -> Reply:
        """The answer to one POST of JSON, whatever it says. Raises CallFailed where there is none."""
        return self.send("POST", url, json.dumps(body).encode())

    def send(self, method: str, url: str, body: bytes | None = None) -> Reply:
        """The answer to one signed request, whatever it says. Raises CallFailed where there is none."""
        headers = {"Accept": JSON, "Authorization": f"Bearer {self.identity.token(url, self.now())}"}
        if body is not None:
            headers["Content-Type"] = JSON
        return self.transport.send(method, url, headers=headers, body=body)

    def content(self, reply: Reply) -> dict[str, Any]:
        """The JSON object of a good answer. Raises CallFailed, saying what the service said instead."""
        if reply.status != OK:
            raise refusal(reply)
        try:
            return decode(reply.body)
        except MalformedRequest as error:
            kind = line(reply.media_type or "no media type", 60)
            raise CallFailed(f"The service answered 200 with something else than JSON ({kind}): {error}.") from None


def offered(entry: Any) -> Offered | None:
    """A service that can be called, or None for an entry without the id and hook that a call needs."""
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(name), str) and entry[name] for name in ("id", "hook")
    ):
        return None
    if entry["id"] in (".", ".."):
        return None  # as a path it would name another URL
    templates = entry["prefetch"] if isinstance(entry.get("prefetch"), dict) else {}
    return Offered(
        id=entry["id"],
        hook=entry["hook"],
        title=line(entry.get("title") or entry.get("description") or ""),
        prefetch={key: template for key, template in templates.items() if isinstance(template, str)},
    )


def hook_call(hook: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a call of `hook`, without prefetch."""
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "context": dict(context)}


def refusal(reply: Reply) -> CallFailed:
    """What a service's answer of another status than 200 means, in words."""
    if reply.status == UNAUTHORIZED:
        return UnknownClient("The service answered 401: it does not know this sandbox.")
    if reply.status in REDIRECTS:
        to = line(reply.headers.get("location", "nowhere"), 200)
        return CallFailed(f"The service answered {reply.status} and points to {to}; redirects are not followed.")
    said = _diagnostics(reply.body)
    return CallFailed(f"The service answered {reply.status}{f': {said}' if said else '.'}")


def _diagnostics(body: bytes) -> str:
    """What an OperationOutcome says, on one harmless line; empty for any other body."""
    try:
        issues = decode(body).get("issue")
    except MalformedRequest:
        return ""
    said = []
    for issue in issues if isinstance(issues, list) else []:
        details = issue.get("details") if isinstance(issue, dict) else None
        text = details.get("text") if isinstance(details, dict) else None
        said.append(issue.get("diagnostics") or text if isinstance(issue, dict) else None)
    return line("; ".join(text for text in said if isinstance(text, str)))
