"""CDS Hooks cards on a terminal. What a service sent is shown as text: no escape sequence, no markup comes alive."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

COLOURS = {"critical": "red", "warning": "yellow", "info": "blue"}
MAX_DETAIL = 20_000
MAX_LINE = 500

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erasing
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC and its kin: titles, links, clipboard
    r"|\x1b[ -/]*[0-~]"
)
"""Terminal control sequences (ECMA-48)."""

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that reverse the order in which text is read."""


def safe(value: Any) -> str:
    """`value` as text that a terminal only shows: no control characters but line ends and tabs."""
    return "".join(filter(_harmless, _SEQUENCE.sub("", str(value))))


def line(value: Any, limit: int = MAX_LINE) -> str:
    """`value` as one safe line of at most `limit` characters."""
    text = " ".join(safe(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def markdown(text: str) -> Markdown:
    """Markdown with HTML, images and hidden addresses shown as the words that they are."""
    shown = safe(text)
    if len(shown) > MAX_DETAIL:
        shown = f"{shown[:MAX_DETAIL]}\n\n… cut at {MAX_DETAIL} characters"
    made = Markdown("", hyperlinks=False)
    made.parsed = (
        MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable("image").parse(shown)
    )
    _clean(made.parsed)
    return made


def card_panel(card: Any, number: int | None = None) -> Panel:
    """A card in a frame. With a `number` its suggestions are numbered too (``2.1``), with what each would do."""
    if not isinstance(card, Mapping):
        return Panel(Text(f"This is no card: {line(card, 100)}"), border_style="magenta")
    indicator = card.get("indicator")
    colour = COLOURS.get(indicator, "magenta") if isinstance(indicator, str) else "magenta"
    source = card["source"] if isinstance(card.get("source"), Mapping) else {}
    title = (f"{number}  " if number else "") + line(indicator).upper()
    parts: list[RenderableType] = [Text(line(card.get("summary", "no summary")), style="bold")]
    if isinstance(card.get("detail"), str):
        parts.append(markdown(card["detail"]))
    named = "  ".join(line(source[name]) for name in ("label", "url") if source.get(name))
    parts.append(Text(f"Source: {named or 'none'}", style="dim"))
    parts += _suggestions(card, number)
    parts += [_link(link) for link in _mappings(card.get("links"))]
    return Panel(Group(*parts), title=Text(title), title_align="left", border_style=colour)


def _suggestions(card: Mapping[str, Any], number: int | None) -> Iterator[Text]:
    for place, suggestion in enumerate(_mappings(card.get("suggestions")), start=1):
        mark = f"{number}.{place} " if number else ""
        recommended = "  (recommended)" if suggestion.get("isRecommended") is True else ""
        yield Text.assemble((f"▸ {mark}", "green"), line(suggestion.get("label", "no label")), (recommended, "green"))
        if number:
            for action in _mappings(suggestion.get("actions")):
                yield Text(f"      {line(action.get('type'))}: {line(action.get('description'))}", style="dim")


def _link(link: Mapping[str, Any]) -> Text:
    kind = " (opens a SMART app)" if link.get("type") == "smart" else ""
    return Text.assemble(("↗ ", "cyan"), f"{line(link.get('label'))}: {line(link.get('url'))}{kind}")


def _mappings(items: Any) -> list[Mapping[str, Any]]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _harmless(character: str) -> bool:
    if character in "\n\t":
        return True
    return character not in _DIRECTION and unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")


def _clean(tokens: Iterable[Token]) -> None:
    """Entities were decoded by the parser: clean again what came of them."""
    for token in tokens:
        token.content = safe(token.content)
        _clean(token.children or ())
