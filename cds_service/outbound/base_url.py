"""Base URLs, read strictly and compared part by part.

A URL that two readers could understand differently is no URL here: what we compare must be what we connect to. Hence
no odd spellings of addresses, no user information, no dot segments and no escapes that hide any of these.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOCALHOST = "localhost"
MAX_LENGTH = 2000

_URL = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([1-9][0-9]{0,4}))?(/.*)?", re.IGNORECASE | re.ASCII)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:-]+", re.ASCII)
"""RFC 3986 path segment without `;` (servers that cut it off read ``..;`` as ``..``), without `@`, and without escapes,
in which two readers may see different things."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class BaseUrl:
    """Scheme, host (lower case; an IPv6 address in its canonical form, without brackets), port and path segments."""

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> BaseUrl:
        """The URL in `text`; one final slash is ignored. Raises ValueError with a static message."""
        if len(text) > MAX_LENGTH:
            raise ValueError("the URL is too long")
        if any(sign in text for sign in "?#@\\"):
            raise ValueError("a base URL has no user, query, fragment or backslash")
        found = _URL.fullmatch(text)
        if found is None:
            raise ValueError("a base URL is https://host, with a port and a path if need be, in ASCII")
        scheme = found[1].lower()
        port = int(found[3]) if found[3] else _DEFAULT_PORTS[scheme]
        if port > 65535:
            raise ValueError("there is no such port")
        host = _host(found[2].lower())
        if scheme == "http" and not is_loopback(host):
            raise ValueError("http is for this machine alone; use https")
        return cls(scheme=scheme, host=host, port=port, segments=path_segments(found[4] or ""))

    def holds(self, other: BaseUrl) -> bool:
        """Whether `other` lies under this URL: same scheme, host and port, and its path begins with our segments."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port) and (
            self.segments == other.segments[: len(self.segments)]
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a URL without path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return "/".join((self.origin, *self.segments))


def path_segments(path: str) -> tuple[str, ...]:
    """The segments of a path with or without first and last slash. Raises ValueError with a static message."""
    path = path.removeprefix("/").removesuffix("/")
    segments = tuple(path.split("/")) if path else ()
    if not all(_SEGMENT.fullmatch(s) for s in segments):
        raise ValueError("a path has no empty segment, no escape, and no sign that must be escaped")
    if any(s in (".", "..") for s in segments):
        raise ValueError("a path has no dot segment")
    return segments


def literal(host: str) -> Address | None:
    """The address that a parsed host is, or None when it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a parsed host is this machine by its very spelling: `localhost` or a loopback address."""
    address = literal(host)
    return host == LOCALHOST if address is None else address.is_loopback


def _host(text: str) -> str:
    """A canonical host. Raises ValueError for what a resolver might read as an address and we do not."""
    try:
        if text.startswith("["):
            return str(ipaddress.IPv6Address(text[1:-1]))
        labels = text.split(".")
        if _NUMBER.fullmatch(labels[-1]):  # the rule of browsers: a host that ends in a number is an IPv4 address
            return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError("an address is written as four decimal numbers, or as IPv6 in brackets") from None
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("this is no host name")
    return text
