"""The feedback endpoint, which a service may offer (checklist FB)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from cds_service.conformance.probe import Exchange
from cds_service.conformance.result import Result, judged, skipped
from cds_service.conformance.scene import Scene
from cds_service.sandbox.client import SUCCESS
from hooks.rules import objects

IDS = ("FB1", "FB2", "FB3", "FB4", "FB6", "FB7", "FB9", "FB10")
REFUSED = range(400, 500)
_NOT_OFFERED = (404, 405)
SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


def check(scene: Scene) -> Iterator[Result]:
    """Send good and bad reports about a card that the service has just sent."""
    card = _card_with_suggestion(scene)
    if card is None:
        yield from _skip_all("no card with a uuid and a suggestion with a uuid came")
        return
    reporter = _Reporter(scene, card)
    first = reporter.send(reporter.accepted())
    if first.status in _NOT_OFFERED:
        yield from _skip_all(f"no feedback is taken ({first.outcome}); offering it is optional")
        return
    yield _taken("FB1", "a good report", first)
    yield _taken("FB9", "the same report again", reporter.send(reporter.accepted()))
    yield _taken("FB6", "a time with a fraction of a second", reporter.send(reporter.accepted()))
    whole = reporter.now.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    yield _taken("FB6", "a time in whole seconds", reporter.send(reporter.accepted() | {"outcomeTimestamp": whole}))
    both = reporter.send(reporter.accepted(), reporter.overridden())
    yield _taken("FB7", "accepted and then overridden in one report", both)
    yield from _bad_reports(reporter)


def _bad_reports(reporter: _Reporter) -> Iterator[Result]:
    good = reporter.accepted()
    yield _refused("FB1", "a report without the array 'feedback'", reporter.post({"card": good["card"]}))
    yield _refused("FB1", "'feedback' as an object", reporter.post({"feedback": good}))
    yield _refused("FB2", "an item without a card", reporter.send(_without(good, "card")))
    yield _refused("FB3", "the outcome 'ignored'", reporter.send(good | {"outcome": "ignored"}))
    yield _refused("FB4", "accepted without a suggestion", reporter.send(_without(good, "acceptedSuggestions")))
    yield _refused("FB6", "a time that is no time", reporter.send(good | {"outcomeTimestamp": "yesterday"}))
    unknown = reporter.send(good | {"card": str(uuid.uuid4())})
    yield _refused("FB10", "a card that was never sent", unknown)
    foreign = reporter.send(good | {"acceptedSuggestions": [{"id": str(uuid.uuid4())}]})
    yield _refused("FB10", "a suggestion that is not the card's", foreign)


class _Reporter:
    """Makes and sends reports about one card."""

    def __init__(self, scene: Scene, card: dict[str, Any]) -> None:
        self._scene = scene
        self._card = card
        self.now = scene.probe.client.now().astimezone(UTC)

    def send(self, *items: dict[str, Any]) -> Exchange:
        return self.post({"feedback": list(items)})

    def post(self, body: Any) -> Exchange:
        return self._scene.probe.post(self._scene.probe.client.url(self._scene.offer.id, feedback=True), body)

    def accepted(self) -> dict[str, Any]:
        return self._item("accepted") | {"acceptedSuggestions": [{"id": self._card["suggestions"][0]["uuid"]}]}

    def overridden(self) -> dict[str, Any]:
        offered = self._card.get("overrideReasons") or [{"code": "patient-refuses", "system": SYSTEM}]
        reason = {name: offered[0][name] for name in ("code", "system")}
        return self._item("overridden") | {"overrideReason": {"reason": reason}}

    def _item(self, outcome: str) -> dict[str, Any]:
        moment = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"card": self._card["uuid"], "outcome": outcome, "outcomeTimestamp": moment}


def _card_with_suggestion(scene: Scene) -> dict[str, Any] | None:
    for answer in reversed(scene.answers):
        for _, card in objects(answer, "", "cards"):
            suggestions = [s for _, s in objects(card, "", "suggestions")]
            if isinstance(card.get("uuid"), str) and suggestions and isinstance(suggestions[0].get("uuid"), str):
                return card
    return None


def _without(item: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != name}


def _skip_all(why: str) -> Iterator[Result]:
    return (skipped(requirement, why) for requirement in IDS)


def _taken(requirement: str, what: str, exchange: Exchange) -> Result:
    return judged(requirement, None if exchange.status in SUCCESS else f"{what} was {exchange.outcome}")


def _refused(requirement: str, what: str, exchange: Exchange) -> Result:
    return judged(requirement, None if exchange.status in REFUSED else f"{what} was {exchange.outcome}, not 4xx")
