"""Identifiers that stand in the request: found in any writing, and never overruled.

Three ways of looking, none of which compiles a pattern per request:
names          token by token in folded text, in any order and case, joined with initials
numbers        as one run of letters and digits, whatever punctuation stands between (phones, ids, e-mail, dates)
phrases        token sequences (street lines, towns, organisations), with abbreviated street words

A name part that is also a word ("Will", "May", "Li") counts only where the text shows a name: capitalised inside a
sentence, beside another known part, after a title, or as the subject of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from anonymization.labels import ROLE_LABELS
from anonymization.lexicon import packaged_lexicon, words
from anonymization.normalise import fold, normalise
from fhir_mappers.case import KnownIdentifier

NAME_KINDS = frozenset({"name", "given", "family"})
NUMBER_LABELS = {
    "phone": "PHONE", "email": "EMAIL", "url": "URL", "photo": "URL", "identifier": "ID", "postal-code": "ZIP",
    "birth-date": "DATE", "date": "DATE",
}  # fmt: skip
PHRASE_LABELS = {
    "address-line": "ADDRESS", "city": "LOCATION", "county": "LOCATION", "organization": "FACILITY",
    "location": "FACILITY",
}  # fmt: skip

IGNORED_PARTS = words("mr mrs ms miss mx dr prof jr sr ii iii iv md do rn np phd")
_PARTICLES = words("van von der den de del della da di la le bin ibn al el st mac mc san santa")
_TITLES = words("mr mrs ms miss mx dr doctor prof professor rev pastor nurse")
_LABELS = words(
    "patient pt name re for to from attending provider physician doctor nurse mother father wife husband son daughter"
)
_STREET_WORDS = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "lane": "ln", "drive": "dr",
    "court": "ct", "place": "pl", "terrace": "ter", "circle": "cir", "highway": "hwy", "parkway": "pkwy",
    "square": "sq", "trail": "trl", "apartment": "apt", "suite": "ste", "building": "bldg", "north": "n",
    "south": "s", "east": "e", "west": "w", "route": "rte", "saint": "st", "mount": "mt",
}  # fmt: skip
_SUBJECT_VERBS = words(
    "is was has had reports reported denies denied states stated says said presents presented complains "
    "complained describes described endorses endorsed lives lived takes took works worked came comes arrived "
    "called calls feels felt thinks thought wants wanted asked asks told tells went goes returned returns "
    "underwent received remains remained appears appeared looks looked gets got tolerates tolerated continues "
    "continued needs requests requested noticed notes s also who and"
)

_WORD = re.compile(r"[^\W\d_]+")
_ALNUM = re.compile(r"[^\W_]+")
_NAME_GAP = re.compile(r"[\s,.'-]{1,3}")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SENTENCE_END = ".!?:;\n•*"

SHORTEST_NUMBER = 5  # fewer letters and digits than this cannot be told from a result
LONG_NUMBER = 7


@dataclass(frozen=True)
class KnownHit:
    """A mention of a known identifier: span in the searched text, and its placeholder label."""

    start: int
    end: int
    label: str


def name_parts(value: str) -> list[str]:
    """The folded parts of a name that can give a person away, initials and titles left out."""
    parts = [p for p in _WORD.findall(fold(normalise(value).text)) if len(p) > 1 and p not in IGNORED_PARTS]
    joined = re.sub(r"\b([^\W\d_])'(?=[^\W\d_])", r"\1", fold(value))  # o'neil as oneil
    return parts + [p for p in _WORD.findall(joined) if p not in parts and len(p) > 1 and p not in IGNORED_PARTS]


def is_weak(part: str) -> bool:
    """Whether a name part is also a word, a particle or too short to count without context."""
    lexicon = packaged_lexicon()
    return len(part) < 3 or part in _PARTICLES or part in lexicon.common_names or part in lexicon.words


def squash(value: str) -> str:
    """Letters and digits only, folded: how numbers are compared whatever their punctuation."""
    return "".join(_ALNUM.findall(fold(normalise(value).text)))


def number_keys(identifier: KnownIdentifier) -> Iterator[str]:
    """The squashed forms in which a number, address or date of the request may stand in text."""
    value = identifier.value
    if identifier.kind in ("birth-date", "date"):
        found = _ISO_DATE.match(value)
        if found:
            year, month, day = found.groups()
            yield from (year + month + day, month + day + year, day + month + year)
        return
    if identifier.kind == "identifier":
        value = re.sub(r"^(?:urn:(?:uuid|oid):|\w+://\S*[/|]|[A-Z]\w+/)", "", value)
    key = squash(value)
    if identifier.kind == "phone":
        digits = "".join(c for c in key if c.isdigit())
        yield from {digits, digits[-10:], digits[-7:]} if len(digits) >= 10 else {digits}
    elif not (key.isalpha() and is_weak(key)):  # an id such as "patient" is no secret
        yield key


class KnownMatcher:
    """Finds every mention of the identifiers of one request. Built per request; holds identified data."""

    def __init__(self, identifiers: Iterable[KnownIdentifier], *, over_89: bool = False) -> None:
        self._names: dict[str, str] = {}
        self._pairs: set[frozenset[str]] = set()
        self._numbers: dict[str, str] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], int, str]]] = {}
        self._birth_years: set[str] = set()
        order = ("patient", "relative", "practitioner")
        for item in sorted(identifiers, key=lambda i: order.index(i.role) if i.role in order else len(order)):
            self._add(item, over_89)

    def _add(self, item: KnownIdentifier, over_89: bool) -> None:
        if item.kind in NAME_KINDS:
            parts = name_parts(item.value)
            self._pairs |= {frozenset(pair) for pair in pairwise(parts)}
            for part in parts:
                self._names.setdefault(part, ROLE_LABELS.get(item.role, "PERSON"))
        elif item.kind in PHRASE_LABELS:
            self._add_phrase(item)
        elif item.kind in NUMBER_LABELS:
            for key in number_keys(item):
                if len(key) >= SHORTEST_NUMBER:
                    self._numbers.setdefault(key, NUMBER_LABELS[item.kind])
            if item.kind == "birth-date" and over_89:
                self._birth_years.add(item.value[:4])

    def _add_phrase(self, item: KnownIdentifier) -> None:
        tokens = tuple(street_words(item.value))
        lexicon = packaged_lexicon()
        if not tokens or all(t in lexicon.words or len(t) < 3 for t in tokens):
            return  # "Exam room 2" names no place
        shortest = len(tokens)
        if item.kind == "address-line" and tokens[0][0].isdigit() and len(tokens) > 1:
            shortest = 2
        self._phrases.setdefault(tokens[0], []).append((tokens, shortest, PHRASE_LABELS[item.kind]))

    def is_number(self, value: str) -> bool:
        """Whether `value` as a whole is one of the numbers of the request."""
        return squash(value) in self._numbers

    def find(self, text: str) -> list[KnownHit]:
        """All mentions in normalised `text`; they may overlap."""
        folded = fold(text)
        return [*self._find_names(text, folded), *self._find_numbers(folded), *self._find_phrases(text, folded)]

    # -- names --------------------------------------------------------------------------------------------------
    def _find_names(self, text: str, folded: str) -> list[KnownHit]:
        tokens = [(m.start(), m.end()) for m in _WORD.finditer(folded)]
        known = [i for i, (s, e) in enumerate(tokens) if folded[s:e] in self._names]
        at = _Tokens(text, folded, tokens, frozenset(known), self._pairs)
        hits: list[KnownHit] = []
        for i in known:
            start, end = tokens[i]
            part = folded[start:end]
            if is_weak(part) and not at.reads_as_name(i):
                continue
            start, end = at.with_initials(i)
            label = self._names[part]
            if hits and _NAME_GAP.fullmatch(text[hits[-1].end : start]) and label == hits[-1].label:
                start = hits.pop().start
            hits.append(KnownHit(start, end, label))
        return hits

    # -- numbers ------------------------------------------------------------------------------------------------
    def _find_numbers(self, folded: str) -> Iterator[KnownHit]:
        if self._numbers:
            places = [i for i, c in enumerate(folded) if c.isalnum()]
            squashed = "".join(folded[i] for i in places)
            for key, label in self._numbers.items():
                yield from _find_key(key, label, folded, squashed, places)
        for year in self._birth_years:
            for found in re.finditer(rf"(?<!\d){year}(?!\d)", folded):
                yield KnownHit(*found.span(), "DATE")

    # -- phrases ------------------------------------------------------------------------------------------------
    def _find_phrases(self, text: str, folded: str) -> Iterator[KnownHit]:
        if not self._phrases:
            return
        spans = [m.span() for m in _ALNUM.finditer(folded)]
        words = [_STREET_WORDS.get(folded[s:e], folded[s:e]) for s, e in spans]
        for i, word in enumerate(words):
            for tokens, shortest, label in self._phrases.get(word, ()):
                length = _common_length(tokens, words[i : i + len(tokens)])
                start, end = spans[i][0], spans[min(i + length, len(spans)) - 1][1]
                if length >= shortest and _is_proper(text[start:end], tokens[:length]):
                    yield KnownHit(start, end, label)


@dataclass(frozen=True)
class _Tokens:
    """The words of one text, which of them are parts of known names, and which parts stand together in one name."""

    text: str
    folded: str
    spans: list[tuple[int, int]]
    known: frozenset[int]
    pairs: Set[frozenset[str]]

    def reads_as_name(self, i: int) -> bool:
        """Whether the weak part at `i` is used as a name."""
        start, end = self.spans[i]
        word = self.text[start:end]
        if any(self._beside(i, j) for j in (i - 1, i + 1)):
            return True
        gap = self.text[self.spans[i - 1][1] : start] if i else ""
        if (
            self._word(i - 1) in _TITLES
            and _NAME_GAP.fullmatch(gap)
            and (word[0].isupper() or self.text[self.spans[i - 1][0]].islower())
        ):
            return True
        if gap.strip() == ":" and word[0].isupper() and self._word(i - 1) in _LABELS:
            return True
        if word.islower() or len(word) < 3 or (word.isupper() and self._line(start, end).isupper()):
            return False
        if self._starts_sentence(start):
            return self._word(i + 1) in _SUBJECT_VERBS or self._line(start, end).strip(" ,.;:") == word
        return True

    def with_initials(self, i: int) -> tuple[int, int]:
        """The span of part `i`, grown over an initial before it ("J. Stone") and digits glued to it ("Stone123")."""
        start, end = self.spans[i]
        while end < len(self.text) and self.text[end].isdigit():
            end += 1
        previous = i - 1
        while previous >= 0 and self._is_initial(previous, start):
            start = self.spans[previous][0]
            previous -= 1
        following = i + 1
        if following < len(self.spans) and self._is_initial(following, None, after=end):
            end = self.spans[following][1]
            end += self.text[end : end + 1] == "."
        return start, end

    def _is_initial(self, j: int, before: int | None, after: int | None = None) -> bool:
        start, end = self.spans[j]
        gap = self.text[end:before] if before is not None else self.text[after:start]
        dotted = self.text[end : end + 1] == "."
        return (
            end - start == 1
            and self.text[start].isupper()
            and gap in (" ", ". ", ".", ", ")
            and (dotted or before is None)
        )

    def _beside(self, i: int, j: int) -> bool:
        """Whether token `j` touches token `i` and is another known part that is capitalised or no word."""
        if j not in self.known or self._word(j) == self._word(i):
            return False
        (start, end), (other_start, other_end) = self.spans[i], self.spans[j]
        gap = self.text[other_end:start] if j < i else self.text[end:other_start]
        if not _NAME_GAP.fullmatch(gap) or "\n\n" in gap:
            return False
        if frozenset((self._word(i), self._word(j))) in self.pairs or not is_weak(self._word(j)):
            return True
        return self.text[start].isupper() and self.text[other_start].isupper()

    def _word(self, i: int) -> str:
        return self.folded[slice(*self.spans[i])] if 0 <= i < len(self.spans) else ""

    def _line(self, start: int, end: int) -> str:
        left = self.text.rfind("\n", 0, start) + 1
        right = self.text.find("\n", end)
        return self.text[left : right if right >= 0 else len(self.text)]

    def _starts_sentence(self, start: int) -> bool:
        before = self.text[:start].rstrip(" \t\"'(-")
        return not before or before[-1] in _SENTENCE_END or self.text[start - 1] == "\n"


def street_words(value: str) -> Iterator[str]:
    """The folded words of an address or proper name, with street words in their short form."""
    return (_STREET_WORDS.get(w, w) for w in _ALNUM.findall(fold(normalise(value).text)))


def _common_length(tokens: Sequence[str], words: Sequence[str]) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(tokens, words, strict=False)) if a != b), min(len(tokens), len(words))
    )


def _is_proper(mention: str, tokens: Sequence[str]) -> bool:
    """A single word that is also plain language must be capitalised; a street needs its number and a word."""
    if len(tokens) == 1 and is_weak(tokens[0]):
        return mention[:1].isupper()
    return any(not t.isdigit() for t in tokens)


def _find_key(key: str, label: str, folded: str, squashed: str, places: Sequence[int]) -> Iterator[KnownHit]:
    at = squashed.find(key)
    while at >= 0:
        run = places[at : at + len(key)]
        start, end = run[0], run[-1] + 1
        widest = 4 if len(key) >= LONG_NUMBER else 2
        whole = not (folded[start - 1 : start].isalnum() or folded[end : end + 1].isalnum())
        if all(b - a <= widest for a, b in pairwise(run)) and (whole or len(key) > LONG_NUMBER):
            while start and folded[start - 1].isalnum():
                start -= 1
            while end < len(folded) and folded[end].isalnum():
                end += 1
            yield KnownHit(start, end, label)
        at = squashed.find(key, at + 1)
