"""JSON documents in files of test data: one a file, one a line or one after the other; ``.gz`` and ``.xz`` too."""

from __future__ import annotations

import gzip
import json
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

KINDS = (".json", ".jsonl", ".ndjson")
PACKED = (".gz", ".xz")
_BLANKS = re.compile(r"[ \t\r\n]*")


def find(folder: Path, *, deep: bool = True) -> list[Path]:
    """The files of JSON documents in `folder`, and with `deep` below it, in order."""
    paths = folder.rglob("*") if deep else folder.glob("*")
    return sorted(p for p in paths if p.is_file() and _kind(p) in KINDS)


def spread(items: Sequence[T], most: int | None) -> Sequence[T]:
    """At most `most` of `items`, evenly spread over them, so that every part is represented; all without `most`."""
    if most is None or most >= len(items):
        return items
    return [items[number * len(items) // most] for number in range(most)]


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked. A file that cannot be unpacked or opened is empty."""
    try:
        if path.suffix == ".xz":
            return lzma.decompress(path.read_bytes())
        if path.suffix == ".gz":
            return gzip.decompress(path.read_bytes())
        return path.read_bytes()
    except (OSError, EOFError, lzma.LZMAError, zlib.error):
        return b""


def read(path: Path) -> Iterator[Any]:
    """The JSON documents in a file. What is no JSON yields nothing; a broken line costs itself."""
    return documents(content(path), lines=_kind(path) != ".json")


def documents(raw: bytes, *, lines: bool = False) -> Iterator[Any]:
    """The JSON documents in `raw`. With `lines` one that is broken costs its line, else there are none then."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeError:
        return
    whole = _one_after_the_other(text)
    if whole is not None or not lines:
        yield from whole or ()
        return
    for line in text.split("\n"):
        yield from _one_after_the_other(line) or ()


def _kind(path: Path) -> str:
    return Path(path.stem).suffix if path.suffix in PACKED else path.suffix


def _one_after_the_other(text: str) -> list[Any] | None:
    """All documents in `text`; None where it is not JSON to its end."""
    decoder, made, at = json.JSONDecoder(), [], _after_blanks(text, 0)
    while at < len(text):
        try:
            document, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        made.append(document)
        at = _after_blanks(text, end)
    return made


def _after_blanks(text: str, start: int) -> int:
    blanks = _BLANKS.match(text, start)
    return blanks.end() if blanks else start
