"""Cuts a guideline into passages that can each be cited by themselves.

A heading starts a section; the paragraphs and list items of a section are packed in order into passages of at most
`MAX_CHARS`. Ids are ``guideline#section-slug.n`` with n from 1, so they stay when other sections change.
Text is plain: Markdown emphasis, links and HTML are dropped, so that a card may escape what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from markdown_it import MarkdownIt
from markdown_it.token import Token

from cds_service.domain import Passage
from cds_service.retrieval.source import Guideline, slugify

MAX_CHARS = 900
"""Longest passage. MiniLM reads 256 word pieces; title, heading and 900 characters stay below that."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(])")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def chunk(guideline: Guideline) -> tuple[Passage, ...]:
    """The passages of a guideline, in document order."""
    counters: dict[str, count[int]] = {}
    passages: list[Passage] = []
    for section, blocks in _sections(guideline):
        slug = slugify(section)
        numbers = counters.setdefault(slug, count(1))
        passages += [
            Passage(
                id=f"{guideline.id}#{slug}.{next(numbers)}",
                guideline=guideline.id,
                version=guideline.version,
                title=guideline.title,
                section=section,
                text=text,
                source=f"{guideline.source} ({guideline.publisher})",
                source_url=guideline.source_url,
                year=guideline.year,
                licence=guideline.licence,
                clinical_review=guideline.clinical_review,
            )
            for text in _pack(blocks)
        ]
    return tuple(passages)


def _sections(guideline: Guideline) -> Iterator[tuple[str, list[str]]]:
    """Heading and plain text blocks of each section that has text; text before any heading is under the title."""
    heading, blocks, in_heading = guideline.title, list[str](), False
    for token in _MARKDOWN.parse(guideline.body):
        if token.type == "heading_open":
            if blocks:
                yield heading, blocks
            blocks, in_heading = [], True
        elif token.type == "inline" and in_heading:
            heading, in_heading = _plain(token) or guideline.title, False
        elif token.type == "inline" and (text := _plain(token)):
            blocks.append(text)
        elif token.type in ("fence", "code_block") and token.content.strip():
            blocks.append(" ".join(token.content.split()))
    if blocks:
        yield heading, blocks


def _plain(token: Token) -> str:
    """The words of an inline token without markup."""
    words = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return " ".join("".join(words).split())


def _pack(blocks: list[str]) -> Iterator[str]:
    """Blocks joined in order into texts of at most MAX_CHARS; a longer block is cut at sentence ends."""
    current = ""
    for piece in (p for block in blocks for p in _pieces(block)):
        joined = f"{current} {piece}" if current else piece
        if len(joined) > MAX_CHARS:
            yield current
            current = piece
        else:
            current = joined
    if current:
        yield current


def _pieces(block: str) -> Iterator[str]:
    if len(block) <= MAX_CHARS:
        yield block
        return
    for sentence in _SENTENCE_END.split(block):
        rest = sentence
        while len(rest) > MAX_CHARS:
            cut = rest.rfind(" ", 1, MAX_CHARS)
            cut = cut if cut > 0 else MAX_CHARS
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        if rest:
            yield rest
