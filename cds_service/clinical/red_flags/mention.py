"""A piece of text about now, and a lexicon term found in it.

A `Mention` holds words of the lexicon only, never words of the chart; a `Statement` never leaves this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How the text speaks of a term (after ConText: Harkema et al., J Biomed Inform 42:839, 2009)."""

    AFFIRMED = "affirmed"
    UNCERTAIN = "uncertain"
    NEGATED = "negated"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"


class Origin(StrEnum):
    """Where a term was read."""

    COMPLAINT = "presenting complaint"
    INTAKE = "intake answer"
    NOTE = "note of the last hours"
    PROBLEM = "problem recorded now"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One piece of chart text about now. `presumed`: the status of all it names (a denied question, a section)."""

    text: str
    origin: Origin
    source: str
    presumed: Status | None = None


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A term of a flag (or of a feature that grades flags), how and where it is named, and its resource's handle.

    `conditional`: the term needs something beside it (`Term.needs`), so naming it alone affirms nothing.
    """

    flag: str
    term: str
    status: Status
    modifiers: frozenset[str] = frozenset()
    origin: Origin
    source: str
    conditional: bool = False

    @property
    def affirmed(self) -> bool:
        """Named as present now, and needing nothing beside it."""
        return self.status is Status.AFFIRMED and not self.conditional

    @property
    def counts(self) -> bool:
        """Affirmed, or named as a suspicion by whoever sends the patient (a note's suspicions are its plan)."""
        suspected = self.status is Status.UNCERTAIN and self.origin is not Origin.NOTE
        return self.status is Status.AFFIRMED or suspected
