"""The leak check of texts whose chart is not at hand: pattern recognizers and the gate's second pass.

Whose words they are is not known here, so names of known people cannot be looked up; what the recognizers would replace
in a chart, and what the second pass would refuse, is told by its kind. The value is never told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from anonymization.errors import Leak, OutOfTime

if TYPE_CHECKING:
    from presidio_analyzer import EntityRecognizer

UNCHECKED = "too long to be checked"
_LONGEST = 200_000  # characters; a guideline has 10,000
_TEXT_S = 60.0  # a busy machine costs seconds, and no training set


def identifiers(text: str) -> tuple[str, ...]:
    """The kinds of identifiers that stand in `text`; `UNCHECKED` where it was too long to look through."""
    if len(text) > _LONGEST:
        return (UNCHECKED,)
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

    own = rf"\[(?:{'|'.join(KINDS)})_\d{{1,6}}\]|{re.escape(OLD_AGE)}"  # what the gate puts in an identifier's place
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
