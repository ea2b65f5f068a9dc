"""A pattern recognizer that cannot skip a pattern in silence.

Presidio's own `PatternRecognizer` catches the regex time-out, logs it and goes on, so what the pattern looks for stays
in the text. This one gives every pattern what is left of the deadline and raises when it is over.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import regex  # type: ignore[import-untyped]
from presidio_analyzer import Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.artifacts import deadline_of, inventory_of
from anonymization.errors import OutOfTime

# Edges that, unlike \b, take an underscore for a separator: file names such as smith_2024-01-05.pdf.
LEFT = r"(?<![^\W_])"
RIGHT = r"(?![^\W_])"

FLAGS = regex.MULTILINE
IGNORE_CASE = regex.MULTILINE | regex.IGNORECASE


class Form(NamedTuple):
    """One way an identifier is written. The named group ``v`` is the span that is masked, else the whole match.

    Every text with a match holds at least one of `needs` (small letters; words, or strings with another character):
    where none occurs, the form is not run.
    """

    name: str
    pattern: str
    flags: int
    score: float
    needs: frozenset[str] | None = None


class StrictPatternRecognizer(PatternRecognizer):
    """Declare `entity` and `forms`; override `accept` to check a match."""

    entity: ClassVar[str]
    forms: ClassVar[tuple[Form, ...]]

    def __init__(self) -> None:
        super().__init__(
            supported_entity=self.entity,
            patterns=[Pattern(name=f.name, regex=f.pattern, score=f.score) for f in self.forms],
        )
        self._compiled = [(regex.compile(f.pattern, f.flags), f.score, f.needs) for f in self.forms]

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:  # noqa: ARG002
        """The span to mask for the match ``text[start:end]``, None to leave it. Default: the match."""
        return start, end

    def analyze(
        self,
        text: str,
        entities: list[str] | None = None,  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts | None = None,
        regex_flags: int | None = None,  # noqa: ARG002 - Presidio's signature
    ) -> list[RecognizerResult]:
        """All accepted matches. Raises OutOfTime when the deadline passes before every pattern has been run."""
        deadline = deadline_of(nlp_artifacts)
        inventory = inventory_of(text, nlp_artifacts)
        results = []
        for pattern, score, needs in self._compiled:
            if needs is not None and not inventory.holds(needs):
                continue
            try:
                for match in pattern.finditer(text, timeout=deadline.remaining()):
                    span = self.accept(text, *_span(match))
                    if span is not None and span[0] < span[1]:
                        results.append(self.result(*span, score))
            except TimeoutError:
                raise OutOfTime("a pattern ran past the deadline") from None
        return results

    def result(self, start: int, end: int, score: float) -> RecognizerResult:
        """A hit of this recognizer."""
        return RecognizerResult(
            entity_type=self.entity,
            start=start,
            end=end,
            score=score,
            recognition_metadata={
                RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            },
        )


def _span(match: Any) -> tuple[int, int]:
    span: tuple[int, int] = match.span("v") if "v" in match.re.groupindex and match.start("v") >= 0 else match.span()
    return span
