"""The data format of presidio-research (MIT licence): generic sentences with spans of personal data.

Which entity types the law calls identifiers is decided in `kinds.toml`.
"""

from __future__ import annotations

from typing import Any

from cds_service.evaluation.deid.gold import Area, Document, Identifier
from cds_service.evaluation.deid.kinds import packaged_kinds


def document(entry: Any) -> Document:
    """One entry ``{"full_text", "spans": [{"entity_type", "start_position", "end_position"}, …]}``.

    Raises KeyError, TypeError or ValueError when it is something else, and for an entity type that is not listed.
    """
    kinds, text = packaged_kinds(), entry["full_text"]
    identifiers: list[Identifier] = []
    neutral: list[Area] = []
    for span in entry["spans"]:
        start, end = span["start_position"], span["end_position"]
        kind = kinds.of_entity(span["entity_type"], text[start:end])
        if kind is None:
            neutral.append((start, end))
            continue
        identifiers.append(Identifier(start=start, end=end, kind=kind))
        if kind == "ADDRESS":
            neutral += [(start + left, start + right) for left, right in kinds.regions_in(text[start:end])]
    return Document(text=text, identifiers=tuple(identifiers), neutral=tuple(neutral))
