"""Prefetch templates: from a template and a hook's context to one FHIR read or search (CDS Hooks 2.0.1, "Prefetch").

Both sides use this file: the service to learn which data are missing and how to fetch them, the sandbox to fill a
request as an EHR would. Only the interactions that the specification recommends are understood (checklist C1 to C5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from hooks.errors import MalformedTemplate

TOKEN = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
CONTEXT_TOKEN = re.compile(r"context\.[A-Za-z][A-Za-z0-9]*\Z")
"""A root-level field of the context (C3)."""

USER_TOKENS = ("userPractitionerId", "userPractitionerRoleId", "userPatientId", "userRelatedPersonId")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}\Z")
_ID = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9\-.]{1,64}\Z")
"""A FHIR id, but for the two that a path would not survive."""
_PARAMETER = re.compile(r"([a-z][a-zA-Z-]*|_id|_count|_sort|_lastUpdated)(:in)?\Z")
"""The parameters that clients are asked to support (C5): no inclusions, no chains, no modifier but ``:in``."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One FHIR read (`id`) or search (`parameters`), relative to a server's base URL."""

    resource_type: str
    id: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def relative(self) -> str:
        """``Patient/1`` or ``Condition?patient=1``, percent-encoded where it must be."""
        if self.id is not None:
            return f"{self.resource_type}/{quote(self.id, safe='')}"
        return f"{self.resource_type}?{urlencode(self.parameters, safe=':|,/$')}"

    @property
    def newest_only(self) -> bool:
        """Whether one page was asked for (``_count``): then further pages are not a part of the answer."""
        return any(name == "_count" for name, _ in self.parameters)


def tokens(template: str) -> tuple[str, ...]:
    """The prefetch tokens of a template, in order, without their braces."""
    return tuple(TOKEN.findall(template))


def values_for(context: Mapping[str, object]) -> dict[str, str]:
    """What prefetch tokens stand for, by token: the context's own strings and the user's id by the user's type."""
    found = {f"context.{name}": value for name, value in context.items() if isinstance(value, str) and value}
    kind, _, user = found.get("context.userId", "").partition("/")
    if user and f"user{kind}Id" in USER_TOKENS:
        found[f"user{kind}Id"] = user
    return found


def resolve(template: str, values: Mapping[str, str]) -> Query | None:
    """The query that `template` asks for; None where the context has no value for one of its tokens.

    `values`: what each token stands for (`values_for`). Raises MalformedTemplate for what is no read or search, and for
    tokens that CDS Hooks 2.0 does not know.
    """
    names = tokens(template)
    if not all(CONTEXT_TOKEN.match(name) or name in USER_TOKENS for name in names):
        raise MalformedTemplate("a prefetch token must name a root-level field of the context or the user's id")
    if not all(values.get(name) for name in names):
        return None
    path, mark, search = template.partition("?")
    if mark:
        parameters = tuple((name, _filled(value, values)) for name, value in parse_qsl(search, keep_blank_values=True))
        return parse(path, parameters)
    resource_type, _, resource_id = _filled(path, values).partition("/")
    return parse(resource_type, (), resource_id.removeprefix(f"{resource_type}/"))


def parse(resource_type: str, parameters: tuple[tuple[str, str], ...], resource_id: str | None = None) -> Query:
    """A checked read or search. Raises MalformedTemplate."""
    if not _TYPE.match(resource_type):
        raise MalformedTemplate("a prefetch template begins with a FHIR resource type")
    if resource_id is not None:
        if not _ID.match(resource_id):
            raise MalformedTemplate("a prefetch read names one FHIR id")
        return Query(resource_type=resource_type, id=resource_id)
    if not parameters or not all(_PARAMETER.match(name) and value for name, value in parameters):
        raise MalformedTemplate("a prefetch search names parameters with values")
    return Query(resource_type=resource_type, parameters=parameters)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return TOKEN.sub(lambda found: values[found[1]], text)
