"""Addresses, towns, organisations and places of the request, with the short forms that people use.

A phrase counts from its distinctive words on: "103 Elm" of "103 Elm Mill Street Unit 4", "Hallmark Health" of "Hallmark
Health System". A single word that is also plain language ("Reading", "Mercy") must be written or used as a name.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from anonymization.known.cues import ABBREVIATIONS, GENERIC, STATES_OF_USA
from anonymization.known.kinds import PHRASE_LABELS, KnownHit
from anonymization.known.spelling import misspelt
from anonymization.known.text import Text
from anonymization.known.variants import is_english, is_weak, spellings
from anonymization.lexicon import packaged_lexicon, words
from anonymization.normalise import fold, normalise
from fhir_mappers.case import KnownIdentifier

STREET_WORDS = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "lane": "ln",
    "drive": "dr", "court": "ct", "place": "pl", "terrace": "ter", "terr": "ter", "circle": "cir", "highway": "hwy",
    "parkway": "pkwy", "pky": "pkwy", "square": "sq", "trail": "trl", "crossing": "xing", "heights": "hts",
    "apartment": "apt", "suite": "ste", "building": "bldg", "floor": "fl", "north": "n", "south": "s", "east": "e",
    "west": "w", "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "route": "rte",
    "saint": "st", "mount": "mt", "fort": "ft",
}  # fmt: skip
_STREET_KINDS = words(
    "st ave rd blvd ln dr ct pl ter cir hwy pkwy sq trl xing way row run path alley plaza rte loop mews pike"
)
_UNITS = words("unit apt ste bldg fl room rm lot box po no trlr floor")
_DIRECTIONS = words("n s e w ne nw se sw")
_KINDS_OF_TOWN = words("county city town township")
_LIVES = (
    r"(?:liv(?:e|es|ed|ing)|resid(?:e|es|ed|ing)|settl(?:e|es|ed|ing)|stay(?:s|ed|ing)?|dwell(?:s|ing)?|grew up|growing up|born"
    r"|rais(?:ed|ing)|based|camp(?:s|ed|ing)|vacation(?:s|ed|ing)|home|house|farm|apartment|work(?:s|ed|ing)?) (?:in|near|outside)"
    r"|(?:mov(?:e|es|ed|ing)|relocat(?:e|es|ed|ing)|return(?:s|ed|ing)?|retir(?:e|es|ed|ing)|commut(?:e|es|ed|ing)|fled"
    r"|(?:im|e)?migrat(?:e|es|ed|ing)|driv(?:e|es|ing)|drove|flew|fly|flies|flying|evacuated|deployed) (?:back )?(?:to|from|in)"
    r"|(?:resident|native|town|city|outskirts|suburb) of"
)
_PLACED = re.compile(rf"\b(?:{_LIVES}|from|travel(?:led|ed|s)? to|visiting|near|at|to|in|of)[ ](?:the )?$")
_SURELY_PLACED = re.compile(
    rf"\b(?:{_LIVES}|transferred (?:to|from)|admitted to|employed (?:at|by)|works? (?:at|for)|working (?:at|for)|"
    r"seen at|followed at|discharged (?:to|from))[ ](?:the )?$"
)
_LABEL = r"(?:hospital|facility|clinic|site|location|practice|place|town|city|county|home|residence|address|lives|from|at|where)"
_PLACE_LABEL = re.compile(rf"\b{_LABEL}\"?[ \t]?[:=][ \t]?[\"']?$|(?:^|\n)[ \t]*{_LABEL} $")
_OPENS = re.compile(r"(?:\"|\t|\| ?|(?:^|\n)[ ]*)$")
_CLOSES = re.compile(r"[ .]?(?:[\"\t|;]|$|\n)")
_POSSESSIVE = re.compile(r"'s(?![^\W_])")
_AFTER_STREET = re.compile(
    r"\b(?:(?:street|st|avenue|ave|road|rd|lane|ln|drive|court|ct|boulevard|blvd|place|pl|terrace|trail|circle|way)\.?"
    r"|(?:apt|apartment|unit|suite|ste)\.? ?\w{1,5})(?:, ?|\n)$"
)
_STATE = re.compile(r",\s?([a-z]{2,13})\b|\s([a-z]{2}) \d{5}\b")
_ADDRESSED = re.compile(r", ?\d{1,5} [a-z0-9]")
_ON_STREET = re.compile(r"\b(?:on|at|of|off|to|from|near|lives|address:?)[ ](?:the )?(?:\d+[ ])?$")
_IN_UNIT = re.compile(r"\b(?:unit|on|to|from|floor|ward|loc(?:ation)?)[: ]{1,2}$")
_TOKEN = re.compile(r"[^\W_]+")
_GAP = re.compile(r"(?:'s)?[\s,.'&#()/-]{1,5}")
_SHORTEST_TOWN = 6  # letters of a town, or of the core of a name, whose misspelling is looked for
_SHORTEST_ACRONYM = 3


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Words to be found from the first on, at least `shortest` of them. `plain`: they are plain language up to there."""

    tokens: tuple[str, ...]
    shortest: int
    label: str
    plain: bool


def street_words(value: str) -> list[str]:
    """The folded words of an address or proper name, street words in their short form, without possessive endings."""
    plain = re.sub(r"(?<=\w)'s\b|(?<=s)'(?!\w)", "", fold(normalise(value).text))
    return [STREET_WORDS.get(w, w) for w in _TOKEN.findall(plain)]


class PhraseFinder:
    """Finds the phrases of one request."""

    def __init__(self, identifiers: Iterable[KnownIdentifier]) -> None:
        self._phrases: dict[str, list[_Phrase]] = {}
        self._acronyms: dict[str, str] = {}
        self._spelt: dict[str, str] = {}
        for item in identifiers:
            values = (item.value, item.value.replace("'", ""), *spellings(item.value))  # also "Womens Hospital"
            for tokens in dict.fromkeys(tuple(street_words(value)) for value in values):
                self._add(item, tokens, PHRASE_LABELS[item.kind])

    def _add(self, item: KnownIdentifier, tokens: Sequence[str], label: str) -> None:
        if not tokens:
            return
        if item.kind == "address-line":
            made = _address(tokens, label)
        elif item.kind in ("city", "county"):
            made = _town(tokens, label)
        else:
            made = _facility(item, tokens, label)
            self._add_acronym(item.value, label)
        for phrase in made:
            self._phrases.setdefault(phrase.tokens[0], []).append(phrase)
            core = phrase.tokens[0]
            if phrase.shortest == 1 and not phrase.plain and len(core) >= _SHORTEST_TOWN and core.isalpha():
                self._spelt.setdefault(core, label)

    def _add_acronym(self, value: str, label: str) -> None:
        capitals = [
            w[0]
            for w in re.findall(r"[^\W\d_]+", value)
            if w[0].isupper() and w.lower() not in ("of", "the", "and", "for")
        ]
        acronym = fold("".join(capitals))
        if len(acronym) >= _SHORTEST_ACRONYM and acronym not in ABBREVIATIONS and not is_english(acronym):
            self._acronyms.setdefault(acronym, label)

    def find(self, text: Text) -> list[KnownHit]:
        """All mentions."""
        if not self._phrases:
            return []
        spans = [m.span() for m in _TOKEN.finditer(text.folded)]
        tokens = [STREET_WORDS.get(w, w) for w in (text.folded[s:e] for s, e in spans)]
        keep = [n for n, (s, e) in enumerate(spans) if not (tokens[n] == "s" and text.folded[s - 1 : s] == "'")]
        spans, tokens = [spans[n] for n in keep], [tokens[n] for n in keep]
        hits = [h for i, t in enumerate(tokens) if t in self._phrases for h in self._from(text, spans, tokens, i)]
        hits += self._acronyms_in(text)
        return [*hits, *self._misspelt(text)]

    def _from(self, text: Text, spans: list[tuple[int, int]], tokens: list[str], i: int) -> Iterator[KnownHit]:
        for phrase in self._phrases[tokens[i]]:
            length = 1
            while (
                length < len(phrase.tokens)
                and i + length < len(tokens)
                and tokens[i + length] == phrase.tokens[length]
                and _GAP.fullmatch(text.folded[spans[i + length - 1][1] : spans[i + length][0]])
            ):
                length += 1
            start, end = spans[i][0], spans[i + length - 1][1]
            if length < phrase.shortest or (phrase.plain and not _is_proper(text, phrase, start, end, length)):
                continue
            if phrase.label == "ADDRESS" and length < len(phrase.tokens) and i + length < len(tokens):
                following = tokens[i + length]
                if following in _STREET_KINDS and text.folded[end : spans[i + length][0]] == " ":
                    end = spans[i + length][1]  # the street's kind by another name
            possessive = _POSSESSIVE.match(text.folded, end)
            yield KnownHit(start, possessive.end() if possessive else end, phrase.label)

    def _acronyms_in(self, text: Text) -> Iterator[KnownHit]:
        if self._acronyms:
            for i, word in enumerate(text.words):
                if word in self._acronyms and text.raw(i).isupper():
                    yield KnownHit(*text.spans[i], self._acronyms[word])

    def _misspelt(self, text: Text) -> Iterator[KnownHit]:
        if not self._spelt:
            return
        unknown = sorted(set(text.words) - self._spelt.keys())
        written_for = {t: w for t, w in misspelt(unknown, list(self._spelt)) if not is_english(t)}
        for i, token in enumerate(text.words if written_for else ()):
            if token in written_for:
                yield KnownHit(*text.spans[i], self._spelt[written_for[token]])


def _address(tokens: Sequence[str], label: str) -> Iterator[_Phrase]:
    """The whole line from its number to its first distinctive word on; the street by itself where it is distinctive."""
    number = [t for t in tokens[:1] if t[0].isdigit()]
    street = list(tokens[len(number) :])
    unit = next((n for n, t in enumerate(street) if t in _UNITS and n), len(street))
    name = street[:unit]
    core = next((n for n, t in enumerate(name) if t not in _DIRECTIONS and not t.isdigit()), None)
    if core is None:
        if len(tokens) > 1:
            yield _Phrase(tuple(tokens), len(tokens), label, plain=False)  # "PO Box 12"
        return
    if number:
        yield _Phrase((*number, *street), core + 2, label, plain=is_weak(name[core]))
        if core:
            yield _Phrase((*number, *street[core:]), 2, label, plain=is_weak(name[core]))  # without its direction
    named = name[core:]
    words_of_name = [t for t in named if t not in _STREET_KINDS]
    if not words_of_name or named[0] in _UNITS:
        if len(street) > 1 and not number:
            yield _Phrase(tuple(street), len(street), label, plain=False)
        return
    first = words_of_name[0]
    plain = is_english(first) or len(first) < 5
    if len(named) > 1:
        yield _Phrase(
            tuple(named), 2, label, plain=all(is_english(t) or len(t) < 3 or t in _STREET_KINDS for t in named[:2])
        )
    if not plain:
        yield _Phrase((first,), 1, label, plain=False)


def _town(tokens: Sequence[str], label: str) -> Iterator[_Phrase]:
    """A town or county by its name; several words in any case, one word of plain language where it is written as a name."""
    core = list(tokens)
    while len(core) > 1 and core[0] in _KINDS_OF_TOWN:
        core.pop(0)
    while len(core) > 1 and core[-1] in _KINDS_OF_TOWN:
        core.pop()
    plain = len(core) == 1 and (is_weak(core[0]) or is_english(core[0]))
    whole = tuple(tokens) if list(tokens[: len(core)]) == core else tuple(core)
    yield _Phrase(whole, len(core), label, plain=plain)
    if len(core) > 1:
        yield _Phrase(("".join(core),), 1, label, plain=False)


def _facility(item: KnownIdentifier, tokens: Sequence[str], label: str) -> Iterator[_Phrase]:
    """A name of an organisation or place from its distinctive words on; names of generic words only as a whole."""
    tokens = list(tokens)
    while tokens and tokens[0] == "the":
        tokens.pop(0)
    distinct = [n for n, t in enumerate(tokens) if not _is_generic(t)]
    if len(tokens) > 1 and tokens[0].isdigit() and tokens[1] in _DIRECTIONS:
        yield from _wing(tokens, label)  # "4 West Telemetry"
    if not distinct:
        lexicon = packaged_lexicon()
        if (
            any(t not in lexicon.words and len(t) > 2 for t in tokens)
            and len(tokens) > 2
            and item.kind == "organization"
        ):
            yield _Phrase(tuple(tokens), len(tokens), label, plain=True)
        return
    if item.kind == "location" and all(_is_generic(t) or is_english(t) or not t.isalpha() for t in tokens):
        yield _Phrase(tuple(tokens), len(tokens), label, plain=True)  # "Blue Wing 3"
        return
    run = distinct[0] + 1
    while run < len(tokens) and run in distinct:
        run += 1
    core = tokens[distinct[0] : run]
    if core[0] in STATES_OF_USA and len(core) == 1 and run < len(tokens):
        core = [*core, tokens[run]]  # "Massachusetts General"
    start = tokens.index(core[0])
    shortest = min(len(core), 2)
    long_enough = len(core[0]) > 3 or (len(tokens) == 1 and len(core[0]) == _SHORTEST_ACRONYM)
    strong = not (is_english(core[0]) or is_weak(core[0])) and long_enough and core[0] not in STATES_OF_USA
    if start:  # "St. Mary's", "University of Nowhere"
        yield _Phrase(tuple(tokens), start + shortest, label, plain=False)
    yield _Phrase(tuple(tokens[start:]), 1 if strong else shortest, label, plain=not strong and shortest == 1)
    if not strong and shortest == 1 and run < len(tokens):
        yield _Phrase(tuple(tokens[start:]), 2, label, plain=False)  # "mercy hospital"


def _wing(tokens: Sequence[str], label: str) -> Iterator[_Phrase]:
    """A floor and its side: "4 west" in any case, "4W" where it is a place."""
    yield _Phrase(tuple(tokens), 2, label, plain=False)
    yield _Phrase((tokens[0] + tokens[1],), 1, label, plain=True)


def _is_generic(token: str) -> bool:
    return token in GENERIC or token.isdigit() or len(token) == 1


def _is_proper(text: Text, phrase: _Phrase, start: int, end: int, length: int) -> bool:
    """Whether plain words are written or used as a name here."""
    mention = text.text[start:end]
    before = text.folded[max(0, start - 28) : start]
    style = _line_style(text, start)
    if phrase.label == "ADDRESS":
        whole = length == len(phrase.tokens) > 2 and mention[0].isdigit()
        told = whole or length > phrase.shortest or any(c.isupper() for c in mention)
        return told or _ON_STREET.search(before) is not None
    if _SURELY_PLACED.search(before):
        return True
    if phrase.label == "LOCATION" and (_followed_by_state(text.folded, end) or _AFTER_STREET.search(before)):
        return True
    if mention[0].isdigit() and length == 1:
        return _IN_UNIT.search(before) is not None
    if (phrase.label == "LOCATION" and length > 1) or _is_value(text.folded, start, end):
        return True
    if style != "mixed" and (mention.isupper() or mention.islower()):
        if phrase.label == "LOCATION" and not is_weak(phrase.tokens[0]):
            return _PLACED.search(before) is not None
        if phrase.label == "FACILITY" and length == len(phrase.tokens) and before.endswith(" at "):
            return True
        return length > 1 and phrase.label == "FACILITY" and mention.isupper()
    if not mention[0].isupper():
        return False
    return length > 1 or _PLACED.search(before) is not None or not _begins_sentence(text.text, start)


def _is_value(folded: str, start: int, end: int) -> bool:
    """Whether the mention is all that a line, cell or field holds, or heads an address ("Evergreen, 87 Mill St")."""
    before = folded[max(0, start - 28) : start]
    if _ADDRESSED.match(folded, end):
        return True
    if not _CLOSES.match(folded, end):
        return False
    return _OPENS.search(before) is not None or _PLACE_LABEL.search(before) is not None


def _line_style(text: Text, start: int) -> str:
    i = next((n for n, (s, _) in enumerate(text.spans) if s >= start), None)
    return "mixed" if i is None else text.style(i)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'(-")
    return not before or before[-1] in ".!?:;\n•*"


def _followed_by_state(folded: str, end: int) -> bool:
    following = _STATE.match(folded, end)
    return following is not None and (following[1] or following[2]) in STATES_OF_USA
