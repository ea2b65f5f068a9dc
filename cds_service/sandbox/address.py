"""Addresses that the sandbox calls: https, or this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from cds_service.sandbox.errors import BadAddress

DISCOVERY = "/cds-services"


def service_base(text: str) -> str:
    """The base URL of a CDS service, given with or without ``/cds-services``. Raises BadAddress."""
    return checked(text).removesuffix(DISCOVERY)


def checked(text: str) -> str:
    """`text` without a trailing slash, when it may be called. Raises BadAddress, saying why it may not.

    Chart data and tokens go to this address, so it is https unless it is this machine.
    """
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadAddress("The URL cannot be read.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddress("The URL must begin with https:// (or http:// on this machine) and name a host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadAddress("The URL must hold neither user, query nor fragment.")
    if parts.scheme == "http" and not is_loopback(host):
        raise BadAddress(
            f"Refusing plain http to {host}: patient data and tokens would cross the network unencrypted. Use https."
        )
    return text.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
