"""The diagram of the states, drawn from the dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from cds_service.review.states import (
    NEXT_ASSESSING,
    NEXT_INFORMING,
    NEXT_REVIEWING,
    Assessing,
    Informing,
    Reviewing,
    Track,
)

_TRACKS: tuple[tuple[Track, tuple[StrEnum, ...], Mapping[Any, frozenset[Any]]], ...] = (
    (Track.ASSESSING, tuple(Assessing), NEXT_ASSESSING),
    (Track.REVIEWING, (Reviewing.OPENED,), NEXT_REVIEWING),
    (Track.INFORMING, (Informing.NOT_NEEDED,), NEXT_INFORMING),
)
"""Each track with the states it may begin in."""


def diagram() -> str:
    """Three Mermaid state diagrams, one a track, as Markdown."""
    return "\n\n".join(
        "\n".join([f"*{track.value}*", "", "```mermaid", "stateDiagram-v2", *_lines(first, following), "```"])
        for track, first, following in _TRACKS
    )


def _lines(first: tuple[StrEnum, ...], following: Mapping[Any, frozenset[Any]]) -> Iterator[str]:
    for state in following:
        if "-" in state.value:
            yield f'    state "{state.value}" as {_name(state)}'
    for state in first:
        yield f"    [*] --> {_name(state)}"
    for before, after in following.items():
        for state in (s for s in type(before) if s in after):
            yield f"    {_name(before)} --> {_name(state)}"


def _name(state: StrEnum) -> str:
    return state.value.replace("-", "_")
