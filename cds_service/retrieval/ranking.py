"""How words and meanings together rank passages.

Each part is divided by its largest value for the question, so that parts of different scales can be added. The
weights were chosen on half of the CPGQA questions (docs/reference/retrieval-evaluation.md has both halves).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cds_service.domain import Passage
from cds_service.retrieval.lexical import LexicalIndex, Scores


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What each part weighs: `phrases` and `pieces` within the words, `dense` against the words (0 to 1)."""

    phrases: float = 1.0
    pieces: float = 1.0
    dense: float = 0.3


HYBRID = Mix()
"""The mix that serves."""

LEXICAL = Mix(dense=0.0)
DENSE = Mix(dense=1.0)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage found, its `score` in the passage.

    `cosine`: of the question and the passage's nearest window. `named`: whether the question calls the guideline by
    name (`naming.Names`).
    """

    passage: Passage
    cosine: float
    named: bool


def fuse(lexicon: LexicalIndex, question: str, cosines: Scores, rows: NDArray[np.int64], mix: Mix) -> Scores:
    """The score of each of the passages `rows`, whose cosines stand at the same places of `cosines`."""
    if mix.dense >= 1:
        return cosines
    lexical = mix.phrases * _by_largest(lexicon.phrases(question)[rows])
    if mix.pieces:
        lexical = lexical + mix.pieces * _by_largest(lexicon.pieces(question)[rows])
    if not mix.dense:
        return _by_largest(lexical)
    return (1 - mix.dense) * _by_largest(lexical) + mix.dense * _by_largest(cosines)


def best(scores: Scores, k: int) -> NDArray[np.intp]:
    """Places of the `k` best scores, best first, ties in order."""
    return np.argsort(-scores, kind="stable")[:k]


def _by_largest(scores: Scores) -> Scores:
    largest = scores.max(initial=0.0)
    return scores / largest if largest > 0 else np.zeros_like(scores)
