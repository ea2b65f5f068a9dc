"""Discovery: is it there, is it well formed, does each service say what it must (checklist A1, B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cds_service.conformance.probe import Exchange, Probe, is_good
from cds_service.conformance.result import Result, failed, judged, not_applicable, passed, skipped
from cds_service.sandbox.client import UNAUTHORIZED, offered
from cds_service.sandbox.contexts import HOOKS
from cds_service.terminal_cards import line
from hooks.rules import empty_values

IDS = ("A1", "A2", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B11")
_SEMVER = re.compile(r"\d+\.\d+(\.\d+)?([-+][0-9A-Za-z.+-]+)?\Z")
_MISSPELT = ("usage-requirements", "usagerequirements", "UsageRequirements")


def check(probe: Probe, first: Exchange) -> Iterator[Result]:
    """Judge the discovery answer `first`."""
    yield _encrypted(probe.client.base)
    if first.status == UNAUTHORIZED:
        yield skipped("B1", "answered 401: the service does not know this client")
        return
    if not is_good(first) or first.content is None:
        yield failed("B1", f"GET {probe.client.url()} {first.outcome}{f': {first.not_json}' if first.not_json else ''}")
        return
    again = probe.get(probe.client.url())
    yield judged("B1", None if is_good(again) else f"the second GET {again.outcome}")
    for violation in empty_values(first.content, exempt=("services",)):
        yield failed("A2", f"discovery: {line(violation.where, 80)} is empty")
    services = first.content.get("services")
    yield judged("B2", None if isinstance(services, list) else "there is no array 'services'")
    if not isinstance(services, list):
        return
    yield passed("B3") if not services else not_applicable("B3", "there are services")
    yield from _entries(services)


def _encrypted(base: str) -> Result:
    if urlsplit(base).scheme == "https":
        return passed("A1")
    return not_applicable("A1", "called on this machine; production needs https")


def _entries(services: list[Any]) -> Iterator[Result]:
    seen: set[tuple[str, str]] = set()
    for place, entry in enumerate(services):
        name = line(entry.get("id", place), 60) if isinstance(entry, dict) else str(place)
        if not isinstance(entry, dict):
            yield failed("B2", f"services[{place}] is no object")
            continue
        for requirement, field in (("B4", "hook"), ("B5", "description"), ("B6", "id"), ("B7", "title")):
            good = isinstance(entry.get(field), str) and entry[field]
            yield judged(requirement, None if good else f"service {name} has no text '{field}'")
        offer = offered(entry)
        if offer is not None:
            twice = (offer.id, offer.hook) in seen
            yield judged("B6", f"{name} stands twice on the hook {line(offer.hook, 60)}" if twice else None)
            seen.add((offer.id, offer.hook))
        yield from _optional(entry, name)


def _optional(entry: dict[str, Any], name: str) -> Iterator[Result]:
    prefetch = entry.get("prefetch")
    if prefetch is None:
        yield not_applicable("B8", "no service asks for prefetch")
    else:
        good = isinstance(prefetch, dict) and all(isinstance(template, str) for template in prefetch.values())
        yield judged("B8", None if good else f"{name}: prefetch must map keys to strings")
    misspelt = [word for word in _MISSPELT if word in entry]
    if "usageRequirements" in entry or misspelt:
        good = isinstance(entry.get("usageRequirements"), str) and not misspelt
        yield judged("B9", None if good else f"{name}: must be a string named usageRequirements")
    else:
        yield not_applicable("B9", "no service states usage requirements")
    version = entry.get("version")
    good = isinstance(version, str) and _SEMVER.match(version) is not None
    yield judged("B10", None if good else f"{name} names no version of CDS Hooks such as 2.0.1")
    yield _hook_version(entry, name)


def _hook_version(entry: dict[str, Any], name: str) -> Result:
    version, hook = entry.get("hookVersion"), entry.get("hook")
    if version is None:
        return not_applicable("B11", "no service names a hook version")
    if not isinstance(hook, str) or hook not in HOOKS:
        return skipped("B11", f"{name}: the hook is not in the CDS Hooks library")
    published = HOOKS[hook].version
    same = isinstance(version, str) and version.removesuffix(".0") == published.removesuffix(".0")
    return judged("B11", None if same else f"{name}: the published version of {hook} is {published}")
