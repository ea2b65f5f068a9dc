"""What the words of a question say: BM25 over the words of passages and over pieces of words of their sentences.

Two BM25 indexes (bm25s). *Phrases*: the words and neighbouring words of each passage. *Pieces*: the words and
four-letter pieces of each two neighbouring sentences, of which a passage counts its best; they find words that were
mistyped. Both are written beside the vectors and belong to the same version.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
from numpy.typing import NDArray

from cds_service.retrieval.text import phrases, pieces

logging.getLogger("bm25s").setLevel(logging.CRITICAL)  # it sets itself to DEBUG when it is imported

K1, B = 0.9, 0.4
"""Saturation and length of BM25, as Anserini sets them for passages (Yang, Fang and Lin, SIGIR 2017)."""

_NOTHING = "\0"
"""bm25s cannot hold a text without a token."""

Scores = NDArray[np.float32]


class LexicalIndex:
    """Scores every passage by the words it shares with a question. Safe for threads.

    `owners`: for each window the row of its passage, ascending.
    """

    def __init__(self, passages: Any, windows: Any, owners: NDArray[np.int64]) -> None:
        self._passages = passages
        self._windows = windows
        self._starts = starts_of(owners)

    @classmethod
    def of(cls, texts: Sequence[str], windows: Sequence[str], owners: NDArray[np.int64]) -> LexicalIndex:
        """The index of passages `texts` and their sentence pairs `windows`."""
        return cls(bm25([phrases(t) for t in texts]), bm25([pieces(w) for w in windows]), owners)

    @classmethod
    def load(cls, folder: Path, owners: NDArray[np.int64]) -> LexicalIndex:
        """What `save` wrote. Raises OSError or ValueError when it is damaged."""
        passages, windows = (bm25s.BM25.load(folder / name, show_progress=False) for name in ("phrases", "pieces"))
        return cls(passages, windows, owners)

    def save(self, folder: Path) -> None:
        """Write both indexes below `folder`."""
        for name, made in (("phrases", self._passages), ("pieces", self._windows)):
            made.save(folder / name, show_progress=False)

    def phrases(self, question: str) -> Scores:
        """BM25 of each passage over words and neighbouring words."""
        return bm25_scores(self._passages, phrases(question))

    def pieces(self, question: str) -> Scores:
        """BM25 of each passage's best sentence pair over words and pieces of words."""
        return np.maximum.reduceat(bm25_scores(self._windows, pieces(question)), self._starts)


def starts_of(owners: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each passage's windows begin."""
    return np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])


def bm25(documents: Sequence[list[str]]) -> Any:
    """A BM25 index over the tokens of documents."""
    made = bm25s.BM25(k1=K1, b=B)
    made.index([document or [_NOTHING] for document in documents], show_progress=False)
    return made


def bm25_scores(index: Any, tokens: list[str]) -> Scores:
    """The score of each document of a BM25 index."""
    return np.asarray(index.get_scores(tokens or [_NOTHING]), dtype=np.float32)
