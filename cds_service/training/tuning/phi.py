"""The leak check of training data: every text is looked through before any step. What it finds refuses the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cds_service.export.identifiers import UNCHECKED, identifiers
from cds_service.training.tuning.errors import BadData

_FOUND = "identifiers stand in the training data, so no step is done"
_UNLOOKED = "these texts could not be looked through for identifiers, so no step is done: break them into shorter ones"

Place = tuple[str, Sequence[str]]
"""Where texts stand (file and line), and the texts."""


def refuse_identifiers(places: Iterable[Place], total: int, show: Callable[[float], None]) -> None:
    """Raise BadData that names every place where an identifier stands, and its kind."""
    problems: list[str] = []
    found = False
    for done, (where, texts) in enumerate(places, 1):
        kinds = dict.fromkeys(kind for text in texts for kind in identifiers(text))
        found |= bool(kinds.keys() - {UNCHECKED})
        if kinds:
            problems.append(f"{where}: {', '.join(kinds)}")
        show(done / max(total, 1))
    if problems:
        raise BadData.listing(_FOUND if found else _UNLOOKED, problems)
