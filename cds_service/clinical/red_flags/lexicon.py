"""The lexicon of complaints and red flags (`words/*.toml`), read and checked once at import.

What its fields mean stands at the top of `words/sources.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cds_service.clinical.red_flags.patterns import compile_patterns, first_words
from cds_service.domain import Citation, Priority
from cds_service.settings import Setting
from fhir_mappers.case import Concept
from fhir_mappers.fields import ICD10, ICD10CM, SNOMED

FILES = (
    "sources.toml",
    "heart-and-lungs.toml",
    "bleeding.toml",
    "consciousness.toml",
    "nervous-system.toml",
    "poisons-allergy-mind.toml",
    "pregnancy-infection.toml",
    "belly-and-kidneys.toml",
    "eyes-ears-skin.toml",
    "injuries-environment.toml",
    "children-and-metabolism.toml",
    "features.toml",
    "families-acute.toml",
    "families-minor.toml",
)
"""Files of the lexicon; flags are shown in this order."""

SYSTEMS = {
    "icd10": (ICD10CM, ICD10),
    "snomed": (SNOMED,),
}


@dataclass(frozen=True, kw_only=True)
class Grade:
    """The priority of a flag or term in one setting, the discriminators that raise it and those that lower it.

    Lowering counts only where nothing raises.
    """

    base: Priority
    raised: Mapping[Priority, tuple[str, ...]]
    lowered: Mapping[Priority, tuple[str, ...]]

    @property
    def least(self) -> Priority:
        """The lowest priority that this grade can give."""
        return min((self.base, *self.lowered))

    @property
    def names(self) -> tuple[str, ...]:
        """Every discriminator that the grade names."""
        return tuple(n for group in (*self.raised.values(), *self.lowered.values()) for n in group)


@dataclass(frozen=True, kw_only=True)
class Term:
    """One canonical term: patterns of text that name it, patterns that unmask look-alikes, and codes.

    `codes`: pairs of systems and a full-match pattern. `diagnosis`: names a disease, so "s/p" makes it past.
    `needs`: discriminators without which the term says nothing. `grades` replace those of the flag.
    `first_words`: those that a match can begin with, to pass over terms that a text cannot hold.
    """

    name: str
    pattern: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    codes: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]
    diagnosis: bool
    needs: tuple[str, ...]
    grades: Mapping[Setting, Grade]
    wording: tuple[str, ...]
    first_words: frozenset[str]

    def is_coded(self, concept: Concept) -> bool:
        """Whether a coding of `concept` is one of the codes, in its own system."""
        return any(
            coding.system in systems and coding.code is not None and pattern.fullmatch(coding.code)
            for coding in concept.codings
            for systems, pattern in self.codes
        )


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One red flag. `rule_title` and the examples document it; a feature is a flag without a rule of its own.

    A family is a kind of presenting complaint with its usual priority; the families share one rule.
    `chronic_title` replaces the title when every mention is said to last for months or years.
    """

    id: str
    title: str
    terms: tuple[Term, ...]
    grades: Mapping[Setting, Grade]
    citations: tuple[Citation, ...] = ()
    mandatory: bool = False
    fires: str = ""
    quiet: str = ""
    chronic_title: str | None = None

    @property
    def all_grades(self) -> tuple[Mapping[Setting, Grade], ...]:
        """The grades of the flag and of its terms."""
        return (self.grades, *(term.grades for term in self.terms))


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All flags, features and complaint families. `version` changes with every change of meaning."""

    version: str
    flags: tuple[Flag, ...]
    features: tuple[Flag, ...]
    families: tuple[Flag, ...] = ()


def load(text: str) -> Lexicon:
    """The lexicon in TOML `text`. Raises ValueError or KeyError for a text that is not one."""
    table = tomllib.loads(text)
    classes: dict[str, str] = table["classes"]
    citations = {key: Citation(**fields) for key, fields in table["citations"].items()}
    flags = tuple(_flag(row, classes, citations) for row in table["flag"])
    features = tuple(
        Flag(id=row["id"], title=row["id"], terms=(_term({**row, "name": row["id"]}, classes),), grades={})
        for row in table["feature"]
    )
    families = tuple(_family(row, classes, citations) for row in table.get("family", ()))
    ids = [f.id for f in (*flags, *features, *families)]
    if len(set(ids)) != len(ids):
        raise ValueError("the lexicon holds two flags, features or families that share an id")
    return Lexicon(version=table["version"], flags=flags, features=features, families=families)


def _flag(row: Mapping[str, Any], classes: Mapping[str, str], citations: Mapping[str, Citation]) -> Flag:
    return Flag(
        id=row["id"],
        title=row["title"],
        terms=tuple(_term(term, classes) for term in row["term"]),
        grades=_grades(row),
        citations=tuple(citations[key] for key in row["cites"]),
        mandatory=row.get("mandatory", False),
        fires=row["fires"],
        quiet=row["quiet"],
        chronic_title=row.get("chronic_title"),
    )


def _family(row: Mapping[str, Any], classes: Mapping[str, str], citations: Mapping[str, Citation]) -> Flag:
    return Flag(
        id=row["id"],
        title=row["title"],
        terms=(_term({**row, "name": row["title"].lower()}, classes),),
        grades=_grades(row),
        citations=tuple(citations[key] for key in row["cites"]),
    )


def _term(row: Mapping[str, Any], classes: Mapping[str, str]) -> Term:
    wording = tuple(row.get("patterns", ()))
    codes = tuple((SYSTEMS[key], re.compile(code)) for key in SYSTEMS for code in row.get(key, ()))
    return Term(
        name=row["name"],
        pattern=compile_patterns(wording, classes),
        unless=compile_patterns(tuple(row.get("unless", ())), classes),
        codes=codes,
        diagnosis=row.get("diagnosis", False),
        needs=tuple(row.get("needs", ())),
        grades=_grades(row),
        wording=wording,
        first_words=first_words(wording, classes),
    )


def _grades(row: Mapping[str, Any]) -> Mapping[Setting, Grade]:
    """Grades by setting; ``grade`` holds for both settings that have none of their own."""
    shared = row.get("grade")
    chosen = {setting: row.get(setting.value, shared) for setting in Setting}
    return MappingProxyType({setting: _grade(given) for setting, given in chosen.items() if given is not None})


def _grade(row: Mapping[str, Any]) -> Grade:
    base = Priority.parse(row["base"])
    steps = {Priority.parse(key): tuple(names) for key, names in row.items() if key != "base"}
    return Grade(
        base=base,
        raised=MappingProxyType({p: names for p, names in steps.items() if p > base}),
        lowered=MappingProxyType({p: names for p, names in steps.items() if p < base}),
    )


def _read() -> str:
    folder = files("cds_service.clinical.red_flags").joinpath("words")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in FILES)


LEXICON = load(_read())
