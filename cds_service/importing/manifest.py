"""The manifest of a Bulk Data export: what the server says it wrote, and what it could not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cds_service.importing.problems import Problems
from cds_service.importing.sources import Document, SourceFile


def check_manifest(document: Document, files: Sequence[SourceFile], problems: Problems) -> None:
    """Note the files that a manifest names and that are not there. A document that is no manifest says nothing.

    Files that were given other names cannot be told from missing ones; where none of the names is there, nothing is
    noted.
    """
    value = document.value
    if "resourceType" in value or not isinstance(value.get("output"), list):
        return
    here = {file.path.name for file in files}
    named = [(f"{part} {n}", entry) for part in ("output", "deleted") for n, entry in _entries(value, part)]
    missing = [(place, entry) for place, entry in named if not _names_of(entry) & here]
    if len(missing) == len(named):
        return
    for place, entry in missing:
        lost = isinstance(entry, dict) and entry.get("type") == "Consent"
        problems.add(f"{document.place}, {place}", "unread-consent" if lost else "missing-file")


def _entries(value: dict[str, Any], part: str) -> list[tuple[int, Any]]:
    entries = value.get(part)
    return list(enumerate(entries, start=1)) if isinstance(entries, list) else []


def _names_of(entry: object) -> set[str]:
    """What the file of an entry may be called here."""
    url = entry.get("url") if isinstance(entry, dict) else None
    name = str(url).split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
    return {name, f"{name}.gz", f"{name}.ndjson"}
