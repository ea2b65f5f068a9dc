"""What a response may hold, checked before it is sent, and the judge of other services' responses.

`violations` is the specification (`hooks.rules`); `stricter` is what this service asks of itself beyond it. The ids are
requirement ids of the conformance checklist (docs/reference/conformance.md).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from hooks.rules import Violation, objects, response_rules

__all__ = ["Violation", "problems", "stricter", "violations"]

_UNESCAPED = r"(?<!\\)(?:\\\\)*"
"""In Markdown a backslash before punctuation makes it literal, unless it is itself escaped."""

_MARKUP = re.compile(r"<[A-Za-z/!?]")
_LIVE_MARKUP = re.compile(_UNESCAPED + r"<[A-Za-z/!?]")
_LIVE_IMAGE = re.compile(_UNESCAPED + r"!\[")
_ACTIVE_LINK = re.compile(r"\](?:\(|:)\s*<?\s*(?:javascript|data|vbscript|file):", re.IGNORECASE)


def problems(response: Any) -> tuple[str, ...]:
    """Everything for which this service would not send `response`; empty when it may be sent."""
    return tuple(map(str, (*violations(response), *stricter(response))))


def violations(response: Any) -> tuple[Violation, ...]:
    """What in `response`, of this or any other service, breaks the specification."""
    return tuple(response_rules(response))


def stricter(response: Any) -> tuple[Violation, ...]:
    """What in `response` breaks our own rules beyond the specification: identifiers for feedback, no markup."""
    return tuple(_stricter(response)) if isinstance(response, dict) else ()


def _stricter(response: Mapping[str, Any]) -> Iterator[Violation]:
    if "systemActions" in response:
        yield Violation(id="S2", where="systemActions", what="are applied without review and never sent")
    for place, card in objects(response, "", "cards"):
        yield from _identified("F9", card, place)
        yield from _markup(card, place)
        for where, suggestion in objects(card, place, "suggestions"):
            yield from _identified("F14", suggestion, where)


def _identified(rule: str, element: Mapping[str, Any], where: str) -> Iterator[Violation]:
    """Feedback names cards and suggestions by uuid, so each has one."""
    try:
        uuid.UUID(element.get("uuid"))
    except (ValueError, TypeError, AttributeError):
        yield Violation(id=rule, where=f"{where}.uuid", what="must be a UUID")


def _markup(card: Mapping[str, Any], where: str) -> Iterator[Violation]:
    """F11: nothing comes alive in a client that renders what it is sent."""
    detail = card.get("detail")
    if isinstance(detail, str):
        for pattern, what in ((_LIVE_MARKUP, "raw HTML"), (_LIVE_IMAGE, "an image"), (_ACTIVE_LINK, "an active link")):
            if pattern.search(detail):
                yield Violation(id="F11", where=f"{where}.detail", what=f"holds {what}")
    for place, text in _plain_texts(card, where):
        if isinstance(text, str) and _MARKUP.search(text):
            yield Violation(id="F11", where=place, what="holds raw HTML")


def _plain_texts(card: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """The texts of a card that are not Markdown."""
    yield f"{where}.summary", card.get("summary")
    source = card.get("source")
    if isinstance(source, dict):
        yield f"{where}.source.label", source.get("label")
        if isinstance(source.get("topic"), dict):
            yield f"{where}.source.topic.display", source["topic"].get("display")
    for name, text in (("links", "label"), ("overrideReasons", "display"), ("suggestions", "label")):
        for place, element in objects(card, where, name):
            yield f"{place}.{text}", element.get(text)
            for action_place, action in objects(element, place, "actions"):
                yield f"{action_place}.description", action.get("description")
