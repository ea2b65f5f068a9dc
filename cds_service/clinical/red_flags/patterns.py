"""The small pattern language of the lexicon, compiled to regular expressions over sentences in normal form.

``word``         that word                      ``word*``     words that begin so
``(a|b c)``      one of the alternatives        ``x?``        x or nothing (also ``(a|b)?``)
``{pain}``       a class of words               ``~3``        up to three words between; none a negation, no comma
``#``            a number
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PIECE = re.compile(r"\([^()]+\)\??|\{[a-z_]+\}\??|~\d|[a-z0-9/:,#*]+\??|\)")
GAP = r"(?:(?!(?:no|not|without|denies|denied|but|negative) )[a-z0-9·]+ ){{0,{n}}}"
NUMBER = r"[0-9][0-9·]*"


def compile_patterns(patterns: tuple[str, ...], classes: Mapping[str, str]) -> re.Pattern[str] | None:
    """One expression that matches any of `patterns`, None for no patterns. Raises ValueError for a bad pattern."""
    if not patterns:
        return None
    return re.compile(f"(?<= )(?:{'|'.join(_regex(p, classes) for p in patterns)})")


def first_words(patterns: tuple[str, ...], classes: Mapping[str, str]) -> frozenset[str]:
    """Words that a match of any of `patterns` can begin with, as in the patterns: ``word``, ``word*`` or ``#``."""
    found: set[str] = set()
    for pattern in patterns:
        for piece in PIECE.findall(pattern):
            found |= {alternative.split(" ")[0] for alternative in _alternatives(piece.removesuffix("?"), classes)}
            if not piece.endswith("?"):
                break
    return frozenset(found)


def _regex(pattern: str, classes: Mapping[str, str]) -> str:
    pieces = PIECE.findall(pattern)
    if "".join(pieces).replace(" ", "") != pattern.replace(" ", ""):
        raise ValueError(f"lexicon pattern cannot be read: {pattern}")
    return "".join(_piece(p, classes) for p in pieces)


def _piece(piece: str, classes: Mapping[str, str]) -> str:
    if piece.startswith("~"):
        return GAP.format(n=piece[1:])
    optional = piece.endswith("?")
    alternatives = _alternatives(piece.removesuffix("?"), classes)
    if any("~" in a or "{" in a or "?" in a for a in alternatives):
        raise ValueError(f"lexicon group holds more than words: {piece}")
    words = "|".join(
        re.escape(a).replace(r"\*", "[a-z]*").replace(r"\#", NUMBER).replace(r"\ ", " ") for a in alternatives
    )
    return f"(?:(?:{words}) )" + ("?" if optional else "")


def _alternatives(core: str, classes: Mapping[str, str]) -> list[str]:
    if core.startswith("{"):
        core = f"({classes[core[1:-1]]})"
    return core[1:-1].split("|") if core.startswith("(") else [core]
