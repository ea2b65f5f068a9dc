"""The background road: prompt → model → contract → safety → assessment or the reasons why it was withheld.

Everything here is past the gate. The web process makes an `AssessmentTask` and puts it on the job table; a worker runs
`Assessor.assess` on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from anonymization.deidentified import DeidentifiedCase
from cds_service import codec
from cds_service.domain import (
    Assessment,
    AssessmentOutcome,
    AssessmentStatus,
    Draft,
    Finding,
    NotEvaluated,
    Passage,
    Verdict,
    floor_of,
)
from cds_service.inference.backend import Generation, ModelBackend
from cds_service.inference.contract import ContractBroken, Offers, parse
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import Prompt, build_prompt, instructions
from cds_service.inference.style import Style
from cds_service.safety.accept import judge
from cds_service.safety.check import CheckInput
from cds_service.settings import Setting


@dataclass(frozen=True, kw_only=True)
class AssessmentTask:
    """What a worker needs to draft an assessment: nothing but de-identified values."""

    case: DeidentifiedCase
    findings: tuple[Finding, ...]
    passages: tuple[Passage, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    versions: Mapping[str, str]

    def to_json(self) -> str:
        """For the job table."""
        return codec.encode(self)

    @classmethod
    def from_json(cls, text: str) -> AssessmentTask:
        """Restore a task. Raises ValueError on anything that `to_json` did not write."""
        return codec.decode(cls, text)

    def cache_key(self) -> str:
        """Equal for equal content, subject and versions. Words that may tell a running age are left out."""
        findings = [(f.rule, f.version, f.priority.value, f.at_least, dict(f.values)) for f in self.findings]
        missing = sorted({n.what for n in self.not_evaluated})
        content = (self.case, findings, missing, [p.id for p in self.passages], dict(self.versions))
        return hashlib.sha256(codec.encode(content).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What became of one task, with the model's own figures.

    `draft`: what the model said, None where it kept no contract. `verdict`: what each check said of it.
    """

    outcome: AssessmentOutcome
    generation: Generation
    offers: Offers
    draft: Draft | None = None
    verdict: Verdict | None = None


Similarity = Callable[[Sequence[str], Sequence[str]], Sequence[Sequence[float]]]


class Assessor:
    """Runs tasks on one backend. `similarity` compares texts by meaning for the grounding check.

    `may_raise`: a draft may give a priority above the floor; without it the floor's is the only one it can give.
    """

    def __init__(
        self,
        backend: ModelBackend,
        *,
        similarity: Similarity | None,
        setting: Setting,
        deadline_s: float,
        may_raise: bool = False,
    ) -> None:
        self._backend = backend
        self._setting = setting
        self._similarity = similarity
        self._deadline_s = deadline_s
        self._may_raise = may_raise

    def assess(self, task: AssessmentTask) -> Judged:
        """Draft and judge. Raises BackendError when the model cannot answer; a bad draft is withheld, not raised."""
        prompt, offers = self.ask(task)
        return self.judge(task, offers, self.write(prompt, offers))

    def ask(self, task: AssessmentTask) -> tuple[Prompt, Offers]:
        """What the model is shown of `task`."""
        style = self._backend.style
        offers = offers_for(
            task.case, task.findings, task.passages, setting=self._setting, style=style, may_raise=self._may_raise
        )
        return build_prompt(task.case, task.findings, task.passages, offers, self._backend.encoding, style), offers

    def write(self, prompt: Prompt, offers: Offers) -> Generation:
        """What the model writes. Raises BackendError when it cannot answer."""
        return self._backend.generate(prompt, offers, deadline_s=self._deadline_s)

    def judge(self, task: AssessmentTask, offers: Offers, generation: Generation) -> Judged:
        """What becomes of what the model wrote."""
        try:
            draft = parse(generation.text, offers, self._backend.encoding)
        except ContractBroken as broken:
            return Judged(outcome=_withheld(f"contract: {broken}"), generation=generation, offers=offers)
        verdict, assessment = judge(
            check_input(task, draft, offers, self._backend.style),
            model=self._backend.version,
            similarity=self._similarity,
        )
        if assessment is None:
            outcome = _withheld(*(f"{r.check}: {r.reason}" for r in verdict.failures))
        else:
            outcome = _ready(assessment)
        return Judged(outcome=outcome, generation=generation, offers=offers, draft=draft, verdict=verdict)


def check_input(task: AssessmentTask, draft: Draft, offers: Offers, style: Style) -> CheckInput:
    """A draft and everything the safety checks hold it against."""
    return CheckInput(
        draft=draft,
        case=task.case,
        findings=task.findings,
        passages=task.passages,
        offered_actions=offers.actions,
        offered_risk_factors=offers.risk_factors,
        floor=floor_of(task.findings),
        template=instructions(style),
        not_evaluated=task.not_evaluated,
    )


def _withheld(*reasons: str) -> AssessmentOutcome:
    return AssessmentOutcome(status=AssessmentStatus.WITHHELD, reasons=reasons)


def _ready(assessment: Assessment) -> AssessmentOutcome:
    return AssessmentOutcome(status=AssessmentStatus.READY, assessment=assessment)
