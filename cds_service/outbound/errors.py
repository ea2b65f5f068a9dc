"""Errors of the way out. Their messages are static: no URL, token or byte of a reply.

CdsError
├── OutboundRefused   the request is not allowed by our own rules; nothing was sent
└── OutboundFailed    it was allowed and did not succeed; `code` says how
"""

from __future__ import annotations

from typing import Literal

from cds_service.errors import CdsError

Code = Literal["timeout", "unreachable", "tls", "redirect", "too-large", "unreadable"]


class OutboundRefused(CdsError):
    """Not allowed by the rules here. Nothing was sent."""


class OutboundFailed(CdsError):
    """Allowed, and it did not succeed. `code` is a short static word."""

    def __init__(self, code: Code) -> None:
        super().__init__(f"the request failed: {code}")
        self.code = code
