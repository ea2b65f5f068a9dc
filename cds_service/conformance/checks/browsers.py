"""What a browser-based client needs, and must not be given (checklist X1, X2)."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.conformance.probe import Exchange
from cds_service.conformance.result import Result, failed, judged, not_applicable, passed
from cds_service.conformance.scene import Scene
from cds_service.sandbox.client import SUCCESS

IDS = ("X1", "X2")
STRANGE_ORIGIN = "https://browser.invalid"


def check(scene: Scene, origin: str | None) -> Iterator[Result]:
    """Ask as a browser would before a call. `origin`: a client that the service should admit, if one was named."""
    asked = _preflight(scene, origin or STRANGE_ORIGIN)
    yield _unauthenticated(asked, origin)
    if origin is not None:
        yield _admitted(asked, origin)
    strange = _preflight(scene, STRANGE_ORIGIN)
    call = scene.call(scene.changed(), headers={"Origin": STRANGE_ORIGIN})
    yield judged("X2", _too_open(strange) or _too_open(call))


def _preflight(scene: Scene, origin: str) -> Exchange:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return scene.probe.send("OPTIONS", scene.url, None, token=lambda: None, headers=headers)


def _unauthenticated(asked: Exchange, origin: str | None) -> Result:
    if asked.status in SUCCESS:
        return passed("X1")
    if asked.status in (401, 403) or origin is not None:
        return failed("X1", f"a preflight without a token {asked.outcome}")
    return not_applicable("X1", f"browser-based clients are not served (a preflight {asked.outcome})")


def _admitted(asked: Exchange, origin: str) -> Result:
    headers = asked.reply.headers if asked.reply else {}
    allowed = headers.get("access-control-allow-headers", "").lower()
    for good, what in (
        (headers.get("access-control-allow-origin") in (origin, "*"), "its origin"),
        ("POST" in headers.get("access-control-allow-methods", "").upper(), "POST"),
        (all(name in allowed for name in ("authorization", "content-type")), "Authorization and Content-Type"),
    ):
        if not good:
            return failed("X1", f"the preflight of {origin} does not allow {what}")
    return passed("X1")


def _too_open(exchange: Exchange) -> str | None:
    headers = exchange.reply.headers if exchange.reply else {}
    if headers.get("access-control-allow-credentials", "").lower() != "true":
        return None
    if headers.get("access-control-allow-origin") in ("*", STRANGE_ORIGIN):
        return "any origin may call with the user's credentials"
    return None
