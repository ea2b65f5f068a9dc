"""Guideline files: folders in, guidelines and refusals out.

A file that does not say what it is, whom it is for, what it rests on and under which licence is refused, with a
message that names the file and the field. The metadata stand in the front matter of a Markdown file, or for every
kind of file in a file beside it: ``asthma.pdf`` and ``asthma.meta.yaml``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import frontmatter
import yaml

from cds_service.errors import ConfigurationError
from cds_service.retrieval.formats import READERS, decode
from cds_service.retrieval.schema import UNREVIEWED as UNREVIEWED  # the name is part of this module too
from cds_service.retrieval.schema import Guideline, SourceError, make_guideline, parse_fields

PACKAGED = Path(str(files("cds_service.retrieval") / "guidelines"))
"""Folder of the guidelines that come with the service."""

MAX_METADATA_BYTES = 100_000
METADATA = ".meta.yaml"
FRONT_MATTER = (".md", ".markdown")


@dataclass(frozen=True, kw_only=True)
class RefusedSource:
    """A file that was not taken, and why, in words for whoever wrote it."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


def read_sources(folders: Sequence[Path]) -> tuple[tuple[Guideline, ...], tuple[RefusedSource, ...]]:
    """Every file of the folders, in order, as guidelines taken and files refused. Folders in them are not read.

    Of two files with one id the first is taken. Raises ConfigurationError when a folder does not exist.
    """
    taken: dict[str, Guideline] = {}
    refused: list[RefusedSource] = []
    for path in _files(folders):
        try:
            guideline = read_guideline(path)
        except SourceError as error:
            refused.append(RefusedSource(file=path.name, reason=str(error)))
            continue
        if first := taken.get(guideline.id):
            owner = f"the packaged {first.file}" if first.packaged else first.file
            reason = f"field 'id': '{guideline.id}' is already used by {owner}; choose another id"
            refused.append(RefusedSource(file=path.name, reason=reason))
            continue
        taken[guideline.id] = guideline
    return tuple(taken.values()), tuple(refused)


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise ConfigurationError(f"the guideline folder {folder} does not exist; check CDS_GUIDELINES_DIR")
        for path in sorted(folder.iterdir()):
            hidden = path.name.startswith(".") or path.name.lower() in ("readme.md", "readme.txt")
            if path.is_file() and not hidden and not _describes_another(path):
                yield path


def _describes_another(path: Path) -> bool:
    """Whether the file holds the metadata of a document that lies beside it."""
    if not path.name.endswith(METADATA):
        return False
    stem = path.name.removesuffix(METADATA)
    return any(p.suffix.lower() in READERS and p.name.removesuffix(p.suffix) == stem for p in path.parent.iterdir())


def read_guideline(path: Path) -> Guideline:
    """The guideline of one file. Raises SourceError."""
    kind = path.suffix.lower()
    if path.name.endswith(METADATA):
        raise SourceError("there is no document beside this metadata file")
    if path.name.endswith(".meta.yml"):
        raise SourceError(f"the name of a metadata file ends in {METADATA}; rename it")
    if kind not in READERS:
        raise SourceError(f"this kind of file is not read; use one of {', '.join(READERS)}")
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        raise SourceError("the file is a link that leads out of the folder; copy the document instead")
    raw = _read(path, READERS[kind].max_bytes)
    beside = path.with_name(path.name[: -len(kind)] + METADATA)
    described = _read(beside, MAX_METADATA_BYTES) if beside.is_file() else None
    metadata, body = _front_matter(decode(raw)) if kind in FRONT_MATTER else ({}, None)
    if metadata and described is not None:
        raise SourceError(f"the metadata stand twice: in the file and in {beside.name}; keep one")
    if described is not None:
        metadata = _yaml(decode(described))
    if not metadata:
        raise SourceError(_no_metadata(kind, beside.name))
    fields = parse_fields(metadata)
    parts = READERS[kind].parts(raw if body is None else body.encode())
    if not parts:
        raise SourceError("the file holds no text")
    digest = hashlib.sha256(raw + b"\0" + described if described else raw).hexdigest()
    guideline = make_guideline(path.name, digest, fields, parts, packaged=path.parent == PACKAGED)
    if guideline.packaged and guideline.ungraded:
        raise SourceError(f"field 'sections': no strength for {', '.join(guideline.ungraded)}")
    return guideline


def _read(path: Path, most: int) -> bytes:
    try:
        if path.stat().st_size > most:
            raise SourceError(f"{path.name} is larger than {most} bytes; split it")
        return path.read_bytes()
    except OSError:
        raise SourceError(f"{path.name} cannot be read; check its permissions") from None


def _front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    try:
        metadata, body = frontmatter.parse(text, handler=frontmatter.default_handlers.YAMLHandler())
    except yaml.YAMLError as error:
        raise SourceError(_broken("the front matter", error)) from None
    return metadata, body


def _yaml(text: str) -> Mapping[str, Any]:
    try:
        metadata = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SourceError(_broken("the metadata file", error)) from None
    if not isinstance(metadata, dict):
        raise SourceError("the metadata file must hold named fields")
    return metadata


def _broken(what: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" near line {mark.line + 1} of it" if mark else ""
    return f"{what} is not valid YAML{where}; quote values that hold a colon"


def _no_metadata(kind: str, beside: str) -> str:
    if kind in FRONT_MATTER:
        return f"no front matter: the file must begin with '---', the metadata fields and '---', or {beside} hold them"
    return f"no metadata: put {beside} beside it, with the fields that a guideline must have"
