"""Reading of the TOML tables: each row is checked when the service starts, so no slip in a table reaches a chart."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.sources import citation
from cds_service.domain import Citation

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
COMMON = frozenset({"id", "severity", "why", "consider", "cites"})
VERSION = "2026.1"
"""Of all tables together: a change of any row changes it in every file."""


def table(name: str) -> Mapping[str, Any]:
    """One file of this folder. Raises ValueError when its version is not that of the others."""
    read = tomllib.loads(files("cds_service.clinical.medicines").joinpath(name).read_text(encoding="utf-8"))
    if read["version"] != VERSION:
        raise ValueError(f"{name}: the tables have different versions")
    return read


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every row says: how grave, why, what a clinician may consider, and on whose word."""

    id: str
    severity: Severity
    why: str
    consider: str
    citations: tuple[Citation, ...]


def common(row: Mapping[str, Any], *further: str) -> dict[str, Any]:
    """The fields of `Row`, checked; `further` are the keys that this kind of row may have besides.

    Raises ValueError for an unknown key, a bad id, or a sentence that is none.
    """
    name = row.get("id", "")
    if not ID.fullmatch(name):
        raise ValueError(f"a row has no usable id: {name}")
    if unknown := row.keys() - COMMON - set(further):
        raise ValueError(f"{name}: unknown keys {sorted(unknown)}")
    for sentence in (row["why"], row["consider"]):
        if not sentence.endswith(".") or not sentence[0].isupper():
            raise ValueError(f"{name}: not a sentence")
    if not row["cites"]:
        raise ValueError(f"{name}: no source")
    return {
        "id": name,
        "severity": Severity.parse(row["severity"]),
        "why": row["why"],
        "consider": row["consider"],
        "citations": tuple(citation(key) for key in row["cites"]),
    }


def members(row: Mapping[str, Any], key: str) -> frozenset[str]:
    """The ingredients that a list of ingredients and classes stands for; empty when the row has no such list."""
    return frozenset(i for name in row.get(key, ()) for i in CATALOG.members(name))


def strengths(row: Mapping[str, Any]) -> Mapping[str, float]:
    """The strength in mg that each ingredient must exceed. Raises ValueError for an unknown ingredient."""
    limits = row.get("strength_above_mg", {})
    for ingredient in limits:
        CATALOG.ingredient(ingredient)
    return MappingProxyType({key: float(value) for key, value in limits.items()})


def distinct(rows: Iterable[Row]) -> tuple[Any, ...]:
    """The rows as a tuple. Raises ValueError when two share an id."""
    made = tuple(rows)
    ids = [row.id for row in made]
    if len(set(ids)) != len(ids):
        raise ValueError("two rows of a table share an id")
    return made


def all_citations(rows: Sequence[Row]) -> tuple[Citation, ...]:
    """Every source of `rows`, once."""
    return tuple(dict.fromkeys(c for row in rows for c in row.citations))
