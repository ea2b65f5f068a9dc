"""Word patterns of the checks, read from ``data/phrases.toml`` (its head says how an entry is written)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources

_TABLES: Mapping[str, Mapping[str, list[str]]] = tomllib.loads(
    resources.files(__package__).joinpath("data", "phrases.toml").read_text(encoding="utf-8")
)


def either(table: str, *names: str) -> str:
    """The phrases of the named lists as the alternatives of one group."""
    entries = [entry for name in names for entry in _TABLES[table][name]]
    return f"(?:{'|'.join(_expanded(entry) for entry in entries)})"


def phrases(table: str, *names: str) -> re.Pattern[str]:
    """A pattern that finds any phrase of the named lists in `Sentence.flat`."""
    return re.compile(f" {either(table, *names)} ")


def _expanded(entry: str) -> str:
    for word, alternatives in _TABLES["words"].items():
        if f"{{{word}}}" in entry:
            entry = entry.replace(f"{{{word}}}", f"(?:{'|'.join(alternatives)})")
    return entry
