"""Where to go and when, in fixed words, for each priority and setting (definitions: GLOSSARY.md)."""

from __future__ import annotations

from cds_service.domain import Priority
from cds_service.settings import Setting

WHERE_AND_WHEN = {
    (Setting.FAMILY_PRACTICE, Priority.CRITICAL): "Call 911 / start the emergency response now.",
    (Setting.FAMILY_PRACTICE, Priority.HIGH): (
        "A physician sees the patient in this visit, or the emergency department today."
    ),
    (Setting.ED, Priority.CRITICAL): "Start the emergency response now: a physician at the bedside at once.",
    (Setting.ED, Priority.HIGH): "A physician sees the patient within 15 minutes.",
}


def where_and_when(setting: Setting, priority: Priority) -> str | None:
    """The fixed instruction for a High or Critical finding, None for a lower one."""
    return WHERE_AND_WHEN.get((setting, priority))
