"""Builds the guideline index: sources in, a new version folder and a switched pointer out.

Idempotent: the version is a hash of the sources and the embedder, and when the pointer already names it nothing is
written. One process builds at a time; another waits for it. The version before stays on disk, older ones go.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cds_service.errors import ConfigurationError
from cds_service.retrieval.chroma import VERSIONS, read_pointer, switch_pointer, sync_folder, write_store
from cds_service.retrieval.chunk import chunk
from cds_service.retrieval.embedder import Embedder, Vectors
from cds_service.retrieval.index import Entry, MemoryIndex, windows_of
from cds_service.retrieval.schema import UNREVIEWED, Guideline
from cds_service.retrieval.source import RefusedSource, read_sources
from cds_service.retrieval.vectors import key, known_vectors

LAYOUT = "2"
"""Part of every version: raise it when what is stored or embedded changes."""

BATCH = 64

Progress = Callable[[int, int], None]
"""Called with sentence pairs embedded and sentence pairs in all."""


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What a build took, refused and made. `unchanged`: the version already served and nothing was written.

    `took`: ids of the guidelines. `clinic`: what was taken of the clinic's own files, a line for each.
    """

    took: tuple[str, ...]
    clinic: tuple[str, ...]
    refused: tuple[RefusedSource, ...]
    passages: int
    version: str
    unchanged: bool


def build_index(
    index_dir: Path, sources: Sequence[Path], embedder: Embedder, *, progress: Progress | None = None
) -> IndexReport:
    """Bring the index in `index_dir` up to the files in the folders `sources`.

    Files that break the schema are reported and left out. Raises ConfigurationError when a folder is missing or no
    file can be taken; the version that serves then goes on serving.
    """
    guidelines, refused = read_sources(sources)
    if not guidelines:
        told = "; ".join(str(r) for r in refused) or "the folders hold no document"
        raise ConfigurationError(f"no guideline can be indexed: {told}")
    entries = entries_of(guidelines)
    version = version_of(guidelines, embedder.id)
    with _only_builder(index_dir):
        previous = _serving(index_dir)
        unchanged = previous == version and (index_dir / VERSIONS / version).is_dir()
        if not unchanged:
            _write(index_dir, version, entries, embedder, progress)
            switch_pointer(index_dir, version)
            _prune(index_dir, keep={version, previous})
    return IndexReport(
        took=tuple(g.id for g in guidelines),
        clinic=tuple(_told(g) for g in guidelines if not g.packaged),
        refused=refused,
        passages=len(entries),
        version=version,
        unchanged=unchanged,
    )


def _told(guideline: Guideline) -> str:
    """What was taken of one file, and what its metadata leave open."""
    passages, ungraded = chunk(guideline), guideline.ungraded
    line = f"{guideline.file}: {guideline.id}, {len(passages)} passage{'s' * (len(passages) != 1)}"
    if ungraded:
        line += f"; no strength stated for {len(ungraded)} of {len({p.section for p in passages})} sections"
    if guideline.clinical_review == UNREVIEWED:
        line += "; no clinical review, so it stays off until CDS_UNREVIEWED_GUIDELINES=true"
    return line


def memory_index(sources: Sequence[Path], embedder: Embedder) -> MemoryIndex:
    """The same passages without a disk. Raises ConfigurationError when no file can be taken."""
    guidelines, _ = read_sources(sources)
    if not guidelines:
        raise ConfigurationError("no guideline can be indexed")
    entries = entries_of(guidelines)
    vectors = embed_windows(entries, embedder)
    return MemoryIndex(entries, vectors, embedder=embedder.id, version=version_of(guidelines, embedder.id))


def entries_of(guidelines: Sequence[Guideline]) -> tuple[Entry, ...]:
    """Every passage of the guidelines with the population of its section."""
    return tuple(Entry(passage=p, population=g.section(p.section).population) for g in guidelines for p in chunk(g))


def version_of(guidelines: Sequence[Guideline], embedder: str) -> str:
    """Hash of layout, embedder and the content of every guideline; the order of files does not matter."""
    parts = [LAYOUT, embedder, *sorted(g.digest for g in guidelines)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@contextmanager
def _only_builder(index_dir: Path) -> Iterator[None]:
    index_dir.mkdir(parents=True, exist_ok=True)
    with (index_dir / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _serving(index_dir: Path) -> str | None:
    try:
        return read_pointer(index_dir)
    except FileNotFoundError:
        return None


def _write(
    index_dir: Path, version: str, entries: Sequence[Entry], embedder: Embedder, progress: Progress | None
) -> None:
    final = index_dir / VERSIONS / version
    if final.is_dir():
        return
    aside = index_dir / "building"
    shutil.rmtree(aside, ignore_errors=True)
    write_store(aside, entries, embed_windows(entries, embedder, progress), embedder=embedder.id, version=version)
    final.parent.mkdir(exist_ok=True)
    aside.rename(final)
    sync_folder(final.parent)


def embed_windows(entries: Sequence[Entry], embedder: Embedder, progress: Progress | None = None) -> Vectors:
    """A vector for each window of the entries, in order; those made beforehand are not made again."""
    windows, _ = windows_of(entries)
    found = dict(known_vectors(embedder.id))
    new = [window for window in dict.fromkeys(windows) if key(window) not in found]
    for start in range(0, len(new), BATCH):
        batch = new[start : start + BATCH]
        found.update(zip(map(key, batch), embedder.embed_passages(batch), strict=True))
        if progress:
            progress(start + len(batch), len(new))
    return np.stack([found[key(window)] for window in windows])


def _prune(index_dir: Path, keep: set[str | None]) -> None:
    for folder in (index_dir / VERSIONS).iterdir():
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)
