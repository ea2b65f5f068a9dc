r"""Unicode normalisation that remembers where every character came from.

Identifiers hide behind full-width and foreign digits, zero-width characters, soft hyphens, typographic dashes, and
characters that are written out for machines (``&#65;``, ``A%20B``, ``\u0041``). Recognizers read the normalised text;
the offset map turns their spans back into spans of the input.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import regex  # type: ignore[import-untyped]

# One character each, so that positions survive: typographic dashes and quotes become their ASCII forms.
_PLAIN = str.maketrans(
    dict.fromkeys("‐‑‒–—―−", "-")  # noqa: RUF001
    | dict.fromkeys("‘’‛ʼ´`", "'")  # noqa: RUF001
    | dict.fromkeys("“”„", '"')
    | dict.fromkeys("\r\v\f", "\n")
)

# Cyrillic and Greek letters that are drawn like Latin ones (Unicode confusables, the letters of names only).
_LOOK_ALIKE = str.maketrans(
    "АВЕКМНОРСТУХаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",  # noqa: RUF001 - the look-alikes are the point
    "ABEKMHOPCTYXaeopcyxisjABEZHIKMNOPTYXo",
)


# Characters written out: HTML entities, JSON escapes, and percent-encoding between letters and digits of an address.
_WRITTEN = regex.compile(
    r"(?P<html>&(?:#\d{1,6}|#[xX][0-9a-fA-F]{1,5}|[A-Za-z]{2,8});)"
    r"|(?P<json>\\u[0-9a-fA-F]{4})"
    r"|(?P<url>(?<=[A-Za-z0-9=_.-])%[2-7][0-9A-Fa-f](?=[A-Za-z0-9%]))"
)

_LONGEST_EXPANSION = 4

# An ASCII character belongs to the mark after it, so a run stops one short of a non-ASCII character.
_CLUSTER = regex.compile(r"[\x00-\x7f]+(?![^\x00-\x7f])|\X", regex.DOTALL)


@dataclass(frozen=True)
class Normalised:
    """`text` after normalisation; `starts[i]` and `ends[i]` bound the input characters that gave ``text[i]``.

    Both maps are None when the text is unchanged.
    """

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """The span ``[start, end)`` of `text`, grown so that it holds all of what each input character became."""
        if self.starts is None:
            return start, end
        while start and self.starts[start - 1] == self.starts[start]:
            start -= 1
        while end < len(self.text) and self.starts[end] == self.starts[end - 1]:
            end += 1
        return start, end

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The input span of the non-empty span ``[start, end)`` of `text`."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def _composed(cluster: str) -> str:
    """NFKC, without marks on an ASCII letter that have no letter of their own ("i" with a second dot).

    The few ligatures that NFKC spells out in a whole phrase become U+FFFD, so that a short text stays short.
    """
    piece = unicodedata.normalize("NFKC", cluster)
    if piece[:1].isascii() and piece[:1].isalpha():
        piece = "".join(c for c in piece if not unicodedata.combining(c))
    return piece if len(piece) <= _LONGEST_EXPANSION * len(cluster) else "\ufffd"


def normalise(text: str) -> Normalised:
    """NFKC, without invisible characters, with plain dashes, quotes, digits and line ends, nothing written out."""
    if text.isascii() and not _WRITTEN.search(text):
        return Normalised(text.translate(_PLAIN))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, written in _clusters(text):
        if written is None and text[start:end].isascii():
            out.append(text[start:end].translate(_PLAIN))
            starts += range(start, end)
            ends += range(start + 1, end + 1)
            continue
        piece = _composed(text[start:end] if written is None else written).translate(_PLAIN)
        piece = "".join(_plain_digit(c) for c in piece if unicodedata.category(c) != "Cf")
        out.append(piece)
        starts += [start] * len(piece)
        ends += [end] * len(piece)
    return Normalised("".join(out), tuple(starts), tuple(ends))


def _clusters(text: str) -> Iterator[tuple[int, int, str | None]]:
    """Spans of plain ASCII runs and of other characters each with the marks that follow it.

    The third value is what a character written out stands for, None for all others.
    """
    at = 0
    for written in _WRITTEN.finditer(text):
        yield from ((*m.span(), None) for m in _CLUSTER.finditer(text, at, written.start()))
        yield (*written.span(), _read(written))
        at = written.end()
    yield from ((*m.span(), None) for m in _CLUSTER.finditer(text, at))


def _read(written: Any) -> str:
    """The character that a match of `_WRITTEN` stands for."""
    if written["html"]:
        return html.unescape(written["html"])
    return chr(int(written["json"][2:] if written["json"] else written["url"][1:], 16))


def _plain_digit(char: str) -> str:
    """The ASCII digit for a decimal digit of any script."""
    return char if char.isascii() or not char.isdecimal() else str(unicodedata.decimal(char))


def fold(text: str) -> str:
    """`text` for comparison, character by character: lower case, no accents, Latin for look-alikes. Same length."""
    if text.isascii():
        return text.lower()
    return text.translate(_FOLDED)


_MICRO = (0xB5, 0x3BC)
"""The sign of a millionth, and the letter that stands for it: "umol"."""


class _Folded(dict[int, str]):
    """The folded form of each character that was ever asked for."""

    def __missing__(self, code: int) -> str:
        char = "u" if code in _MICRO else chr(_LOOK_ALIKE.get(code, code))
        base = unicodedata.normalize("NFD", char)[0].lower()
        self[code] = base if len(base) == 1 else char
        return self[code]


_FOLDED = _Folded()
