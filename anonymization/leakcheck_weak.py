"""Names of the request that are also words, left in a finished text where only a name would stand.

Looked for by marks alone, not by the readings of `anonymization.known`: a capital inside a sentence, or a title, role,
credential or signature beside the word. Set phrases ("kidney Stone", "in May") are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anonymization.known import cues
from anonymization.known.plain_words import FUNCTION
from anonymization.lexicon import words

_WORD = re.compile(r"[^\W\d_]+")
_ROLE = re.compile(
    r"(?i:\b(?:drs?|mr|mrs|ms|miss|attending|pcp|hcp|cc|rn|np|nurse|d/w|/s/|dear|signed(?: by)?|named)\.?:? |/s/ ?)$"
)
_LETTER = re.compile(r"(?i:\b(?:mr|mrs|ms|pcp|hcp|d/w|dear|signed by|named)\.?:? |/s/ ?)$")
_CREDENTIAL = re.compile(r",? (?:M\.?D\.?|R\.?N\.?|NP|PA-C|LPN|LCSW|PharmD|PhD|D\.?O\.?)(?![\w])")
_ENDS = re.compile(r"[ \t]*(?:[.,;:)\n]|$)")
_INSIDE = re.compile(r"[a-z¶)] $|[a-z], $")
_CAPITAL_AFTER = re.compile(r"[ -][A-Z]")
_DIGIT = re.compile(r"[ ,]{1,2}'?\d")


class WeakTraces:
    """The parts of the names of one request that say nothing by themselves."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, part: str) -> None:
        """Look for `part` from now on."""
        if part not in FUNCTION and part not in cues.PARTICLES:
            self._words.add(part)

    def stand_in(self, text: str) -> bool:
        """Whether one of them stands in `text`, placeholders read as the mark "¶", where a name would."""
        if not self._words:
            return False
        return any(_is_name(text, word, start) for word, start in self._found(text))

    def _found(self, text: str) -> Iterator[tuple[str, int]]:
        for found in _WORD.finditer(text):
            if found[0].lower() in self._words:
                yield found[0], found.start()


def _is_name(text: str, word: str, start: int) -> bool:
    end = start + len(word)
    before = text[max(0, start - 24) : start]
    if _in_phrase(text, word.lower(), start):
        return False
    if word.islower():
        return bool(_LETTER.search(before) and _ENDS.match(text, end)) and word not in cues.MODALS
    title = word[1:].islower()
    if _CREDENTIAL.match(text, end) and title:
        return True
    if _ROLE.search(before) and (title or _ENDS.match(text, end)):
        return title or word.lower() not in cues.ABBREVIATIONS
    return title and bool(_INSIDE.search(before)) and not _CAPITAL_AFTER.match(text, end)


def _in_phrase(text: str, word: str, start: int) -> bool:
    """Whether the neighbours make it a set phrase or a month."""
    end = start + len(word)
    before = words(" ".join(_WORD.findall(text[max(0, start - 20) : start])[-1:]).lower())
    after = words(" ".join(_WORD.findall(text[end : end + 24])[:1]).lower())
    if not after.isdisjoint(cues.NOT_BEFORE.get(word, ())) or not before.isdisjoint(cues.NOT_AFTER.get(word, ())):
        return True
    if word in cues.MONTHS and (_DIGIT.match(text, end) or re.search(r"\d $", text[:start][-2:])):
        return True
    return text[start - 1 : start] == "-" or text[end : end + 1] == "-"
