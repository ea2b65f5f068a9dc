"""The roles of the clinic's people, and who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person does in the clinic."""

    NURSE = "nurse"
    PHYSICIAN = "physician"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        """For people."""
        return self.value.capitalize() if self is not Role.COMPLIANCE else "Compliance officer"


CLINICIANS = frozenset({Role.NURSE, Role.PHYSICIAN})
"""Who may see charts and decide cases."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person of the clinic who is signed in, or a service in their place. `account` is opaque (``acct-…``).

    `name`: how the person is called on pages; it is never written to log or audit.
    """

    account: str
    name: str
    role: Role

    @property
    def actor(self) -> str:
        """For audit events."""
        return f"user:{self.account}"
