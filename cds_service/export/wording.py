"""A clinician's words in the characters and the length of the output contract, or not at all.

Nothing is left out of a text to make it fit: without its ``<``, its ``?`` or its last sentence it may say the opposite.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from anonymization.labels import KINDS
from cds_service.inference.words import cut

PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})_\d+\]")
"""What the gate leaves where an identifier stood."""

_WRITABLE = re.compile(r"[A-Za-z0-9 ,.'()/%+-]*")
_SAID = str.maketrans(
    {
        "\N{LESS-THAN OR EQUAL TO}": " at most ",
        "\N{GREATER-THAN OR EQUAL TO}": " at least ",
        "<": " less than ",
        ">": " more than ",
        "&": " and ",
        "~": " about ",
        "=": " ",
        "_": " ",
        "\N{DEGREE SIGN}": " ",
        '"': "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": "'",
        "\N{RIGHT DOUBLE QUOTATION MARK}": "'",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "!": ".",
    }
)
_PAUSE = re.compile(r"(?<!\d)\s*[:;]|[:;](?!\d)")  # a time or a ratio is none
_ACCENTS = {"Mn"}


def plain(text: str) -> str | None:
    """`text` in the characters of the contract; None where one of them cannot be said otherwise."""
    signs = text.replace("<=", "\N{LESS-THAN OR EQUAL TO}").replace(">=", "\N{GREATER-THAN OR EQUAL TO}")
    said = " ".join(_PAUSE.sub(",", signs).translate(_SAID).split())
    letters = "".join(c for c in unicodedata.normalize("NFD", said) if unicodedata.category(c) not in _ACCENTS)
    return letters if _WRITABLE.fullmatch(letters) else None


def sentence(text: str, most: int) -> str | None:
    """`text` as `plain`, ended with a full stop, in at most `most` characters; empty for nothing, else None."""
    said = plain(text)
    if said is None:
        return None
    ended = said.rstrip(" .,")
    if not ended:
        return ""
    return f"{ended}." if len(ended) < most else None


def term(text: str) -> str:
    """`text` as `plain`, from its first word to its last; empty where it cannot be said."""
    return (plain(text) or "").strip(" .,'-")


def listed(titles: Sequence[str], most: int) -> str:
    """The first of `titles`, as many as fit whole into `most` characters, as the end of a sentence names them."""
    told = ""
    for title in map(_within, titles):
        longer = f"{told}, {title}" if told else title
        if len(longer) > most:
            break
        told = longer
    return told or cut(_within(titles[0]), most)


def _within(title: str) -> str:
    """`title` within a sentence: an abbreviation keeps its capitals."""
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]
