"""The only way in while no client authentication is configured: a direct call from this very machine.

A browser page on this machine could reach the port too (DNS rebinding): the ``Host`` header tells it. A proxy that
passes on who called is told by its forwarding headers; one that hides both cannot be told, so put none before the
service until clients are authenticated.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Request

FORWARDING = (
    "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP",
    "X-Client-IP", "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP",
)  # fmt: skip
LOCAL_NAMES = frozenset({"localhost"})


def is_loopback(host: str | None) -> bool:
    """Whether `host` (a name or an address, no port) is this machine."""
    if not host:
        return False
    if host.lower() in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(request: Request) -> str | None:
    """Why this request is refused, or None when it comes directly from this machine."""
    if not is_loopback(request.remote_addr):
        return "Only calls from this machine are answered while client authentication is not configured."
    if any(header in request.headers for header in FORWARDING) or any(
        name.lower().startswith(("x-forwarded", "x-original")) for name, _ in request.headers
    ):
        return "Forwarded calls are refused while client authentication is not configured."
    try:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        host = None
    if not is_loopback(host):
        return "The Host header must name this machine while client authentication is not configured."
    return None
