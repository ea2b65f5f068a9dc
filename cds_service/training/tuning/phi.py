"""The leak check of training data: pattern recognizers and the gate's second pass over every text, before any step.

Whose words they are is not known here, so names of known people cannot be looked up; what the recognizers would replace
in a chart, and what the second pass would refuse, refuses the file. The value is never told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from anonymization.errors import Leak
from cds_service.training.tuning.errors import BadData

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

_TEXT_S = 20.0
_SHOWN = 20

Place = tuple[str, Sequence[str]]
"""Where texts stand (file and line), and the texts."""


def refuse_identifiers(places: Iterable[Place], total: int, show: Callable[[float], None]) -> None:
    """Raise BadData that names every place where an identifier stands, and its kind."""
    seen: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for done, (where, texts) in enumerate(places, 1):
        kinds: dict[str, None] = {}
        for text in texts:
            if text not in seen:
                seen[text] = tuple(identifiers(text))
            kinds |= dict.fromkeys(seen[text])
        if kinds:
            problems.append(f"{where}: {', '.join(kinds)}")
        show(done / max(total, 1))
    if problems:
        more = len(problems) - _SHOWN
        shown = [*problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        raise BadData("identifiers stand in the training data, so no step is done:\n  " + "\n  ".join(shown))


def identifiers(text: str) -> Iterator[str]:
    """The kinds of identifiers that stand in `text`."""
    from anonymization.artifacts import Artifacts
    from anonymization.deadline import Deadline
    from anonymization.labels import KINDS, OLD_AGE
    from anonymization.leakcheck import LeakCheck
    from anonymization.normalise import normalise

    own = rf"\[(?:{'|'.join(KINDS)})_\d{{1,3}}\]|{re.escape(OLD_AGE)}"  # what the gate puts in an identifier's place
    clean = re.sub(own, "\u00b6", normalise(text).text)
    artifacts = Artifacts(clean, Deadline.after(_TEXT_S))
    for recognizer in _recognizers():
        for hit in recognizer.analyze(clean, recognizer.supported_entities, artifacts):
            yield KINDS.get(hit.entity_type, "name")
    try:
        LeakCheck(()).check_text(clean)
    except Leak:
        yield "identifier"


@cache
def _recognizers() -> tuple[EntityRecognizer, ...]:
    from anonymization.recognizers import PATTERN_RECOGNIZERS

    return tuple(kind() for kind in PATTERN_RECOGNIZERS)
