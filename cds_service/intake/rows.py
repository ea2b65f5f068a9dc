"""The table of the forms: rows to values and back, every change of a state checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from cds_service.intake.errors import FormClosed, NoSuchForm
from cds_service.intake.values import NEXT_FORM, Form, FormState
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import intake as table

_SECRET = frozenset({"code", "tablet"})


def form_of(row: RowMapping) -> Form:
    """The form in a row, without what opens it."""
    values: dict[str, Any] = {name: value for name, value in row.items() if name not in _SECRET}
    return Form(**{**values, "state": FormState(row["state"]), "warned": tuple(row["warned"])})


def get(tx: Tx, form_id: str) -> Form:
    """One form. Raises NoSuchForm."""
    row = tx.execute(select(table).where(table.c.id == form_id)).mappings().one_or_none()
    if row is None:
        raise NoSuchForm("There is no such form.")
    return form_of(row)


def by_key(tx: Tx, column: str, key: str) -> Form | None:
    """The form that a code or a tablet opens."""
    row = tx.execute(select(table).where(table.c[column] == key)).mappings().one_or_none()
    return None if row is None else form_of(row)


def waiting_of(tx: Tx, subject: str, since: datetime) -> Form | None:
    """The form of this subject that may still be answered and was started after `since`."""
    states = [state.value for state in FormState if NEXT_FORM[state]]
    wanted = (
        select(table)
        .where(table.c.subject == subject, table.c.state.in_(states), table.c.started_at > since)
        .order_by(table.c.started_at.desc())
        .limit(1)
    )
    row = tx.execute(wanted).mappings().one_or_none()
    return None if row is None else form_of(row)


def add(tx: Tx, form_id: str, values: Mapping[str, object]) -> Form:
    """A new form."""
    blank = {"id": form_id, "state": FormState.STARTED.value, "signs": {}, "warned": []}
    tx.execute(insert(table), {**blank, **values})
    return get(tx, form_id)


def change(tx: Tx, form: Form, to: FormState | None = None, **values: object) -> Form:
    """`form` with other `values`, and in the state `to` if one is given. Raises FormClosed."""
    if to is not None and to not in NEXT_FORM[form.state]:
        raise FormClosed("This form was answered or taken back before.")
    state = {} if to is None else {"state": to.value}
    tx.execute(update(table).where(table.c.id == form.id), {**values, **state})
    return get(tx, form.id)


def newest_answered(tx: Tx, subject: str, since: datetime) -> Form | None:
    """The form of `subject` that was answered last, after `since`."""
    wanted = (
        select(table)
        .where(table.c.subject == subject, table.c.answered_at > since, table.c.response.is_not(None))
        .order_by(table.c.answered_at.desc())
        .limit(1)
    )
    row = tx.execute(wanted).mappings().one_or_none()
    return None if row is None else form_of(row)


def started_after(tx: Tx, since: datetime, limit: int) -> tuple[Form, ...]:
    """The newest forms."""
    wanted = select(table).where(table.c.started_at > since).order_by(table.c.started_at.desc()).limit(limit)
    return tuple(form_of(row) for row in tx.execute(wanted).mappings())


def alarming(tx: Tx, since: datetime) -> tuple[Form, ...]:
    """Forms with a warning sign that nobody of the staff has seen yet, the oldest first."""
    wanted = (
        select(table)
        .where(table.c.started_at > since, table.c.warned_at.is_not(None), table.c.seen_at.is_(None))
        .order_by(table.c.warned_at)
    )
    return tuple(form_of(row) for row in tx.execute(wanted).mappings())
