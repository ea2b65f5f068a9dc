"""Words that nothing explains: no list of this package knows them, so each may be somebody's name.

What leaves the clinic can be read by anybody for ever, and the names that identify best are the rare ones, which no
model has seen and no list holds. So an export turns the question round: what stands in its texts are words of English,
of medicine or of the map, usual abbreviations, and nothing else (`policy.UnknownWords`). A misspelt word goes too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from anonymization.known import cues
from anonymization.known.text import Text
from anonymization.lexicon import bare, packaged_lexicon
from anonymization.spans import Found
from anonymization.vocabulary import listed

LABEL = "WORD"

_WORD = re.compile(r"[^\W\d_]+")
_SHORT = 3
"""Letters of a word of which there are too few to tell one from another."""

_LONGEST_ABBREVIATION = 5
_PREFIX = re.compile(
    r"(?:non|post|pre|anti|peri|intra|inter|extra|trans|sub|supra|infra|retro|para|hyper|hypo|poly|micro|multi|over|under|"
    r"neuro|cardio|broncho|gastro|hepato|nephro|osteo|myo|thrombo|immuno|electro|auto|bio|co|re|un)(?=[a-z]{5})"
)
_BRITISH = (
    ("ae", "e"),
    ("oe", "e"),
    ("our", "or"),
    ("ys", "yz"),
    ("is", "iz"),
    ("ll", "l"),
    ("ogue", "og"),
    ("tre", "ter"),
)
_INFLECTED = re.compile(r"(?:e?s|e?d|ing|al|ally|ic|ics|ly|ity)$")
_SCORE = 0.01  # any other finding says more


def unknown_words(text: str, covered: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Every word of a normalised `text` that no list explains, but for those in the `covered` spans."""
    hidden = bytearray(len(text))
    for start, end in covered:
        hidden[start:end] = b"\x01" * (end - start)
    read = Text(text)
    for match in _WORD.finditer(text):
        start, end = match.span()
        if not any(hidden[start:end]) and not _explained(read, start, end):
            yield Found(start, end, LABEL, _SCORE)


def _explained(read: Text, start: int, end: int) -> bool:
    """Whether a list knows the word, another spelling of it, or what it is made of."""
    text = read.text
    written, word = text[start:end], bare(text[start:end])
    if packaged_lexicon().may_stay(text, start, end) or _is_known(word) or word in cues.ABBREVIATIONS:
        return True
    if packaged_lexicon().is_listed_name(word):
        return len(word) <= _SHORT and not written.istitle()
    if len(word) <= _SHORT or (len(word) <= _LONGEST_ABBREVIATION and written.isupper() and not _shouts(read, start)):
        return True
    return any(map(_is_known, _other_forms(word)))


def _shouts(read: Text, start: int) -> bool:
    """Whether the whole line is in capitals, so that they do not tell an abbreviation."""
    return read.style(bisect_right(read.spans, (start, len(read.text))) - 1) == "upper"


def _is_known(word: str) -> bool:
    lexicon = packaged_lexicon()
    return lexicon.is_english(word) or word in lexicon.places or word in listed("charts")


def _other_forms(word: str) -> Iterator[str]:
    """American spelling, the word behind a prefix, and the stem of an inflected one."""
    for theirs, ours in _BRITISH:
        if theirs in word:
            yield word.replace(theirs, ours)
    prefix = _PREFIX.match(word)
    if prefix:
        yield word[prefix.end() :]
    stem = _INFLECTED.sub("", word)
    if stem != word and len(stem) > _SHORT:
        yield from (stem, f"{stem}e")
