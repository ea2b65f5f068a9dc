"""Initials: beside a part of the name ("A. Stone", "Stone, A.B."), and by themselves where a person is meant ("J.S.")."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

from anonymization.known import cues, verbs
from anonymization.known.kinds import KnownHit
from anonymization.known.plain_words import AFTER_NAMES
from anonymization.known.text import Text
from anonymization.known.variants import is_drug, is_english
from anonymization.lexicon import words

_GAP = re.compile(r"[ .]{1,2}|, ")
_DOTTED = re.compile(r"(?<![\w.])(?:[a-z]\.[ ]?){1,3}[a-z](?:\.|(?!\w))", re.IGNORECASE)
_PLAIN = re.compile(r"(?<![\w./-])[A-Z]{2,4}(?![\w/-])|(?<=[-\s]{2})[a-z]{2,3}(?=\s*\n|\s*$)")
_TYPIST = re.compile(r"(?m)^[ \t]*([A-Za-z]{2,3})[/:][A-Za-z]{2,3}[ \t]*$")
_BEFORE = re.compile(
    r"(?:\b(?:patient|pt|client|resident|initials|initialed|initialled|signed|by|per|with|w/|dr\.?|mr\.?|mrs\.?|ms\.?|nurse|rn|"
    r"wife|husband|son|daughter|mother|father|brother|sister|spoke to|told|asked|name|from|cc|saw|seen)"
    r"(?:[ ]|:[ ]?|[ ]?\()|[-/][ ]?)$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(?:patient|pt|initials|name|client|mr|mrs|signed|initialed(?: by)?|consultant|in charge|attending|doctor|physician|"
    r"provider|surgeon|operator|assistant|spouse|partner|gp|pcp|nurse|author|contact|copy|seen by)(?:\.?[ ]?:[ ]?|\.[ ])$"
    r"|\b(?:to see|to meet|saw|signed|seen by|spoke (?:to|with)) $",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:'s)?,?[ ](?:also[ ]|still[ ]|again[ ]|now[ ])?(?:(?P<verb>[a-z/]+)|\(?\d{1,3}[ -]?(?:y|f\b|m\b))",
    re.IGNORECASE,
)
_IS_AGED = re.compile(r",?[ ](?:is|was)?[ ]?(?:an?[ ])?\d{1,3}[ -]?(?:y|f\b|m\b)", re.IGNORECASE)
_AFTER_A = words("fib flutter line lines wave waves flap team positive negative")
_JOINING = words("of in on at by for from to with until while when and or but who")
_MONTHS = words("january february march april may june july august september october november december")
_GENERATION = re.compile(r",? (?:(?:jr|sr)\b\.?|(?:iii?|(?P<fourth>iv))(?![^\W_]))")
_NEXT = re.compile(r" (?:(?P<word>[a-z]+)|\d)")
_BLANK = re.compile(r"\w\W+\w")
_OF_DRIPS = words(
    "placed inserted started stopped removed infiltrated given flushed locked changed replaced discontinued running "
    "infusing infused in out site access line q"
)
_OF_PERSONS = AFTER_NAMES | cues.SPEAKS | cues.CONJUNCTIONS | cues.FOLLOWS_OBJECT | verbs.OF_THINGS
_STARTS = re.compile(r"(?:^|[.!?:;\n][ \t]*|\n)$")


def with_initials(text: Text, i: int, letters: Set[str], *, family_first: bool = False) -> tuple[int, int]:
    """The span of the name part at word `i`, grown over initials on both sides and digits glued to it ("Stone123").

    An initial without a dot after the part counts only if it is one of `letters`, those of the same name.
    `family_first`: the part is a given name behind its family name ("Stone, Anna I"), so that no sentence goes on.
    """
    start, end = text.spans[i]
    while end < len(text.text) and text.text[end].isdigit():
        end += 1
    j = i - 1
    while j >= 0 and is_initial(text, j) and _GAP.fullmatch(text.text[text.spans[j][1] : start]):
        if not (text.text[text.spans[j][1]] == "." or text.word(j) in letters):
            break
        start = text.spans[j][0]
        j -= 1
    j = i + 1
    while j < len(text.words) and is_initial(text, j) and _GAP.fullmatch(text.text[end : text.spans[j][0]]):
        dotted = text.text[text.spans[j][1] : text.spans[j][1] + 1] == "."
        if not dotted and not (text.word(j) in letters and (family_first or _ends_name(text, j))):
            break
        end = text.spans[j][1] + int(dotted)
        j += 1
    return start, end


def is_initial(text: Text, j: int) -> bool:
    """Whether the word at `j` is one letter that can stand for a name: a capital, or any in a line without them."""
    start, end = text.spans[j]
    return end - start == 1 and (text.text[start].isupper() or text.style(j) == "lower")


def _ends_name(text: Text, j: int) -> bool:
    """Not the article or pronoun of the next sentence ("Stone A fib", "Stone I saw"); nothing that joins follows those."""
    if text.word(j) not in ("a", "i") or text.gap_after(j) != " " or j + 1 == len(text.words):
        return True
    following = text.word(j + 1)
    if text.word(j) == "a" and (following[0] in "aeio" or following in cues.SPEAKS - cues.NOUNS_TOO):
        return True  # no article: "Stone a rang", "Stone a inguinal hernia"
    if text.raw(j) == "A" and text.style(j) == "mixed":
        return following not in _AFTER_A
    return text.raw(j + 1)[0].isupper() or following in _JOINING or following in _MONTHS


def with_generation(text: Text, hit: KnownHit) -> KnownHit:
    """`hit` grown over what sets its name apart from the father's: "Stone, Jr.", "Anna Stone IV"; not "Stone IV fluids"."""
    found = _GENERATION.match(text.folded, hit.end)
    if found is None or (found["fourth"] and _is_drip(text.folded, hit, found.end())):
        return hit
    return KnownHit(hit.start, found.end(), hit.label)


def _is_drip(folded: str, hit: KnownHit, end: int) -> bool:
    """Whether "iv" before `end` is the way into a vein: after a single name, or before what is given or done there."""
    following = _NEXT.match(folded, end)
    if following is None:
        return False
    word = following["word"] or ""
    if not word or not _BLANK.search(folded[hit.start : hit.end]):
        return True
    if word in _OF_DRIPS or is_drug(word):
        return True
    return is_english(word) and word not in _OF_PERSONS


def find_initials(text: Text, known: Mapping[str, str]) -> Iterator[KnownHit]:
    """Two known initials and more. Dotted ones count unless they are clinical language; bare ones need a person."""
    if not known:
        return
    for found in _DOTTED.finditer(text.text):
        letters = "".join(c for c in found[0].lower() if c.isalpha())
        if letters in known and _dotted_counts(text.text, found, letters):
            yield KnownHit(*found.span(), known[letters])
    for found in _PLAIN.finditer(text.text):
        letters = found[0].lower()
        if letters in known and _plain_counts(text.text, found, letters):
            yield KnownHit(*found.span(), known[letters])
    for found in _TYPIST.finditer(text.text):
        if found[1].lower() in known:
            yield KnownHit(*found.span(1), known[found[1].lower()])


def _dotted_counts(text: str, found: re.Match[str], letters: str) -> bool:
    written = found[0].rstrip(".")
    alike = (written[0].isupper() and written[-1].isupper()) or " " not in written
    if letters not in cues.DOTTED and alike:
        return True
    following = _AFTER.match(text, found.end())
    if following and found[0].isupper() and (following["verb"] or "").lower() in cues.SPEAKS:
        return True
    return _person_around(text, found.start(), found.end(), letters in cues.DOTTED)


def _plain_counts(text: str, found: re.Match[str], letters: str) -> bool:
    if found[0].islower():
        return letters not in cues.ABBREVIATIONS
    return _person_around(text, found.start(), found.end(), letters in cues.ABBREVIATIONS)


def _person_around(text: str, start: int, end: int, clinical: bool) -> bool:
    """Whether a person is named here; letters of clinical language only after a label or before an age."""
    before = text[max(0, start - 24) : start]
    if _LABEL.search(before) or _IS_AGED.match(text, end):
        return True
    if clinical:
        return False
    if _BEFORE.search(before):
        return True
    following = _AFTER.match(text, end)
    if following is None:
        return False
    verb = (following["verb"] or "").lower()
    return (
        not verb or verb in cues.SPEAKS or verb == "c/o" or (verb in cues.STATES and _STARTS.search(before) is not None)
    )
