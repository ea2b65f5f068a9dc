"""The form of a new export: what was typed, kept as it was, and the order that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from cds_service.domain import Priority
from cds_service.export.errors import Incomplete
from cds_service.export.ordered import Asked, Purpose
from cds_service.export.required import days, word_problems
from cds_service.export.values import Profile, Scope
from cds_service.ledger.records import CardKind, FeedbackOutcome
from cds_service.review.values import Verdict

MAX_FIELD = 5000
USUAL_DAYS = 90

E = TypeVar("E", bound=Enum)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A group of boxes of the form: its name, what stands above it, and the boxes by value."""

    name: str
    legend: str
    hint: str
    boxes: Mapping[str, str]


CHOICES = (
    Choice(
        name="verdicts",
        legend="What the clinician decided",
        hint="Nothing ticked: all of them.",
        boxes={
            "confirm": "Confirmed the assessment",
            "change": "Changed it",
            "dismiss": "Dismissed the case",
        },
    ),
    Choice(
        name="priorities",
        legend="Priority that the clinician gave",
        hint="Nothing ticked: all of them.",
        boxes={p.label.lower(): p.label for p in sorted(Priority, reverse=True)},
    ),
    Choice(
        name="cards",
        legend="Cards that were shown",
        hint="Cases whose answer showed one of these. Nothing ticked: whatever was shown.",
        boxes={
            "floor": "Urgent and other findings",
            "medication-safety": "Medication safety",
            "care-gap": "Care gaps",
            "guideline": "Guidelines",
            "ai": "AI assessment",
            "notice": "Notices",
        },
    ),
    Choice(
        name="outcomes",
        legend="What became of the cards in the EHR",
        hint="Nothing ticked: whether or not somebody answered them.",
        boxes={"accepted": "Accepted", "overridden": "Overridden"},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """The form as it was typed. `chosen`: the ticked boxes of each group."""

    since: str
    until: str
    profile: str = Profile.SAFE_HARBOR.value
    purpose: str = Purpose.MODEL_TRAINING.value
    words: str = ""
    recipient: str = ""
    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def usual(cls, now: datetime, zone: ZoneInfo) -> Typed:
        """What stands in a new form: the last months until yesterday."""
        last = now.astimezone(zone).date() - timedelta(days=1)
        return cls(since=(last - timedelta(days=USUAL_DAYS - 1)).isoformat(), until=last.isoformat())

    @classmethod
    def sent(cls, form: MultiDict[str, str]) -> Typed:
        """What somebody sent."""
        names = ("since", "until", "profile", "purpose", "words", "recipient")
        chosen = {choice.name: frozenset(form.getlist(choice.name)) for choice in CHOICES}
        return cls(**{name: form.get(name, "")[:MAX_FIELD] for name in names}, chosen=chosen)

    def asked(self, zone: ZoneInfo) -> Asked:
        """The order that it asks for. Raises Incomplete."""
        problems: dict[str, str] = {}
        since = _day("since", self.since, problems)
        until = _day("until", self.until, problems)
        if since and until and until < since:
            problems["until"] = "The last day is before the first one."
        profile = _one("profile", self.profile, Profile, problems)
        purpose = _one("purpose", self.purpose, Purpose, problems)
        if problems or since is None or until is None or profile is None or purpose is None:
            raise Incomplete(problems | word_problems(self.words, self.recipient))
        begin, end = days(since, until, zone)
        scope = Scope(
            since=begin,
            until=end,
            cards=self._ticked("cards", CardKind),
            outcomes=self._ticked("outcomes", FeedbackOutcome),
            verdicts=self._ticked("verdicts", Verdict),
            priorities=self._ticked("priorities", Priority.parse),
        )
        return Asked(scope=scope, profile=profile, purpose=purpose, words=self.words, recipient=self.recipient)

    def _ticked(self, name: str, kind: Callable[[str], Any]) -> frozenset[Any]:
        known = next(choice.boxes for choice in CHOICES if choice.name == name)
        return frozenset(kind(value) for value in self.chosen.get(name, ()) if value in known)


def narrowed(scope: Scope) -> list[tuple[str, str]]:
    """By what a scope is narrowed, in the words of the form."""
    ticked: dict[str, set[str]] = {
        "verdicts": {v.value for v in scope.verdicts},
        "priorities": {p.label.lower() for p in scope.priorities},
        "cards": {c.value for c in scope.cards},
        "outcomes": {o.value for o in scope.outcomes},
    }
    said = [(c.legend, [label for value, label in c.boxes.items() if value in ticked[c.name]]) for c in CHOICES]
    return [(legend, ", ".join(labels)) for legend, labels in said if labels]


def _day(name: str, text: str, problems: dict[str, str]) -> date | None:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or not date(2000, 1, 1) <= found < date(2200, 1, 1):
        problems[name] = "Give a day, such as 2031-01-31."
        return None
    return found


def _one(name: str, text: str, kind: type[E], problems: dict[str, str]) -> E | None:
    try:
        return kind(text)
    except ValueError:
        problems[name] = "Choose one."
        return None
