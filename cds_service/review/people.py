"""The accounts behind those who review."""

from __future__ import annotations

from sqlalchemy import select

from cds_service.accounts.roles import Member
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import account
from cds_service.review.errors import NotPermitted


def name_in_force(tx: Tx, member: Member) -> str:
    """The name of the account, read in the transaction that relies on it.

    Raises NotPermitted for an account that is gone, disabled, or has another role than the one it signed in with.
    """
    found = select(account.c.shown, account.c.role).where(
        account.c.id == member.account, account.c.disabled_at.is_(None)
    )
    row = tx.execute(found).one_or_none()
    if row is None or row.role != member.role.value:
        raise NotPermitted("Your account is no longer in force. Nothing was changed. Ask your administrator.")
    name: str = row.shown
    return name
