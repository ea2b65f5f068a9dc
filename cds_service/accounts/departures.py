"""Browsers on their way to a provider and back: a `state` that comes back once, soon, and to the same browser."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from cds_service.accounts.sessions import CLOCK, hashed
from cds_service.accounts.values import Departure
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import sign_in

LASTS = timedelta(minutes=10)
"""Time for signing in at the provider."""


def depart_in(tx: Tx, departure: Departure, *, browser: str, now: datetime) -> str:
    """Remember a departure; returns its `state`. Like a sign of life it is no event: what comes of it is."""
    state = secrets.token_urlsafe(32)
    tx.execute(delete(sign_in).where(sign_in.c.started_at <= now - LASTS))
    row = {
        "state": hashed(state),
        "browser": hashed(browser),
        "provider": departure.provider,
        "nonce": departure.nonce,
        "verifier": departure.verifier,
        "next": departure.next,
        "started_at": now,
    }
    tx.execute(insert(sign_in), row)
    return state


def arrive_in(tx: Tx, state: str, *, browser: str, now: datetime) -> Departure | None:
    """The departure, which is forgotten with this; None when there is none, it is too old or another browser's."""
    row = tx.execute(select(sign_in).where(sign_in.c.state == hashed(state))).one_or_none()
    if row is None:
        return None
    tx.execute(delete(sign_in).where(sign_in.c.state == row.state))
    in_time = now - LASTS < row.started_at <= now + CLOCK
    if not in_time or not secrets.compare_digest(row.browser, hashed(browser)):
        return None
    return Departure(provider=row.provider, next=row.next, nonce=row.nonce, verifier=row.verifier)
