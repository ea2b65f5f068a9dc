"""What a safety check is, and what it is given to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from anonymization.deidentified import DeidentifiedCase
from cds_service.domain import Draft, Finding, NotEvaluated, Passage, Priority
from cds_service.safety.evidence import Evidence, gather
from cds_service.safety.reading import Sentence, read

Similarity = Callable[[Sequence[str], Sequence[str]], Sequence[Sequence[float]]]
"""Meaning-level likeness in [-1, 1] of each text of the first list (rows) to each of the second (columns)."""

ASSESSMENT = "assessment"
REASON = "priority_reason"
CONCERN = "key_concerns"
QUESTION = "questions"


@dataclass(frozen=True, kw_only=True)
class CheckInput:
    """One draft and everything it may be held against.

    `offered_actions` and `offered_risk_factors` are the closed lists that the prompt offered. `template` is the part
    of the prompt that is the same for every case, to recognise an echo of it. `not_evaluated` and `similarity` are
    optional: the first lowers the confidence, the second lets the grounding check accept a paraphrase.
    """

    draft: Draft
    case: DeidentifiedCase
    findings: Sequence[Finding]
    passages: Sequence[Passage]
    offered_actions: Sequence[str]
    offered_risk_factors: Sequence[str]
    floor: Priority
    template: str = ""
    not_evaluated: Sequence[NotEvaluated] = ()
    similarity: Similarity | None = None

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """Every sentence of the draft's free text; `Sentence.field` says where it stands."""
        draft = self.draft
        parts = [(REASON, draft.priority_reason)]
        parts += [(CONCERN, text) for text in draft.key_concerns]
        parts += [(QUESTION, text) for text in draft.questions]
        parts += [(ASSESSMENT, draft.assessment)]
        return tuple(s for field, text in parts for s in read(text, field))

    @cached_property
    def actions(self) -> tuple[Sentence, ...]:
        """The chosen actions, read."""
        return tuple(s for text in self.draft.actions for s in read(text, "actions"))

    @cached_property
    def evidence(self) -> Evidence:
        """What the draft may rest on: case, findings and the passages it cites that were retrieved."""
        cited = set(self.draft.passages)
        return gather(self.case, self.findings, [p for p in self.passages if p.id in cited])

    @property
    def level(self) -> Priority:
        """The priority the draft must live up to: the higher of floor and its own."""
        return max(self.floor, self.draft.priority)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One safety check: a declaration that is its own documentation.

    `faults` names every fault it can find, as a code with a fixed sentence, so a reason can never quote a chart.
    `find` returns the code of the first fault, or None when the draft passes.
    """

    id: str
    title: str
    why: str
    faults: Mapping[str, str]
    find: Callable[[CheckInput], str | None]
