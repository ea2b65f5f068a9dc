"""Accounts, sessions and identities as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from cds_service.accounts.roles import Member, Role


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who may sign in. `name`: what they type, None where another provider knows them.

    `claimed`: the role comes from that provider at each sign-in. `must_change`: somebody else set the password.
    """

    id: str
    name: str | None
    shown: str
    role: Role
    has_password: bool
    must_change: bool
    linked: bool
    claimed: bool
    locked_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime

    @property
    def member(self) -> Member:
        """As the pages know this person."""
        return Member(account=self.id, name=self.shown, role=self.role)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session in force."""

    member: Member
    must_change: bool


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Somebody was let in: the secret of the new session, which goes into the cookie and is kept nowhere."""

    token: str = field(repr=False)
    member: Member
    must_change: bool


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom a provider vouches for. `role`: what its claims make of them, None: nothing."""

    issuer: str
    subject: str = field(repr=False)
    shown: str = field(repr=False)
    role: Role | None


@dataclass(frozen=True, kw_only=True)
class Departure:
    """A browser on its way to a provider. `state` goes along and comes back once."""

    provider: str
    next: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
