"""The guideline index on disk: one folder a version, and a pointer file that names the one that serves.

    index/current             the version that serves, one line
    index/versions/<version>/ complete or absent: a Chroma store with the vectors of the sentence pairs,
                              `passages.json` (text and population of each), `words/` (BM25)

An open Chroma reader does not see what another process writes (it returns deleted ids and misses new ones), so a
version is never changed: a new folder is written aside, renamed in, and the pointer replaced. Readers compare the
pointer's file identity at each search (one `stat`) and reopen when it changed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymization.remembered import Remembered
from cds_service.domain import Passage
from cds_service.errors import IndexUnavailable
from cds_service.retrieval.embedder import Vectors
from cds_service.retrieval.index import Entry, Rows, Where, windows_of
from cds_service.retrieval.lexical import LexicalIndex, Scores
from cds_service.retrieval.population import Population
from cds_service.retrieval.ranking import HYBRID, Hit, Mix

COLLECTION = "guidelines"
POINTER = "current"
VERSIONS = "versions"
REBUILD = "run 'cds-service index'"

PASSAGES = "passages.json"
WORDS = "words"

NEAREST = 128
"""Sentence pairs that Chroma finds for a question; a passage with none among them counts as far as the last."""

KEPT = 512
"""Questions whose answers are remembered, by hash: names of problems come again and again, complaints with a chart."""


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

    def respell(self, text: str) -> str:
        """The text with mistyped words put right by the words of the passages."""
        with self._lock:
            return self._current().rows.speller.correct(text)

    def search(
        self, questions: Sequence[str], vectors: Vectors, *, k: int, where: Where, mix: Mix = HYBRID
    ) -> tuple[tuple[Hit, ...], ...]:
        """For each question, with its vector in the same row, at most `k` admitted passages, best first."""
        if not questions:
            return ()
        with self._lock:
            return self._current().search(questions, vectors, k=k, where=where, mix=mix)

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
    """Write a complete store into the new folder `folder` and flush it to disk. `vectors`: one for each window."""
    windows, owners = windows_of(entries)
    client = _client(folder)
    try:
        collection = client.create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}},
            metadata={"embedder": embedder, "version": version},
        )
        most = client.get_max_batch_size()
        for start in range(0, len(windows), most):
            part = slice(start, start + most)
            collection.add(
                ids=[str(i) for i in range(len(windows))[part]],
                embeddings=vectors[part],
                documents=list(windows[part]),
                metadatas=[{"passage": entries[row].passage.id} for row in owners[part]],
            )
    finally:
        client.close()
    Rows(entries).words.save(folder / WORDS)
    kept = [asdict(entry) for entry in entries]
    (folder / PASSAGES).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    sync_folder(folder)


class _Store:
    """One open version, and what it last answered."""

    def __init__(self, client: Any, collection: Any, rows: Rows) -> None:
        self._client = client
        self._collection = collection
        self._answers = Remembered[tuple[Hit, ...]](KEPT)
        self.rows = rows
        self.version = str(collection.metadata["version"])
        self.embedder = str(collection.metadata["embedder"])

    @classmethod
    def open(cls, folder: Path) -> _Store:
        """Raises IndexUnavailable when the folder is missing or cannot be read."""
        if not folder.is_dir():
            raise IndexUnavailable(f"the guideline index version that serves is missing; {REBUILD}")
        client = None
        try:
            client = _client(folder)
            return cls(client, client.get_collection(COLLECTION, embedding_function=None), _read_rows(folder))
        except Exception:  # noqa: BLE001 - Chroma raises many kinds; none of them is to be shown
            if client is not None:
                client.close()
            raise IndexUnavailable(f"the guideline index cannot be read; {REBUILD}") from None

    def search(
        self, questions: Sequence[str], vectors: Vectors, *, k: int, where: Where, mix: Mix
    ) -> tuple[tuple[Hit, ...], ...]:
        rows = self.rows.admitted(where)
        if not len(rows):
            return tuple(() for _ in questions)
        same = repr((k, mix)).encode() + rows.tobytes()
        asked = [self._answers.mark(q.encode(), v.tobytes(), same) for q, v in zip(questions, vectors, strict=True)]
        known = {mark: hits for mark in asked if (hits := self._answers.get(mark)) is not None}
        new = {mark: n for n, mark in enumerate(asked) if mark not in known}
        if new:
            places = list(new.values())
            found = self._find([questions[n] for n in places], vectors[places], rows, k=k, mix=mix)
            for mark, hits in zip(new, found, strict=True):
                known[mark] = hits
                self._answers.put(mark, hits)
        return tuple(known[mark] for mark in asked)

    def _find(
        self, questions: Sequence[str], vectors: Vectors, rows: NDArray[np.int64], *, k: int, mix: Mix
    ) -> tuple[tuple[Hit, ...], ...]:
        if not mix.dense:
            nothing = np.zeros(len(rows), dtype=np.float32)
            return tuple(self.rows.rank(question, nothing, rows, k=k, mix=mix) for question in questions)
        mine = np.flatnonzero(np.isin(self.rows.owners, rows))
        found = self._collection.query(
            query_embeddings=vectors,
            n_results=min(NEAREST, len(mine)),
            ids=[str(i) for i in mine],
            include=["distances"],
        )
        return tuple(
            self.rows.rank(question, self._cosines(ids, distances)[rows], rows, k=k, mix=mix)
            for question, ids, distances in zip(questions, found["ids"], found["distances"], strict=True)
        )

    def _cosines(self, ids: Sequence[str], distances: Sequence[float]) -> Scores:
        """For each passage the cosine of its nearest window among those found, nearest first."""
        cosines = np.full(len(self.rows.entries), 1 - distances[-1], dtype=np.float32)
        owners: NDArray[np.int64] = self.rows.owners[np.asarray(ids, dtype=np.int64)]
        np.maximum.at(cosines, owners, 1 - np.asarray(distances, dtype=np.float32))
        return cosines

    def close(self) -> None:
        self._client.close()


def _read_rows(folder: Path) -> Rows:
    kept = json.loads((folder / PASSAGES).read_text(encoding="utf-8"))
    entries = [
        Entry(
            passage=Passage(**item["passage"]),
            population=Population(**{**item["population"], "conditions": tuple(item["population"]["conditions"])}),
        )
        for item in kept
    ]
    _, owners = windows_of(entries)
    return Rows(entries, LexicalIndex.load(folder / WORDS, owners))


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False, _env_file=None))
