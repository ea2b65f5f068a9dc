"""The catalogue of requirements (`requirements.toml`): what is asked, by whom, and why a row does not apply if so."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType


class Level(StrEnum):
    """How strongly something is asked. COND: a must under its condition. LL: a lesson from practice, not normative."""

    MUST = "MUST"
    MUST_NOT = "MUST-NOT"
    SHOULD = "SHOULD"
    SHOULD_NOT = "SHOULD-NOT"
    MAY = "MAY"
    COND = "COND"
    LL = "LL"


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One row. `source` names section and version; `not_applicable` says why no test can or need prove it here."""

    id: str
    section: str
    level: Level
    text: str
    source: str
    not_applicable: str | None = None

    def __post_init__(self) -> None:
        if not all((self.id, self.section, self.text, self.source)) or self.not_applicable == "":
            raise ValueError(f"requirement {self.id} has an empty field")


def catalogue() -> Mapping[str, Requirement]:
    """All requirements by id, in the order of the specification. Raises ValueError on a malformed row."""
    rows = tomllib.loads(files(__package__).joinpath("requirements.toml").read_text(encoding="utf-8"))["requirement"]
    found: dict[str, Requirement] = {}
    for row in rows:
        requirement = Requirement(**{**row, "level": Level(row["level"])})
        if requirement.id in found:
            raise ValueError(f"requirement {requirement.id} stands twice")
        found[requirement.id] = requirement
    return MappingProxyType(found)
