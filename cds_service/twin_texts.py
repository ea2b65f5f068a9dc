"""Words of a person in the texts of a chart: found, and changed for a twin. Pure, and blind to everything but texts.

Texts are what people wrote: ``text``, ``valueString``, narrative, titles and plain-text attachments. Codes, references,
ids and displays of codes are never touched.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Change = Callable[[str], str]

WRITTEN = frozenset({"text", "valueString", "div", "description", "title", "comment", "patientInstruction", "detail"})
"""Elements that hold words of a person."""
READ = WRITTEN | {"display"}
"""Elements that are read to learn what a chart is about."""


def texts(value: Any, keys: frozenset[str] = READ) -> Iterator[str]:
    """Every text in `value` under one of `keys`, and plain-text attachments, in order."""
    if isinstance(value, list):
        for item in value:
            yield from texts(item, keys)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in keys and isinstance(item, str):
                yield item
            elif key == "data" and isinstance(item, str) and _plain(value):
                yield _decoded(item)
            else:
                yield from texts(item, keys)


def changed(value: Any, change: Change) -> Any:
    """A copy of `value` with `change` made in every text that a person wrote."""
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, item in value.items():
        if key in WRITTEN and isinstance(item, str):
            made[key] = change(item)
        elif key == "data" and isinstance(item, str) and _plain(value):
            made[key] = base64.b64encode(change(_decoded(item)).encode()).decode() if _decoded(item) else item
        else:
            made[key] = changed(item, change)
    return made


def names_any(found: Iterable[str], beginnings: Sequence[str]) -> bool:
    """Whether a word of one of the texts begins with one of `beginnings`."""
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, beginnings)) + ")", re.IGNORECASE)
    return any(pattern.search(text) for text in found)


def names_word(found: Iterable[str], words: Sequence[str]) -> bool:
    """Whether one of the texts holds one of `words`, whole (a plural counts)."""
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, words)) + r")s?\b", re.IGNORECASE)
    return any(pattern.search(text) for text in found)


def other_sex(pairs: Sequence[Sequence[str]], *, to_male: bool) -> Change:
    """Changes pronouns and words of one sex into those of the other, in the case in which they were written."""
    at, to = (0, 1) if to_male else (1, 0)
    words: dict[str, str] = {}
    for pair in pairs:
        words.setdefault(pair[at], pair[to])
    pattern = re.compile(r"\b(?:" + "|".join(sorted(words, key=len, reverse=True)) + r")\b", re.IGNORECASE)
    letter = re.compile(r"(?<=\d)(\s?)([FM])\b" if to_male else r"(?<=\d)(\s?)(M)\b")
    short = "M" if to_male else "F"

    def change(text: str) -> str:
        text = pattern.sub(lambda m: m[0] if _abbreviated(m[0]) else _cased(words[m[0].lower()], m[0]), text)
        text = _HER.sub(_of_her, text) if to_male else _HIS.sub(_of_him, text)
        return letter.sub(lambda m: m[1] + short, text)

    return change


_HER = re.compile(r"\b(her)\b(?=(\s+[a-z]+)?)", re.IGNORECASE)
_HIS = re.compile(r"\b(his|him)\b", re.IGNORECASE)
_NO_NOUN = frozenset(
    {"to", "at", "in", "on", "for", "with", "from", "by", "and", "or", "but", "as", "that", "who", "when", "while",
     "after", "before", "since", "because", "if", "into", "about", "than", "up", "down", "off", "out", "over", "today",
     "yesterday", "now", "again", "is", "was", "has", "had", "not", "very"}
)  # fmt: skip


def _of_her(match: re.Match[str]) -> str:
    """``her`` before a noun is ``his``, else ``him``."""
    following = (match[2] or "").strip().lower()
    return _cased("his" if following and following not in _NO_NOUN else "him", match[1])


def _of_him(match: re.Match[str]) -> str:
    return _cased("her", match[1])


def _abbreviated(word: str) -> bool:
    """``MR`` is a scan or a valve, and no mister."""
    return len(word) == 2 and word.isupper()


def _cased(word: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.capitalize() if like[0].isupper() else word


def other_age(old: int, new: int) -> Change:
    """Changes the age `old` where a text states it as an age."""
    stated = re.compile(
        rf"\b{old}(?=(?:[ -]?(?:years?|yrs?|yo|y\.o\.|y/o)\b)|\s?[MF]\b)|(?<=\baged )\b{old}\b|(?<=\bage )\b{old}\b",
        re.IGNORECASE,
    )
    return lambda text: stated.sub(str(new), text)


def other_group(words: Sequence[str], people: Sequence[str], new: str) -> Change:
    """Changes the word of a group before a person (``Asian man``) into `new`."""
    group = "|".join(re.escape(w) for w in sorted(words, key=len, reverse=True))
    stated = re.compile(rf"\b(?:{group})(?=[ -](?:{'|'.join(people)})\b)", re.IGNORECASE)
    return lambda text: stated.sub(new, text)


def other_words(words: dict[str, str]) -> Change:
    """Changes whole words, as they are written."""
    if not words:
        return lambda text: text
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")\b")
    return lambda text: pattern.sub(lambda m: words[m[0]], text)


def _plain(attachment: dict[str, Any]) -> bool:
    return str(attachment.get("contentType", "")).startswith("text/plain")


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
