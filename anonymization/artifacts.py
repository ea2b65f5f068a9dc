"""What one pass hands to Presidio's recognizers beside the text: the deadline and the names that a model found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.deadline import Deadline
from anonymization.normalise import fold

DEFAULT_SECONDS = 1.0
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Entity:
    """A span that a language model labelled: spaCy's PERSON, GPE, LOC, FAC, ORG, or our NAME, LOC, FACILITY."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Inventory:
    """What occurs in a text at all, so that patterns which cannot match are not run."""

    folded: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Inventory:
        """The inventory of `text`."""
        folded = fold(text)
        return cls(folded, frozenset(_WORD.findall(folded)))

    def holds(self, needs: frozenset[str]) -> bool:
        """Whether any of `needs` occurs: as a whole word when it is one, else as a substring."""
        return not self.words.isdisjoint(needs) or any(n in self.folded for n in needs if not n.isalpha())


class Artifacts(NlpArtifacts):
    """Presidio's artifacts with a deadline. Lemmas are left empty: no recognizer here uses them."""

    def __init__(self, text: str, deadline: Deadline, found: tuple[Entity, ...] = ()) -> None:
        super().__init__(entities=[], tokens=[], tokens_indices=[], lemmas=[], nlp_engine=None, language="en")
        self._text = text
        self.deadline = deadline
        self.found = found

    @cached_property
    def inventory(self) -> Inventory:
        """What occurs in the text; only pattern recognizers ask."""
        return Inventory.of(self._text)


def deadline_of(artifacts: NlpArtifacts | None) -> Deadline:
    """The deadline of this pass; a recognizer that is run by itself gets `DEFAULT_SECONDS`."""
    return artifacts.deadline if isinstance(artifacts, Artifacts) else Deadline.after(DEFAULT_SECONDS)


def inventory_of(text: str, artifacts: NlpArtifacts | None) -> Inventory:
    """The inventory of this pass."""
    return artifacts.inventory if isinstance(artifacts, Artifacts) else Inventory.of(text)
