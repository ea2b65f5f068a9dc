"""The vectors of the packaged guidelines, made beforehand: embedding them takes most of a minute on one core.

A vector is found by the hash of its text, and only for the embedder that made it; what is not found is embedded anew,
so a file that is out of date costs time and never a wrong vector. After a change of guidelines write it again with
``python -m cds_service.retrieval.vectors``; a test fails until then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from cds_service.retrieval.embedder import Embedder, Vectors

FILE = Path(__file__).with_name("guideline_vectors.npz")

Known = Mapping[bytes, Vectors]
"""Vectors by `key` of their text."""


def key(text: str) -> bytes:
    """What a text's vector is found by."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def known_vectors(embedder: str) -> Known:
    """The vectors that `embedder` made beforehand; none for another embedder or without the file."""
    if not FILE.is_file():
        return {}
    with np.load(FILE, allow_pickle=False) as stored:
        if str(stored["embedder"]) != embedder:
            return {}
        keys, rows = stored["keys"], stored["vectors"].astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {bytes(k): row for k, row in zip(keys, rows, strict=True)}


def write_known(texts: Iterable[str], embedder: Embedder) -> None:
    """Embed the texts and write the file. Half precision: cosines differ by less than a thousandth."""
    unique = sorted(set(texts))
    keys = np.asarray([list(key(text)) for text in unique], dtype=np.uint8)
    vectors = embedder.embed_passages(unique).astype(np.float16)
    np.savez_compressed(FILE, embedder=np.asarray(embedder.id), keys=keys, vectors=vectors)


def _write_packaged() -> None:
    from cds_service.retrieval.build import entries_of
    from cds_service.retrieval.embedder import MiniLmEmbedder
    from cds_service.retrieval.index import windows_of
    from cds_service.retrieval.source import PACKAGED, read_sources

    write_known(windows_of(entries_of(read_sources([PACKAGED])[0]))[0], MiniLmEmbedder(threads=2))


if __name__ == "__main__":
    _write_packaged()
