"""Text of notes and reports: attachments decoded, mark-up taken off, sizes capped."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import replace

from fhir_mappers import dates
from fhir_mappers.case import Document, When
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, concept, obj, objs, text
from fhir_mappers.limits import Limits
from fhir_mappers.references import Index, Owner, target_type

PLAIN = frozenset({"text/plain", "text/markdown"})
MARKED_UP = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml", "application/hl7-cda+xml"})

_DOCUMENT_STATUS = {"current": None, "superseded": "inactive", "entered-in-error": "entered-in-error"}
_REPORT_STATUS = {
    "partial": None, "preliminary": None, "final": None, "amended": None, "corrected": None, "appended": None,
    "unknown": None, "registered": "inactive", "cancelled": "inactive", "entered-in-error": "entered-in-error",
}  # fmt: skip
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.I)
_CHARSETS = re.compile(r"iso-8859-\d{1,2}|windows-125\d|utf-16(le|be)?|us-ascii|latin1", re.I)  # cheap decoders only
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")
_BLANKS = re.compile(r"[ \t\u00a0]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_CDATA, _CDATA_END = "![CDATA[", "]]>"
_TAG_NAME = re.compile(r"([/?!]?)([A-Za-z][\w:.-]*)")
_SILENT = frozenset({"script", "style", "head", "template"})
_INLINE = frozenset({"a", "abbr", "b", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u", "content"})
_MARK_UP_SHARE = 20  # mark-up is read up to this many times the characters that are kept


def read_document(resource: Json, handle: str, index: Index, limits: Limits) -> Document:
    """The text of a DocumentReference: the first of its formats that can be read."""
    _check(resource, _DOCUMENT_STATUS, "DocumentReference.status")
    if resource.get("docStatus") == "entered-in-error":
        raise Unused("entered-in-error", "DocumentReference.docStatus")
    attachments = [obj(c, "attachment") for c in objs(resource, "content")]
    return _document(
        resource, attachments, dates.first(resource, "date", "context.period.start"), handle, "type", index, limits
    )


def read_report(resource: Json, handle: str, index: Index, limits: Limits) -> Iterator[Document]:
    """The conclusion and the readable form of a DiagnosticReport. Raises Unused when there is neither."""
    _check(resource, _REPORT_STATUS, "DiagnosticReport.status")
    when = dates.first(resource, "effectiveDateTime", "effectivePeriod.end", "effectivePeriod.start", "issued")
    conclusion = clean(text(resource, "conclusion", 1_000_000) or "")
    if not conclusion:
        conclusion = "; ".join(c.label for c in map(concept, objs(resource, "conclusionCode")) if c.label)
    if conclusion:
        yield _capped(concept(obj(resource, "code")).label, conclusion, when, handle, limits)
    forms = objs(resource, "presentedForm")
    if forms or not conclusion:
        try:
            yield _document(resource, forms, when, handle, "code", index, limits)
        except Unused:
            if not conclusion:
                raise


def clean(words: str) -> str:
    """`words` with plain line ends and spaces, without control and direction characters."""
    words = _CONTROL.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))
    words = "\n".join(_BLANKS.sub(" ", line).strip() for line in words.split("\n"))
    return _EMPTY_LINES.sub("\n\n", words).strip()


def strip_markup(markup: str) -> str:
    """The text of HTML, XHTML or XML; block elements and table cells end a word.

    One pass over what stands between angle brackets. The standard library's parser takes minutes for hostile mark-up
    of the size of one note (it is quadratic in unclosed tags).
    """
    pieces: list[str] = []
    silent = until = ""
    head, *rest = markup.split("<")
    pieces.append(head)
    for piece in rest:
        if until:  # inside a comment or CDATA section
            inside, end, after = piece.partition(until)
            if until == _CDATA_END:
                pieces.append(("<" + inside) if not end else "<" + inside + after)
            elif end:
                pieces.append(after)
            until = "" if end else until
            continue
        until = _section_end(piece)
        if until:
            inside, end, after = piece.partition(until)
            pieces.append(inside.removeprefix(_CDATA) + after if until == _CDATA_END else after)
            until = "" if end else until
            continue
        tag, end, after = piece.partition(">")
        name = _TAG_NAME.match(tag)
        if not end or name is None:
            pieces.append("" if silent else "<" + piece)
            continue
        closing, element = name[1] == "/", name[2].lower().rsplit(":", 1)[-1]
        if silent:
            silent = "" if closing and element == silent else silent
        elif element in _SILENT and not closing and not tag.endswith("/"):
            silent = element
        pieces.append("" if silent else _break(element) + after)
    return clean(html.unescape("".join(pieces)))


def _section_end(piece: str) -> str:
    """What ends the comment or CDATA section that begins with ``<`` + `piece`; empty for anything else."""
    if piece.startswith("!--"):
        return "-->"
    return _CDATA_END if piece.startswith(_CDATA) else ""


def _break(element: str) -> str:
    if element in _INLINE:
        return ""
    return " " if element in ("td", "th") else "\n"


def _check(resource: Json, statuses: dict[str, str | None], where: str) -> None:
    status = resource.get("status")
    if not isinstance(status, str) or status not in statuses:
        raise Unused("invalid", where)
    reason = statuses[status]
    if reason:
        raise Unused(reason, where)


def _document(
    resource: Json, attachments: list[Json], when: When | None, handle: str, title: str, index: Index, limits: Limits
) -> Document:
    """The first readable attachment; if none is, the reason of the first one. Raises Unused."""
    first: Unused | None = None
    for attachment in sorted(attachments, key=lambda a: media_type_of(a) not in PLAIN):
        try:
            words, cut = _text_of(attachment, index, limits)
        except Unused as reason:
            first = first or reason
        else:
            made = _capped(concept(obj(resource, title)).label or "Note", words, when, handle, limits)
            return replace(made, truncated=made.truncated or cut)
    raise first or Unused("no-value")


def _capped(title: str, words: str, when: When | None, handle: str, limits: Limits) -> Document:
    cap = limits.max_note_chars
    return Document(title=title, text=words[:cap], when=when, truncated=len(words) > cap, source=handle)


def media_type_of(attachment: Json) -> str:
    """The media type that an attachment names, in lower case and without parameters; empty when it names none."""
    return (text(attachment, "contentType") or "").split(";")[0].strip().lower()


def _text_of(attachment: Json, index: Index, limits: Limits) -> tuple[str, bool]:
    """The words of one attachment, and whether its mark-up was too long to be read to the end. Raises Unused."""
    media_type, data = media_type_of(attachment), attachment.get("data")
    content_type = text(attachment, "contentType") or ""
    if not isinstance(data, str) and isinstance(attachment.get("url"), str):
        binary = index.resolve_entry(attachment["url"])
        if binary is None or binary.resource_type != "Binary":
            raise Unused("not-embedded")
        whose = obj(binary.resource, "securityContext")
        if target_type(whose) == "Patient" and index.owner(whose) is not Owner.PATIENT:
            raise Unused("wrong-patient")
        data = binary.resource.get("data")
    if media_type not in PLAIN | MARKED_UP:
        raise Unused("not-text")
    if not isinstance(data, str) or not data:
        raise Unused("no-value")
    if len(data) * 3 // 4 > limits.max_attachment_bytes:
        raise Unused("too-large")
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unused("invalid", "Attachment.data") from None
    written, readable = _decode(raw, content_type), limits.max_note_chars * _MARK_UP_SHARE
    marked_up = media_type in MARKED_UP
    words = strip_markup(written[:readable]) if marked_up else clean(written)
    if not words:
        raise Unused("no-value")
    return words, marked_up and len(written) > readable


def _decode(raw: bytes, content_type: str) -> str:
    """UTF-8 or by byte order mark; else the charset that the content type names; else Windows-1252."""
    match = _CHARSET.search(content_type)
    named = match[1] if match and _CHARSETS.fullmatch(match[1]) else "cp1252"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    for charset in ("utf-8-sig", named, "cp1252"):
        try:
            return raw.decode(charset)
        except (UnicodeError, LookupError):
            continue
    return raw.decode("utf-8", errors="replace")
