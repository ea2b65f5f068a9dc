"""Text out of the kinds of files that a clinic has: Markdown, plain text, HTML, PDF.

Only headings and words are taken: markup, links, images and attributes are dropped, so that a card may show the text.
What cannot be read safely and whole is refused with the reason, in words for whoever put the file there.
"""

from __future__ import annotations

import io
import logging
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from cds_service.retrieval.schema import Part, SourceError

MAX_TEXT_BYTES = 500_000
MAX_HTML_BYTES = 2_000_000
MAX_HTML_TAGS = 50_000
MAX_PDF_BYTES = 20_000_000
MAX_PDF_PAGES = 300
MAX_PDF_SECONDS = 60.0
MAX_CHARS = 1_000_000
"""Most characters of text of one document, whatever its kind."""

LEAST_LETTERS = 40
"""Letters on a page of a PDF below which it is taken for an image or a blank page."""

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_ACTIVE = ("script", "iframe", "object", "embed", "applet")
_LEFT_OUT = ("style", "template", "noscript", "nav", "header", "footer", "aside", "form", "svg", "head")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("p", "li", "td", "th", "dt", "dd", "pre", "blockquote", "caption", "figcaption", "div", "section", "article")
_MAX_HEADING = 80


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How one kind of file is read. `parts` raises SourceError."""

    max_bytes: int
    parts: Callable[[bytes], tuple[Part, ...]]


def decode(raw: bytes) -> str:
    """UTF-8 text. Raises SourceError for other bytes."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("the file is not UTF-8 text; save it as UTF-8") from None
    if "\0" in text:
        raise SourceError("the file is not text")
    return text


def markdown(raw: bytes) -> tuple[Part, ...]:
    """Headings, paragraphs, list items, table cells and code; HTML in it is dropped."""
    return _parts(_markdown_blocks(decode(raw)))


def plain(raw: bytes) -> tuple[Part, ...]:
    """Paragraphs between blank lines; a short line alone without a full stop is a heading."""
    return _parts(_paragraphs(decode(raw)))


def html(raw: bytes) -> tuple[Part, ...]:
    """Headings and the text of the page's content. A page with active content is refused."""
    from bs4 import BeautifulSoup

    text = decode(raw)
    if text.count("<") > MAX_HTML_TAGS:
        raise SourceError(f"the page has more than {MAX_HTML_TAGS} tags; save its text alone")
    page = BeautifulSoup(text, "html.parser")
    _refuse_active(page)
    for tag in page(_LEFT_OUT):
        tag.extract()
    return _parts(_html_blocks(page))


def pdf(raw: bytes) -> tuple[Part, ...]:
    """A part for each page, under "Page n", so that a reader finds it."""
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it says of a file names no file; a refusal does
    try:
        pages = list(_pages(_open_pdf(raw)))
    except SourceError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError):
        raise SourceError("the file cannot be read as a PDF; it may be damaged") from None
    with_text = [page for page in pages if sum(c.isalpha() for c in page) >= LEAST_LETTERS]
    if 2 * len(with_text) <= len(pages):
        raise SourceError("most pages have no text (a scan?); run text recognition over the PDF first")
    return _parts(_numbered(pages))


READERS: Mapping[str, Reader] = {
    ".md": Reader(max_bytes=MAX_TEXT_BYTES, parts=markdown),
    ".markdown": Reader(max_bytes=MAX_TEXT_BYTES, parts=markdown),
    ".txt": Reader(max_bytes=MAX_TEXT_BYTES, parts=plain),
    ".html": Reader(max_bytes=MAX_HTML_BYTES, parts=html),
    ".htm": Reader(max_bytes=MAX_HTML_BYTES, parts=html),
    ".pdf": Reader(max_bytes=MAX_PDF_BYTES, parts=pdf),
}
"""The kinds of files that are read, by how their names end."""


@dataclass(frozen=True)
class _Heading:
    text: str


def _parts(pieces: Iterable[_Heading | str]) -> tuple[Part, ...]:
    """Headings and text blocks in order, as parts; a heading without text makes none."""
    made: list[tuple[str | None, list[str]]] = [(None, [])]
    used = 0
    for piece in pieces:
        if isinstance(piece, _Heading):
            made.append((_clean(piece.text) or None, []))
        elif words := _clean(piece):
            made[-1][1].append(words)
            used += len(words)
        if used > MAX_CHARS:
            raise SourceError(f"the document has more than {MAX_CHARS} characters; split it")
    return tuple(Part(heading=heading, blocks=tuple(blocks)) for heading, blocks in made if blocks)


def _clean(text: str) -> str:
    """One line without control characters; ligatures of print become letters."""
    spelled = text.translate(_LIGATURES)
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in spelled).split())


_LIGATURES = {ord(c): unicodedata.normalize("NFKC", c) for c in "ﬀﬁﬂﬃﬄﬅﬆ"} | {0xAD: None}


def _markdown_blocks(text: str) -> Iterator[_Heading | str]:
    in_heading = False
    for token in _MARKDOWN.parse(text):
        if token.type == "heading_open":
            in_heading = True
        elif token.type == "inline" and in_heading:
            yield _Heading(_plain(token))
            in_heading = False
        elif token.type == "inline":
            yield _plain(token)
        elif token.type in ("fence", "code_block"):
            yield token.content


def _plain(token: Token) -> str:
    """The words of an inline token without markup."""
    words = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
    return " ".join("".join(words).split())


def _paragraphs(text: str) -> Iterator[_Heading | str]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        lines = [line.strip() for line in paragraph.strip().split("\n")]
        alone = len(lines) == 1 or (len(lines) == 2 and not lines[1].strip("=-~"))
        if alone and lines[0] and len(lines[0]) <= _MAX_HEADING and lines[0][-1].isalnum():
            yield _Heading(lines[0])
        else:
            yield paragraph


def _refuse_active(page: Any) -> None:
    handlers = any(name.startswith("on") for tag in page.find_all(True) for name in tag.attrs)
    if handlers or page.find(_ACTIVE) is not None:
        raise SourceError("the page holds scripts or embedded content; save its text without them")


def _html_blocks(page: Any) -> Iterator[_Heading | str]:
    """The words of each innermost block element, in document order."""
    block: list[str] = []
    owner = None
    for text in list(page.find_all(string=True)):
        if type(text).__name__ != "NavigableString":  # comments, declarations
            continue
        nearest = text.find_parent([*_HEADINGS, *_BLOCKS])
        if nearest is not owner:
            yield _block(owner, block)
            block, owner = [], nearest
        block.append(str(text))
    yield _block(owner, block)


def _block(owner: Any, texts: list[str]) -> _Heading | str:
    return _Heading("".join(texts)) if owner is not None and owner.name in _HEADINGS else "".join(texts)


def _open_pdf(raw: bytes) -> Any:
    from pypdf import PdfReader

    document = PdfReader(io.BytesIO(raw))
    if document.is_encrypted:
        raise SourceError("the PDF is encrypted; save it without a password")
    if len(document.pages) > MAX_PDF_PAGES:
        raise SourceError(f"the PDF has more than {MAX_PDF_PAGES} pages; split it")
    return document


def _pages(document: Any) -> Iterator[str]:
    end = time.monotonic() + MAX_PDF_SECONDS
    for page in document.pages:
        if time.monotonic() > end:
            raise SourceError(f"reading the PDF takes longer than {MAX_PDF_SECONDS:.0f} seconds")
        yield page.extract_text()


def _numbered(pages: Iterable[str]) -> Iterator[_Heading | str]:
    """The text of each page under its number; words that a line end divides are joined."""
    for number, page in enumerate(pages, 1):
        yield _Heading(f"Page {number}")
        yield from re.split(r"\n\s*\n", re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", page))
