"""Middle names that no field tells: whatever stands between two parts of one name, and behind the given name of a list.

"Anna Pitz Stone", "anna pitz-lind stone", "Anna (Pitzi) Stone", "Stone, Anna Pitz", "Stone, Anna Q" of an Anna Stone.
Between the parts a capital is enough, unless the word is a clinical or a plain one; in small letters, in capitals, and
behind the name, where the sentence may go on, the word must be a listed name or one that no list knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from anonymization.known import cues, plain_words, verbs
from anonymization.known.book import NameBook
from anonymization.known.initials import is_initial
from anonymization.known.text import Text
from anonymization.known.variants import is_drug, is_english
from anonymization.lexicon import packaged_lexicon, words

ENDS = re.compile(r"[ ]*(?:[,;:/|\")\]\n\t]|$)")
"""What stands where a name is all that its field, clause or line goes on with."""

_MOST = 4  # words between two parts; a double name and two initials
_INSIDE = re.compile(r"[ \n]|['-]| [(\"']{1,2}|[)\"']{1,2} ?")
_AFTER_INITIAL = re.compile(r"\.? ?\n?|'|- ?")
_COMMA = re.compile(r", ?|,\n")
_BEHIND = re.compile(r"[ '-]")
_TITLE = re.compile(r"(?:Mc|Mac|De|La|Le|Van|Fitz)?[^\W\d_a-z][^\W\d_A-Z]+")
_SHORTEST_UNKNOWN = 4  # letters of a word without a capital of its own that no list knows
_CLOSING = re.compile(r"\.(?= |\n|,|;|\)|$)")


@cache
def _no_names() -> frozenset[str]:
    """Words that stand between two names, or before one, and are of none."""
    return (
        cues.LABELS | cues.SPEAKS | cues.STATES | cues.TELLS | cues.TALKS_WITH | cues.NAMING | cues.ABBREVIATIONS
        | cues.CONJUNCTIONS | cues.ADVERBS | cues.DETERMINERS | cues.LOOSE | plain_words.FUNCTION
        | plain_words.CREDENTIALS | plain_words.AFTER_NAMES
        | (verbs.IRREGULAR - packaged_lexicon().word_names) | words("or vs versus nor jr sr")
    ) - cues.PARTICLES  # fmt: skip


def middle_names(text: Text, known: Mapping[int, str], certain: Mapping[int, str], book: NameBook) -> dict[int, str]:
    """Words that belong to a name of `certain`, or of `known` ones that they show to be names, each with its form."""
    found: dict[int, str] = {}
    forms = {**known, **certain}
    for i in sorted(forms):
        j = _end_of(text, i, forms, book)
        if j is not None and (_both(i, j, certain) or _shown(text, range(i, j + 1), forms)):
            found |= {k: certain[k] if k in certain else forms[k] if k in (i, j) else forms[i] for k in range(i, j + 1)}
        elif i in certain and i - 1 in certain and _is_list(text, i, certain, book):
            found |= dict.fromkeys(_behind(text, i + 1), certain[i])
    return found


def _both(i: int, j: int, certain: Mapping[int, str]) -> bool:
    return i in certain and j in certain


def _end_of(text: Text, i: int, forms: Mapping[int, str], book: NameBook) -> int | None:
    """The next part of the name of word `i`, if nothing but what can be of it stands between, and something does."""
    lines = 0
    for j in range(i + 1, min(i + 2 + _MOST, len(text.words))):
        gap = text.gap(j - 1, j)
        lines += gap.count("\n")
        comma = j == i + 1 and _COMMA.fullmatch(gap)
        inside = (_AFTER_INITIAL if is_initial(text, j - 1) else _INSIDE).fullmatch(gap)
        if lines > 1 or not (comma or inside):
            return None
        if j in forms and book.related(forms[i], forms[j]):
            return j if j > i + 1 else None
        if not _between(text, j):
            return None
    return None


def _between(text: Text, j: int) -> bool:
    """Whether the word at `j` can stand inside a name."""
    word, raw = text.word(j), text.raw(j)
    if is_initial(text, j) or word in cues.PARTICLES:
        return True
    if word in _no_names() or is_drug(word):
        return False
    lexicon = packaged_lexicon()
    if _TITLE.fullmatch(raw):
        return lexicon.is_listed_name(word) or not lexicon.is_word(word)
    return _without_capital(word) and (raw.isupper() or text.style(j) != "mixed" or not is_english(word))


def _without_capital(word: str) -> bool:
    lexicon = packaged_lexicon()
    if lexicon.is_word(word) or len(word) < 3:
        return False
    return lexicon.is_listed_name(word) or (not is_english(word) and len(word) >= _SHORTEST_UNKNOWN)


def _shown(text: Text, name: range, forms: Mapping[int, str]) -> bool:
    """Whether parts that are words too are names here: all have capitals, and no other word stands between."""
    if not all(_TITLE.fullmatch(text.raw(k)) for k in name):
        return False
    return not any(is_english(text.word(k)) for k in name if k not in forms)


# -- behind: "Stone, Anna Pitz" -----------------------------------------------------------------------------------
def _is_list(text: Text, i: int, certain: Mapping[int, str], book: NameBook) -> bool:
    """Whether the word at `i` is a given name behind the comma of its family name."""
    return _COMMA.fullmatch(text.gap(i - 1, i)) is not None and book.related(certain[i - 1], certain[i])


def _behind(text: Text, first: int) -> Iterator[int]:
    """The words from `first` on that still belong to the name."""
    for j in range(first, min(first + _MOST, len(text.words))):
        if not _BEHIND.fullmatch(text.gap(j - 1, j)) or not _goes_on(text, j):
            return
        yield j


def _goes_on(text: Text, j: int) -> bool:
    """Whether the word at `j` is a further name and not what is said of the person."""
    word, end = text.word(j), text.spans[j][1]
    if is_initial(text, j):
        following = text.gap_after(j)
        if following == "'" and j + 1 < len(text.words):
            return _TITLE.fullmatch(text.raw(j + 1)) is not None or text.style(j) != "mixed"
        return _CLOSING.match(text.text, end) is not None or ENDS.match(text.text, end) is not None
    lexicon = packaged_lexicon()
    if word in _no_names() or is_drug(word) or lexicon.is_word(word) or len(word) < 3:
        return False
    if lexicon.may_stay(text.text, *text.spans[j]) or lexicon.names_a_thing(text.text, end):
        return False
    if _TITLE.fullmatch(text.raw(j)):
        return lexicon.is_listed_name(word) or not is_english(word)
    if not text.raw(j).isupper() and text.style(j) == "mixed":
        return False
    if is_english(word):
        return lexicon.is_listed_name(word) and ENDS.match(text.text, end) is not None
    return _without_capital(word)
