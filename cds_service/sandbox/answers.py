"""What the person answers to the cards: accept a suggestion or override a card, as a feedback report of CDS Hooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cds_service.sandbox.client import Offered
from cds_service.sandbox.errors import BadAnswer
from cds_service.terminal_cards import line

_PLACE = re.compile(r"(\d{1,4})\.(\d{1,4})\Z")
_OVERRIDE = re.compile(r"(\d{1,4})(?:=([^:]*)(?::(.*))?)?\Z", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A card as it stands on the screen: its number, and the service that sent it."""

    number: int
    service: Offered
    card: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer to one card: the feedback item, and in words what was answered and what an EHR would do now."""

    service: Offered
    item: dict[str, Any]
    words: str


def accept(shown: Sequence[Shown], place: str, now: datetime) -> Answer:
    """The answer that accepts suggestion `place`, such as ``1.2``. Raises BadAnswer."""
    match = _PLACE.match(place)
    if match is None:
        raise BadAnswer("A suggestion is named by card and place, such as 1.2.")
    card = _card(shown, int(match[1]))
    suggestions = card.card.get("suggestions")
    found = suggestions[int(match[2]) - 1 :][:1] if isinstance(suggestions, list) and int(match[2]) else []
    if not found or not isinstance(found[0], dict):
        raise BadAnswer(f"Card {card.number} has no suggestion {match[2]}.")
    if not isinstance(found[0].get("uuid"), str):
        raise BadAnswer(f"Suggestion {place} has no uuid, so no feedback can name it.")
    actions = found[0].get("actions")
    does = (
        "".join(f"; an EHR would now {_does(a)}" for a in actions if isinstance(a, dict))
        if isinstance(actions, list)
        else ""
    )
    item = _item(card, "accepted", now) | {"acceptedSuggestions": [{"id": found[0]["uuid"]}]}
    return Answer(service=card.service, item=item, words=f"accepted {place}: {line(found[0].get('label'))}{does}")


def override(shown: Sequence[Shown], text: str, now: datetime) -> Answer:
    """The answer that overrides a card: ``2``, ``2=REASON`` or ``2=REASON:comment``. Raises BadAnswer.

    REASON is the number or the code of one of the card's reasons; empty with a comment alone.
    """
    match = _OVERRIDE.match(text)
    if match is None:
        raise BadAnswer("An override names the card, then a reason and a comment if wanted: 2=REASON:comment.")
    card = _card(shown, int(match[1]))
    why: dict[str, Any] = {}
    words = ""
    if match[2]:
        reason = _reason(card, match[2].strip())
        why["reason"] = {name: reason[name] for name in ("code", "system", "display") if name in reason}
        words = f", {line(reason.get('display') or reason['code'])}"
    if match[3] and match[3].strip():
        why["userComment"] = match[3].strip()
    item = _item(card, "overridden", now) | ({"overrideReason": why} if why else {})
    return Answer(service=card.service, item=item, words=f"overridden {card.number}{words}")


def _card(shown: Sequence[Shown], number: int) -> Shown:
    found = next((card for card in shown if card.number == number), None)
    if found is None:
        raise BadAnswer(f"There is no card {number}.")
    if not isinstance(found.card.get("uuid"), str):
        raise BadAnswer(f"Card {number} has no uuid, so no feedback can name it.")
    return found


def override_reasons(card: Shown) -> list[dict[str, Any]]:
    """The reasons for which this card may be overridden, in the order of their numbers."""
    offered = card.card.get("overrideReasons")
    return [r for r in offered if isinstance(r, dict)] if isinstance(offered, list) else []


def _reason(card: Shown, wanted: str) -> dict[str, Any]:
    reasons = override_reasons(card)
    for place, reason in enumerate(reasons, start=1):
        if wanted in (str(place), reason.get("code")) and isinstance(reason.get("code"), str):
            return reason
    codes = ", ".join(f"{place} {line(r.get('code'), 60)}" for place, r in enumerate(reasons, start=1)) or "none"
    raise BadAnswer(f"Card {card.number} has no such reason to override; it offers: {codes}.")


def _item(card: Shown, outcome: str, now: datetime) -> dict[str, Any]:
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"card": card.card["uuid"], "outcome": outcome, "outcomeTimestamp": moment}


def _does(action: dict[str, Any]) -> str:
    resource = action.get("resource")
    kind = resource.get("resourceType") if isinstance(resource, dict) else action.get("resourceId")
    return f"{line(action.get('type'), 20)} {line(kind, 80)}"
