"""Labelled texts: what must be masked, what must stay, and what nobody can judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cds_service.errors import CdsError
from cds_service.evaluation.files import spread

Area = tuple[int, int]
"""Start and end in characters of a text, the end excluded."""


class UnreadableGold(CdsError):
    """A file of labelled texts is wrong. The message names the file and the line, never a text."""


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """A place that must be masked. `known`: the same person, number or date stands in the document's Bundle."""

    start: int
    end: int
    kind: str
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text with its `identifiers`.

    What is masked in `neutral` areas is neither right nor wrong, and an identifier need not be masked there.
    `complete`: everything that must be masked is labelled, so that a document without identifiers is free of PHI.
    """

    text: str
    identifiers: tuple[Identifier, ...] = ()
    neutral: tuple[Area, ...] = ()
    bundle: Mapping[str, Any] | None = None
    complete: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError("a text is no string")
        areas = [*((i.start, i.end) for i in self.identifiers), *self.neutral]
        if any(not 0 <= start < end <= len(self.text) for start, end in areas):
            raise ValueError("a span lies outside its text")

    @property
    def phi_free(self) -> bool:
        """Whether nothing in it has to be masked."""
        return self.complete and not self.identifiers


@dataclass(frozen=True, kw_only=True)
class GoldSet:
    """The documents of one file. `form` is the name of its format."""

    name: str
    form: str
    documents: tuple[Document, ...]

    def limited(self, most: int | None) -> GoldSet:
        """At most `most` documents, evenly spread over the file, so that every part of it is represented."""
        picked = spread(self.documents, most)
        return self if picked is self.documents else replace(self, documents=tuple(picked))
