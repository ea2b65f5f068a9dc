"""What an export is asked to hold, and what came of it: values between the page, the worker and the writer.

None of these values holds an identified word, but for `Order.purpose` and `Order.recipient`, which an officer writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cds_service.domain import Priority
from cds_service.ledger.records import CardKind, FeedbackOutcome
from cds_service.review.values import Verdict


class Profile(StrEnum):
    """How the data are de-identified: 45 CFR 164.514(b)(2), or (b)(1) with shifted dates and an enforced threshold."""

    SAFE_HARBOR = "safe-harbor"
    EXPERT_DETERMINATION = "expert-determination"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which reviewed cases: decided from `since` until before `until`. An empty choice leaves nothing out.

    `cards`: cases whose answer showed a card of one of these kinds; `outcomes`: whose cards met one of these outcomes;
    `priorities`: to which the clinician gave one of these (a dismissed case has the lowest).
    """

    since: datetime
    until: datetime
    cards: frozenset[CardKind] = frozenset()
    outcomes: frozenset[FeedbackOutcome] = frozenset()
    verdicts: frozenset[Verdict] = frozenset()
    priorities: frozenset[Priority] = frozenset()

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None or not self.since < self.until:
            raise ValueError("an export covers a period: since before until, both with a zone")


@dataclass(frozen=True, kw_only=True)
class Order:
    """One export as it was ordered. `id` is opaque (``exp-…``); `purpose` and `recipient` are the officer's words."""

    id: str
    scope: Scope
    profile: Profile
    purpose: str
    recipient: str


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who stands for an export: the member's account and role, what was declared (a code), and when."""

    account: str
    role: str
    declared: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many cases an order takes: in all, by priority and by verdict, and how many are left out for each reason.

    Reasons are fixed words (``left_out.Reason``).
    """

    cases: int
    subjects: int
    by_priority: Mapping[str, int]
    by_verdict: Mapping[str, int]
    left_out: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an officer sees before approval: counts, a few rows as they would leave the clinic, the risk in short.

    `taken`: ids of the cases that are counted, `made_of`: the versions that make rows. An approval covers no others.
    `looked_at`: how many of them were opened, and of these `would_leave`.
    """

    counts: Counts
    rows: tuple[Mapping[str, object], ...]
    risk: Mapping[str, object]
    made_at: datetime
    taken: tuple[str, ...]
    made_of: Mapping[str, str]
    looked_at: int = 0
    would_leave: int = 0


@dataclass(frozen=True, kw_only=True)
class Written:
    """A finished export: its folder's name, rows and subjects in it, SHA-256 of its manifest, and what was left out."""

    folder: str
    rows: int
    subjects: int
    manifest: str
    left_out: Mapping[str, int]
