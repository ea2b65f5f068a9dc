"""The red-flag lexicon (`lexicon.toml`), read and checked once at import. What its fields mean stands in the file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cds_service.clinical.red_flags.patterns import compile_patterns
from cds_service.domain import Citation, Priority
from cds_service.settings import Setting
from fhir_mappers.case import Concept

SYSTEMS = {
    "icd10": ("http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"),
    "snomed": ("http://snomed.info/sct",),
}


@dataclass(frozen=True, kw_only=True)
class Grade:
    """The least priority of a flag or term in one setting, and the discriminators that raise it."""

    base: Priority
    raised: Mapping[Priority, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One canonical term: patterns of text that name it, patterns that unmask look-alikes, and codes.

    `codes`: pairs of systems and a full-match pattern. `diagnosis`: names a disease, so "s/p" makes it past.
    `needs`: discriminators without which the term says nothing. `grades` replace those of the flag.
    """

    name: str
    pattern: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    codes: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]
    diagnosis: bool
    needs: tuple[str, ...]
    grades: Mapping[Setting, Grade]
    wording: tuple[str, ...]

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


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """All flags and features. `version` belongs to the file and changes with every change of meaning."""

    version: str
    flags: tuple[Flag, ...]
    features: tuple[Flag, ...]


def load(text: str) -> Lexicon:
    """The lexicon in TOML `text`. Raises ValueError or KeyError for a file that is not one."""
    table = tomllib.loads(text)
    classes: dict[str, str] = table["classes"]
    citations = {key: Citation(**fields) for key, fields in table["citations"].items()}
    flags = tuple(_flag(row, classes, citations) for row in table["flag"])
    features = tuple(
        Flag(id=row["id"], title=row["id"], terms=(_term({**row, "name": row["id"]}, classes),), grades={})
        for row in table["feature"]
    )
    ids = [f.id for f in (*flags, *features)]
    if len(set(ids)) != len(ids):
        raise ValueError("lexicon.toml: two flags or features share an id")
    return Lexicon(version=table["version"], flags=flags, features=features)


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
    )


def _grades(row: Mapping[str, Any]) -> Mapping[Setting, Grade]:
    return MappingProxyType({setting: _grade(row[setting.value]) for setting in Setting if setting.value in row})


def _grade(row: Mapping[str, Any]) -> Grade:
    raised = {Priority.parse(key): tuple(names) for key, names in row.items() if key != "base"}
    return Grade(base=Priority.parse(row["base"]), raised=MappingProxyType(raised))


LEXICON = load(files("cds_service.clinical.red_flags").joinpath("lexicon.toml").read_text(encoding="utf-8"))
