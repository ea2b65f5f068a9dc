"""Spans of identifiers on their way to placeholders: one label per place, nothing half masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anonymization.labels import NAME_LABELS
from anonymization.lexicon import packaged_lexicon

_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_SHORTEST_SPREAD = 4  # letters of a found name that is looked for elsewhere in the text


@dataclass(frozen=True, order=True)
class Found:
    """A span with its label; `score` decides which label an overlap gets."""

    start: int
    end: int
    label: str
    score: float


def resolve(found: Iterable[Found]) -> list[Found]:
    """Sorted, disjoint spans that cover everything in `found`. Overlaps join under the label with the best score."""
    out: list[Found] = []
    for span in sorted(found):
        if out and span.start < out[-1].end:
            last = out[-1]
            best = max(last, span, key=lambda s: (s.score, s.end - s.start))
            out[-1] = Found(last.start, max(last.end, span.end), best.label, best.score)
        else:
            out.append(span)
    return out


def spread_names(text: str, found: Sequence[Found]) -> list[Found]:
    """Further mentions of the name parts in `found`: a name once found is masked wherever it stands in the text."""
    lexicon = packaged_lexicon()
    parts = {
        token[0]: span
        for span in found
        if span.label in NAME_LABELS
        for token in _TOKEN.finditer(text, span.start, span.end)
        if len(token[0]) >= _SHORTEST_SPREAD
        and token[0][0].isupper()
        and not (lexicon.is_word(token[0]) or token[0].lower() in lexicon.common_names)
    }
    if not parts:
        return []
    by_fold = {part.lower(): span for part, span in parts.items()}
    return [
        Found(token.start(), token.end(), by_fold[token[0].lower()].label, 0.5)
        for token in _TOKEN.finditer(text)
        if token[0].lower() in by_fold
        and token[0][0].isupper()
        and not lexicon.may_stay(text, token.start(), token.end())
    ]
