"""The policy at work on one case: every value is asked for by its path; what no line keeps does not come out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anonymization.codes import public_codes
from anonymization.dates import anchor_of, event_year, interval, over_89, shifted_date
from anonymization.errors import PolicyError
from anonymization.paths import LABELS, Action
from anonymization.policy import Dates, Policy
from anonymization.times import times
from anonymization.zip3 import zip3
from fhir_mappers.case import Case, Concept, When

REPLACED = "[REMOVED]"
_HANDLE = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(kw_only=True)
class Sieve:
    """One case on its way through the policy, and the count of what it loses.

    `is_identifier` says whether a code or number is one of the person's. `shift` is the person's own offset, which
    only a policy with shifted dates asks for.
    """

    case: Case
    policy: Policy
    is_identifier: Callable[[str], bool]
    shift: timedelta | None = None
    removed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.policy.check_determined()
        if self.policy.dates is Dates.SHIFTED and not self.shift:
            raise PolicyError("the policy shifts dates, and no offset was given for this person")
        self.anchor: datetime | None = anchor_of(times(self.case), self.case.now)
        self.old = over_89(self.case.demographics, self.case.now)

    def keeps(self, path: str) -> bool:
        """Whether a value passes as it is."""
        return self.policy.action(path) is Action.KEEP

    def coarsens(self, path: str) -> bool:
        """Whether a coarser value passes."""
        return self.policy.action(path) is Action.GENERALISE

    def time(self, path: str, when: When | datetime | None) -> str | None:
        """When something was, as the policy tells times."""
        return self.told(when) if self.coarsens(path) else None

    def told(self, when: When | datetime | None) -> str | None:
        """A time as an interval, a year or a shifted date, whichever the policy has."""
        if self.policy.dates is Dates.INTERVAL:
            return interval(when, self.anchor)
        if self.policy.dates is Dates.YEAR:
            return event_year(when, self.case.now, old=self.old)
        return shifted_date(when, self.case.now, self.shift, old=self.old) if self.shift else None

    def place(self) -> str | None:
        """Three digits of the ZIP code, where policy and population allow."""
        return zip3(self.case.demographics.postal_code) if self.coarsens("Patient.address.postalCode") else None

    def words(self, path: str, value: str | None) -> str | None:
        """Free text that the scrubber will read."""
        if not value or not value.strip():
            return None
        action = self.policy.action(path)
        if action is Action.SCRUB:
            return value
        if action is Action.REPLACE:
            return REPLACED
        self.removed["text by policy"] += 1
        return None

    def codes(self, path: str, concept: Concept) -> tuple[str, ...]:
        """The public codes; a code that is a number of the person is dropped like a local one."""
        codings = (c for c in concept.codings if not self.is_identifier(c.code or ""))
        kept = public_codes(codings) if self.keeps(path) else ()
        coded = sum(1 for c in concept.codings if c.code)
        if coded > len(kept):
            self.removed["local code"] += coded - len(kept)
        return kept

    def label(self, element: str, concept: Concept) -> str | None:
        """The text if the policy lets it pass, else the first display."""
        text = self.words(f"{element}.text", concept.text)
        if text is not None:
            return text
        display = next((c.display for c in concept.codings if c.display), None)
        return self.words(f"{element}.coding.display", display)

    def open(self, source: str | None) -> bool:
        """Whether no label restricts the resource of this handle, or the policy lets labelled data pass."""
        return source not in self.case.sensitive or self.keeps(LABELS)

    def allowed(self, source: str) -> bool:
        """Whether the fact of this handle may pass at all; counts it where it may not."""
        if not self.open(source):
            self.removed["restricted"] += 1
            return False
        if not _HANDLE.fullmatch(source):
            raise PolicyError("a source handle is not opaque")
        return True

    def type_of(self, source: str, default: str, others: Sequence[str]) -> str:
        """The FHIR type whose lines decide on a fact."""
        known = self.case.sources.get(source)
        return known.resource_type if known and known.resource_type in others else default
