"""Answers to good requests: cards, suggestions, actions, links (checklist A5, F, G, L, S)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from cds_service.conformance.result import Result, failed, judged, not_applicable, passed, skipped
from cds_service.conformance.scene import GOOD_CALLS, Scene
from cds_service.sandbox.client import OK
from cds_service.terminal_cards import line
from hooks.response import Violation, stricter, violations
from hooks.rules import objects

BUDGET_S = 0.5
NON_ADHERENCE = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
OUR_OWN = ("F11", "S2")
"""Requirements beyond the specification that are judged in other services too; none of them is a must."""


@dataclass(kw_only=True)
class Parts:
    """Everything that the answers of one service are made of."""

    answers: list[dict[str, Any]]
    cards: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    suggestions: list[dict[str, Any]] = field(default_factory=list)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cards = _below(self.answers, "cards")
        self.sources = [card["source"] for card in self.cards if isinstance(card.get("source"), dict)]
        self.suggestions = _below(self.cards, "suggestions")
        self.reasons = _below(self.cards, "overrideReasons")
        self.actions = _below(self.suggestions, "actions") + _below(self.answers, "systemActions")
        self.links = _below(self.cards, "links")


def _below(owners: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [element for owner in owners for _, element in objects(owner, "", name)]


def _any(owners: list[dict[str, Any]], *names: str, value: object = None) -> bool:
    return any(n in owner and (value is None or owner[n] == value) for owner in owners for n in names)


APPLIES: Mapping[str, tuple[Callable[[Parts], bool], str]] = {
    "A2": (lambda p: bool(p.answers), "no answer"),
    "F1": (lambda p: bool(p.answers), "no answer"),
    "F2": (lambda p: any(answer.get("cards") == [] for answer in p.answers), "there was something to say every time"),
    "F3": (lambda p: _any(p.answers, "systemActions"), "no system actions"),
    "F4": (lambda p: bool(p.cards), "no cards"),
    "F5": (lambda p: bool(p.cards), "no cards"),
    "F6": (lambda p: bool(p.cards), "no cards"),
    "F7": (lambda p: _any(p.sources, "url", "icon"), "no source with url or icon"),
    "F8": (lambda p: _any(p.sources, "topic"), "no source with a topic"),
    "F9": (lambda p: _any(p.cards, "uuid"), "no card has a uuid"),
    "F10": (lambda p: _any(p.cards, "detail"), "no card has a detail"),
    "F11": (lambda p: bool(p.cards), "no cards"),
    "F12": (lambda p: bool(p.suggestions), "no suggestions"),
    "F13": (lambda p: _any(p.cards, "selectionBehavior", value="at-most-one"), "no choice of at most one"),
    "F14": (lambda p: bool(p.suggestions), "no suggestions"),
    "F15": (lambda p: bool(p.reasons), "no override reasons"),
    "F16": (lambda p: _any(p.reasons, "system", value=NON_ADHERENCE), "other override reasons, or none"),
    "F17": (lambda p: bool(p.actions), "no actions"),
    "F18": (lambda p: bool(p.suggestions), "no suggestions"),
    "F19": (lambda p: _any([*p.answers, *p.cards, *p.suggestions, *p.links], "extension"), "no extensions"),
    "G1": (lambda p: bool(p.actions), "no actions"),
    "G2": (lambda p: bool(p.actions), "no actions"),
    "G3": (lambda p: _any(p.actions, "type", value="create"), "nothing is created"),
    "G4": (lambda p: _any(p.actions, "type", value="update"), "nothing is updated"),
    "G5": (lambda p: _any(p.actions, "type", value="delete"), "nothing is deleted"),
    "L1": (lambda p: bool(p.links), "no links"),
    "L2": (lambda p: bool(p.links), "no links"),
    "L3": (lambda p: _any(p.links, "autolaunchable"), "no link launches itself"),
    "S2": (lambda p: bool(p.answers), "no answer"),
}
"""When the answers hold what a requirement is about, and in words when they do not."""

IDS = ("A5", *APPLIES)


def check(scene: Scene) -> Iterator[Result]:
    """Judge the answers that `scene` has gathered."""
    first = scene.good[0]
    if first.status != OK:
        yield from _no_answer(scene)
        return
    if first.content is None:
        yield failed("F1", f"answered 200 with something else than a JSON object: {first.not_json}")
        return
    yield _speed(scene)
    parts = Parts(answers=scene.answers)
    found: dict[str, Violation] = {}
    for answer in scene.answers:
        for violation in violations(answer):
            found.setdefault(violation.id, violation)
        for violation in stricter(answer):
            if violation.id in OUR_OWN:
                found.setdefault(violation.id, violation)
    for requirement, (applies, otherwise) in APPLIES.items():
        if requirement in found:
            violation = found[requirement]
            yield failed(requirement, f"{line(violation.where, 80)} {violation.what}")
        else:
            yield passed(requirement) if applies(parts) else not_applicable(requirement, otherwise)


def _no_answer(scene: Scene) -> Iterator[Result]:
    first = scene.good[0]
    if first.status == 412:
        yield skipped("F1", "answered 412: the fictional data lack what this service needs")
    else:
        yield failed("F1", f"a good request was {first.outcome}")


def _speed(scene: Scene) -> Result:
    seconds = [e.reply.seconds for e in scene.good[:GOOD_CALLS] if e.status == OK and e.reply is not None]
    middle = median(seconds)
    why = f"median of {len(seconds)} calls: {middle * 1000:.0f} ms"
    return judged("A5", why) if middle > BUDGET_S else passed("A5", why)
