"""Visits down the road of the hook as far as the floor: mapped and judged by the rules, with the clock set for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cds_service import clinical
from cds_service.chart import case_of
from cds_service.clinical import RuleContext
from cds_service.clinical.urgency import urgency_score
from cds_service.domain import Finding, NotEvaluated, Priority, floor_of
from cds_service.evaluation.charts import newest_time
from cds_service.evaluation.triage.visits import Label, Problem, UnreadableVisits, Visit
from cds_service.settings import Setting
from fhir_mappers.case import Case
from fhir_mappers.errors import MappingError
from fhir_mappers.limits import Limits
from fhir_mappers.received import NOT_SENT
from hooks.services import HookCall

URGENT = Priority.HIGH
"""Urgent is what a physician sees at once or within minutes: High and Critical."""

Clock = Callable[[HookCall], datetime]
"""When a call is answered."""


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """What became of the model's part of an answer; `priority` is the draft's own, where one was ready."""

    status: str
    priority: Priority | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One visit as it was answered.

    `score`: higher is more urgent. `unheeded`: flags that were read in its texts and did not count, with how the text
    speaks of them. `complaint`: words of the chart, for `write_cases` alone.
    """

    id: str
    gold: Label
    nurse: Label | None
    priority: Priority
    score: float
    findings: tuple[Finding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    unheeded: tuple[str, ...]
    complaint: str = field(repr=False)
    drafted: Drafted | None = None

    @property
    def urgent(self) -> bool:
        """Whether the expert called it urgent."""
        return self.gold.priority >= URGENT

    @property
    def raised(self) -> frozenset[str]:
        """The rules that call it urgent."""
        return frozenset(f.rule for f in self.findings if f.priority >= URGENT)


def clock(as_of: str) -> Clock:
    """The clock for ``each`` (a minute after the newest time in each request) or for one ISO date-time.

    A date-time without a zone is UTC. Raises ValueError for what is neither.
    """
    if as_of == "each":
        return lambda call: newest_time(dict(call.request.prefetch))
    moment = datetime.fromisoformat(as_of)
    fixed = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda _: fixed


def replay(
    visits: Sequence[Visit], setting: Setting, at: Clock, show: Callable[[float], None]
) -> tuple[list[Outcome], list[Problem]]:
    """Every visit answered by mapping and rules; a visit whose patient cannot be used is a problem.

    Raises UnreadableVisits when that leaves none.
    """
    outcomes: list[Outcome] = []
    problems: list[Problem] = []
    for number, visit in enumerate(visits, start=1):
        try:
            case = _case(visit.call, at(visit.call))
        except MappingError as error:
            problems.append(Problem(place=visit.id, reason=str(error)))
        else:
            outcomes.append(_judge(visit, RuleContext(case=case, setting=setting)))
        show(number / len(visits))
    if not outcomes:
        raise UnreadableVisits("No request holds a patient that can be used.")
    return outcomes, problems


def _case(call: HookCall, now: datetime) -> Case:
    """The chart of a call of which nothing is fetched."""
    absent = {key: NOT_SENT for key in call.service.prefetch if key not in call.request.prefetch}
    return case_of(call, absent, now, Limits())


def _judge(visit: Visit, context: RuleContext) -> Outcome:
    evaluation = clinical.evaluate(context.case, context.setting, stale_hours=context.stale_hours)
    floor = floor_of(evaluation.findings)
    unheeded = dict.fromkeys(f"{m.flag} ({m.status})" for m in context.mentions if not m.counts)
    return Outcome(
        id=visit.id,
        gold=visit.gold,
        nurse=visit.nurse,
        priority=floor,
        score=urgency_score(evaluation, context),
        findings=evaluation.findings,
        not_evaluated=evaluation.not_evaluated,
        unheeded=tuple(unheeded),
        complaint="; ".join(c.text for c in context.case.complaints),
    )
