"""The states of a case: three tracks that run side by side, each a dict of what may follow what.

The nurse waits for no model, and the physician for no nurse, so a case has one state on each track. The diagram in
docs/explanation/review.md is drawn from these dicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Assessing(StrEnum):
    """The model's track: what became of its draft."""

    PENDING = "pending"
    READY = "ready"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"
    OFF = "off"


class Reviewing(StrEnum):
    """The nurse's track."""

    OPENED = "opened"
    AWAITING = "awaiting-nurse-review"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    DISMISSED = "dismissed"

    @property
    def decided(self) -> bool:
        """Whether a clinician has decided."""
        return self in {Reviewing.CONFIRMED, Reviewing.CHANGED, Reviewing.DISMISSED}


class Informing(StrEnum):
    """The physician's track: only High and Critical cases leave its first state."""

    NOT_NEEDED = "not-needed"
    NOTIFIED = "notified"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"


NEXT_ASSESSING: Mapping[Assessing, frozenset[Assessing]] = {
    Assessing.PENDING: frozenset({Assessing.READY, Assessing.WITHHELD, Assessing.UNAVAILABLE}),
    Assessing.READY: frozenset({Assessing.PENDING}),
    Assessing.WITHHELD: frozenset({Assessing.PENDING}),
    Assessing.UNAVAILABLE: frozenset({Assessing.PENDING, Assessing.READY, Assessing.WITHHELD, Assessing.OFF}),
    Assessing.OFF: frozenset({Assessing.PENDING, Assessing.UNAVAILABLE}),
}

NEXT_REVIEWING: Mapping[Reviewing, frozenset[Reviewing]] = {
    Reviewing.OPENED: frozenset({Reviewing.AWAITING}),
    Reviewing.AWAITING: frozenset({Reviewing.CONFIRMED, Reviewing.CHANGED, Reviewing.DISMISSED}),
    Reviewing.CONFIRMED: frozenset(),
    Reviewing.CHANGED: frozenset(),
    Reviewing.DISMISSED: frozenset(),
}

NEXT_INFORMING: Mapping[Informing, frozenset[Informing]] = {
    Informing.NOT_NEEDED: frozenset({Informing.NOTIFIED}),
    Informing.NOTIFIED: frozenset({Informing.ESCALATED, Informing.ACKNOWLEDGED}),
    Informing.ESCALATED: frozenset({Informing.ESCALATED, Informing.ACKNOWLEDGED}),
    Informing.ACKNOWLEDGED: frozenset({Informing.NOTIFIED}),
}
