"""The first three digits of a ZIP code, where the rule lets them stay: 45 CFR 164.514(b)(2)(i)(B).

The lists and where they come from are in `zip3.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TOO_FEW_PEOPLE = "000"
"""What stands for a prefix with 20,000 people or fewer; the rule names it."""

PACKAGED = Path(__file__).with_name("zip3.toml")
_ZIP = re.compile(r"(\d{3})\d{2}(?:-?\d{4})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Vintage:
    """The prefixes that one count of the population found too small."""

    vintage: str
    source: str
    prefixes: frozenset[str]


def zip3(postal_code: str | None) -> str | None:
    """``"606"`` for a US ZIP code, ``"000"`` where too few people live; None for anything else.

    None also for prefixes that no ordinary address has, and for codes that are cut short or of another country.
    """
    found = _ZIP.fullmatch((postal_code or "").strip())
    if found is None:
        return None
    prefix = found[1]
    if any(prefix in v.prefixes for v in vintages()):
        return TOO_FEW_PEOPLE
    return prefix if prefix in _in_use() else None


@cache
def vintages() -> tuple[Vintage, ...]:
    """The counts that are respected, oldest first."""
    return tuple(
        Vintage(vintage=v["vintage"], source=v["source"], prefixes=frozenset(v["prefixes"].split()))
        for v in tomllib.loads(PACKAGED.read_text(encoding="utf-8"))["restricted"]
    )


@cache
def _in_use() -> frozenset[str]:
    ranges: str = tomllib.loads(PACKAGED.read_text(encoding="utf-8"))["in_use"]["prefixes"]
    edges = (part.partition("-") for part in ranges.split())
    return frozenset(f"{n:03d}" for first, _, last in edges for n in range(int(first), int(last or first) + 1))
