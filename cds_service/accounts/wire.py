"""Lets a library that speaks through `requests` go out by our own way, with all its rules, and by no other."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter

from cds_service.outbound import BaseUrl, Outbound

MAX_BYTES = 200_000
SECONDS = 5.0
_PASSED = ("Accept", "Content-Type", "Authorization")


class OutboundAdapter(BaseAdapter):
    """Sends POST requests of a session through `Outbound`. Raises what `Outbound` raises."""

    def __init__(self, outbound: Outbound) -> None:
        super().__init__()
        self._outbound = outbound

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - as requests calls it
        timeout: Any = None,  # noqa: ARG002
        verify: Any = True,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        """The answer, as `requests` gives it."""
        body = request.body or b""
        reply = self._outbound.post(
            BaseUrl.parse(request.url or ""),
            content=body if isinstance(body, bytes) else str(body).encode("utf-8"),
            headers={name: _text(request.headers[name]) for name in _PASSED if name in request.headers},
            deadline=time.monotonic() + SECONDS,
            max_bytes=MAX_BYTES,
        )
        response = requests.Response()
        response.status_code = reply.status
        response.raw = io.BytesIO(reply.body)
        response.headers["Content-Type"] = reply.media_type
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is kept open."""


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
