"""Words that nothing explains: no list of this package knows them, so each may be somebody's name.

What leaves the clinic can be read by anybody for ever, and the names that identify best are the rare ones, which no
model has seen and no list holds. So an export turns the question round: what stands in its texts are words of English,
of medicine or of the map, usual abbreviations, and nothing else (`policy.UnknownWords`). A misspelt word goes too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from anonymization.known import cues
from anonymization.lexicon import bare, packaged_lexicon, words
from anonymization.spans import Found, marked
from anonymization.vocabulary import listed

LABEL = "WORD"

_WORD = re.compile(r"[^\W\d_]+")
_SHORT = 3
"""Letters of a word of which there are too few to tell one from another."""

_LONGEST_ABBREVIATION = 5
_SYMBOL = re.compile(
    r"(?!(?:Mc|Mac|De|Du|La|Le|Di|Da|Van|Fitz)[A-Z])(?=.{2,8}$)(?:[a-z][A-Z]|[a-z]{0,2}[A-Z][a-z]?[A-Z]{2}|[A-Z]{2,5}[a-z])"
)
"""Case as no name has it: "mRNA", "PaCO", "UTIs"."""

_CAPITALS = words("ANCA ELISA FABER LABA LAMA LIMA MUGA SABA SAMA TINA")
"""Abbreviations that are names in any other writing."""

_TELLING = re.compile(
    r"[a-z]{2}(?:[ts]ions?|ectom(?:y|ies)|otom(?:y|ies)|ostom(?:y|ies)|plast(?:y|ies)|scop(?:y|ies)|graph(?:y|ic)|opath(?:y|ic)|"
    r"olog(?:y|ic|ical|ist)|iatric|oidism|i[sz]ation|cytes?|stenosis|sclerosis|"
    r"pril|olol|sartan|statin|azole|cillin|mycin|micin|floxacin|cycline|dipine|prazole|tidine|gliptin|gliflozin|glutide|"
    r"glitazone|xaban|z[ou]mab|[ux]imab|tinib|ciclib|azepam|azolam|oxetine|triptan|setron|semide|thiazide|lukast|tropium|"
    r"profen|coxib|fibrate|trexate|phylline|dronate|clovir|navir|tegravir|buvir)$"
)
"""Endings of medicine that few names have; those of many ("Makritis", "Jasvir") count in small letters alone."""

_PREFIX = re.compile(
    r"(?:non|post|pre|anti|peri|intra|inter|extra|trans|sub|supra|infra|retro|para|hyper|hypo|poly|micro|multi|neuro|cardio|"
    r"broncho|gastro|hepato|nephro|osteo|myo|thrombo|immuno|electro|auto)(?=[a-z]{5})"
)
_INFLECTED = re.compile(r"(?:e?s|e?d|ing)$")
_BRITISH = (
    ("ae", "e"), ("oe", "e"), ("our", "or"), ("oul", "ol"), ("ph", "f"), ("vre", "ver"), ("tre", "ter"), ("ogue", "og"),
    ("ys", "yz"), ("is", "iz"), ("ll", "l"),
)  # fmt: skip
_ALWAYS = ("ae", "oe", "our", "ph")
"""What is changed together with what comes after it: "manoeuvre"."""

_SCORE = 0.01  # any other finding says more


def unknown_words(text: str, covered: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Every word of a normalised `text` that no list explains, but for those in the `covered` spans."""
    hidden = marked(len(text), covered)
    shouted: dict[int, bool] = {}
    for match in _WORD.finditer(text):
        start, end = match.span()
        if not any(hidden[start:end]) and not _explained(text, start, end, shouted):
            yield Found(start, end, LABEL, _SCORE)


def _explained(text: str, start: int, end: int, shouted: dict[int, bool]) -> bool:
    """Whether a list knows the word, another spelling of it, or what it is made of."""
    lexicon, written = packaged_lexicon(), text[start:end]
    word = bare(written)
    if _is_known(word):
        return True
    if word in lexicon.eponyms or word in lexicon.eponyms_alone:
        return lexicon.may_stay(text, start, end) or lexicon.names_a_thing(text, end)
    shouts = written.isupper() and _shouts(text, start, shouted)
    if written.isupper() and not shouts and written in _CAPITALS:
        return True
    if not written.isupper() and _SYMBOL.match(written):
        return True
    if lexicon.is_listed_name(word):
        return len(word) <= _SHORT and not written.istitle()
    if len(word) <= _SHORT:
        return word.isascii()
    if written.islower():
        return lexicon.is_word(word) or lexicon.is_drug(word) or any(map(_is_known, _other_forms(word)))
    if written.isupper() and not shouts and len(word) <= _LONGEST_ABBREVIATION:
        return True
    return _TELLING.search(word) is not None or any(map(_is_known, _british(word)))


def _shouts(text: str, at: int, known: dict[int, bool]) -> bool:
    """Whether the line is mostly in capitals, so that they tell no abbreviation."""
    left = text.rfind("\n", 0, at) + 1
    if left not in known:
        right = text.find("\n", at)
        long = [w for w in _WORD.findall(text, left, right if right >= 0 else len(text)) if len(w) > _SHORT]
        known[left] = 2 * sum(map(str.isupper, long)) > len(long)
    return known[left]


def _is_known(word: str) -> bool:
    lexicon = packaged_lexicon()
    return (
        word in lexicon.english
        or word in lexicon.words
        or word in lexicon.drugs
        or word in lexicon.places
        or word in listed("charts")
        or word in cues.ABBREVIATIONS
    )


def _british(word: str) -> Iterator[str]:
    """American spelling, one change after the other."""
    for theirs, ours in _BRITISH:
        if theirs in word:
            american = word.replace(theirs, ours)
            yield american
            if theirs in _ALWAYS:
                word = american


def _other_forms(word: str) -> Iterator[str]:
    """American spelling, the word behind a prefix, and the stem of an inflected one."""
    yield from _british(word)
    prefix = _PREFIX.match(word)
    if prefix:
        yield word[prefix.end() :]
    stem = _INFLECTED.sub("", word)
    if stem != word and len(stem) > _SHORT:
        yield from (stem, f"{stem}e")
