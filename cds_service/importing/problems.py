"""What could not be used, and where: a place and a fixed reason, never a word of what stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

LISTED = 1000
"""Most problems that are told one by one; the others are counted."""

REASONS: Mapping[str, str] = {
    "unreadable": "the file cannot be opened or unpacked to its end",
    "not-utf8": "is not UTF-8",
    "not-json": "is not JSON",
    "truncated": "is the last line and ends in the middle",
    "too-long": "is longer than is read",
    "too-deep": "is nested too deep",
    "not-an-object": "is no JSON object",
    "not-a-resource": "is no FHIR resource",
    "unknown-type": "is of a type that FHIR R4 does not have",
    "bad-id": "has an id that FHIR does not allow",
    "no-patient": "does not say whose it is",
    "server-error": "is an error that the server reported while it exported",
    "missing-file": "is named by the manifest and is not there",
    "unread-consent": "is a Consent, or stands where Consents do, and nobody can tell whose",
}
"""What each reason means, after the name of the place."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that could not be used. `place`: file, line and entry; `reason`: a key of `REASONS`."""

    place: str
    reason: str


@dataclass(kw_only=True)
class Problems:
    """All problems of an import: counted by reason, the first `LISTED` told."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[Problem] = field(default_factory=list)

    def add(self, place: str, reason: str) -> None:
        """Note one. Whatever is wrong in a file of Consents, an opt-out may be lost with it."""
        if reason not in REASONS:
            raise ValueError("a problem has one of the known reasons")
        reason = "unread-consent" if place.startswith("Consent") else reason
        self.counts[reason] += 1
        if len(self.listed) < LISTED:
            self.listed.append(Problem(place=place, reason=reason))
