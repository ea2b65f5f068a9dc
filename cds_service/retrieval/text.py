"""Text as the indexes read it: content words, neighbouring words, pieces of words, neighbouring sentences."""

from __future__ import annotations

import re
from itertools import pairwise

from bm25s.stopwords import STOPWORDS_EN_PLUS

_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = (
    "ations", "ation", "ements", "ement", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "s", "ly",
)  # fmt: skip
_LEAST_STEM = 3
_PIECE = 4
_STOP = frozenset(STOPWORDS_EN_PLUS)
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9(])")


def stems(text: str) -> list[str]:
    """The content words of a text without their endings, in order."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP]


def phrases(text: str) -> list[str]:
    """Stems, and each two neighbours among them as one."""
    words = stems(text)
    return words + [f"{a}_{b}" for a, b in pairwise(words)]


def pieces(text: str) -> list[str]:
    """Stems, and all runs of four letters of each with its ends marked: a typing error spoils few of them."""
    words = stems(text)
    found = list(words)
    for word in words:
        marked = f"^{word}$"
        found += [marked[i : i + _PIECE] for i in range(len(marked) - _PIECE + 1)]
    return found


def sentence_pairs(text: str) -> list[str]:
    """Each two neighbouring sentences of a text; the text itself when it has fewer than three."""
    sentences = [s for s in SENTENCE_END.split(text) if s.strip()]
    return [" ".join(pair) for pair in pairwise(sentences)] or [text]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e") if len(word) > _LEAST_STEM else word  # "pressure" as "pressures"
