"""The guideline index on disk: one Chroma folder a version, and a pointer file that names the one that serves.

    index/current             the version that serves, one line
    index/versions/<version>/ a Chroma store, complete or absent

An open Chroma reader does not see what another process writes (it returns deleted ids and misses new ones), so a
version is never changed: a new folder is written aside, renamed in, and the pointer replaced. Readers compare the
pointer's file identity at each search (one `stat`) and reopen when it changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cds_service.domain import Passage
from cds_service.errors import IndexUnavailable
from cds_service.retrieval.embedder import Vectors
from cds_service.retrieval.index import Entry, Where
from cds_service.retrieval.population import OLDEST, pregnancies_for, sexes_for
from cds_service.retrieval.source import UNREVIEWED

COLLECTION = "guidelines"
POINTER = "current"
VERSIONS = "versions"
REBUILD = "run 'cds-service index'"

_PASSAGE_FIELDS = (
    "guideline", "version", "title", "section", "source", "source_url", "year", "licence", "clinical_review",
)  # fmt: skip


class ChromaIndex:
    """Reads the version that the pointer in `folder` names. Opens at the first search, so a server may fork before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._store: _Store | None = None

    @property
    def version(self) -> str:
        """Version that serves now."""
        with self._lock:
            return self._current().version

    @property
    def embedder(self) -> str:
        """Id of the embedder that the version was built with."""
        with self._lock:
            return self._current().embedder

    def search(self, queries: Vectors, *, k: int, where: Where) -> tuple[tuple[Passage, ...], ...]:
        """For each query row, at most `k` admitted passages, nearest first."""
        if not len(queries):
            return ()
        with self._lock:
            return self._current().search(queries, k=k, where=where)

    def close(self) -> None:
        """Release the store; a later search opens it again."""
        with self._lock:
            self._release()

    def _current(self) -> _Store:
        try:
            stat = (self._folder / POINTER).stat()
            now = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if self._store is None or now != self._seen:
                self._release()
                version = read_pointer(self._folder)
                self._store, self._seen = _Store.open(self._folder / VERSIONS / version), now
        except FileNotFoundError:
            raise IndexUnavailable(f"there is no guideline index; {REBUILD}") from None
        return self._store

    def _release(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = self._seen = None


def read_pointer(folder: Path) -> str:
    """The version that the pointer names. Raises FileNotFoundError when there is none."""
    return (folder / POINTER).read_text(encoding="ascii").strip()


def switch_pointer(folder: Path, version: str) -> None:
    """Make `version` the one that serves, in one step that survives a crash."""
    aside = folder / f"{POINTER}.new"
    with aside.open("w", encoding="ascii") as file:
        file.write(version + "\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(folder / POINTER)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_store(folder: Path, entries: Sequence[Entry], vectors: Vectors, *, embedder: str, version: str) -> None:
    """Write a complete Chroma store into the new folder `folder` and flush it to disk."""
    client = _client(folder)
    try:
        collection = client.create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}},
            metadata={"embedder": embedder, "version": version},
        )
        collection.add(
            ids=[e.passage.id for e in entries],
            embeddings=vectors,
            documents=[e.passage.text for e in entries],
            metadatas=[_metadata(e) for e in entries],
        )
    finally:
        client.close()
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


class _Store:
    """One open version."""

    def __init__(self, client: Any, collection: Any) -> None:
        self._client = client
        self._collection = collection
        self._size = int(collection.count())
        self.version = str(collection.metadata["version"])
        self.embedder = str(collection.metadata["embedder"])

    @classmethod
    def open(cls, folder: Path) -> _Store:
        """Raises IndexUnavailable when the folder is missing or Chroma cannot read it."""
        if not folder.is_dir():
            raise IndexUnavailable(f"the guideline index version that serves is missing; {REBUILD}")
        client = None
        try:
            client = _client(folder)
            return cls(client, client.get_collection(COLLECTION, embedding_function=None))
        except Exception:  # noqa: BLE001 - Chroma raises many kinds; none of them is to be shown
            if client is not None:
                client.close()
            raise IndexUnavailable(f"the guideline index cannot be read; {REBUILD}") from None

    def search(self, queries: Vectors, *, k: int, where: Where) -> tuple[tuple[Passage, ...], ...]:
        found = self._collection.query(
            query_embeddings=queries,
            n_results=min(k, self._size),
            where=_filter(where),
            include=["documents", "metadatas", "distances"],
        )
        lines = zip(found["ids"], found["documents"], found["metadatas"], found["distances"], strict=True)
        return tuple(tuple(map(_passage, *line)) for line in lines)

    def close(self) -> None:
        self._client.close()


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False, _env_file=None))


def _metadata(entry: Entry) -> dict[str, str | int | float | bool]:
    fields = asdict(entry.passage)
    population = entry.population
    kept = {name: fields[name] for name in _PASSAGE_FIELDS if fields[name] is not None}
    return kept | {
        "min_age": population.min_age,
        "max_age": population.max_age,
        "sex": population.sex,
        "pregnancy": population.pregnancy,
        "reviewed": entry.passage.clinical_review != UNREVIEWED,
    }


def _passage(passage_id: str, text: str, metadata: dict[str, Any], distance: float) -> Passage:
    fields: dict[str, Any] = {name: metadata.get(name) for name in _PASSAGE_FIELDS}
    return Passage(id=passage_id, text=text, score=1.0 - distance, **fields)


def _filter(where: Where) -> dict[str, Any]:
    """`Where.admits` in Chroma's words; the contract tests hold the two together."""
    age = where.person.age_years
    limits: list[dict[str, Any]] = [
        {"min_age": {"$lte": 0.0 if age is None else age}},
        {"max_age": {"$gte": OLDEST if age is None else float(int(age))}},
        {"sex": {"$in": list(sexes_for(where.person))}},
        {"pregnancy": {"$in": list(pregnancies_for(where.person))}},
    ]
    if not where.unreviewed:
        limits.append({"reviewed": {"$eq": True}})
    return {"$and": limits}
