"""The patient's own answers on the road of a hook call: beside what the EHR sends, and only where it sends none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = "intake"
"""The prefetch key of our services that asks for such answers."""

_DEPTH = 5


def sends_answers(prefetch: Mapping[str, object]) -> bool:
    """Whether the EHR sent a QuestionnaireResponse, under whatever key."""
    return any(_holds(value, _DEPTH) for value in prefetch.values())


def with_answers(prefetch: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    """`prefetch` with `response`, which goes the way of all that the EHR sends."""
    return {**prefetch, KEY: dict(response)}


def _holds(value: object, depth: int) -> bool:
    if isinstance(value, list):
        return depth > 0 and any(_holds(v, depth - 1) for v in value)
    if not isinstance(value, dict):
        return False
    if value.get("resourceType") == "QuestionnaireResponse":
        return True
    entries = value.get("entry")
    if depth == 0 or not isinstance(entries, list):
        return False
    return any(_holds(e.get("resource"), depth - 1) for e in entries if isinstance(e, dict))
