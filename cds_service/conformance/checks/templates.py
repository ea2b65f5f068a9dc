"""Prefetch templates: can any client fill them (checklist C)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from cds_service.conformance.result import Result, judged, not_applicable, passed, skipped
from cds_service.sandbox.client import Offered
from cds_service.sandbox.contexts import HOOKS
from cds_service.terminal_cards import line
from hooks.prefetch import CONTEXT_TOKEN, TOKEN, USER_TOKENS, tokens

IDS = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")
_READ = re.compile(r"[A-Z][A-Za-z]+/[^/?{}]+\Z")
_SEARCH = re.compile(r"[A-Z][A-Za-z]+\?[^={}]+=[^{}]+\Z")
_ODD_PREFIX = re.compile(r"(ne|sa|eb|ap)\d{4}")
_USER = "Practitioner/example"


def check(offer: Offered) -> Iterator[Result]:
    """Judge each template of one service."""
    if not offer.prefetch:
        for requirement in IDS:
            yield not_applicable(requirement, "no prefetch template")
        return
    keys = list(offer.prefetch)
    for place, (key, template) in enumerate(offer.prefetch.items()):
        name = line(key, 60)
        names = tokens(template)
        simple = all(CONTEXT_TOKEN.match(token) or token in USER_TOKENS for token in names)
        filled = TOKEN.sub(lambda found: _USER if found[1] == "context.userId" else "example", template)
        whole = _READ.match(filled) or _SEARCH.match(filled)
        yield judged("C1", None if whole else f"{name} is neither a FHIR read nor a search")
        yield judged("C2", None if _is_delimited(template) else f"{name}: a token stands between {{{{ and }}}}")
        yield judged("C3", None if simple else f"{name}: a token may name a root-level field of the context only")
        yield _allowed(offer.hook, names, name)
        yield judged("C5", _unusual(filled, name))
        yield from _version_3(names, name, known=keys[:place], keys=keys)


def _is_delimited(template: str) -> bool:
    rest = template
    for token in re.findall(r"\{\{[^{}]+\}\}", template):
        rest = rest.replace(token, "")
    return "{" not in rest and "}" not in rest


def _allowed(hook: str, names: tuple[str, ...], key: str) -> Result:
    """C4: the fields that the hook's own page opens to prefetch tokens."""
    if hook not in HOOKS:
        return skipped("C4", f"the hook {line(hook, 60)} is not in the CDS Hooks library")
    foreign = [
        name.removeprefix("context.")
        for name in names
        if CONTEXT_TOKEN.match(name) and name.removeprefix("context.") not in HOOKS[hook].tokens
    ]
    return judged("C4", f"{key}: {line(', '.join(foreign), 60)} is no token of {hook}" if foreign else None)


def _unusual(filled: str, key: str) -> str | None:
    """C5: what in a search goes beyond what every client is asked to support."""
    for name, value in parse_qsl(filled.partition("?")[2]):
        bare, _, modifier = name.partition(":")
        if modifier not in ("", "in") or "." in bare or bare in ("_include", "_revinclude"):
            return f"{key}: {line(name, 60)} is more than a plain search"
        if _ODD_PREFIX.match(value):
            return f"{key}: dates are compared with eq, lt, gt, ge and le only"
    return None


def _version_3(names: tuple[str, ...], key: str, *, known: list[str], keys: list[str]) -> Iterator[Result]:
    """C6, C7: FHIRPath and values of other keys, which only 3.0 clients resolve."""
    beyond = [n for n in names if not CONTEXT_TOKEN.match(n) and n not in USER_TOKENS]
    if not beyond:
        yield not_applicable("C6", "plain tokens only")
        yield not_applicable("C7", "no template builds on another")
        return
    yield passed("C6", f"{key} uses FHIRPath, which only 3.0 clients resolve")
    later = [k for k in keys if k not in known and any(re.search(rf"%{re.escape(k)}\b", n) for n in beyond)]
    yield judged("C7", f"{key} builds on {line(later[0], 60)}, which stands after it" if later else None)
