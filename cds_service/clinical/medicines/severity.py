"""How grave a row of the medicine tables is, and the priority of the finding that it makes."""

from __future__ import annotations

from enum import IntEnum

from cds_service.domain import Priority


class Severity(IntEnum):
    """Ordered: the most severe row of several on one pair is the one that is said."""

    MODERATE = 1
    SERIOUS = 2
    CONTRAINDICATED = 3

    @property
    def label(self) -> str:
        """``contraindicated``, ``serious`` or ``moderate``."""
        return self.name.lower()

    @property
    def priority(self) -> Priority:
        """Moderate Low, serious and contraindicated Medium; only an allergy can be High (`allergies`)."""
        return Priority.LOW if self is Severity.MODERATE else Priority.MEDIUM

    @property
    def lowered(self) -> Severity:
        """One step less, moderate at least."""
        return Severity(max(self - 1, Severity.MODERATE))

    @classmethod
    def parse(cls, text: str) -> Severity:
        """The severity that a table names. Raises ValueError for another word."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise ValueError("severity must be contraindicated, serious or moderate") from None


MEANING = {
    Severity.CONTRAINDICATED: "a label or guideline says not to",
    Severity.SERIOUS: "may cause lasting harm or needs a decision soon",
    Severity.MODERATE: "watch, adjust or confirm at this or the next visit",
}
