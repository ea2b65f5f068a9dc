"""When a case opens, and what of an answer it rests on (docs/decisions/0018). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from cds_service.domain import AssessmentStatus, Finding, FindingKind, Priority
from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.records import AnswerRecord
from cds_service.review.values import ReviewCase

MAX_TOPICS = 6
UNNAMED = "A finding that rests on labelled data: open the chart"
"""Topic of an urgent floor whose finding may not be told outside the chart."""

_STATE_CHARS = 16


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What an answer brings to the review.

    `answer`, `snapshot`, `job`: ids. `priority`: of the whole answer, at least `floor`. `model_priority`: that of an
    accepted assessment, exactly when `status` is ready. `data_at`: time of the newest datum of the chart. `location`:
    where the patient is seen, an id. `stage`: how far the service is rolled out there. `sealed`: keys of findings that
    may not be told outside the chart (`sealed_states`).
    """

    answer: str
    subject: str
    client: str
    snapshot: str
    job: str | None
    floor: Priority
    priority: Priority
    status: AssessmentStatus
    findings: tuple[Finding, ...]
    data_at: datetime | None
    model_priority: Priority | None = None
    location: str | None = None
    stage: str = "full"
    sealed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.priority < self.floor:
            raise ValueError("nothing may lower the floor")
        if (self.model_priority is not None) != (self.status is AssessmentStatus.READY):
            raise ValueError("an opening has the model's priority exactly when the assessment is ready")

    @property
    def telling(self) -> tuple[Finding, ...]:
        """The findings that make it more than routine, gravest first. Care gaps wait for no nurse."""
        return tuple(sorted(filter(_is_telling, self.findings), key=lambda f: -f.priority))

    @property
    def topics(self) -> tuple[str, ...]:
        """Their titles, fixed words."""
        titles = dict.fromkeys(f.title for f in self.telling)
        hidden = self.floor >= Priority.HIGH and all(f.priority < self.floor for f in self.telling)
        return ((UNNAMED,) if hidden else ()) + tuple(titles)[:MAX_TOPICS]

    @property
    def states(self) -> tuple[str, ...]:
        """A key for each of them: equal as long as rule, priority and values are."""
        return tuple(dict.fromkeys([*map(_state, self.telling), *self.sealed]))

    def asks(self, least: Priority) -> bool:
        """Whether a nurse must look now: urgent, at least `least`, or an assessment is there to be reviewed."""
        return self.priority >= min(least, Priority.HIGH) or self.status is AssessmentStatus.READY

    def may_ask(self) -> bool:
        """Whether a nurse may have to look later: a draft is being made."""
        return self.status is AssessmentStatus.PENDING

    def tells_again(self, decided: ReviewCase) -> bool:
        """Whether it says no more than a case that a clinician decided."""
        return set(self.states) <= set(decided.states) and self.priority <= decided.priority

    def newer_than(self, case: ReviewCase) -> bool:
        """Whether its chart holds something that the chart of `case` did not."""
        if self.data_at != case.data_at or not set(self.states) <= set(case.states):
            return True
        return self.job not in {None, case.job}

    def alarms_anew(self, case: ReviewCase) -> bool:
        """Whether a physician who knows `case` must hear of this too: it is graver, or another urgent rule speaks."""
        return self.priority > case.priority or not urgent_rules(self.states) <= urgent_rules(case.states)


def opening_of(
    record: AnswerRecord,
    *,
    data_at: datetime | None,
    location: str | None = None,
    stage: str = "full",
    sealed: tuple[str, ...] = (),
) -> Opening:
    """What `record` brings to the review. Raises ValueError for an answer without subject or snapshot."""
    if record.subject is None or record.snapshot is None:
        raise ValueError("a case needs an answer with a subject and a snapshot")
    advice = record.advice
    assessment = advice.outcome.assessment
    return Opening(
        answer=record.id,
        subject=record.subject,
        client=record.client,
        snapshot=record.snapshot,
        job=record.job,
        floor=advice.floor,
        priority=advice.priority,
        status=advice.outcome.status,
        findings=advice.findings,
        data_at=data_at,
        model_priority=assessment.draft.priority if assessment else None,
        location=location,
        stage=stage,
        sealed=sealed,
    )


def urgent_rules(states: tuple[str, ...]) -> set[str]:
    """The rules of those `states` that are High or Critical."""
    parts = (state.split(":") for state in states)
    return {rule for rule, priority, _ in parts if int(priority) >= Priority.HIGH}


def sealed_states(findings: Iterable[Finding], keyed: Callable[[str], str]) -> tuple[str, ...]:
    """The keys of `findings` that say neither rule nor values: `keyed` hashes with a key that is elsewhere."""
    made = []
    for finding in filter(_is_telling, findings):
        rule, priority, values = _state(finding).split(":")
        made.append(f"sealed-{_short(keyed(rule))}:{priority}:{_short(keyed(f'{rule}:{values}'))}")
    return tuple(made)


def _is_telling(finding: Finding) -> bool:
    return finding.priority > Priority.LOW and finding.kind is not FindingKind.CARE_GAP


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_STATE_CHARS]


def _state(finding: Finding) -> str:
    """``rule:priority:hash of the values``; a row of a rule's table is a rule of its own."""
    row = finding.values.get("row")
    rule = f"{finding.rule}/{row}" if row else finding.rule
    return f"{rule}:{finding.priority.value}:{_short(canonical_json(dict(finding.values)))}"
