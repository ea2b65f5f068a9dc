"""Cuts a guideline into passages that can each be cited by themselves.

A heading starts a section; the paragraphs and list items of a section are packed in order into passages of at most
`MAX_CHARS`. Ids are ``guideline#section-slug.n`` with n from 1, so they stay when other sections change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from cds_service.domain import Passage
from cds_service.retrieval.schema import Guideline, slugify
from cds_service.retrieval.text import SENTENCE_END

MAX_CHARS = 900
"""Longest passage. MiniLM reads 256 word pieces; title, heading and 900 characters stay below that."""


def chunk(guideline: Guideline) -> tuple[Passage, ...]:
    """The passages of a guideline, in document order."""
    counters: dict[str, count[int]] = {}
    passages: list[Passage] = []
    for part in guideline.parts:
        heading = part.heading or guideline.title
        slug, section = slugify(heading), guideline.section(heading)
        numbers = counters.setdefault(slug, count(1))
        passages += [
            Passage(
                id=f"{guideline.id}#{slug}.{next(numbers)}",
                guideline=guideline.id,
                version=guideline.version,
                title=guideline.title,
                section=heading,
                text=text,
                source=section.source,
                source_url=section.source_url,
                year=section.year,
                licence=guideline.licence,
                clinical_review=guideline.clinical_review,
                strength=section.strength,
            )
            for text in pack(part.blocks)
        ]
    return tuple(passages)


def pack(blocks: Iterable[str], most: int = MAX_CHARS) -> Iterator[str]:
    """Blocks joined in order into texts of at most `most` characters; a longer block is cut at sentence ends."""
    current = ""
    for piece in (p for block in blocks for p in _pieces(block, most)):
        joined = f"{current} {piece}" if current else piece
        if len(joined) > most:
            yield current
            current = piece
        else:
            current = joined
    if current:
        yield current


def _pieces(block: str, most: int) -> Iterator[str]:
    if len(block) <= most:
        yield block
        return
    for sentence in SENTENCE_END.split(block):
        rest = sentence
        while len(rest) > most:
            cut = rest.rfind(" ", 1, most)
            cut = cut if cut > 0 else most
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        if rest:
            yield rest
