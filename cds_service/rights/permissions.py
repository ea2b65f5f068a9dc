"""Who may do what: `check_…` raises NotPermitted with plain words, its twin answers yes or no.

Compliance officers see and change everything here. An erasure is carried out by another officer than the one who asked.
"""

from __future__ import annotations

from cds_service.accounts.roles import Member, Role
from cds_service.rights.errors import NotPermitted
from cds_service.rights.values import Erasure


def check_may_see(member: Member) -> None:
    """Raises NotPermitted."""
    if not may_see(member):
        raise NotPermitted("Patients' rights are in the hands of compliance officers.")


def may_see(member: Member) -> bool:
    """Whether `member` may look patients up and change how they stand."""
    return member.role is Role.COMPLIANCE


def check_may_confirm(asked: Erasure, member: Member) -> None:
    """Raises NotPermitted."""
    check_may_see(member)
    if not may_confirm(asked, member):
        raise NotPermitted("You asked for this erasure, so another compliance officer confirms it.")


def may_confirm(asked: Erasure, member: Member) -> bool:
    """Whether `member` may be the second person of an erasure."""
    return may_see(member) and asked.asked_by != member.actor
