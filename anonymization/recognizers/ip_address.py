"""Internet protocol addresses: 45 CFR 164.514(b)(2)(i)(O)."""

from __future__ import annotations

import ipaddress

from anonymization.recognizers.base import FLAGS, IGNORE_CASE, Form, StrictPatternRecognizer


class IpRecognizer(StrictPatternRecognizer):
    """IPv4 and IPv6 addresses that are valid ones."""

    entity = "IP"
    forms = (
        Form("v4", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)", FLAGS, 0.95),
        Form("v6", r"(?<![\w:])(?=[0-9a-f]*:[0-9a-f:]*:)[0-9a-f:]{4,39}(?![\w:])", IGNORE_CASE, 0.9),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """A clock time such as ``08:30:15`` is not an address."""
        try:
            ipaddress.ip_address(text[start:end])
        except ValueError:
            return None
        return start, end
