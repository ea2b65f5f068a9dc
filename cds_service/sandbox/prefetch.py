"""Prefetch templates filled as an EHR would fill them; what cannot be filled is named, and its key left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.sandbox.source import FhirSource, NotFilled
from hooks.errors import MalformedTemplate
from hooks.prefetch import resolve, tokens, values_for


@dataclass(frozen=True, kw_only=True)
class Filled:
    """The prefetch to send, and why each key that is not in it is not."""

    prefetch: Mapping[str, Any]
    left_out: Mapping[str, str]


def fill(templates: Mapping[str, str], context: Mapping[str, Any], source: FhirSource) -> Filled:
    """The prefetch for `templates` in this context, out of `source`."""
    values = values_for(context)
    prefetch: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for key, template in templates.items():
        try:
            query = resolve(template, values)
            if query is None:
                missing = [name for name in tokens(template) if name not in values]
                left_out[key] = f"the context has no {' and no '.join(missing)}"
            else:
                prefetch[key] = source.answer(query)
        except MalformedTemplate as error:
            left_out[key] = f"the template is not understood: {error}"
        except NotFilled as error:
            left_out[key] = str(error)
    return Filled(prefetch=prefetch, left_out=left_out)
