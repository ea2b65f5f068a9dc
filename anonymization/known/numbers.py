"""Numbers, mail and web addresses of the request, compared as one run of letters and digits whatever stands between.

Long ones count wherever they stand. Short ones (an MRN "4711", the last four of a number) count after a label, or where
another identifier stands beside them.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from anonymization.known.kinds import DATE_KINDS, LONG_NUMBER, NUMBER_LABELS, SHORTEST_NUMBER, KnownHit
from anonymization.known.text import Text
from anonymization.known.variants import is_english
from anonymization.normalise import fold, normalise
from fhir_mappers.case import KnownIdentifier

_ALNUM = re.compile(r"[^\W_]+")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EXTENSION = re.compile(r"\s*(?:;\s*)?(?:ext?\.?|extension|x|#)\s*=?\s*\d{1,6}\s*$", re.IGNORECASE)
_URN = re.compile(r"^(?:urn:(?:uuid|oid):|\w+://\S*[/|]|[A-Z]\w+/)")
_UUID = re.compile(r"([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LEADING_LETTERS = re.compile(r"^[a-z]{1,6}(?=\d)")
_FILE_END = re.compile(r"\.(?:jpe?g|png|gif|bmp|tiff?|heic|webp|pdf)$", re.IGNORECASE)
_URL_HEAD = re.compile(r"^(?:[a-z]+://)?(?:www\.)?", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:\b(?:mrn|mr|emrn|med(?:ical)?\.? rec(?:ord)?|record|rec|chart|account|acct|visit|encounter|enc|csn|fin|har|case|file|"
    r"patient|pt|member|subscriber|policy|plan|group|ssn|social security|licen[cs]e|lic|dl|passport|npi|dea|ids?|identifier|"
    r"number|num|no|nr|ref|reference|claim|auth|order|accession|specimen|serial|device|room|bed|zip|postal|code|pin|badge|"
    r"employee|unit|apt|ticket|confirmation|phone|tel|fax|ext|x)"
    r"(?: (?:id|no|num|number|code|card|#))?[\s.:#=()-]{0,4}(?:is |was |of )?|#\s?)$"
)
_LAST_FOUR = re.compile(
    r"(?:\b(?:end(?:s|ing)?(?: (?:in|with))?|last (?:4|four)(?: (?:digits|numbers|of))*(?: (?:the |her |his |their )?"
    r"(?:ssn|ss|social(?: security)?(?: number)?|phone|mrn|card|account|acct|id|number))?|ssn|social(?: security)?(?: number)?|ss#)"
    r"|\.{2,}|[x*•]{2,}(?:[ -]?[x*•]{2,})*)[\s.:#=()-]{0,4}(?:is |are |was |in )?[*x-]{0,8}$"
)
_LAST_FOUR_AFTER = re.compile(r"[\s,]{0,2}\(?(?:last (?:4|four)|l4\b|final (?:4|four))")
_EXTENDED = re.compile(r"x(\d{4})")
_MISTAKEN = str.maketrans("ol", "01")  # letters typed for figures
_CLINICAL_ID = re.compile(
    r"[clts]\d{1,2}|b(?:1|2|3|5|6|7|9|12)|a1c?|d[23]|h\d|t\d|n9[59]|q\d{1,2}[hd]?|p\d|g\d(?:p\d)?\w*|co2|o2|pao2|spo2|k2|ca\d{2,3}|"
    r"\d{1,4}(?:mg|ml|mcg|g|kg|cm|mm|l|u|iu|h|hr|d|w|wk|m|mo|y|yo|f|x|st|nd|rd|th|am|pm|fr|ga|cc|mmol|meq)"
)
_COUNTRY = re.compile(r"(?:\+\d{1,3}[\s.(-]{0,3}|(?<![\w.-])1[ .(-]{1,2})$")
_EXTENDED_BY = re.compile(r"[ ,]{0,2}(?:x|ext\.?|extension)[ .:]?\d{1,6}(?![^\W_])")
_TAIL = re.compile(r"-?\d{4}(?!\d)")
_BESIDE = re.compile(r"[\s,(;:#/-]{1,3}")


def squash(value: str) -> str:
    """Letters and digits only, folded: how numbers are compared whatever their punctuation."""
    return "".join(_ALNUM.findall(fold(normalise(value).text)))


def number_keys(identifier: KnownIdentifier) -> Iterator[str]:
    """The squashed forms in which a number, address or date of the request may stand in text, short ones included."""
    kind, value = identifier.kind, identifier.value
    if kind in DATE_KINDS:
        found = _ISO_DATE.match(value)
        if found:
            year, month, day = found.groups()
            yield from (year + month + day, month + day + year, day + month + year)
    elif kind == "phone":
        yield from _phone_keys(value)
    elif kind == "email":
        yield from _mail_keys(value)
    elif kind in ("url", "photo"):
        forms = {squash(value), squash(_URL_HEAD.sub("", value)), squash(_FILE_END.sub("", value))}
        yield from (k for k in forms if not is_english(k))
    elif kind == "postal-code":
        key = squash(value)
        yield from {key, key[:5]} if key.isdigit() and len(key) == 9 else {key}
    else:
        yield from _id_keys(value)


def _phone_keys(value: str) -> Iterator[str]:
    digits = "".join(c for c in squash(_EXTENSION.sub("", value)) if c.isdigit())
    keys = {digits, digits[-10:], digits[-7:]} if len(digits) >= 10 else {digits}
    if len(digits) > 10:
        keys.add(digits[-9:])  # without country code and trunk zero
    yield from keys


def _mail_keys(value: str) -> Iterator[str]:
    """Whole, its local part where that is no word, and as it is said."""
    value = fold(normalise(value).text)
    local, _, host = value.partition("@")
    yield squash(value)
    if len(squash(local)) >= SHORTEST_NUMBER and not is_english(squash(local)):
        yield squash(local)
    said = re.sub(r"[.]", " dot ", f"{local} at {host}")
    for dash, underscore in (("dash", "underscore"), ("hyphen", "underscore"), ("", "")):
        yield squash(said.replace("-", f" {dash} ").replace("_", f" {underscore} "))
    yield squash(f"{local} at {host}")


def _id_keys(value: str) -> Iterator[str]:
    """Whole; without prefix letters; without leading zeros; a UUID's first group."""
    uuid = _UUID.search(value)
    if uuid:
        yield from (squash(uuid[0]), squash(uuid[1]))
        return
    key = squash(_URN.sub("", value))
    if key.isalpha() and is_english(key):
        return  # an id such as "patient" is no secret
    bare = _LEADING_LETTERS.sub("", key)
    yield from dict.fromkeys(k for k in (key, bare, key.lstrip("0"), bare.lstrip("0")) if len(k) > 1)


class NumberFinder:
    """Finds the numbers of one request."""

    def __init__(self, identifiers: Iterable[KnownIdentifier]) -> None:
        self._long: dict[str, str] = {}
        self._short: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._codes: set[str] = set()
        for item in identifiers:
            label = NUMBER_LABELS[item.kind]
            if item.kind == "date":
                self._codes.update(number_keys(item))  # in text, `dates` finds them
                continue
            for key in number_keys(item):
                known = self._long if len(key) >= SHORTEST_NUMBER else self._short
                if len(key) > 1:
                    known.setdefault(key, label)
            whole = squash(item.value)
            if item.kind in ("identifier", "phone") and whole[-4:].isdigit() and len(whole) >= LONG_NUMBER:
                self._last.setdefault(whole[-4:], label)

    def is_number(self, value: str) -> bool:
        """Whether `value` as a whole is one of the numbers that count wherever they stand."""
        key = squash(value)
        return key in self._long or key in self._codes

    def find(self, text: Text, others: Sequence[KnownHit] = ()) -> list[KnownHit]:
        """All mentions; `others` are mentions of names and places, beside which a short number counts."""
        if not (self._long or self._short or self._last):
            return []
        squashed, places = text.squashed
        hits = [h for key, label in self._long.items() for h in _find_key(key, label, text.folded, squashed, places)]
        figures = squashed.translate(_MISTAKEN)
        if figures != squashed:
            sure = ((k, v) for k, v in self._long.items() if k.isdigit() and len(k) >= LONG_NUMBER)
            mended = text.folded.translate(_MISTAKEN)
            hits += [h for key, label in sure for h in _find_key(key, label, mended, figures, places)]
        if self._short or self._last:
            hits += self._find_short(text.folded, [*others, *hits])
        return hits

    def _find_short(self, folded: str, others: Sequence[KnownHit]) -> Iterator[KnownHit]:
        for found in _ALNUM.finditer(folded):
            word = found[0]
            extended = _EXTENDED.fullmatch(word)
            if extended and extended[1] in self._last:
                yield KnownHit(*found.span(), self._last[extended[1]])
            if word in self._last and _LAST_FOUR_AFTER.match(folded, found.end()):
                yield KnownHit(*found.span(), self._last[word])
            if word in self._last and _LAST_FOUR.search(folded[max(0, found.start() - 60) : found.start()]):
                yield KnownHit(*found.span(), self._last[word])
            key = word if word in self._short else word.lstrip("0")
            if key in self._short and _is_short_id(folded, found, others):
                yield KnownHit(*found.span(), self._short[key])


def _is_short_id(folded: str, found: re.Match[str], others: Sequence[KnownHit]) -> bool:
    """Whether a short key is an id here: labelled, beside an identifier, or letters and digits that mean nothing else."""
    word = found[0]
    if _LABEL.search(folded[max(0, found.start() - 40) : found.start()]):
        return True
    if len(word) > 3 and not (word.isalpha() or word.isdigit()) and not _CLINICAL_ID.fullmatch(word):
        return True
    if len(word) < 3:
        return False
    gaps = [folded[h.end : found.start()] for h in others] + [folded[found.end() : h.start] for h in others]
    return word.isdigit() and len(word) > 3 and any(_BESIDE.fullmatch(gap) for gap in gaps)


def _find_key(key: str, label: str, folded: str, squashed: str, places: Sequence[int]) -> Iterator[KnownHit]:
    at = squashed.find(key)
    while at >= 0:
        run = places[at : at + len(key)]
        start, end = run[0], run[-1] + 1
        widest = 4 if len(key) >= LONG_NUMBER else 2
        if all(b - a <= widest for a, b in pairwise(run)) and _is_whole(key, folded, start, end):
            while start and folded[start - 1].isalnum():
                start -= 1
            while end < len(folded) and folded[end].isalnum():
                end += 1
            if label == "PHONE" and (head := _COUNTRY.search(folded, max(0, start - 7), start)):
                start = head.start()
            if label == "PHONE" and (extension := _EXTENDED_BY.match(folded, end)):
                end = extension.end()
            if label == "ZIP" and (tail := _TAIL.match(folded, end)):
                end = tail.end()
            yield KnownHit(start, end, label)
        at = squashed.find(key, at + 1)


def _is_whole(key: str, folded: str, start: int, end: int) -> bool:
    """Whether nothing is glued to the key; long keys count inside longer runs too, digits after letters always."""
    if len(key) > LONG_NUMBER:
        return True
    if folded[end : end + 1].isalnum():
        return False
    before = folded[start - 1 : start]
    return not before.isalnum() or (key[0].isdigit() and before.isalpha() and len(key) > SHORTEST_NUMBER)
