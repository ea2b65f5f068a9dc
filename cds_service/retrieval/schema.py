"""What a guideline file must say of itself, and the guideline that comes of it.

Fields: `FrontMatter`. A field that is missing, misspelled or wrong refuses the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from cds_service.errors import ConfigurationError
from cds_service.retrieval.population import OLDEST, Population, PopulationSex, Pregnancy

UNREVIEWED = "none"
_TOLD = 20
"""Most headings that a refusal lists."""


class SourceError(ConfigurationError):
    """A guideline file breaks the schema; the message says which field and what is expected."""


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")) or any(c.isspace() for c in text):
        raise ValueError("must be an http or https address")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=r"^[^\r\n]+$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Age = Annotated[float, Field(ge=0, le=120)]
Year = Annotated[int, Field(ge=1990, le=2100)]
WebAddress = Annotated[Line, AfterValidator(_web_address)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PopulationFields(_Fields):
    """Whom the guideline is for. Ages in completed years, inclusive; `null` means no limit."""

    min_age: Age | None
    max_age: Age | None
    sex: PopulationSex
    pregnancy: Pregnancy
    conditions: Annotated[tuple[Line, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ordered(self) -> PopulationFields:
        if self.min_age is not None and self.max_age is not None and self.min_age > self.max_age:
            raise ValueError("min_age must not exceed max_age")
        return self


class SectionFields(_Fields):
    """What is different for a section; a field left out is the guideline's.

    The population may be narrower or wider than the guideline's. `max_months`: the oldest age in completed months, for
    infants. `strength`: how the source grades the recommendation. A section with its own `source` has its own `year`
    and `source_url` too, or none.
    """

    strength: Line | None = None
    source: Line | None = None
    source_url: WebAddress | None = None
    year: Year | None = None
    min_age: Age | None = None
    max_age: Age | None = None
    max_months: Annotated[int, Field(ge=0, le=23)] | None = None
    sex: PopulationSex | None = None
    pregnancy: Pregnancy | None = None

    def narrow(self, population: Population) -> Population:
        """The population of the section. Raises ValueError when it holds nobody."""
        changed = self.model_dump(include={"min_age", "max_age", "max_months", "sex", "pregnancy"}, exclude_none=True)
        return replace(population, **changed)


class Review(_Fields):
    """A clinician's signature on this text: the role, never a name, and the day."""

    role: Line
    date: date


class FrontMatter(_Fields):
    """What every guideline file says of itself.

    `version` is that of our text, `year` that of the source. `licence` covers our text (SPDX id), `source_licence`
    notes the terms of the source. `newer_edition` names a later edition of the source that this text does not yet
    follow. `sections` says what is different for single sections, by the slug of their heading. `clinical_review` is
    ``none`` until a clinician signs.
    """

    id: Slug
    title: Line
    version: Line
    source: Line
    publisher: Line
    source_url: WebAddress | None = None
    year: Year
    newer_edition: Line | None = None
    licence: Line
    source_licence: Line
    population: PopulationFields
    sections: dict[Slug, SectionFields] = Field(default_factory=dict)
    clinical_review: Literal["none"] | Review


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading and the plain text blocks below it; text before any heading has none."""

    heading: str | None
    blocks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Whom a section is for, how strong it is and what it rests on."""

    population: Population
    strength: str
    source: str
    source_url: str | None
    year: int | None


@dataclass(frozen=True, kw_only=True)
class Guideline:
    """One accepted guideline file. `digest` is the SHA-256 of its bytes and of its metadata file's.

    `packaged`: it comes with the service, not from the clinic.
    """

    file: str
    packaged: bool
    digest: str
    id: str
    title: str
    version: str
    source: str
    publisher: str
    source_url: str | None
    year: int
    newer_edition: str | None
    licence: str
    source_licence: str
    population: Population
    sections: Mapping[str, Section]
    clinical_review: str
    parts: tuple[Part, ...]

    def section(self, heading: str) -> Section:
        """The section of a heading; one that the metadata do not mention is the guideline's, without a strength."""
        return self.sections.get(slugify(heading)) or Section(
            population=self.population,
            strength="",
            source=f"{self.source} ({self.publisher})",
            source_url=self.source_url,
            year=self.year,
        )

    @property
    def ungraded(self) -> tuple[str, ...]:
        """Headings of the sections whose strength is not stated."""
        headings = dict.fromkeys(part.heading or self.title for part in self.parts)
        return tuple(h for h in headings if not self.section(h).strength)


def parse_fields(metadata: Mapping[str, Any]) -> FrontMatter:
    """The checked metadata of a file. Raises SourceError that names every broken field and quotes no value."""
    try:
        return FrontMatter.model_validate(metadata)
    except ValidationError as error:
        raise SourceError(_explain(error)) from None


_PLAIN = {"missing": "is missing", "extra_forbidden": "is not known"}
"""Our words for the two most common faults, by the checker's name of them."""


def _explain(error: ValidationError) -> str:
    """All broken fields in one line, with no input value quoted."""
    problems: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        parts = [str(part) for part in problem["loc"] if part not in ("none", "Review")]
        field = ".".join(p for p in parts if not p.startswith("literal["))
        message = _PLAIN.get(problem["type"]) or problem["msg"].lower()
        problems.setdefault(field or "front matter", []).append(message)
    return "; ".join(f"field '{field}': {' or '.join(messages)}" for field, messages in problems.items())


def slugify(heading: str) -> str:
    """Lower-case ASCII words of a heading joined by hyphens, ``section`` when there are none."""
    ascii_text = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", ascii_text.lower())) or "section"


def make_guideline(
    file: str, digest: str, fields: FrontMatter, parts: tuple[Part, ...], *, packaged: bool
) -> Guideline:
    """The guideline of checked metadata and text. Raises SourceError when they do not fit each other."""
    slugs = {slugify(part.heading or fields.title) for part in parts}
    if unknown := sorted(fields.sections.keys() - slugs):
        found = f"no heading has the slug {', '.join(unknown)}; the headings are {', '.join(sorted(slugs)[:_TOLD])}"
        raise SourceError(f"field 'sections': {found}")
    group, review = fields.population, fields.clinical_review
    population = Population(
        min_age=group.min_age or 0.0,
        max_age=OLDEST if group.max_age is None else group.max_age,
        sex=group.sex,
        pregnancy=group.pregnancy,
        conditions=group.conditions,
    )
    return Guideline(
        file=file,
        packaged=packaged,
        digest=digest,
        id=fields.id,
        title=fields.title,
        version=fields.version,
        source=fields.source,
        publisher=fields.publisher,
        source_url=fields.source_url,
        year=fields.year,
        newer_edition=fields.newer_edition,
        licence=fields.licence,
        source_licence=fields.source_licence,
        population=population,
        sections=MappingProxyType({slug: _section(own, fields, population) for slug, own in fields.sections.items()}),
        clinical_review=UNREVIEWED if review == "none" else f"{review.role}, {review.date.isoformat()}",
        parts=parts,
    )


def _section(own: SectionFields, fields: FrontMatter, population: Population) -> Section:
    try:
        narrowed = own.narrow(population)
    except ValueError:
        raise SourceError("field 'sections': min_age must not exceed max_age or max_months") from None
    shared = own.source is None
    return Section(
        population=narrowed,
        strength=own.strength or "",
        source=own.source or f"{fields.source} ({fields.publisher})",
        source_url=own.source_url or (fields.source_url if shared else None),
        year=own.year or (fields.year if shared else None),
    )
