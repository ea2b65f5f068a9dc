"""What is told, to whom, and what became of it. Nothing here says anything of a person but the id of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cds_service.domain import Priority

APP = "app"
"""The channel that always exists: the bell of the review page."""

LAST_LEVEL = 3
"""Where escalation ends. Levels count from 1."""


TOPICS = 5
"""Most findings that a message names."""


class State(StrEnum):
    """What became of one delivery. `POSTED`: it stands in the review page, which needs no sending."""

    POSTED = "posted"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    GAVE_UP = "gave-up"
    STOPPED = "stopped"


NEXT: Mapping[State, frozenset[State]] = {
    State.POSTED: frozenset(),
    State.WAITING: frozenset({State.SENDING, State.STOPPED, State.GAVE_UP}),
    State.SENDING: frozenset({State.SENDING, State.SENT, State.WAITING, State.STOPPED, State.GAVE_UP}),
    State.SENT: frozenset(),
    State.GAVE_UP: frozenset(),
    State.STOPPED: frozenset(),
}
"""The states that may follow each state. Sending follows sending when the process that held the lease died."""


class Ending(StrEnum):
    """Why nothing more follows a notification."""

    ANSWERED = "answered"
    ESCALATED = "escalated"
    SUPERSEDED = "superseded"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message by one channel, as a case shows it. `id` is its idempotency key wherever it is sent.

    `attempts`: times that sending began. `next_at`: when it is tried again. `problem`: a code, why the last try failed.
    """

    id: str
    channel: str
    kind: str
    level: int
    state: State
    attempts: int
    created_at: datetime
    last_at: datetime | None
    next_at: datetime | None
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A line of the bell: a case that waits for a physician. `since`: when it was first told of at this level."""

    case: str
    priority: Priority
    level: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a channel sends. `key`: the same for every try of one delivery. `at`: when the notification was made."""

    key: str
    case: str
    priority: Priority
    level: int
    at: datetime
    link: str
    topics: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Fixed words, one line."""
        again = "" if self.level == 1 else f" (escalated, level {self.level})"
        return f"A {self.priority.label} case waits for review{again}"

    @property
    def text(self) -> str:
        """Fixed words: what, when, where to look; findings by their fixed titles where the clinic has them sent."""
        lines = [
            f"{self.title}.",
            f"Since {self.at:%Y-%m-%d %H:%M} UTC.",
            *(f"- {topic}" for topic in self.topics[:TOPICS]),
        ]
        return "\n".join([*lines, f"Open it: {self.link}"])


class NotSent(Exception):
    """A try failed. `code` is a short static word; `final`: trying again would not help."""

    def __init__(self, code: str, *, final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.final = final
