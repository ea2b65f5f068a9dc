"""Whether a sentence calls a measure low, high or normal."""

from __future__ import annotations

from cds_service.safety.reading import Mention, Sentence

DIRECTIONS = {
    "low": "low", "reduced": "low", "decreased": "low", "falling": "low", "dropped": "low", "slow": "low",
    "high": "high", "elevated": "high", "raised": "high", "increased": "high", "fast": "high", "rapid": "high",
    "rising": "high", "normal": "normal", "stable": "normal", "unremarkable": "normal", "reassuring": "normal",
}  # fmt: skip
_STOPS = frozenset({",", ";", "and", "with", "but"})


def direction_said(mention: Mention, sentence: Sentence) -> str | None:
    """``low``, ``high`` or ``normal`` as said within two words before a measure or four after it, else None."""
    toks = sentence.tokens
    near = [toks[i].word for i in range(mention.start - 1, max(-1, mention.start - 3), -1)]
    for i in range(mention.end, min(len(toks), mention.end + 4)):
        if toks[i].word in _STOPS or toks[i].is_number:
            break
        near.append(toks[i].word)
    return next((DIRECTIONS[word] for word in near if word in DIRECTIONS), None)
