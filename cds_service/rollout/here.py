"""Where a hook call comes from, for pilots: its practitioner, and the locations of its encounter. Pure and total."""

from __future__ import annotations

import re
from typing import Any

from hooks.services import HookCall

TYPES = ("Location", "Practitioner", "PractitionerRole")
"""What a pilot may be bound to."""

_REFERENCE = re.compile(rf"(?:https?://[^\s?#]+/)?((?:{'|'.join(TYPES)})/[A-Za-z0-9\-.]{{1,64}})(?:/_history/[^/\s]+)?")
_LEFT = "completed"
"""Status of a location that the patient has left (FHIR R4 EncounterLocationStatus)."""


def reference_of(text: object) -> str | None:
    """``Location/12`` of a relative, absolute or versioned reference; None for anything else."""
    found = _REFERENCE.fullmatch(text.strip()) if isinstance(text, str) else None
    return found.group(1) if found else None


def places_of(call: HookCall) -> tuple[str, ...]:
    """References of the user and of the encounter's locations that the patient has not left, each once.

    An encounter that was not sent, or that names no location, leaves the user alone.
    """
    user = f"{call.context.user_type}/{call.context.user_id}"
    named = [reference_of(user), *(reference_of(r) for r in _locations(call.request.prefetch.get("encounter")))]
    return tuple(dict.fromkeys(reference for reference in named if reference is not None))


def _locations(encounter: Any) -> list[object]:
    stays = encounter.get("location") if isinstance(encounter, dict) else None
    found: list[object] = []
    for stay in stays if isinstance(stays, list) else ():
        place = stay.get("location") if isinstance(stay, dict) and stay.get("status") != _LEFT else None
        if isinstance(place, dict):
            found.append(place.get("reference"))
    return found


def location_of(call: HookCall) -> str | None:
    """The FHIR id of the first location that the patient is at, None where the encounter does not say."""
    places = (place for place in places_of(call) if place.startswith("Location/"))
    return next((place.removeprefix("Location/") for place in places), None)
