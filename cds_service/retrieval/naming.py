"""Whether a question calls a guideline by name."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.retrieval.text import stems


def as_name(text: str) -> str:
    """The stems of a text with a space around each: one text holds another as words where it holds it as letters."""
    return f" {' '.join(stems(text))} "


class Names:
    """The names of what a guideline covers."""

    def __init__(self, conditions: Iterable[str]) -> None:
        self._names = tuple(name for condition in conditions if (name := as_name(condition)).strip())

    def called_in(self, question: str) -> bool:
        """Whether a question, as `as_name` writes it, holds one of the names, word after word."""
        return any(name in question for name in self._names)
