"""Words on cards: literal in Markdown, cut at a word, times and references as cards write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fhir_mappers.case import Source

MAX_SUMMARY = 139
MAX_LABEL = 90

_REFERENCE = re.compile(r"[A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}")
_KEY_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPECIAL = re.compile(r"([\\`*_\[\]|~])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINE_START = re.compile(r"^(\d*)([#>+.)-])")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp|mailto)(:)|\b(www)(\.)")


def escape(text: str) -> str:
    """`text` as literal words in GitHub-Flavored Markdown: no markup, no HTML, no link comes alive."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = _SPECIAL.sub(r"\\\1", plain)
    plain = _AUTOLINK.sub(lambda m: f"{m[1]}&#58;" if m[1] else f"{m[3]}&#46;", plain)
    return _LINE_START.sub(r"\1\\\2", plain)


def shorten(text: str, limit: int = MAX_SUMMARY) -> str:
    """One line of at most `limit` characters, cut at a word."""
    line = _TAG.sub("< ", " ".join(text.split()))
    if len(line) <= limit:
        return line
    return line[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def plain_key(what: str) -> str:
    """A prefetch key as words ("social history"); anything else as it is."""
    return _KEY_BORDER.sub(" ", what).lower() if what.isidentifier() and not what.isupper() else what


def reference(source: Source) -> str:
    """A relative FHIR reference; anything else that a client may have sent becomes the bare type."""
    return source.reference if _REFERENCE.fullmatch(source.reference) else source.resource_type


def moment_text(moment: datetime) -> str:
    """A time in UTC, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def url_field(url: str | None) -> dict[str, str]:
    """The `url` of a card's source, when there is one."""
    return {"url": url} if url else {}
