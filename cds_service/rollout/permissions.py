"""Who may change the roll-out: an administrator. Everybody who is signed in may read it."""

from __future__ import annotations

from cds_service.accounts.roles import Member, Role
from cds_service.errors import NotAllowed


def may_change(member: Member) -> bool:
    """Whether `member` may change how far a part is rolled out."""
    return member.role is Role.ADMINISTRATOR


def check_may_change(member: Member) -> None:
    """Raises NotAllowed where `may_change` says no."""
    if not may_change(member):
        raise NotAllowed("Only an administrator may change the roll-out.")
