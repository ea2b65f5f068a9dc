"""Sessions in the database: a random secret in the cookie, its hash here.

A session ends by sign-out, by its age, by idleness, with its account's disabling, deletion, new role or new password,
and when the clock says that it has not begun yet. A sign of life, like a worker's, is no event of the audit chain.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, insert, select, update

from cds_service.ledger.database import Tx
from cds_service.ledger.tables import account, session

TOUCH = timedelta(minutes=1)
"""How old a sign of life is before another is written."""

CLOCK = timedelta(minutes=2)
"""How far a clock may go back before the sessions of the time after it are over."""


def hashed(secret: str) -> str:
    """How a secret is kept: it has 256 random bits, so one round tells nothing."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def start_in(tx: Tx, account_id: str, now: datetime) -> str:
    """A new session; returns its secret."""
    token = secrets.token_urlsafe(32)
    tx.execute(insert(session), {"id": hashed(token), "account": account_id, "started_at": now, "seen_at": now})
    return token


def find_in(tx: Tx, token: str, now: datetime, *, lasts: timedelta, idle: timedelta) -> Row[tuple[object, ...]] | None:
    """Account and session of `token`, None when it is not in force."""
    wanted = (
        select(account, session.c.seen_at, session.c.started_at)
        .join(session, session.c.account == account.c.id)
        .where(session.c.id == hashed(token), account.c.disabled_at.is_(None))
    )
    row = tx.execute(wanted).one_or_none()
    if row is None:
        return None
    alive = row.started_at <= now + CLOCK and row.seen_at <= now + CLOCK
    return row if alive and now - row.started_at < lasts and now - row.seen_at < idle else None


def touch_in(tx: Tx, token: str, now: datetime) -> None:
    """Somebody did something in this session."""
    tx.execute(update(session).where(session.c.id == hashed(token), session.c.seen_at < now).values(seen_at=now))


def end_in(tx: Tx, token: str) -> None:
    """End one session."""
    tx.execute(delete(session).where(session.c.id == hashed(token)))


def end_all_in(tx: Tx, account_id: str) -> int:
    """End every session of an account; returns how many there were."""
    return tx.execute(delete(session).where(session.c.account == account_id)).rowcount


def purge_in(tx: Tx, now: datetime, *, lasts: timedelta, idle: timedelta) -> None:
    """Delete what is not in force."""
    tx.execute(delete(session).where((session.c.started_at <= now - lasts) | (session.c.seen_at <= now - idle)))
