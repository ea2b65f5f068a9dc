"""What a CDS Hooks 2.0.1 response may hold, checked before it is sent. Pure; returns problems in words.

The ids in the comments are requirement ids of the conformance checklist (docs/reference/conformance.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

INDICATORS = ("info", "warning", "critical")
SELECTION_BEHAVIORS = ("at-most-one", "any")
MAX_SUMMARY = 139
RAW_HTML = re.compile(r"(?<!\\)<[A-Za-z/!?]")


def problems(response: Mapping[str, Any]) -> tuple[str, ...]:
    """Everything in `response` that breaks the protocol; empty when it may be sent."""
    found = list(_empty_values(response, "response", exempt=("cards",)))
    cards = response.get("cards")
    if not isinstance(cards, list):
        return (*found, "cards must be an array")  # F1
    if "systemActions" in response:
        found.append("systemActions are never sent")  # S2
    for index, card in enumerate(cards):
        found.extend(f"cards[{index}]: {problem}" for problem in _card(card))
    uuids = [card.get("uuid") for card in cards]
    if len(set(uuids)) != len(uuids):
        found.append("card uuids must be unique")  # F9
    return tuple(found)


def _empty_values(value: Any, path: str, *, exempt: tuple[str, ...] = ()) -> Iterator[str]:
    """A2: no null, "", [] or {} but for the named keys of the outermost object."""
    if isinstance(value, dict):
        for key, item in value.items():
            if item in (None, "", [], {}) and not isinstance(item, bool) and item != 0 and key not in exempt:
                yield f"{path}.{key} is empty"
            yield from _empty_values(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _empty_values(item, f"{path}[{index}]")


def _card(card: Mapping[str, Any]) -> Iterator[str]:
    summary = card.get("summary")
    if not isinstance(summary, str) or not 0 < len(summary) <= MAX_SUMMARY:
        yield f"summary must be a string of 1 to {MAX_SUMMARY} characters"  # F4
    if card.get("indicator") not in INDICATORS:
        yield "indicator must be info, warning or critical"  # F5
    if not isinstance(card.get("uuid"), str):
        yield "uuid must be a string"  # F9
    yield from _source(card.get("source"))
    for field in ("summary", "detail"):
        if RAW_HTML.search(str(card.get(field, ""))):
            yield f"{field} holds raw HTML"  # F11
    yield from _suggestions(card)
    for reason in card.get("overrideReasons", ()):
        if not all(reason.get(key) for key in ("code", "system", "display")):
            yield "overrideReasons need code, system and display"  # F15
    for link in card.get("links", ()):
        yield from _link(link)


def _source(source: Any) -> Iterator[str]:
    if not isinstance(source, dict) or not source.get("label"):
        yield "source.label is required"  # F6
        return
    for field in ("url", "icon"):
        if field in source and not _absolute(source[field]):
            yield f"source.{field} must be an absolute URL"  # F7
    topic = source.get("topic")
    if topic is not None and not (topic.get("code") and topic.get("system")):
        yield "source.topic needs code and system"  # F8


def _suggestions(card: Mapping[str, Any]) -> Iterator[str]:
    suggestions = card.get("suggestions", [])
    if suggestions and card.get("selectionBehavior") not in SELECTION_BEHAVIORS:
        yield "selectionBehavior is required with suggestions"  # F12
    recommended = sum(s.get("isRecommended") is True for s in suggestions)
    if card.get("selectionBehavior") == "at-most-one" and recommended > 1:
        yield "at most one suggestion may be recommended"  # F13
    for suggestion in suggestions:
        if not suggestion.get("label") or not suggestion.get("uuid"):
            yield "a suggestion needs label and uuid"  # F14
        for action in suggestion.get("actions", ()):
            yield from _action(action)


def _action(action: Mapping[str, Any]) -> Iterator[str]:
    if action.get("type") not in ("create", "update", "delete"):
        yield "action.type must be create, update or delete"  # G1
    if not action.get("description"):
        yield "action.description is required"  # G2
    if action.get("type") in ("create", "update") and not isinstance(action.get("resource"), dict):
        yield "action.resource is required for create and update"  # G3, G4
    if action.get("type") == "delete" and ("resource" in action or not action.get("resourceId")):
        yield "a delete action names resourceId and no resource"  # G5


def _link(link: Mapping[str, Any]) -> Iterator[str]:
    if not link.get("label") or not _absolute(link.get("url")) or link.get("type") not in ("absolute", "smart"):
        yield "a link needs label, absolute url and type"  # L1
    if "appContext" in link and link.get("type") != "smart":
        yield "appContext stands on smart links only"  # L2


def _absolute(url: Any) -> bool:
    if not isinstance(url, str):
        return False
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)
