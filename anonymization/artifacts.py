"""What one pass hands to Presidio's recognizers beside the text: the deadline and the names that spaCy found."""

from __future__ import annotations

from dataclasses import dataclass

from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.deadline import Deadline

DEFAULT_SECONDS = 1.0


@dataclass(frozen=True)
class Entity:
    """A span that the language model labelled (`label` is spaCy's: PERSON, GPE, LOC, FAC, ORG)."""

    start: int
    end: int
    label: str


class Artifacts(NlpArtifacts):
    """Presidio's artifacts with a deadline. Lemmas are left empty: no recognizer here uses them."""

    def __init__(self, deadline: Deadline, found: tuple[Entity, ...] = ()) -> None:
        super().__init__(entities=[], tokens=[], tokens_indices=[], lemmas=[], nlp_engine=None, language="en")
        self.deadline = deadline
        self.found = found


def deadline_of(artifacts: NlpArtifacts | None) -> Deadline:
    """The deadline of this pass; a recognizer that is run by itself gets `DEFAULT_SECONDS`."""
    return artifacts.deadline if isinstance(artifacts, Artifacts) else Deadline.after(DEFAULT_SECONDS)
