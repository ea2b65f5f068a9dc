"""Guideline files: Markdown with YAML front matter, checked before anything is indexed.

A file that does not say what it is, whom it is for, what it rests on and under which licence is refused, with a
message that names the file and the field. Fields: `FrontMatter`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

import frontmatter
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from cds_service.errors import ConfigurationError
from cds_service.retrieval.population import OLDEST, Population, PopulationSex, Pregnancy

PACKAGED = Path(str(files("cds_service.retrieval") / "guidelines"))
"""Folder of the guidelines that come with the service."""

MAX_BYTES = 500_000
UNREVIEWED = "none"
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")) or any(c.isspace() for c in text):
        raise ValueError("must be an http or https address")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=r"^[^\r\n]+$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Age = Annotated[float, Field(ge=0, le=120)]


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
    """What a section narrows of its guideline's population; a field left out is the guideline's."""

    min_age: Age | None = None
    max_age: Age | None = None
    sex: PopulationSex | None = None
    pregnancy: Pregnancy | None = None


class Review(_Fields):
    """A clinician's signature on this text: the role, never a name, and the day."""

    role: Line
    date: date


class FrontMatter(_Fields):
    """What every guideline file says of itself.

    `version` is that of our text, `year` that of the source. `licence` covers our text (SPDX id), `source_licence`
    notes the terms of the source. `newer_edition` names a later edition of the source that this text does not yet
    follow. `sections` narrows the population of single sections, by the slug of their heading. `clinical_review` is
    ``none`` until a clinician signs.
    """

    id: Slug
    title: Line
    version: Line
    source: Line
    publisher: Line
    source_url: Annotated[Line, AfterValidator(_web_address)] | None = None
    year: Annotated[int, Field(ge=1990, le=2100)]
    newer_edition: Line | None = None
    licence: Line
    source_licence: Line
    population: PopulationFields
    sections: dict[Slug, SectionFields] = Field(default_factory=dict)
    clinical_review: Literal["none"] | Review


@dataclass(frozen=True, kw_only=True)
class Guideline:
    """One accepted guideline file. `digest` is the SHA-256 of its bytes."""

    file: str
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
    sections: Mapping[str, Population]
    clinical_review: str
    body: str


@dataclass(frozen=True, kw_only=True)
class RefusedSource:
    """A file that was not taken, and why, in words for whoever wrote it."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


class SourceError(ConfigurationError):
    """A guideline file breaks the schema; the message says which field and what is expected."""


def read_sources(folders: Sequence[Path]) -> tuple[tuple[Guideline, ...], tuple[RefusedSource, ...]]:
    """Every ``*.md`` file of the folders, in order, as guidelines taken and files refused.

    Of two files with one id the first is taken. Raises ConfigurationError when a folder does not exist.
    """
    taken: dict[str, Guideline] = {}
    refused: list[RefusedSource] = []
    for path in _markdown_files(folders):
        try:
            guideline = read_guideline(path)
        except SourceError as error:
            refused.append(RefusedSource(file=path.name, reason=str(error)))
            continue
        if first := taken.get(guideline.id):
            reason = f"field 'id': '{guideline.id}' is already used by {first.file}; choose another id"
            refused.append(RefusedSource(file=path.name, reason=reason))
            continue
        taken[guideline.id] = guideline
    return tuple(taken.values()), tuple(refused)


def _markdown_files(folders: Sequence[Path]) -> Iterable[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"the guideline folder {folder} does not exist; check CDS_GUIDELINES_DIR")
        yield from sorted(p for p in folder.glob("*.md") if p.is_file() and p.name.lower() != "readme.md")


def read_guideline(path: Path) -> Guideline:
    """The guideline of one file. Raises SourceError."""
    try:
        raw = path.read_bytes()
    except OSError:
        raise SourceError("the file cannot be read; check its permissions") from None
    if len(raw) > MAX_BYTES:
        raise SourceError(f"the file is larger than {MAX_BYTES} bytes; split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("the file is not UTF-8 text; save it as UTF-8") from None
    fields, body = _split(text)
    headings = {slugify(heading) for heading in _HEADING.findall(body)}
    if unknown := sorted(fields.sections.keys() - headings):
        raise SourceError(f"field 'sections': no heading has the slug {', '.join(unknown)}")
    return _guideline(path.name, hashlib.sha256(raw).hexdigest(), fields, body)


def _split(text: str) -> tuple[FrontMatter, str]:
    try:
        metadata, body = frontmatter.parse(text, handler=frontmatter.default_handlers.YAMLHandler())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1} of it" if mark else ""
        raise SourceError(f"the front matter is not valid YAML{where}; quote values that hold a colon") from None
    if not metadata:
        raise SourceError("no front matter: the file must begin with '---', the metadata fields and '---'")
    try:
        fields = FrontMatter.model_validate(metadata)
    except ValidationError as error:
        raise SourceError(_explain(error)) from None
    if not body.strip():
        raise SourceError("no text after the front matter")
    return fields, body


def _explain(error: ValidationError) -> str:
    """All broken fields in one line, with no input value quoted."""
    problems: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        parts = [str(part) for part in problem["loc"] if part not in ("none", "Review")]
        field = ".".join(p for p in parts if not p.startswith("literal["))
        problems.setdefault(field or "front matter", []).append(problem["msg"].lower())
    return "; ".join(f"field '{field}': {' or '.join(messages)}" for field, messages in problems.items())


def slugify(heading: str) -> str:
    """Lower-case ASCII words of a heading joined by hyphens, ``section`` when there are none."""
    ascii_text = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", ascii_text.lower())) or "section"


def _guideline(file: str, digest: str, fields: FrontMatter, body: str) -> Guideline:
    group, review = fields.population, fields.clinical_review
    population = Population(
        min_age=group.min_age or 0.0,
        max_age=OLDEST if group.max_age is None else group.max_age,
        sex=group.sex,
        pregnancy=group.pregnancy,
        conditions=group.conditions,
    )
    try:
        sections = {
            slug: replace(population, **narrower.model_dump(exclude_none=True))
            for slug, narrower in fields.sections.items()
        }
    except ValueError:
        raise SourceError("field 'sections': min_age must not exceed max_age") from None
    return Guideline(
        file=file,
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
        sections=MappingProxyType(sections),
        clinical_review=UNREVIEWED if review == "none" else f"{review.role}, {review.date.isoformat()}",
        body=body,
    )
