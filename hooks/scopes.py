"""SMART App Launch scopes: what a token lets us read of the patient in context.

Version 2 (``patient/Observation.rs``, ``user/*.r``, granular ``patient/Observation.rs?category=…|laboratory``) and
version 1 (``patient/Observation.read``), as http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html defines
them. What is unknown or malformed grants nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from hooks.prefetch import Query

_SCOPE = re.compile(
    r"(?:patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]{1,63})\."
    r"(?:(?P<v1>read|write|\*)|(?P<v2>(?=[cruds])c?r?u?d?s?)(?:\?(?P<filter>\S+))?)",
    re.ASCII,
)
_V1 = {"read": "rs", "write": "", "*": "rs"}


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One scope: a resource type or ``*``, whether it covers reads and searches, and what a search must hold."""

    resource_type: str
    read: bool
    search: bool
    filters: tuple[tuple[str, str], ...] = ()

    def narrowed(self, query: Query) -> Query | None:
        """The query as far as this scope permits it; None where it does not."""
        if self.resource_type not in ("*", query.resource_type):
            return None
        if query.id is not None:
            return query if self.read and not self.filters else None
        return _narrowed(query, self.filters) if self.search else None


@dataclass(frozen=True, kw_only=True)
class Scopes:
    """All scopes of one token."""

    grants: tuple[Grant, ...] = ()

    def narrowed(self, query: Query) -> Query | None:
        """The query as far as the scopes permit it; None where none does.

        A granular scope permits a search only when each of its parameters stands in it with the same value. Where the
        query has the same code without its system, it takes over the scope's fuller value.
        """
        by_freedom = sorted(self.grants, key=lambda grant: len(grant.filters))
        return next((found for grant in by_freedom if (found := grant.narrowed(query)) is not None), None)


def parse(scope: str) -> Scopes:
    """The scopes in a space-separated list."""
    grants = (_grant(word) for word in scope.split())
    return Scopes(grants=tuple(grant for grant in grants if grant is not None))


def _grant(word: str) -> Grant | None:
    found = _SCOPE.fullmatch(word)
    if found is None:
        return None
    rights = _V1[found["v1"]] if found["v1"] else found["v2"]
    try:
        filters = parse_qsl(found["filter"] or "", keep_blank_values=True, strict_parsing=bool(found["filter"]))
    except ValueError:
        return None
    return Grant(resource_type=found["type"], read="r" in rights, search="s" in rights, filters=tuple(filters))


def _narrowed(query: Query, filters: tuple[tuple[str, str], ...]) -> Query | None:
    parameters = list(query.parameters)
    for name, value in filters:
        system, bar, code = value.rpartition("|")
        if (name, value) in parameters:
            continue
        if not (system and bar and (name, code) in parameters):
            return None
        parameters[parameters.index((name, code))] = (name, value)
    return replace(query, parameters=tuple(parameters))
