"""The roll-out in the database: read by every hook call, changed by an administrator, each change audited.

The newest row of a part counts. The hook path reads through `reach`, which asks the database once in a few seconds and
never raises: with no database the last that was known holds, and before anything was known everything is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import RowMapping, func, insert, select

from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.tables import audit_event, roll_out
from cds_service.ledger.vault import Vault
from cds_service.rollout.change import MAX_PLACES, MAX_WHY, Change, NewPlace, check_why
from cds_service.rollout.errors import RollOutRefused, Stale
from cds_service.rollout.here import places_of
from cds_service.rollout.stages import MODEL, SERVICE, Place, Reach, Setting, Stage, Stages, rule_of
from hooks.services import HookCall

log = structlog.get_logger()

FRESH = timedelta(seconds=5)
"""How long what was read is used: so long a change takes, at most, to reach every process."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """One change in the audit chain. `labels`: of the places of a pilot."""

    at: str
    actor: str
    part: str
    before: str
    after: str
    labels: str
    why: str


class RollOut:
    """The roll-out. Holds no connection. `rules`: id of each rule, and whether what it finds can be urgent."""

    def __init__(self, database: Database, vault: Vault, *, rules: Mapping[str, bool]) -> None:
        self._database = database
        self._vault = vault
        self._rules = rules
        self._known: tuple[datetime, Stages] | None = None

    # -- during a hook call ----------------------------------------------------------------------------------------

    def reach(self, call: HookCall, now: datetime) -> Reach:
        """How far the roll-out reaches `call`. Never raises for want of a database."""
        stages = self.at(now)
        keys = frozenset(self._key(place) for place in places_of(call)) if stages.placed else frozenset()
        return stages.reach(keys)

    def at(self, now: datetime) -> Stages:
        """All stages, at most `FRESH` old while the database answers."""
        known = self._known
        if known is not None and timedelta(0) <= now - known[0] < FRESH:
            return known[1]
        try:
            stages = self.read()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it must not cost the floor
            log.error("roll-out-not-read", error=type(error).__name__)
            stages = known[1] if known else Stages()
        self._known = (now, stages)
        return stages

    # -- for people ------------------------------------------------------------------------------------------------

    @property
    def rules(self) -> Mapping[str, bool]:
        """Id of each rule, and whether what it finds can be urgent."""
        return self._rules

    def read(self) -> Stages:
        """All stages as the database has them. Raises StoreError."""
        with self._database.transaction(write=False) as tx:
            return _read(tx)

    def change(self, change: Change, *, actor: str, now: datetime) -> Stages:
        """Make one change and audit it; returns what holds then. Raises RollOutRefused, StoreError."""
        self._check_part(change)
        why = check_why(change.why)
        with self._database.transaction() as tx:
            before = _read(tx)
            if change.seen not in (None, before.seq):
                raise Stale("The roll-out was changed by somebody else after you opened the page: look at it again.")
            places = self._places(change, before)
            row = {
                "seq": before.seq + 1,
                "part": change.part,
                "stage": change.stage.value,
                "places": [{"key": place.key, "label": place.label} for place in places],
                "changed_at": now,
            }
            tx.execute(insert(roll_out), row)
            detail = {
                "part": change.part,
                "before": before.stage(change.part).value,
                "after": change.stage.value,
                "places": len(places),
                "labels": " ".join(place.label for place in places)[:MAX_WHY],
                "confirmed": change.confirmed,
                "why": why,
            }
            append(tx, [AuditEvent(kind=EventKind.ROLL_OUT, actor=actor, detail=detail)], now=now)
            after = _read(tx)
        self._known = (now, after)
        return after

    def history(self, *, limit: int = 50) -> tuple[Past, ...]:
        """The newest changes first, from the audit chain."""
        newest = (
            select(audit_event.c.time, audit_event.c.actor, audit_event.c.detail)
            .where(audit_event.c.kind == EventKind.ROLL_OUT.value)
            .order_by(audit_event.c.seq.desc())
            .limit(limit)
        )
        with self._database.transaction(write=False) as tx:
            return tuple(_past(row) for row in tx.execute(newest).mappings())

    # -- checks ----------------------------------------------------------------------------------------------------

    def _check_part(self, change: Change) -> None:
        rule = rule_of(change.part)
        if rule is None and change.part not in (SERVICE, MODEL):
            raise RollOutRefused("Only the service, the model and the rules of docs/reference/rules.md are rolled out.")
        if rule is None:
            return
        if rule not in self._rules:
            raise RollOutRefused("There is no such rule: docs/reference/rules.md lists them.")
        if self._rules[rule] and change.stage.narrow and not change.confirmed:
            raise RollOutRefused(
                "This rule finds what is High or Critical. Confirm that some or all clinicians shall not be told."
            )

    def _places(self, change: Change, before: Stages) -> tuple[Place, ...]:
        if change.stage is not Stage.PILOT:
            if change.add or change.drop:
                raise RollOutRefused("Only a pilot has places.")
            return ()
        now_in = before.parts[change.part].places if change.part in before.parts else ()
        if set(change.drop) - {place.label for place in now_in}:
            raise RollOutRefused("The pilot does not run in every place that is to be left out: look at its labels.")
        kept = [place for place in now_in if place.label not in change.drop]
        places = _joined(kept, [self._place(new) for new in change.add])
        if not places:
            raise RollOutRefused("A pilot needs at least one location or practitioner.")
        if len(places) > MAX_PLACES:
            raise RollOutRefused(f"A pilot has at most {MAX_PLACES} places: roll it out in full.")
        return places

    def _place(self, new: NewPlace) -> Place:
        return Place(key=self._key(new.reference), label=new.label)

    def _key(self, reference: str) -> str:
        return self._vault.keyed("roll-out", reference)


def _joined(kept: Sequence[Place], added: Sequence[Place]) -> tuple[Place, ...]:
    """Each place once, under its newest label; one label for two places is refused."""
    by_key = {place.key: place for place in (*kept, *added)}
    if len({place.label for place in by_key.values()}) < len(by_key):
        raise RollOutRefused("Two places of a pilot cannot have the same label.")
    return tuple(sorted(by_key.values(), key=lambda place: place.label))


def _read(tx: Tx) -> Stages:
    newest = select(func.max(roll_out.c.seq)).group_by(roll_out.c.part)
    rows = tx.execute(select(roll_out).where(roll_out.c.seq.in_(newest)).order_by(roll_out.c.part)).mappings().all()
    return Stages(
        parts={row["part"]: _setting(row) for row in rows if row["stage"] in set(Stage)},
        seq=max((row["seq"] for row in rows), default=0),
    )


def _setting(row: RowMapping) -> Setting:
    places = tuple(Place(key=place["key"], label=place["label"]) for place in row["places"])
    return Setting(stage=Stage(row["stage"]), places=places, since=row["changed_at"])


def _past(row: RowMapping) -> Past:
    detail = json.loads(row["detail"])
    return Past(
        at=row["time"],
        actor=row["actor"],
        **{name: str(detail.get(name, "")) for name in ("part", "before", "after", "labels", "why")},
    )
