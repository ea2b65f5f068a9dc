"""The leak check of training data: pattern recognizers and the gate's second pass over every text, before any step.

Whose words they are is not known here, so names of known people cannot be looked up; what the recognizers would replace
in a chart, and what the second pass would refuse, refuses the file. The value is never told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from anonymization.errors import Leak, OutOfTime
from cds_service.training.tuning.errors import BadData

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

UNCHECKED = "too long to be checked"
_TEXT_S = 60.0  # a busy machine costs seconds, and no training set

Place = tuple[str, Sequence[str]]
"""Where texts stand (file and line), and the texts."""


def refuse_identifiers(places: Iterable[Place], total: int, show: Callable[[float], None]) -> None:
    """Raise BadData that names every place where an identifier stands, and its kind."""
    problems: list[str] = []
    for done, (where, texts) in enumerate(places, 1):
        kinds = dict.fromkeys(kind for text in texts for kind in identifiers(text))
        if kinds:
            problems.append(f"{where}: {', '.join(kinds)}")
        show(done / max(total, 1))
    if problems:
        raise BadData.listing("identifiers stand in the training data, so no step is done", problems)


def identifiers(text: str) -> tuple[str, ...]:
    """The kinds of identifiers that stand in `text`; `UNCHECKED` where it was too long to look through."""
    try:
        return _kinds(text)
    except OutOfTime:
        return (UNCHECKED,)


@lru_cache(maxsize=1024)  # instructions and the completions of twins come again and again
def _kinds(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_found(text)))


def _found(text: str) -> Iterator[str]:
    from anonymization.artifacts import Artifacts
    from anonymization.deadline import Deadline
    from anonymization.labels import KINDS, OLD_AGE
    from anonymization.leakcheck import LeakCheck
    from anonymization.normalise import normalise

    own = rf"\[(?:{'|'.join(KINDS)})_\d{{1,3}}\]|{re.escape(OLD_AGE)}"  # what the gate puts in an identifier's place
    clean = re.sub(own, "\u00b6", normalise(text).text)
    recognizers = _recognizers()  # loaded before the clock starts
    artifacts = Artifacts(clean, Deadline.after(_TEXT_S))
    for recognizer in recognizers:
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
