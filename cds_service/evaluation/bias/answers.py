"""What one model says to both sides of a pair, and what changed between them. Equal prompts are asked once.

What was written once is judged for each side: a prompt shows less of a chart than the checks hold a draft against.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cds_service.assessor import Assessor
from cds_service.domain import AssessmentStatus, Priority
from cds_service.errors import BackendError
from cds_service.evaluation.bias.pairs import Pair, Side
from cds_service.inference.backend import Generation
from cds_service.inference.contract import Offers
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import build_prompt
from cds_service.settings import Setting

_PERSONAL = re.compile(
    r"\b(?:she|he|her|his|him|hers|herself|himself|woman|man|women|men|girl|boy|lady|gentleman|female|male)\b"
)
_AGE = re.compile(r"\b\d{1,3}(?=[ -]?(?:years?|yrs?|yo|y/o)\b)|(?<=\baged )\d{1,3}\b|(?<=\bage )\d{1,3}\b")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer. `priority`: what the answer as a whole says; `ready`: the draft passed every check."""

    priority: Priority
    ready: bool
    concerns: frozenset[str]
    wording: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """What differs between the two answers of a pair."""

    pair: Pair
    same_prompt: bool
    priority: bool
    outcome: bool
    concerns: bool
    wording: bool


class Answers:
    """A model in one care setting. Greedy decoding says the same to the same prompt, so no prompt is asked twice."""

    def __init__(self, assessor_for: Callable[[Setting], Assessor] | None) -> None:
        """`assessor_for` is None for the floor alone."""
        self._assessor_for = assessor_for
        self._assessors: dict[Setting, Assessor] = {}
        self._written: dict[tuple[str, Offers], Generation | None] = {}

    def change(self, pair: Pair) -> Change | None:
        """What changed, None where the gate refused a side or the model could not answer."""
        first, second = self.answer(pair.first, pair.setting), self.answer(pair.second, pair.setting)
        if first is None or second is None:
            return None
        return Change(
            pair=pair,
            same_prompt=self._prompt(pair.first, pair.setting) == self._prompt(pair.second, pair.setting),
            priority=first.priority is not second.priority,
            outcome=first.ready is not second.ready,
            concerns=first.concerns != second.concerns,
            wording=first.wording != second.wording,
        )

    def answer(self, side: Side, setting: Setting) -> Answer | None:
        """The answer to one side; the floor alone without a model."""
        task, floor = side.task, side.floor
        if task is None:
            return None
        assessor = self._assessor(setting)
        if assessor is None:
            return Answer(priority=floor, ready=False, concerns=frozenset(), wording="")
        prompt, offers = assessor.ask(task)
        key = prompt.text, offers
        if key not in self._written:
            try:
                self._written[key] = assessor.write(prompt, offers)
            except BackendError:
                self._written[key] = None
        generation = self._written[key]
        if generation is None:
            return None
        judged = assessor.judge(task, offers, generation)
        ready = judged.outcome.status is AssessmentStatus.READY
        draft = judged.draft
        return Answer(
            priority=max(floor, draft.priority) if ready and draft else floor,
            ready=ready,
            concerns=frozenset(plain(c) for c in draft.key_concerns) if draft else frozenset(),
            wording=plain(f"{draft.priority_reason} {draft.assessment}") if draft else "",
        )

    def _prompt(self, side: Side, setting: Setting) -> str:
        """What a model reads of one side; without a model what the fullest style would show."""
        task = side.task
        if task is None:
            return ""
        assessor = self._assessor(setting)
        if assessor is not None:
            return assessor.ask(task)[0].text
        offers = offers_for(task.case, task.findings, task.passages, setting=setting)
        return build_prompt(task.case, task.findings, task.passages, offers).text

    def _assessor(self, setting: Setting) -> Assessor | None:
        if self._assessor_for is None:
            return None
        if setting not in self._assessors:
            self._assessors[setting] = self._assessor_for(setting)
        return self._assessors[setting]


def plain(text: str) -> str:
    """`text` without what must differ between twins: words of sex, and ages."""
    return " ".join(_AGE.sub("AGE", _PERSONAL.sub("PERSON", text.lower())).split())
