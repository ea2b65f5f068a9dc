"""What the lists say about each word, as a feature of the name model.

A model that learns names by heart knows only the names it has learnt. This part of its pipeline tells it instead what a
word can be: a given name, a family name, an English word, a medicine, a place, or nothing that any list knows. Words
that training did not see often enough all look alike to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.language import Language

from anonymization.lexicon import packaged_lexicon
from anonymization.normalise import fold
from anonymization.vocabulary import listed

NAME = "word_classes"
_FILE = "words.txt"
_RARE = "~"
_NO_NAMES = str.maketrans("", "", "gf")
_DIGIT = re.compile(r"\d")


class WordClasses:
    """Sets the norm of every token to the word, or to one sign for all rare ones, and its lemma to what it can be."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = frozenset(words)

    def __call__(self, doc: Any) -> Any:
        """`doc` with norms and lemmas."""
        for token in doc:
            word = fold(token.text)
            token.norm_ = (
                word if word in self.words else _RARE if any(map(str.isalpha, word)) else _DIGIT.sub("0", word)
            )
            token.lemma_ = word_class(word)
        return doc

    def to_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> None:  # noqa: ARG002 - spaCy's signature
        """Write the frequent words."""
        path.mkdir(parents=True, exist_ok=True)
        (path / _FILE).write_text("\n".join(sorted(self.words)) + "\n", encoding="utf-8")

    def from_disk(self, path: Path, *, exclude: Iterable[str] = ()) -> WordClasses:  # noqa: ARG002
        """Read them back."""
        self.words = frozenset((path / _FILE).read_text(encoding="utf-8").split())
        return self


def word_class(word: str) -> str:
    """What the lists say about a folded `word`: one letter for each list that knows it."""
    lexicon = packaged_lexicon()
    base = max(word.replace("-", "'").split("'"), key=len)  # "o'neil"
    if not base.isalpha():
        return "0" if _DIGIT.search(word) else "."
    kinds = {
        "g": base in listed("given_names"),
        "f": base in listed("family_names"),
        "e": base in lexicon.english,
        "d": lexicon.is_drug(base),
        "w": lexicon.is_word(base),
        "p": base in lexicon.eponyms or base in lexicon.eponyms_alone,
        "c": base in lexicon.places,
    }
    return "".join(kind for kind, known in kinds.items() if known) or _RARE


def without_names(code: str) -> str:
    """`code` as if the name lists did not know the word."""
    return code.translate(_NO_NAMES) or _RARE


@Language.factory(NAME)  # type: ignore[untyped-decorator]
def make(nlp: Language, name: str) -> WordClasses:  # noqa: ARG001 - spaCy's signature
    """The part as spaCy builds it from a saved pipeline."""
    return WordClasses()
