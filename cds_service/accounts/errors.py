"""Errors of accounts and sign-in. Their messages are fixed words: no name, no password, no word of a token.

CdsError
├── AccountError      an administrator's act that cannot be done: the message says why
│   └── WeakPassword  the password does not keep the rules
└── SignInRefused     somebody is not let in; `reason` is a code for log and audit, the message is for the person
"""

from __future__ import annotations

from cds_service.errors import CdsError


class AccountError(CdsError):
    """The act cannot be done."""


class WeakPassword(AccountError):
    """The password does not keep the rules; the message says which."""


class SignInRefused(CdsError):
    """Not let in."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
