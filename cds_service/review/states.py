"""The states of a case: three tracks that run side by side, each a dict of what may follow what.

The nurse waits for no model, and the physician for no nurse, so a case has one state on each track
(docs/decisions/0018). The diagram in docs/explanation/review.md is drawn from these dicts, and nothing changes a state
but `moves.move`, which asks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Track(StrEnum):
    """Whose state it is. `FLOOR` has none: its events say that a later chart raised the priority."""

    ASSESSING = "assessing"
    REVIEWING = "reviewing"
    INFORMING = "informing"
    FLOOR = "floor"


class Assessing(StrEnum):
    """The model's track: what became of its draft on the newest chart of the case."""

    PENDING = "pending"
    READY = "ready"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"
    OFF = "off"


class Reviewing(StrEnum):
    """The nurse's track.

    `OPENED`: nothing asks for a nurse yet, a draft is being made. `LAPSED`: none came, so there is nothing to review.
    """

    OPENED = "opened"
    AWAITING = "awaiting-nurse-review"
    CONFIRMED = "confirmed"
    CHANGED = "changed"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"

    @property
    def decided(self) -> bool:
        """Whether a clinician has decided."""
        return self in DECIDED

    @property
    def open(self) -> bool:
        """Whether something may still happen on this track: a further answer of the patient joins the case."""
        return bool(NEXT_REVIEWING[self])


class Informing(StrEnum):
    """The physician's track: only what is High or Critical leaves its first state.

    `DUE`: a physician must be told, and no message is on its way yet.
    """

    NOT_NEEDED = "not-needed"
    DUE = "due"
    NOTIFIED = "notified"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"


DECIDED = frozenset({Reviewing.CONFIRMED, Reviewing.CHANGED, Reviewing.DISMISSED})
ANSWER_AWAITED = frozenset({Informing.DUE, Informing.NOTIFIED, Informing.ESCALATED})
"""A physician has been called for and has not acknowledged yet."""

_DRAFTED = frozenset({Assessing.READY, Assessing.WITHHELD, Assessing.UNAVAILABLE})

NEXT_ASSESSING: Mapping[Assessing, frozenset[Assessing]] = {
    Assessing.PENDING: _DRAFTED,
    Assessing.READY: _DRAFTED - {Assessing.READY},
    Assessing.WITHHELD: _DRAFTED - {Assessing.WITHHELD},
    Assessing.UNAVAILABLE: _DRAFTED - {Assessing.UNAVAILABLE},
    Assessing.OFF: frozenset(),
}
"""What a worker may make of it. A further chart of the patient begins the track anew, in any state."""

NEXT_REVIEWING: Mapping[Reviewing, frozenset[Reviewing]] = {
    Reviewing.OPENED: frozenset({Reviewing.AWAITING, Reviewing.LAPSED}),
    Reviewing.AWAITING: DECIDED,
    Reviewing.CONFIRMED: frozenset(),
    Reviewing.CHANGED: frozenset(),
    Reviewing.DISMISSED: frozenset(),
    Reviewing.LAPSED: frozenset(),
}

NEXT_INFORMING: Mapping[Informing, frozenset[Informing]] = {
    Informing.NOT_NEEDED: frozenset({Informing.DUE}),
    Informing.DUE: frozenset({Informing.NOTIFIED, Informing.ACKNOWLEDGED}),
    Informing.NOTIFIED: frozenset({Informing.ESCALATED, Informing.ACKNOWLEDGED, Informing.DUE}),
    Informing.ESCALATED: frozenset({Informing.ESCALATED, Informing.ACKNOWLEDGED, Informing.DUE}),
    Informing.ACKNOWLEDGED: frozenset({Informing.DUE}),
}
"""Back to `DUE` when a later chart, a draft or a nurse raises the priority: the physician hears of it again."""
