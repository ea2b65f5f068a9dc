"""Why a reviewed case is not in an export: fixed words, counted in preview, manifest and result."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One reason a case; the first that applies."""

    OPTED_OUT = "opted out"
    """The patient, or a consent, does not allow this use; asked again before the end."""
    PAST_RETENTION = "past retention"
    """The chart behind the case is no longer kept."""
    NOT_READABLE = "not readable"
    """The chart was recorded in a form that this version does not read."""
    DISMISSED = "dismissed"
    """The clinician wanted no note, so there is none to learn."""
    LABELLED = "labelled data"
    """A security label restricts something in the chart; what was written about it may tell of that."""
    NOT_DEIDENTIFIED = "not de-identified"
    """The gate refused the chart, or what was written."""
    RULES_CHANGED = "rules changed"
    """The rules of today see another urgency in the chart than the clinician was shown."""
    BELOW_FLOOR = "below the floor"
    """The clinician's priority is lower than the rules': no note that serving may show says so."""
    NO_NOTE = "no note"
    """Neither a draft was shown nor did the clinician write an assessment."""
    NAMED = "identifiers in the note"
    """The clinician's own assessment named somebody or a date; with a gap in its place it is no note to learn."""
    NOT_WRITABLE = "not in the form of a note"
    """The clinician's own assessment is longer than a note may be, or has signs that it cannot hold; it is not cut."""
    CHECKS = "withheld by the checks"
    """The output contract or a safety check would withhold the note in service."""
    LEAK = "leak check"
    """The last look found something that may identify a person."""
    RISK = "risk"
    """Too few people are told alike, however coarsely: suppressed under an expert determination."""
