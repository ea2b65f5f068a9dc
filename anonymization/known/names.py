"""Finds names: word by word in folded text, in any order and case, with initials, misspelt, joined or apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from anonymization.known.book import Form, NameBook, Strength
from anonymization.known.context import reads_as_mild_name, reads_as_name, surely_a_name
from anonymization.known.cues import ABBREVIATIONS, PARTICLES, SPEAKS, TELLS
from anonymization.known.initials import find_initials, with_generation, with_initials
from anonymization.known.kinds import KnownHit
from anonymization.known.middle import ENDS, middle_names
from anonymization.known.spelling import SHORTEST, misspelt
from anonymization.known.text import Text
from anonymization.known.variants import is_english
from anonymization.lexicon import packaged_lexicon

_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_*/]{1,3}[^\W\d_](?![^\W\d_])){2,}")
_HYPHENATED = re.compile(r"[ \t]*-?[ \t]*\n[ \t]*|['_-]|- ?")
_GLUE = re.compile(r"['. -]{1,2}|\n")
_BETWEEN_PARTS = re.compile(r"[\s,.'_()\"-]{1,3}")
_MOST_PIECES = 6
_SHORTEST_INSIDE = 6
_SHORT_MISSPELT = 4  # letters of a name whose misspelling is looked for where its writing shows a name
_SHORTEST_BESIDE = 3  # and beside another part of the same name


class NameFinder:
    """Finds the names of a book in one text after another."""

    def __init__(self, book: NameBook) -> None:
        self._book = book
        self._spelt = [
            w for w, f in book.forms.items() if len(w) >= _SHORTEST_BESIDE and not f.plural and f.strength > 0
        ]
        self._inside = [
            w for w, f in book.forms.items() if f.strength is Strength.STRONG and len(w) >= _SHORTEST_INSIDE
        ]

    def find(self, text: Text) -> list[KnownHit]:
        """All mentions; parts of one name that stand together are one hit."""
        if not self._book.forms:
            return []
        known = {i: w for i, w in enumerate(text.words) if w in self._book.forms}
        raised = {w for i, w in known.items() if self._is_certain(text, i, known)}
        certain = {i: w for i, w in known.items() if self._counts(text, i, known, raised=w in raised)}
        self._add_misspelt(text, known, certain)
        self._add_neighbours(text, certain)
        certain |= middle_names(text, known, certain, self._book)
        named = _merged(text, [self._hit(text, i, certain) for i in sorted(certain)])
        hits = [with_generation(text, hit) for hit in named]
        return [*hits, *self._apart(text), *self._spaced(text), *find_initials(text, self._book.initials)]

    def _hit(self, text: Text, i: int, certain: dict[int, str]) -> KnownHit:
        word = certain[i]
        family_first = i - 1 in certain and text.gap(i - 1, i).strip() == ","
        start, end = with_initials(text, i, self._book.first_letters.get(word, set()), family_first=family_first)
        return KnownHit(start, end, self._book.forms[word].label)

    # -- words as they are ------------------------------------------------------------------------------------------
    def _is_certain(self, text: Text, i: int, known: dict[int, str]) -> bool:
        """Whether the weak name at `i` is sure to be one, so that the whole text speaks of that person."""
        if self._book.forms[known[i]].strength is not Strength.WEAK:
            return False
        return self._beside(text, i, known) or self._has_initial(text, i, known[i]) or surely_a_name(text, i)

    def _counts(self, text: Text, i: int, known: dict[int, str], *, raised: bool) -> bool:
        form = self._book.forms[known[i]]
        if form.strength is Strength.STRONG or self._beside(text, i, known):
            return True
        if form.strength is Strength.PARTICLE:
            return False
        if form.plural and form.strength is Strength.WEAK:
            return _is_family(text, i)
        if form.strength is Strength.MILD:
            return reads_as_mild_name(text, i)
        return self._has_initial(text, i, known[i]) or reads_as_name(text, i, raised=raised)

    def _beside(self, text: Text, i: int, known: dict[int, str]) -> bool:
        """Whether another part of the same name touches word `i`, at most an initial between them."""
        for j in (i - 1, i + 1, i - 2, i + 2):
            if j not in known or known[j] == known[i]:
                continue
            between = (min(i, j) + 1) if abs(i - j) == 2 else None
            if between is not None and len(text.word(between)) > 1:
                continue
            first, last = min(i, j), max(i, j)
            if not all(text.touching(a, a + 1) for a in range(first, last)):
                continue
            if self._book.related(known[i], known[j]) or self._both_names(text, i, j, self._book.forms[known[j]]):
                return True
        return False

    def _both_names(self, text: Text, i: int, j: int, other: Form) -> bool:
        """Parts of different people side by side: a name if the other is no word, or both have capitals."""
        if other.strength is Strength.STRONG and not other.plural:
            return text.raw(i)[0].isupper() or text.style(i) != "mixed"
        return (
            text.raw(i)[0].isupper() and text.raw(j)[0].isupper() and text.style(i) == "mixed" and len(text.raw(i)) > 2
        )

    def _has_initial(self, text: Text, i: int, word: str) -> bool:
        """As in "J. Long" and "Long, J." of a Jane Long."""
        letters = self._book.first_letters.get(word, ())
        start, end = text.spans[i]
        grown = with_initials(text, i, set(letters))
        if (text.raw(i)[0].isupper() and grown[0] < start) or "," in text.text[end : grown[1]]:
            return True
        return grown[1] > end and ENDS.match(text.text, grown[1]) is not None

    # -- misspelt ---------------------------------------------------------------------------------------------------
    def _add_misspelt(self, text: Text, known: dict[int, str], certain: dict[int, str]) -> None:
        """Words one or two edits off, each for the name that says most by itself."""
        unknown = sorted({w for i, w in enumerate(text.words) if i not in known})
        pairs = misspelt(unknown, self._spelt, shortest=_SHORT_MISSPELT)
        written_for = dict(sorted(pairs, key=lambda pair: (self._book.forms[pair[1]].strength, len(pair[1]))))
        for i, token in enumerate(text.words if written_for else ()):
            word = written_for.get(token)
            if word is not None and i not in known and self._is_written_for(text, i, word):
                certain[i] = word

    def _is_written_for(self, text: Text, i: int, word: str) -> bool:
        """Whether the unknown word at `i` is `word` misspelt: one of English after a title, a short one as a name."""
        if is_english(text.word(i)) or text.word(i) in ABBREVIATIONS:
            return surely_a_name(text, i, small=len(word) >= SHORTEST and text.style(i) != "mixed")
        strong = self._book.forms[word].strength is Strength.STRONG
        raw = text.raw(i)
        if len(word) >= SHORTEST:
            return strong or raw[0].isupper() or reads_as_name(text, i)
        return raw.istitle() or (strong and text.style(i) != "mixed") or reads_as_name(text, i)

    def _add_neighbours(self, text: Text, certain: dict[int, str]) -> None:
        """A word one edit off beside another part of the same name, one of English with a capital ("Anna Store")."""
        for i in sorted(certain):
            for j in (i - 1, i + 1):
                if j in certain or not 0 <= j < len(text.words) or not text.touching(min(i, j), max(i, j)):
                    continue
                glued = text.gap(min(i, j), max(i, j)) == "-"
                if not (glued or text.raw(j)[0].isupper() or text.style(j) == "lower"):
                    continue
                if glued and text.word(j) in PARTICLES:
                    certain[j] = certain[i]
                mates = [w for w in self._spelt if self._book.related(w, certain[i]) or (glued and w == certain[i])]
                for _, word in misspelt([text.word(j)], mates, shortest=_SHORTEST_BESIDE):
                    if glued or self._is_written_beside(text, i, j, word):
                        certain[j] = word

    def _is_written_beside(self, text: Text, i: int, j: int, word: str) -> bool:
        """Whether the word at `j` is `word` misspelt, beside a part of its name at `i`; no everyday word if short."""
        token = text.word(j)
        if not is_english(token) or text.alone(min(i, j), max(i, j)):
            return True
        raw = text.raw(j)
        if len(word) >= SHORTEST:
            return raw[0].isupper()
        if len(word) < _SHORT_MISSPELT or token in SPEAKS | TELLS:
            return False
        if j > i and ((raw.istitle() and text.style(j) == "mixed") or ENDS.match(text.text, text.spans[j][1])):
            return raw[0].isupper()  # a capital behind the given name
        return token not in packaged_lexicon().words and (raw.istitle() or text.style(j) != "mixed")

    # -- apart, joined, spaced out ----------------------------------------------------------------------------------
    def _apart(self, text: Text) -> Iterator[KnownHit]:
        """As in "Mc Donald", "garcia lopez", "Test-" and "person" over a line end; parts inside words."""
        for i, first in enumerate(text.words):
            if first in self._book.prefixes:
                yield from self._joined_from(text, i, first)
            if len(first) > _SHORTEST_INSIDE and first not in self._book.forms:
                yield from self._within(text, i, first)

    def _joined_from(self, text: Text, i: int, word: str) -> Iterator[KnownHit]:
        places = {len(word)}
        natural = True
        for j in range(i + 1, min(i + _MOST_PIECES, len(text.words))):
            gap = text.gap(j - 1, j)
            natural = natural and (not gap or _HYPHENATED.fullmatch(gap) is not None)
            if not natural and not _GLUE.fullmatch(gap):
                return
            word += text.word(j)
            allowed = self._book.joins.get(word)
            if allowed is not None and (natural or places <= allowed):
                form = self._book.forms.get(word)
                yield KnownHit(text.spans[i][0], text.spans[j][1], form.label if form else "PERSON")
            if word not in self._book.prefixes:
                return
            places.add(len(word))

    def _within(self, text: Text, i: int, token: str) -> Iterator[KnownHit]:
        for part in self._inside:
            if part in token and not is_english(token):
                yield KnownHit(*text.spans[i], self._book.forms[part].label)
                return

    def _spaced(self, text: Text) -> Iterator[KnownHit]:
        """As in "S T O N E", "s.t.o.n.e"."""
        for run in _SPACED.finditer(text.folded):
            letters = "".join(c for c in run[0] if c.isalpha())
            for word, form in self._book.forms.items():
                if len(word) > 2 and word in letters and (len(word) > 3 or word == letters):
                    yield KnownHit(*run.span(), form.label)
                    break


def _is_family(text: Text, i: int) -> bool:
    """As in "the Stones": a capital after an article."""
    return text.raw(i)[0].isupper() and not text.raw(i).isupper() and text.word(i - 1) == "the"


def _merged(text: Text, hits: Sequence[KnownHit]) -> Iterator[KnownHit]:
    """Hits of one label with nothing but name punctuation between them become one."""
    last: KnownHit | None = None
    for hit in hits:
        gap = text.text[last.end : hit.start] if last else ""
        if last and last.label == hit.label and (hit.start <= last.end or _BETWEEN_PARTS.fullmatch(gap)):
            last = KnownHit(last.start, max(last.end, hit.end), last.label)
            continue
        if last:
            yield last
        last = hit
    if last:
        yield last
