"""What is left of the identifiers of a request in a finished text: the leak check's half that knows whom to look for.

Independent of the matcher (`anonymization.known`): nothing is searched for. The text is cut into words and figures, and
single words, neighbours and runs of figures are looked up in sets that were made of the identifiers. Misspellings are
found by the words that remain when one letter is left out. Only what gives somebody away without context counts:
``will`` does not, ``will stone`` does, and ``Will`` does where only a name stands (`leakcheck_weak`). The two halves share word lists, no search.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise

from anonymization.known.cues import ABBREVIATIONS, ADJECTIVES, DOTTED, GENERIC, PARTICLES, STATES_OF_USA, THINGS
from anonymization.known.variants import short_names
from anonymization.leakcheck_weak import WeakTraces
from anonymization.lexicon import packaged_lexicon, words
from fhir_mappers.case import KnownIdentifier

_TOKEN = re.compile(r"[a-z]+|[0-9]+")
_ALNUM = re.compile(r"[a-z0-9]+")
_NO_ASCII = re.compile(r"[^\x00-\x7f]")
_CAPITALISED = re.compile(r"\b[A-Z][a-z]+")
_TITLES = words("mr mrs ms miss mx dr prof jr sr ii iii iv md do rn np phd")
_MONTHS = words("january february march april may june july august september october november december")
_MONTH_ORDER = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDINAL_ENDS = words("st nd rd th of the")
_AMOUNTS = words(
    "mg g mcg ml units tabs tablets caps times doses weeks days hours months years more puffs drops episodes attacks"
)
_KINDS_OF_TOWN = words("county city town township")
_DIRECTIONS = words("n s e w north south east west")
_NUMBER_KINDS = frozenset({"phone", "identifier", "postal-code", "birth-date", "date"})
_APOSTROPHE = re.compile(r"(?<=[a-z])'(?=[a-z]{2})")
_HYPHENATED = re.compile(r"(?<=[a-z])-[ \t]*\n[ \t]*(?=[a-z])")
_SPACED_LETTERS = re.compile(r"(?<![a-z0-9])[a-z](?:[ ._*-]{1,2}[a-z]){2,}(?![a-z0-9])")
_NEIGHBOURS = re.compile(r"[ \t]?[,.'_-]?[ \t]?|,?[ \t]?\n")
_FIGURE_GAP = re.compile(r"[\s().+#/-]{1,3}")
_DATE_GAP = re.compile(r"[\s,./'-]{0,3}")
_LABELLED = re.compile(
    r"\b(?:mrn|chart|account|acct|visit|encounter|patient|id|record)(?: (?:no|id|number))?[ :.#=]{1,3}(?=[a-z]?\d)([a-z0-9]{2,4})\b"
)
_LAST_FOUR = re.compile(
    r"(?:\bending(?: in)?|\blast (?:4|four)(?: digits)?(?: of ssn)?|[x*]{3,}(?:-[x*]{2,})?)[ :.#-]{1,3}(\d{4})(?!\d)"
)
_INITIALS = re.compile(r"\b(?:patient|pt|client|mr|mrs|ms)\.?:? ([a-z])\. ?([a-z])(?:\.|(?![a-z0-9]))")
_SAID_AT = re.compile(r" ?[\[(]?\b(at|dot)\b[\])]? ?")
_SHORTEST_MISSPELT = 6
_SHORTEST_NAME_MISSPELT = 5
_SHORTEST_NUMBER = 5
_LONG_NUMBER = 8
_MOST_GROUPS = 12


def plain(text: str) -> str:
    """`text` in small letters without accents and invisible characters."""
    return _NO_ASCII.sub(_seen, unicodedata.normalize("NFKD", text)).lower()


def _seen(char: re.Match[str]) -> str:
    """The character, empty for marks and what is invisible."""
    return "" if unicodedata.combining(char[0]) or unicodedata.category(char[0]) == "Cf" else char[0]


class KnownTraces:
    """The identifiers of one request as sets."""

    def __init__(self, identifiers: Iterable[KnownIdentifier]) -> None:
        self._words: set[str] = set()
        self._names: set[str] = set()
        self._spelt: set[str] = set()
        self._capitals: set[str] = set()
        self._shortened: set[str] = set()
        self._pairs: set[tuple[str, str]] = set()
        self._initials: set[str] = set()
        self._figures: set[str] = set()
        self._long: set[str] = set()
        self._short: set[str] = set()
        self._last_four: set[str] = set()
        self._mails: set[str] = set()
        self._dates: set[tuple[str, ...]] = set()
        self._weak = WeakTraces()
        for item in identifiers:
            self._add(item)
        for word in self._words:
            if len(word) >= (_SHORTEST_NAME_MISSPELT if word in self._names else _SHORTEST_MISSPELT):
                self._spelt.add(word)
                self._shortened.update(_one_left_out(word))

    def stand_in(self, text: str) -> bool:
        """Whether `text`, placeholders taken out, gives one of them away."""
        if not self._capitals.isdisjoint(_CAPITALISED.findall(text)):
            return True
        if self._weak.stand_in(text):
            return True
        folded = plain(text)
        if self._mailed(folded) or self._numbered(folded) or self._initialled(folded):
            return True
        readings = [folded]
        joined = _HYPHENATED.sub("", _APOSTROPHE.sub("", folded))
        joined = _SPACED_LETTERS.sub(lambda run: "".join(_TOKEN.findall(run[0])), joined)
        readings += [joined] if joined != folded else []
        return any(self._worded(reading) for reading in readings)

    def are_code(self, code: str) -> bool:
        """Whether a code or handle is one of the numbers, or holds one of the names."""
        folded = plain(code)
        whole = "".join(_ALNUM.findall(folded))
        return whole in self._figures or whole in self._long or not self._words.isdisjoint(_TOKEN.findall(folded))

    # -- what is known ----------------------------------------------------------------------------------------------
    def _add(self, item: KnownIdentifier) -> None:
        if item.kind in ("name", "given", "family"):
            self._add_name(item)
        elif item.kind == "email":
            self._add_mail(item.value)
        elif item.kind in _NUMBER_KINDS:
            self._add_number(item)
        elif item.kind == "address-line":
            tokens = [t for t in _TOKEN.findall(plain(item.value)) if t not in _DIRECTIONS]
            if len(tokens) > 1 and tokens[0].isdigit() and _tells_capitalised(tokens[1]):
                self._pairs.add((tokens[0], tokens[1]))
        elif item.kind in ("city", "county"):
            self._add_place(_without_kind(_letters(item.value)))
        elif item.kind == "organization":
            self._add_facility(item.value)

    def _add_name(self, item: KnownIdentifier) -> None:
        found = [*_letters(item.value), *_letters(_APOSTROPHE.sub("", plain(item.value)))]
        parts = [p for p in dict.fromkeys(found) if len(p) > 1 and p not in _TITLES] or list({"do"}.intersection(found))
        self._capitals.update(p.capitalize() for p in parts if _tells_capitalised(p))
        alone = [p for p in parts if _tells_alone(p)]
        self._words.update(alone)
        self._names.update(alone)
        for part in parts:
            if part not in alone and part.capitalize() not in self._capitals:
                self._weak.add(part)
        self._words.update(f"{p}s" for p in alone if len(p) > 3 and not _is_word(f"{p}s"))
        if item.kind != "family":
            given = parts if item.kind == "given" else parts[:-1]
            self._words.update(s for p in given for s in short_names(p) if len(s) > 2 and not _is_word(s))
        if item.kind != "name":
            return
        for a, b in combinations(parts, 2):
            if a in b or b in a or (a in PARTICLES and b in PARTICLES):
                continue
            self._pairs |= {(a, b), (b, a)}
            self._words.update(g for g in (a + b, b + a) if len(g) > 5 and not _is_word(g))
        letters = [p[0] for p in _letters(item.value) if p not in _TITLES]
        if len(letters) > 1:
            self._initials |= {letters[0] + letters[-1], letters[0] + letters[1]}

    def _add_mail(self, value: str) -> None:
        address = plain(value)
        local, _, host = address.partition("@")
        self._mails |= {address, f"{local} at {host}".replace(".", " dot ")}
        if len(local) >= _SHORTEST_NUMBER and not local.isalpha():
            self._mails.add(local)

    def _add_number(self, item: KnownIdentifier) -> None:
        if item.kind in ("birth-date", "date"):
            self._add_date(item.value)
            return
        whole = "".join(_ALNUM.findall(plain(item.value)))
        digits = "".join(c for c in whole if c.isdigit())
        if item.kind == "phone":
            self._keep(digits)
            if len(digits) >= 10:
                self._keep(digits[-10:])
                self._figures.add(digits[-7:])
        elif not (whole.isalpha() and _is_word(whole)):
            self._keep(whole)
            if (
                item.kind == "identifier"
                and len(digits) > _LONG_NUMBER
                and whole.lstrip("abcdefghijklmnopqrstuvwxyz").isdigit()
            ):
                self._keep(digits)
        if item.kind == "identifier" and len(digits) >= _LONG_NUMBER and whole[-4:].isdigit():
            self._last_four.add(whole[-4:])

    def _keep(self, key: str) -> None:
        if len(key) >= _LONG_NUMBER:
            self._long.add(key)
        elif len(key) >= _SHORTEST_NUMBER:
            self._figures.add(key)
        elif len(key) > 1 and any(c.isdigit() for c in key):
            self._short.add(key)

    def _add_date(self, value: str) -> None:
        found = re.match(r"(\d{4})-(\d\d)-(\d\d)", value)
        if not found or not 1 <= int(found[2]) <= 12:
            return
        year, month, day = found[1], str(int(found[2])), str(int(found[3]))
        name = _MONTH_ORDER[int(month) - 1]
        for written in (year, year[2:].lstrip("0") or "0"):
            for m in (month, name):
                self._dates |= {(written, m, day), (m, day, written), (day, m, written)}
        self._dates |= {(name, day), (day, name)}
        self._long |= {"".join(found.groups()), found[2] + found[3] + found[1], found[3] + found[2] + found[1]}

    def _add_place(self, tokens: Sequence[str]) -> None:
        if len(tokens) == 1:
            self._words.update(t for t in tokens if _tells_alone(t) and (len(t) > 3 or not _is_word(t)))
        elif tokens:
            self._pairs.update([(tokens[0], tokens[1])])

    def _add_facility(self, value: str) -> None:
        tokens = [t for t in _letters(re.sub(r"'s\b", "", plain(value))) if t != "the"]
        distinct = [n for n, t in enumerate(tokens) if t not in GENERIC and len(t) > 3]
        if not distinct:
            self._words.update(t for t in tokens if len(tokens) == 1 and _tells_alone(t) and not _is_word(t))  # "RGH"
            return
        n = distinct[0]
        if n + 1 < len(tokens) and tokens[n] not in STATES_OF_USA:
            self._pairs.add((tokens[n], tokens[n + 1]))
        if len(tokens[n]) > 4 and _tells_alone(tokens[n]) and tokens[n] not in STATES_OF_USA:
            self._words.add(tokens[n])

    # -- what a text holds ------------------------------------------------------------------------------------------
    def _worded(self, folded: str) -> bool:
        tokens = [(m[0], m.start(), m.end()) for m in _TOKEN.finditer(folded)]
        for word, _, _ in tokens:
            if word in self._words or (len(word) >= _SHORTEST_NAME_MISSPELT - 1 and self._misspelt(word)):
                return True
        for n, (a, _, end) in enumerate(tokens[:-1]):
            b, start, _ = tokens[n + 1]
            if (a, b) in self._pairs and _NEIGHBOURS.fullmatch(folded[end:start]) and not _ends(a, folded[end:start]):
                return True
            third = tokens[n + 2][0] if n + 2 < len(tokens) else ""
            if (a, third) in self._pairs and self._bridged(folded, tokens[n : n + 3]):
                return True
        return bool(self._dates) and self._dated(folded, tokens)

    def _bridged(self, folded: str, three: Sequence[tuple[str, int, int]]) -> bool:
        """Whether an initial or a direction joins two words: "Anna Q. Stone", "48 N Wexbury"."""
        (a, _, first), (b, start, end), (_, last, _) = three
        if a.isdigit():
            return b in _DIRECTIONS
        return len(b) == 1 and folded[first:start] == " " and folded[end:last] in (" ", ". ")

    def _misspelt(self, word: str) -> bool:
        if not word.isalpha() or self._shortened.isdisjoint({word, *_one_left_out(word)}):
            return False
        if _is_word(word) or word in ABBREVIATIONS:
            return False
        return any(_one_edit(word, k) for k in self._spelt)

    def _dated(self, folded: str, tokens: Sequence[tuple[str, int, int]]) -> bool:
        """Whether two or three neighbouring words and figures are a date."""
        kept = [t for n, t in enumerate(tokens) if not (t[0] in _ORDINAL_ENDS and n)]
        said = [_of_date(word) for word, _, _ in kept]
        for n, first in enumerate(said):
            if not first:
                continue
            two, three = tuple(said[n : n + 2]), tuple(said[n : n + 3])
            if three in self._dates and self._is_date(folded, kept[n : n + 3]):
                return True
            if two in self._dates and any(w in _MONTHS - {"may", "march"} for w, _, _ in kept[n : n + 2]):
                following = kept[n + 2][0] if n + 2 < len(kept) else ""
                close = _DATE_GAP.fullmatch(_without_ordinals(folded[kept[n][2] : kept[n + 1][1]]))
                if close and following not in _AMOUNTS and not following.isdigit():
                    return True
        return False

    def _is_date(self, folded: str, three: Sequence[tuple[str, int, int]]) -> bool:
        gaps = [_without_ordinals(folded[a[2] : b[1]]) for a, b in pairwise(three)]
        if not all(_DATE_GAP.fullmatch(g) for g in gaps):
            return False
        whole_year = any(len(w) == 4 and w.isdigit() for w, _, _ in three)
        return (
            whole_year or any(w.isalpha() for w, _, _ in three) or (gaps[0] == gaps[1] and gaps[0] in ("/", "-", "."))
        )

    def _numbered(self, folded: str) -> bool:
        for found in _LABELLED.finditer(folded):
            if found[1] in self._short:
                return True
        if any(found[1] in self._last_four for found in _LAST_FOUR.finditer(folded)):
            return True
        if not self._figures.isdisjoint(_ALNUM.findall(folded)):
            return True
        lines = "\n".join(map(_squashed, folded.split("\n")))
        if any(n in lines for n in self._long):
            return True
        return any(g in self._figures for run in _figure_runs(folded) for g in _grouped(run))

    def _mailed(self, folded: str) -> bool:
        said = _SAID_AT.sub(lambda m: f" {m[1]} ", folded) if self._mails else ""
        return any(m in folded or m in said for m in self._mails)

    def _initialled(self, folded: str) -> bool:
        return any(m[1] + m[2] in self._initials - DOTTED for m in _INITIALS.finditer(folded))


def _letters(value: str) -> list[str]:
    return [t for t in _TOKEN.findall(plain(value)) if t.isalpha()]


def _without_kind(tokens: Sequence[str]) -> list[str]:
    """A town's words without what it is: "Fakeville" of "Fakeville City", all of "New City Fabula"."""
    kept = list(tokens)
    while len(kept) > 1 and kept[-1] in _KINDS_OF_TOWN:
        kept.pop()
    while len(kept) > 1 and kept[0] in _KINDS_OF_TOWN:
        kept.pop(0)
    return kept


def _is_word(token: str) -> bool:
    return packaged_lexicon().is_english(token)


def _tells_capitalised(part: str) -> bool:
    """Whether a part of a name is a word of English so rare in charts that its capital gives it away ("Mason")."""
    lexicon = packaged_lexicon()
    return len(part) > 3 and not (_is_cue(part) or part in lexicon.words or part in lexicon.common_names)


def _is_cue(part: str) -> bool:
    return part in PARTICLES or part in ABBREVIATIONS or part in ADJECTIVES or part in THINGS


def _tells_alone(part: str) -> bool:
    """Whether a part of a name is no word of English or medicine."""
    lexicon = packaged_lexicon()
    if len(part) < 3 or part in lexicon.words or part in lexicon.common_names:
        return False
    if _is_cue(part):
        return False
    return part in lexicon.given_names or not _is_word(part)


def _one_left_out(word: str) -> set[str]:
    return {word[:n] + word[n + 1 :] for n in range(len(word))}


def _one_edit(a: str, b: str) -> bool:
    """Whether one letter was changed, added, lost, or two neighbours were swapped."""
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return max(len(a), len(b)) <= 1 or (len(a) == len(b) == 2 and a == b[::-1])


def _ends(word: str, gap: str) -> bool:
    return "." in gap and gap[-1:].isspace() and len(word) > 2


def _of_date(word: str) -> str:
    """A figure without leading zeros, a month by three letters, empty for other words."""
    if word.isdigit():
        return word.lstrip("0") or "0"
    return word[:3] if word in _MONTHS or word in _MONTH_ORDER or word == "sept" else ""


def _without_ordinals(gap: str) -> str:
    return re.sub(r"(?:st|nd|rd|th|of|the)\b", "", gap).replace("  ", " ")


def _squashed(line: str) -> str:
    return "".join(_ALNUM.findall(line))


def _figure_runs(folded: str) -> Iterator[list[str]]:
    """Groups of figures with nothing but number punctuation between them."""
    run: list[str] = []
    last = 0
    for found in re.finditer(r"[0-9]+", folded):
        if run and not _FIGURE_GAP.fullmatch(folded[last : found.start()]):
            yield run
            run = []
        run.append(found[0])
        last = found.end()
    if run:
        yield run


def _grouped(run: Sequence[str]) -> Iterator[str]:
    """All numbers that neighbouring groups make."""
    for n in range(len(run)):
        number = ""
        for group in run[n : n + _MOST_GROUPS]:
            number += group
            if len(number) >= _LONG_NUMBER:
                break
            yield number
