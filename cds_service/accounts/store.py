"""Accounts: made and changed by administrators, signed in to by people.

Every act is an audit event of the same transaction. It names the account by its opaque id; a sign-in as somebody who
does not exist is audited without the name, which may well be a password typed into the wrong field.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Row, insert, or_, select, update

from cds_service.accounts import departures, sessions
from cds_service.accounts.errors import AccountError, SignInRefused
from cds_service.accounts.passwords import Passwords, check_password
from cds_service.accounts.roles import Member, Role
from cds_service.accounts.values import Account, Departure, Entry, Identity, Session
from cds_service.errors import StoreError
from cds_service.ledger import audit
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import account as table
from cds_service.settings import Settings

OPERATOR = "operator"
"""Who acts by the command line."""

ANYONE = "anyone"
"""Who asks to be let in and is not known."""

LONGEST_LOCK = 8
"""The longest lock, as a multiple of the first."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_NOT_LET_IN = (
    "That name and password do not let you in. Check both. After several tries an account is locked for a while; "
    "an administrator of the clinic can help."
)
_DISABLED = "This account is disabled. An administrator of the clinic can say why."


class Accounts:
    """The clinic's accounts and sessions. Safe for threads: it holds no connection.

    `hasher`: how passwords are hashed, argon2id by default.
    """

    def __init__(self, database: Database, *, settings: Settings, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._passwords = Passwords(hasher)
        self._lasts = timedelta(hours=settings.session_hours)
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._tries = settings.sign_in_failures
        self._lock = timedelta(minutes=settings.lock_minutes)

    # -- by administrators -----------------------------------------------------------------------------------------

    def add(
        self,
        name: str | None,
        *,
        role: Role,
        shown: str,
        password: str | None,
        now: datetime,
        actor: str = OPERATOR,
        must_change: bool = True,
        issuer: str | None = None,
        issuer_subject: str | None = None,
    ) -> Account:
        """A new account, with a password or for somebody whom a provider knows. Raises AccountError."""
        if name is not None and not _NAME.fullmatch(name):
            raise AccountError("A name has 2 to 64 small letters, digits or . _ @ - and begins with a letter or digit.")
        shown = checked_shown(shown)
        if password is not None:
            check_password(password, name=name or "", shown=shown)
        account_id = new_id("acct")
        values = {
            "id": account_id,
            "name": name,
            "shown": shown,
            "role": role.value,
            "password": None if password is None else self._passwords.hash(password),
            "must_change": password is not None and must_change,
            "issuer": issuer,
            "issuer_subject": issuer_subject,
            "claimed": False,
            "failures": 0,
            "created_at": now,
        }
        with self._database.transaction() as tx:
            if name is not None and _by_name(tx, name) is not None:
                raise AccountError("There is an account of this name already.")
            if issuer is not None and _by_identity(tx, issuer, issuer_subject or "") is not None:
                raise AccountError("This person of the provider has an account already.")
            tx.execute(insert(table), values)
            _audit(tx, actor, account_id, {"act": "add", "role": role.value}, now)
            return _account(_by_id(tx, account_id))

    def all(self) -> tuple[Account, ...]:
        """Every account, oldest first."""
        with self._database.transaction(write=False) as tx:
            return tuple(_account(row) for row in tx.execute(select(table).order_by(table.c.created_at, table.c.id)))

    def find(self, name: str) -> Account:
        """The account with this name or id. Raises AccountError."""
        with self._database.transaction(write=False) as tx:
            row = tx.execute(select(table).where(or_(table.c.name == name, table.c.id == name))).one_or_none()
        if row is None:
            raise AccountError("There is no such account: `cds-service user list` shows them.")
        return _account(row)

    def set_role(self, account: str, role: Role, *, now: datetime, actor: str = OPERATOR) -> None:
        """Another role, which ends every session of the account."""
        self._change(account, {"role": role.value, "claimed": False}, {"act": "role", "role": role.value}, now, actor)

    def disable(self, account: str, *, now: datetime, actor: str = OPERATOR) -> None:
        """Nobody signs in to it any more; who is signed in is out at once."""
        self._change(account, {"disabled_at": now}, {"act": "disable"}, now, actor)

    def enable(self, account: str, *, now: datetime, actor: str = OPERATOR) -> None:
        """Undo `disable`, and end a lock."""
        values = {"disabled_at": None, "failures": 0, "locked_until": None}
        self._change(account, values, {"act": "enable"}, now, actor)

    def set_password(
        self, account: Account, password: str, *, now: datetime, must_change: bool = True, actor: str = OPERATOR
    ) -> None:
        """A password that somebody else sets, to be changed at the next sign-in. Raises WeakPassword."""
        check_password(password, name=account.name or "", shown=account.shown)
        values = self._new_password(password, must_change=must_change)
        self._change(account.id, values, {"act": "password"}, now, actor)

    def end_sessions(self, account: str, *, now: datetime, actor: str = OPERATOR) -> int:
        """Sign an account out everywhere; returns how many sessions there were."""
        return self._change(account, {}, {"act": "reset-sessions"}, now, actor)

    def _new_password(self, password: str, *, must_change: bool) -> dict[str, Any]:
        kept = self._passwords.hash(password)
        return {"password": kept, "must_change": must_change, "failures": 0, "locked_until": None}

    def _change(
        self, account: str, values: dict[str, Any], detail: dict[str, Scalar], now: datetime, actor: str
    ) -> int:
        with self._database.transaction() as tx:
            if values:
                tx.execute(update(table).where(table.c.id == account).values(values))
            ended = sessions.end_all_in(tx, account)
            _audit(tx, actor, account, {**detail, "sessions_ended": ended}, now)
        return ended

    # -- by people -------------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, *, now: datetime, former: str | None = None) -> Entry:
        """Let somebody in by name and password. `former`: the session that the browser had, which ends.

        Raises SignInRefused, with the same words and after the same work whether the account is unknown, locked,
        disabled, or has another password; Busy when too many sign in at once.
        """
        wanted = name.strip().lower()
        with self._database.transaction(write=False) as tx:
            seen = _by_name(tx, wanted)
        kept = None if seen is None else seen.password
        right = self._passwords.matches(kept, password)
        renewed = self._passwords.hash(password) if right and self._passwords.outdated(str(kept)) else None
        with self._database.transaction() as tx:
            row = None if seen is None else _by_id(tx, seen.id)
            reason = self._refusal(row, right=right and row is not None and row.password == kept, now=now)
            if row is None or reason is not None:
                self._note_failure(tx, row, reason or "unknown", now)
            else:
                fresh = {"failures": 0, "locked_until": None} | ({"password": renewed} if renewed else {})
                tx.execute(update(table).where(table.c.id == row.id).values(fresh))
                return self._enter(tx, row.id, "password", now, former)
        raise SignInRefused(reason or "unknown", _NOT_LET_IN)

    def change_password(self, member: Member, old: str, new: str, *, now: datetime) -> Entry:
        """A person's own new password; every session ends and a new one begins. Raises SignInRefused, WeakPassword."""
        with self._database.transaction(write=False) as tx:
            row = _by_id(tx, member.account)
        right = self._passwords.matches(row.password, old)
        if right:
            check_password(new, name=row.name or "", shown=row.shown)
            if new == old:
                raise AccountError("The new password is the old one.")
        values = self._new_password(new, must_change=False) if right else {}
        with self._database.transaction() as tx:
            kept, row = row.password, _by_id(tx, member.account)
            reason = self._refusal(row, right=right and row.password == kept, now=now)
            if reason is None:
                tx.execute(update(table).where(table.c.id == row.id).values(values))
                ended = sessions.end_all_in(tx, row.id)
                _audit(tx, member.actor, row.id, {"act": "own-password", "sessions_ended": ended}, now)
                return self._enter(tx, row.id, "password-change", now, None)
            self._note_failure(tx, row, reason, now)
        raise SignInRefused(reason, "The present password is not right, or the account is locked for a while.")

    def admit(self, identity: Identity, how: str, *, now: datetime, former: str | None = None) -> Entry:
        """Let in whom a provider vouches for. `how`: a code for the audit. Raises SignInRefused.

        Who has no account gets one if the provider's claims give a role, and is refused otherwise. An account that was
        made so takes its role from the claims each time; one that an administrator made keeps the role given there.
        """
        with self._database.transaction() as tx:
            row = _by_identity(tx, identity.issuer, identity.subject)
            refused = _stranger(row, identity)
            if refused is None:
                account_id = _vouched(tx, row, identity, now)
                return self._enter(tx, account_id, how, now, former)
            self._note_refusal(tx, row, refused.reason, now)
            if row is not None and row.disabled_at is None:  # the provider took the role away
                ended = sessions.end_all_in(tx, row.id)
                _audit(tx, f"user:{row.id}", row.id, {"act": "role-withdrawn", "sessions_ended": ended}, now)
        raise refused

    def session(self, token: str, *, now: datetime, active: bool) -> Session | None:
        """The session of a cookie, None when none is in force. `active`: somebody did something, so it is not idle."""
        with self._database.transaction(write=False) as tx:
            row: Any = sessions.find_in(tx, token, now, lasts=self._lasts, idle=self._idle)
        if row is None:
            return None
        if active and now - row.seen_at >= sessions.TOUCH:
            with suppress(StoreError), self._database.transaction() as tx:  # a busy writer costs no page
                sessions.touch_in(tx, token, now)
        return Session(member=_account(row).member, must_change=row.must_change)

    def sign_out(self, token: str, member: Member, *, now: datetime) -> None:
        """End one session."""
        with self._database.transaction() as tx:
            sessions.end_in(tx, token)
            event = AuditEvent(kind=EventKind.SIGN_IN, actor=member.actor, detail={"act": "sign-out"})
            audit.append(tx, [event], now=now)

    # -- on the way to a provider ----------------------------------------------------------------------------------

    def depart(self, departure: Departure, *, browser: str, now: datetime) -> str:
        """Remember a browser that leaves for a provider; returns the `state` that goes along."""
        with self._database.transaction() as tx:
            return departures.depart_in(tx, departure, browser=browser, now=now)

    def arrive(self, state: str, *, browser: str, now: datetime) -> Departure:
        """The departure that `state` belongs to, once and from the same browser. Raises SignInRefused, audited."""
        with self._database.transaction() as tx:
            found = departures.arrive_in(tx, state, browser=browser, now=now)
            if found is None:
                self._note_refusal(tx, None, "state", now)
        if found is None:
            raise SignInRefused("state", "This sign-in was used already, took too long, or began in another browser.")
        return found

    def refused(self, reason: str, *, now: datetime) -> None:
        """Audit that somebody who came from a provider was not let in. `reason`: a code."""
        with self._database.transaction() as tx:
            self._note_refusal(tx, None, reason, now)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _enter(self, tx: Tx, account_id: str, how: str, now: datetime, former: str | None) -> Entry:
        if former:
            sessions.end_in(tx, former)
        sessions.purge_in(tx, now, lasts=self._lasts, idle=self._idle)
        token = sessions.start_in(tx, account_id, now)
        entered = _account(_by_id(tx, account_id))
        detail: dict[str, Scalar] = {"act": "sign-in", "by": how, "role": entered.role.value}
        audit.append(tx, [AuditEvent(kind=EventKind.SIGN_IN, actor=entered.member.actor, detail=detail)], now=now)
        return Entry(token=token, member=entered.member, must_change=entered.must_change)

    def _refusal(self, row: Row[Any] | None, *, right: bool, now: datetime) -> str | None:
        """Why somebody is not let in, None when they are."""
        if row is None:
            return "unknown"
        if row.disabled_at is not None:
            return "disabled"
        # A lock that ends later than any lock could is one of another clock: it holds nobody out.
        if row.locked_until is not None and now < row.locked_until <= now + LONGEST_LOCK * self._lock:
            return "locked"
        return None if right else "password"

    def _note_failure(self, tx: Tx, row: Row[Any] | None, reason: str, now: datetime) -> None:
        if row is not None and reason == "password":
            failures = row.failures + 1
            values: dict[str, Any] = {"failures": failures}
            if failures >= self._tries:
                values["locked_until"] = now + self._lock * min(2 ** min(failures - self._tries, 10), LONGEST_LOCK)
            tx.execute(update(table).where(table.c.id == row.id).values(values))
        self._note_refusal(tx, row, reason, now)

    def _note_refusal(self, tx: Tx, row: Row[Any] | None, reason: str, now: datetime) -> None:
        event = AuditEvent(
            kind=EventKind.SIGN_IN,
            actor=ANYONE if row is None else f"user:{row.id}",
            outcome=Outcome.REFUSED,
            detail={"act": "sign-in", "reason": reason},
        )
        audit.append(tx, [event], now=now)


def checked_shown(shown: str) -> str:
    """How a person is called on pages. Raises AccountError."""
    shown = " ".join(shown.split())
    if not 1 <= len(shown) <= 100 or not shown.isprintable():
        raise AccountError("A shown name has 1 to 100 printable characters.")
    return shown


def _stranger(row: Row[Any] | None, identity: Identity) -> SignInRefused | None:
    if row is not None and row.disabled_at is not None:
        return SignInRefused("disabled", _DISABLED)
    if identity.role is None and (row is None or row.claimed):
        return SignInRefused(
            "no-role",
            "You are known to the provider, but it gives you no role here. Ask an administrator of the clinic to give "
            "you one there, or to link your account with `cds-service user add`.",
        )
    return None


def _vouched(tx: Tx, row: Row[Any] | None, identity: Identity, now: datetime) -> str:
    """The id of the account of somebody who is let in: made, or brought up to date."""
    if row is None:
        account_id = new_id("acct")
        role = identity.role or Role.NURSE  # `_stranger` let nobody pass without a role
        who = {"id": account_id, "shown": identity.shown, "role": role.value, "claimed": True, "created_at": now}
        known_as = {"issuer": identity.issuer, "issuer_subject": identity.subject}
        tx.execute(insert(table), who | known_as | {"must_change": False, "failures": 0})
        _audit(tx, f"user:{account_id}", account_id, {"act": "add-claimed", "role": role.value}, now)
        return account_id
    if row.claimed and identity.role is not None and identity.role.value != row.role:
        tx.execute(update(table).where(table.c.id == row.id).values(role=identity.role.value))
        ended = sessions.end_all_in(tx, row.id)
        detail: dict[str, Scalar] = {"act": "role-claimed", "role": identity.role.value, "sessions_ended": ended}
        _audit(tx, f"user:{row.id}", row.id, detail, now)
    return str(row.id)


def _audit(tx: Tx, actor: str, account: str, detail: dict[str, Scalar], now: datetime) -> None:
    event = AuditEvent(kind=EventKind.ACCOUNT, actor=actor, detail={"account": account, **detail})
    audit.append(tx, [event], now=now)


def _by_name(tx: Tx, name: str) -> Row[Any] | None:
    return tx.execute(select(table).where(table.c.name == name)).one_or_none()


def _by_id(tx: Tx, account_id: str) -> Row[Any]:
    return tx.execute(select(table).where(table.c.id == account_id)).one()


def _by_identity(tx: Tx, issuer: str, subject: str) -> Row[Any] | None:
    wanted = select(table).where(table.c.issuer == issuer, table.c.issuer_subject == subject)
    return tx.execute(wanted).one_or_none()


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        shown=row.shown,
        role=Role(row.role),
        has_password=row.password is not None,
        must_change=row.must_change,
        linked=row.issuer is not None,
        claimed=row.claimed,
        locked_until=row.locked_until,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
    )
