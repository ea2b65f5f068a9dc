"""One model's drafts for all questions, each judged and boiled down to figures: a record holds no word of a chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from cds_service.assessor import AssessmentTask, Assessor, Judged, Similarity, check_input
from cds_service.domain import AssessmentStatus, Priority
from cds_service.errors import BackendError
from cds_service.evaluation.assessment.cases import Question, QuestionSet
from cds_service.evaluation.assessment.keep import Keep
from cds_service.inference.backend import ModelBackend
from cds_service.inference.style import Style
from cds_service.safety.check import QUESTION
from cds_service.safety.grounding import support_share, supports


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of one question.

    `priority`: the draft's own, None where the contract was broken. `checks`: what each safety check said of the draft.
    `claims`: sentences that claim something, `held`: those of them without a fault of grounding; `support`: the mean
    share of their content that the evidence holds. `seconds`: from the call of the engine to its last word.
    """

    contract: bool
    ready: bool
    priority: Priority | None
    checks: Mapping[str, bool]
    confidence: float | None
    claims: int
    held: int
    support: float | None
    seconds: float
    tokens: int

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self) | {"priority": self.priority.label if self.priority else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Record:
        """As `as_json` wrote it. Raises ValueError, TypeError or KeyError for anything else."""
        said = value["priority"]
        return cls(**{**value, "priority": Priority.parse(said) if said else None})


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question and what the model made of it: None where the gate refused it or the model failed."""

    question: Question
    record: Record | None


@dataclass(frozen=True, kw_only=True)
class Drafter:
    """A loaded model that answers questions, and where its records are kept."""

    backend: ModelBackend
    similarity: Similarity
    deadline_s: float
    may_raise: bool
    keep: Keep = field(default_factory=Keep)

    def answer(self, asked: QuestionSet, show: Callable[[float], None]) -> tuple[Answered, ...]:
        """Every question of a set. Raises BackendError when the model can answer none of them."""
        assessor = Assessor(
            self.backend,
            similarity=self.similarity,
            setting=asked.setting,
            deadline_s=self.deadline_s,
            may_raise=self.may_raise,
        )
        answered, failed = [], 0
        for number, question in enumerate(asked.questions, start=1):
            record = None
            if question.task is not None:
                record = self._record(assessor, question.task)
                failed += record is None
            answered.append(Answered(question=question, record=record))
            show(number / len(asked.questions))
        if failed and failed == len(asked.asked):
            raise BackendError("the model answered no question of a set")
        return tuple(answered)

    def _record(self, assessor: Assessor, task: AssessmentTask) -> Record | None:
        """The record of one task, as it was kept or made now; None when the model failed on it, which is not kept."""
        key = task.cache_key()
        kept = self.keep.get(key)
        if kept is not None:
            with suppress(KeyError, TypeError, ValueError):  # of another version: made again
                return Record.from_json(kept)
        try:
            judged = assessor.assess(task)
        except BackendError:
            return None
        made = record_of(judged, task, self.backend.style)
        self.keep.put(key, made.as_json())
        return made


def record_of(judged: Judged, task: AssessmentTask, style: Style) -> Record:
    """The figures of one judged draft."""
    draft, assessment = judged.draft, judged.outcome.assessment
    claims, support = [], None
    if draft is not None:
        held_against = check_input(task, draft, judged.offers, style)
        claims = [s for s in supports(held_against) if s.field != QUESTION]
        support = support_share(held_against)
    return Record(
        contract=draft is not None,
        ready=judged.outcome.status is AssessmentStatus.READY,
        priority=draft.priority if draft else None,
        checks={r.check: r.passed for r in judged.verdict.results} if judged.verdict else {},
        confidence=assessment.confidence if assessment else None,
        claims=len(claims),
        held=sum(s.fault is None for s in claims),
        support=support,
        seconds=judged.generation.seconds,
        tokens=judged.generation.tokens,
    )


def records_of(sets: Sequence[Sequence[Answered]]) -> list[Record]:
    """All records of several sets."""
    return [a.record for answered in sets for a in answered if a.record is not None]
