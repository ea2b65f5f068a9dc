"""The one face of this package: reports, alerts, reviews that people sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update

from cds_service.accounts.roles import Member, Role
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import alert, answer, sign_off
from cds_service.ledger.trail import not_verified_for
from cds_service.ledger.vault import Vault
from cds_service.oversight import facts
from cds_service.oversight.agreement import Agreement, agreement
from cds_service.oversight.case_facts import cases_between
from cds_service.oversight.figures import Figure, of_count
from cds_service.oversight.live import Live, live
from cds_service.oversight.periods import Period, last_full, span_with
from cds_service.oversight.report import OpenAlert, Report, make_report, sections_of
from cds_service.oversight.sign_offs import (
    KINDS,
    Due,
    FiguresChanged,
    Kind,
    NotDue,
    check_may_sign,
    check_note,
    months_after,
)
from cds_service.oversight.thresholds import Threshold, read_thresholds
from cds_service.settings import Settings

ACTOR = "oversight"

KEPT = timedelta(minutes=5)
"""How long a report is shown again before it is counted anew: a month takes a second or two of a processor."""

MOST_KEPT = 16


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What one look at the limits did."""

    raised: tuple[str, ...]
    cleared: tuple[str, ...]


class Oversight:
    """Safe for threads: it holds no connection. Raises ConfigurationError for limits that cannot be read.

    `checks`: the id of the safety check by each of its fixed reasons.
    """

    def __init__(self, database: Database, vault: Vault, settings: Settings, *, checks: Mapping[str, str]) -> None:
        self._database = database
        self._vault = vault
        self._checks = checks
        self._retention = timedelta(days=settings.vault_retention_days)
        self._limits = read_thresholds("limits.toml", settings.monitoring_limits_file)
        self._advice = read_thresholds("recommendations.toml")
        self._reports: dict[tuple[Period, date], tuple[datetime, Report]] = {}
        self._keeping = Lock()
        self.zone = ZoneInfo(settings.clinic_timezone)

    # -- reports ---------------------------------------------------------------------------------------------------

    def report(self, period: Period, now: datetime, *, day: date | None = None, fresh: bool = False) -> Report:
        """The day, week or month that `day` is in; without one, the newest that is over.

        Pages that are opened again and again read one that is up to `KEPT` old, unless it must be `fresh`.
        """
        span = last_full(period, now, self.zone) if day is None else span_with(period, day, self.zone)
        kept = None if fresh else self._reports.get((period, span.first))
        with self._database.transaction(write=False) as tx:
            if kept is None or not timedelta() <= now - kept[0] < KEPT:
                made = make_report(tx, period, span, zone=self.zone, checks=self._checks, advice=self._advice)
                kept = self._keep(now, made)
            return replace(kept[1], alerts=self._open(tx))

    def _keep(self, now: datetime, made: Report) -> tuple[datetime, Report]:
        with self._keeping:
            while len(self._reports) >= MOST_KEPT:
                del self._reports[next(iter(self._reports))]
            self._reports[made.period, made.span.first] = now, made
        return now, made

    def live(self, now: datetime) -> Live:
        """What is so right now."""
        with self._database.transaction(write=False) as tx:
            return live(tx, now)

    def kappa_last_week(self, now: datetime) -> Agreement:
        """Agreement of floor with model and clinician in the last full week."""
        span = last_full(Period.WEEKLY, now, self.zone)
        with self._database.transaction(write=False) as tx:
            made = cases_between(tx, span.start, span.end).decisions
        return agreement([(d.system, d.given) for d in made if d.given is not None])

    # -- alerts ----------------------------------------------------------------------------------------------------

    def check(self, now: datetime) -> Checked:
        """Hold the figures of the last full day and week against the limits; raise and clear alerts, audited.

        What is passed already is not raised again. Where too few were counted to say, an alert stays as it is.
        """
        with self._database.transaction(write=False) as tx:
            figures = {period: self._figures(tx, period, now) for period in {limit.period for limit in self._limits}}
        judged = {limit.id: _judged(limit, figures[limit.period]) for limit in self._limits}
        with self._database.transaction() as tx:
            return self._settle(tx, judged, now)

    def _figures(self, tx: Tx, period: Period, now: datetime) -> list[Figure]:
        found = facts.read(tx, last_full(period, now, self.zone))
        counted = [figure for section in sections_of(found, self._checks) for figure in section.figures]
        state = live(tx, now)
        overdue = sum(due.overdue(now) for due in self._dues(tx))
        unverified = not_verified_for(tx, now)
        return [
            *counted,
            of_count("live.late-criticals", "Critical cases no physician has answered", state.late_criticals),
            of_count("live.overdue", "Reviews that nobody signed in time", overdue),
            of_count("live.audit-days", "Whole days since the audit trail was last found whole", unverified.days),
        ]

    def _settle(self, tx: Tx, judged: Mapping[str, Figure | bool | None], now: datetime) -> Checked:
        active = {row.limit_id for row in tx.execute(select(alert.c.limit_id).where(alert.c.cleared_at.is_(None)))}
        bounds = {limit.id: limit.bound for limit in self._limits}
        broken = {name: figure for name, figure in judged.items() if isinstance(figure, Figure)}
        raised = sorted(broken.keys() - active)
        cleared = sorted(name for name in active if judged.get(name, False) is False)
        for name in raised:
            row = {"id": new_id("alert"), "limit_id": name, "value": broken[name].value, "bound": bounds[name]}
            tx.execute(insert(alert).values(**row, raised_at=now))
        if cleared:
            gone = alert.c.limit_id.in_(cleared) & alert.c.cleared_at.is_(None)
            tx.execute(update(alert).where(gone).values(cleared_at=now))
        events = [_alert_event(name, "raised") for name in raised] + [_alert_event(name, "cleared") for name in cleared]
        append(tx, events, now=now)
        return Checked(raised=tuple(raised), cleared=tuple(cleared))

    def alerts(self) -> tuple[OpenAlert, ...]:
        """The alerts that stand, oldest first."""
        with self._database.transaction(write=False) as tx:
            return self._open(tx)

    def _open(self, tx: Tx) -> tuple[OpenAlert, ...]:
        words = {limit.id: limit.words for limit in self._limits}
        rows = tx.execute(select(alert).where(alert.c.cleared_at.is_(None)).order_by(alert.c.raised_at, alert.c.id))
        return tuple(
            OpenAlert(id=row.limit_id, words=words[row.limit_id], since=row.raised_at)
            for row in rows
            if row.limit_id in words
        )

    # -- reviews that people sign ----------------------------------------------------------------------------------

    def dues(self) -> tuple[Due, ...]:
        """When each review is due."""
        with self._database.transaction(write=False) as tx:
            return self._dues(tx)

    def overdue(self, now: datetime) -> tuple[Kind, ...]:
        """The reviews that should have been signed by now."""
        return tuple(due.kind for due in self.dues() if due.overdue(now))

    def sign(self, kind: Kind, member: Member, now: datetime, *, note: str, digest: str) -> None:
        """Sign one review over the newest monthly report, which must be the one that `digest` names.

        Raises NotAllowed, RequestError (the note), NotDue, FiguresChanged.
        """
        check_may_sign(kind, member.role)
        kept = check_note(note)
        if digest != self.report(Period.MONTHLY, now, fresh=True).digest:
            raise FiguresChanged("The figures have changed since you opened the page. Look at them again, then sign.")
        with self._database.transaction() as tx:
            due = next(due for due in self._dues(tx) if due.kind == kind)
            if due.at is None or not due.open(now):
                raise NotDue("This review is not due. Somebody may just have signed it.")
            item = self._vault.store_comment(
                tx, subject=None, text=kept, now=now, expires_at=now + self._retention, actor=member.actor
            )
            name = new_id("sign")
            row = {"id": name, "kind": kind.id, "due_at": due.at, "signed_at": now, "note": item}
            who = {"account": member.account, "role": member.role.value}
            tx.execute(insert(sign_off).values(**row, **who, report=digest))
            detail: dict[str, Scalar] = {"sign_off": name, "kind": kind.id, "role": member.role.value}
            detail |= {"report": digest, "note": item}
            append(tx, [AuditEvent(kind=EventKind.SIGN_OFF, actor=member.actor, detail=detail)], now=now)

    def _dues(self, tx: Tx) -> tuple[Due, ...]:
        first = tx.execute(select(func.min(answer.c.created_at))).scalar()
        newest: dict[str, tuple[datetime, str]] = {
            row.kind: (row.signed_at, row.role)
            for row in tx.execute(select(sign_off).order_by(sign_off.c.signed_at, sign_off.c.id))
        }
        return tuple(self._due(kind, first, newest.get(kind.id)) for kind in KINDS)

    def _due(self, kind: Kind, first: datetime | None, last: tuple[datetime, str] | None) -> Due:
        since = last[0] if last else first
        at = months_after(since.astimezone(self.zone), kind.months).astimezone(UTC) if since else None
        return Due(kind=kind, at=at, last=last[0] if last else None, role=Role(last[1]) if last else None)


def _judged(limit: Threshold, figures: Sequence[Figure]) -> Figure | bool | None:
    """The figure that passes the limit; False where it does not; None where too few were counted to say."""
    judged = [figure for figure in limit.among(figures) if figure.value is not None and figure.of >= limit.least]
    broken = [figure for figure in judged if limit.passed_by(figure)]
    if broken:
        return broken[0]
    return False if judged else None


def _alert_event(limit: str, state: str) -> AuditEvent:
    return AuditEvent(kind=EventKind.REPORT, actor=ACTOR, detail={"alert": limit, "state": state})
