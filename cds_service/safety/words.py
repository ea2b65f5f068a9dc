"""Plain English for the checks: normal form, tokens, stems, sentences.

Small and deterministic on purpose: a verdict must be explainable word by word and take milliseconds, so there is no
parser here. Draft and evidence go through the same functions, so a crude stem is as good as a true one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d])|\d+(?:\.\d+)?|[a-z][a-z0-9]*(?:'[a-z]+)?|[^\s\w]", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": ", ", "\u2212": "-"}
)
_SPELLING = (
    (re.compile(r"(?<=[a-z])oea"), "ea"),
    (re.compile(r"^oe(?=[ds])"), "e"),
    (re.compile(r"aem"), "em"),
    (re.compile(r"paed"), "ped"),
    (re.compile(r"aesth"), "esth"),
    (re.compile(r"foet"), "fet"),
    (re.compile(r"leuco"), "leuko"),
    (re.compile(r"(?<=[a-z]{2})our(?=s?$|ed|ing|al)"), "or"),
    (re.compile(r"(?<=[a-z]{3})is(?=e[ds]?$|ing$|ation$)"), "iz"),
)
_SUFFIXES = (("iness", "y"), ("ness", ""), ("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"))


@dataclass(frozen=True)
class Token:
    """One word, number or mark. `stem` is the form that is compared; `word` is lower case."""

    word: str
    stem: str

    @property
    def is_number(self) -> bool:
        """Whether the token is written in digits."""
        return self.word[0].isdigit()

    @property
    def is_word(self) -> bool:
        """Whether the token begins with a letter."""
        return self.word[0].isalpha()


def normal(text: str) -> str:
    """`text` with compatibility characters, quotes and dashes made plain (``SpO₂`` becomes ``SpO2``)."""
    return unicodedata.normalize("NFKC", text).translate(_QUOTES)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A crude English stem over one spelling: ``dyspnoea`` and ``dyspnea``, ``reviews`` and ``reviewed`` agree."""
    word = word.removesuffix("'s").replace("'", "")
    if len(word) < 4 or not word.isalpha():
        return word
    for pattern, plain in _SPELLING:
        word = pattern.sub(plain, word)
    for suffix, plain in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word.removesuffix(suffix) + plain
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed", "ly"):
        base = word.removesuffix(suffix)
        if base != word and len(base) >= 3 and re.search("[aeiouy]", base):
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "ls"
            word = base[:-1] if doubled else base
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of `text`. Hyphens between letters part words: ``follow-up`` gives two."""
    plain = re.sub(r"(?<=[^\W_])-(?=[^\W_])", " ", normal(text).lower())
    return tuple(Token(word=w, stem=stem(w)) for w in _TOKEN.findall(plain))


def stems(text: str) -> tuple[str, ...]:
    """The stems of `text`, marks left out."""
    return tuple(t.stem for t in tokens(text) if t.word[0].isalnum())


def stem_set(text: str) -> frozenset[str]:
    """The set of stems of a list of words, for tables written as one string."""
    return frozenset(stems(text))


def word_set(text: str) -> frozenset[str]:
    """The set of words of a table written as one string, unstemmed."""
    return frozenset(text.split())


def sentences(text: str) -> tuple[str, ...]:
    """`text` cut at sentence ends, semicolons and line ends. A full stop inside a number does not cut."""
    return tuple(part.strip() for part in _SENTENCE_END.split(normal(text)) if part.strip())


FUNCTION_WORDS = stem_set(
    "a an the this that these those there here it its they them their theirs we our us i my me you your who whom whose "
    "which what when where why how and or but nor so yet if then than as at by for from in into of off on onto out "
    "over to up down upon with within without about above after against along among around before behind below beneath "
    "beside between beyond during except inside near outside per since through throughout toward towards under until "
    "via while whether because although though despite is are was were be been being am do does did done have has had "
    "having will would shall should can could may might must ought not no yes any all each every both either neither "
    "some such few more most much many less least other another same own only also too very just still again ever even "
    "further once one ones rather quite almost nearly already however therefore thus hence including "
    "includes include included etc well able due together"
)
"""Words with no content of their own."""
