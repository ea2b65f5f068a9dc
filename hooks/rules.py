"""What CDS Hooks 2.0.1 asks of a response, rule by rule; each violation names its requirement id. Pure.

`hooks.response` adds the stricter rules that this service keeps for itself. Nothing here fails on a value of the wrong
type: a response of any service is judged, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

INDICATORS = ("info", "warning", "critical")
SELECTION_BEHAVIORS = ("at-most-one", "any")
ACTION_TYPES = ("create", "update", "delete")
LINK_TYPES = ("absolute", "smart")
MAX_SUMMARY = 139
_DRAFT_INDICATORS = ("success", "hard-stop")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+\Z")
_RELATIVE_REFERENCE = re.compile(r"[A-Z][A-Za-z]{1,63}/[A-Za-z0-9\-.]{1,64}\Z")
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A requirement that a response breaks: its id, the path of the element at fault, and what is wrong with it."""

    id: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what} ({self.id})"


Found = Iterator[Violation]


def response_rules(response: Any) -> Found:
    """Everything in a response that breaks the specification."""
    if not isinstance(response, dict):
        yield Violation(id="F1", where="response", what="must be an object")
        return
    yield from empty_values(response, exempt=("cards",))
    cards = response.get("cards")
    if not isinstance(cards, list):
        yield Violation(id="F1", where="cards", what="must be an array")
        cards = []
    for index, card in enumerate(cards):
        yield from _card(card, f"cards[{index}]")
    made = [card for _, card in objects(response, "", "cards")]
    yield from _repeated("F9", "cards", made)
    yield from _repeated("F14", "suggestions", [s for card in made for _, s in objects(card, "", "suggestions")])
    yield from _system_actions(response)
    yield from _extension(response, "response")


def empty_values(value: Any, path: str = "", *, exempt: tuple[str, ...] = (), in_fhir: bool = False) -> Found:
    """A2: no null, "", [] or {} but for the keys `exempt` of the outermost object.

    FHIR alone may hold null in an array (a value that is missing beside its extension).
    """
    items: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        items = ((f"{path}.{key}".lstrip("."), item) for key, item in value.items() if key not in exempt or item != [])
    elif isinstance(value, list):
        items = ((f"{path}[{index}]", item) for index, item in enumerate(value) if item is not None or not in_fhir)
    for place, item in items:
        if any(item == empty and isinstance(item, type(empty)) for empty in _EMPTY):
            yield Violation(id="A2", where=place, what="is empty")
        yield from empty_values(item, place, in_fhir=in_fhir or place.endswith(".resource"))


def is_absolute_url(value: Any) -> bool:
    """Whether `value` is a web address with a host."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _card(card: Any, where: str) -> Found:
    if not isinstance(card, dict):
        yield Violation(id="F1", where=where, what="must be an object")
        return
    summary = card.get("summary")
    if not isinstance(summary, str) or not 0 < len(summary) <= MAX_SUMMARY:
        yield Violation(id="F4", where=f"{where}.summary", what=f"must be a string of 1 to {MAX_SUMMARY} characters")
    if card.get("indicator") not in INDICATORS:
        draft = " (a value of a draft before 1.0)" if card.get("indicator") in _DRAFT_INDICATORS else ""
        yield Violation(id="F5", where=f"{where}.indicator", what=f"must be info, warning or critical{draft}")
    yield from _text("F9", card, where, "uuid")
    yield from _text("F10", card, where, "detail")
    yield from _source(card.get("source"), f"{where}.source")
    yield from _suggestions(card, where)
    yield from _array("F15", card, where, "overrideReasons")
    for place, reason in objects(card, where, "overrideReasons"):
        yield from _coding("F15", reason, place, display=True)
    yield from _array("L1", card, where, "links")
    for place, link in objects(card, where, "links"):
        yield from _link(link, place)
    yield from _extension(card, where)


def _source(source: Any, where: str) -> Found:
    if not isinstance(source, dict):
        yield Violation(id="F6", where=where, what="must be an object with a label")
        return
    yield from _text("F6", source, where, "label", required=True)
    for name in ("url", "icon"):
        if source.get(name) not in _EMPTY and not is_absolute_url(source[name]):
            yield Violation(id="F7", where=f"{where}.{name}", what="must be an absolute URL")
    if source.get("topic") not in _EMPTY:
        yield from _coding("F8", source["topic"], f"{where}.topic")
    yield from _extension(source, where)


def _suggestions(card: Mapping[str, Any], where: str) -> Found:
    behavior = card.get("selectionBehavior")
    if behavior not in SELECTION_BEHAVIORS and (card.get("suggestions") or behavior is not None):
        what = "must be at-most-one or any, and stand where there are suggestions"
        yield Violation(id="F12", where=f"{where}.selectionBehavior", what=what)
    suggestions = list(objects(card, where, "suggestions"))
    if behavior == "at-most-one" and sum(s.get("isRecommended") is True for _, s in suggestions) > 1:
        yield Violation(id="F13", where=f"{where}.suggestions", what="at most one may be recommended")
    yield from _array("F14", card, where, "suggestions")
    for place, suggestion in suggestions:
        yield from _suggestion(suggestion, place)


def _suggestion(suggestion: Mapping[str, Any], where: str) -> Found:
    yield from _text("F14", suggestion, where, "label", required=True)
    yield from _text("F14", suggestion, where, "uuid")
    yield from _flag("F14", suggestion, where, "isRecommended")
    if "actionSelectionBehavior" in suggestion:
        what = "may be sent only to a client that is known to support it"
        yield Violation(id="F18", where=f"{where}.actionSelectionBehavior", what=what)
    yield from _array("F17", suggestion, where, "actions")
    for place, action in objects(suggestion, where, "actions"):
        yield from _action(action, place, described=True)
    yield from _extension(suggestion, where)


def _system_actions(response: Mapping[str, Any]) -> Found:
    yield from _array("F3", response, "", "systemActions")
    for place, action in objects(response, "", "systemActions"):
        yield from _action(action, place, described=False)


def _action(action: Mapping[str, Any], where: str, *, described: bool) -> Found:
    kind = action.get("type")
    if kind not in ACTION_TYPES:
        yield Violation(id="G1", where=f"{where}.type", what="must be create, update or delete")
    yield from _text("G2", action, where, "description", required=described)
    resource = action["resource"] if isinstance(action.get("resource"), dict) else {}
    typed = isinstance(resource.get("resourceType"), str)
    if kind == "create" and not typed:
        yield Violation(id="G3", where=f"{where}.resource", what="must be the new FHIR resource")
    if kind == "update" and not (typed and isinstance(resource.get("id"), str)):
        yield Violation(id="G4", where=f"{where}.resource", what="must be the whole updated FHIR resource with its id")
    if kind == "delete":
        yield from _delete(action, where)
    yield from _extension(action, where)


def _delete(action: Mapping[str, Any], where: str) -> Found:
    target = action.get("resourceId")
    if not isinstance(target, str) or not _RELATIVE_REFERENCE.match(target):
        yield Violation(id="G5", where=f"{where}.resourceId", what="must be a relative reference such as Type/id")
    if "resource" in action:
        yield Violation(id="G5", where=f"{where}.resource", what="does not belong to a delete (it did in 1.0)")


def _link(link: Mapping[str, Any], where: str) -> Found:
    yield from _text("L1", link, where, "label", required=True)
    if not is_absolute_url(link.get("url")):
        yield Violation(id="L1", where=f"{where}.url", what="must be an absolute URL")
    if link.get("type") not in LINK_TYPES:
        yield Violation(id="L1", where=f"{where}.type", what="must be absolute or smart")
    if "appContext" in link and link.get("type") != "smart":
        yield Violation(id="L2", where=f"{where}.appContext", what="stands on smart links only")
    yield from _text("L2", link, where, "appContext")
    yield from _flag("L3", link, where, "autolaunchable")
    yield from _extension(link, where)


# -- forms that elements share; what is empty is A2's business -------------------------------------------------------


def _text(rule: str, owner: Mapping[str, Any], where: str, name: str, *, required: bool = False) -> Found:
    value = owner.get(name)
    if value in _EMPTY:
        if required:
            yield Violation(id=rule, where=f"{where}.{name}", what="is required")
    elif not isinstance(value, str):
        yield Violation(id=rule, where=f"{where}.{name}", what="must be a string")


def _flag(rule: str, owner: Mapping[str, Any], where: str, name: str) -> Found:
    if owner.get(name) not in _EMPTY and not isinstance(owner[name], bool):
        yield Violation(id=rule, where=f"{where}.{name}", what="must be true or false")


def _coding(rule: str, coding: Any, where: str, *, display: bool = False) -> Found:
    if not isinstance(coding, dict):
        yield Violation(id=rule, where=where, what="must be a Coding")
        return
    yield from _text(rule, coding, where, "code", required=True)
    if not isinstance(coding.get("system"), str) or not _URI.match(coding["system"]):
        yield Violation(id=rule, where=f"{where}.system", what="must be an absolute URI")
    yield from _text(rule, coding, where, "display", required=display)


def _extension(owner: Mapping[str, Any], where: str) -> Found:
    if owner.get("extension") not in _EMPTY and not isinstance(owner["extension"], dict):
        yield Violation(id="F19", where=f"{where}.extension", what="must be an object")


def _array(rule: str, owner: Mapping[str, Any], where: str, name: str) -> Found:
    """The array `name` holds objects and nothing else."""
    place = f"{where}.{name}".lstrip(".")
    items = owner.get(name)
    if items in _EMPTY:
        return
    if not isinstance(items, list):
        yield Violation(id=rule, where=place, what="must be an array")
        return
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            yield Violation(id=rule, where=f"{place}[{index}]", what="must be an object")


def objects(owner: Mapping[str, Any], where: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects in the array `name` of `owner`, each with its path; nothing where there is no such array."""
    items = owner.get(name)
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield f"{where}.{name}[{index}]".lstrip("."), item


def _repeated(rule: str, where: str, elements: Iterable[Mapping[str, Any]]) -> Found:
    sent = [uuid for element in elements if isinstance(uuid := element.get("uuid"), str)]
    if len(set(sent)) != len(sent):
        yield Violation(id=rule, where=where, what="hold the same uuid twice")
