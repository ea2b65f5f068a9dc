"""What the generator yields: a text with gold spans, and the pieces it is put together from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Family = Literal["train", "held-out"]
FAMILIES: tuple[Family, ...] = ("train", "held-out")

LABELS = ("NAME", "LOC", "FACILITY", "DATE", "PHONE", "ADDRESS", "ID", "EMAIL", "URL", "AGE", "ORG")
"""ORG is neutral (insurers); employers, schools and congregations are FACILITY; AGE is an age over 89."""

GENERATOR_VERSION = "2"
"""Changes whenever the same seed yields other bytes. A packaged model names the version that it was trained on."""


@dataclass(frozen=True, kw_only=True)
class SyntheticNote:
    """A fictional text. `spans` are (start, end, label) in characters, sorted and disjoint.

    With a `bundle` the labels end in `.k` (the mention stands in the bundle in some form) or `.u` (it does not).
    """

    text: str
    spans: tuple[tuple[int, int, str], ...]
    bundle: dict[str, Any] | None
    kind: str
    template: str

    def to_json(self) -> str:
        """One line as `cds-service evaluate deid` and `deidentify batch` read it."""
        line: dict[str, Any] = {"text": self.text, "spans": [list(span) for span in self.spans]}
        if self.bundle is not None:
            line["bundle"] = self.bundle
        return json.dumps(line, ensure_ascii=False)


@dataclass(frozen=True)
class Piece:
    """A stretch of text: an identifier when it has a label. `known` says that the bundle holds it in some form."""

    text: str
    label: str | None = None
    known: bool = False


def assemble(pieces: Iterable[Piece]) -> tuple[str, tuple[tuple[int, int, str, bool], ...]]:
    """The text of `pieces`, and (start, end, label, known) of those with a label; blanks at their edges stay out."""
    text = ""
    spans: list[tuple[int, int, str, bool]] = []
    for piece in pieces:
        bare = piece.text.strip()
        if piece.label and bare:
            start = len(text) + piece.text.index(bare)
            spans.append((start, start + len(bare), piece.label, piece.known))
        text += piece.text
    return text, tuple(spans)


def disassemble(text: str, spans: Iterable[tuple[int, int, str]]) -> list[Piece]:
    """The pieces of a text with spans: what `assemble` puts together again."""
    pieces: list[Piece] = []
    last = 0
    for start, end, label in spans:
        pieces += [Piece(text[last:start]), Piece(text[start:end], label)]
        last = end
    pieces.append(Piece(text[last:]))
    return [piece for piece in pieces if piece.text]
