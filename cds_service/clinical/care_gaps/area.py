"""What every care-gap rule has in common: for whom it is, what a finding of it looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from cds_service.clinical.care_gaps.conditions import GROUPS, coded
from cds_service.clinical.care_gaps.evidence import not_done, problem_evidence
from cds_service.clinical.care_gaps.parts import PROBLEMS, absent
from cds_service.clinical.care_gaps.services import PROCEDURES as PROCEDURE_KINDS
from cds_service.clinical.care_gaps.table import GAPS, VERSION, Gap
from cds_service.clinical.population import AgeSpan, age_span, pregnant
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.domain import Finding, FindingKind, NotEvaluated, Priority, Value
from cds_service.settings import Setting
from fhir_mappers.case import Case, Problem

ADULT = 18
NOTHING: Mapping[str, Value] = MappingProxyType({})
NO_AGE = NotEvaluated(what="care gaps", reason="the birth date is not known")
COMFORT_CARE = NotEvaluated(what="care gaps", reason=f"not looked for: the chart names {GROUPS['comfort-care'].name}")

Said = Iterator[Finding | NotEvaluated | None]


@dataclass(frozen=True, kw_only=True)
class Patient:
    """One chart as the care-gap rules look at it: an adult (or pregnant), not in comfort care, problems known."""

    context: RuleContext
    span: AgeSpan

    @property
    def case(self) -> Case:
        """The chart."""
        return self.context.case

    @property
    def pregnant(self) -> bool:
        """Whether the chart says that the patient is pregnant."""
        return pregnant(self.case.demographics)

    def aged(self, lowest: int, highest: int | None = None) -> bool:
        """Whether the age in years lies in a range for certain, both ends included."""
        return self.span.low >= lowest * 12 and (highest is None or self.span.high < (highest + 1) * 12)

    def coded(self, *groups: str) -> tuple[Problem, ...]:
        """Coded problems of groups."""
        return coded(self.case, *groups)

    def sources(self, *groups: str) -> tuple[str, ...]:
        """Handles of the first coded problem of each of `groups`."""
        return tuple(dict.fromkeys(p.source for group in groups for p in self.coded(group)[:1]))

    @property
    def person(self) -> tuple[str, ...]:
        """The handle of the patient's own resource, which age and sex are from."""
        return tuple(h for h, s in self.case.sources.items() if s.resource_type == "Patient")[:1]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a finding says beside its row of the table; `proposals` are names of the row's own, all by default."""

    words: str
    sources: Sequence[str]
    values: Mapping[str, Value] = field(default_factory=lambda: NOTHING)
    proposals: Sequence[str] | None = None


def finding(key: str, told: Told) -> Finding:
    """The finding of one gap: what the data show, then the rule."""
    gap = GAPS[key]
    names = gap.proposals if told.proposals is None else told.proposals
    return Finding(
        rule=rule_id(gap.area),
        version=VERSION,
        priority=Priority.LOW,
        title=gap.title,
        reason=f"{told.words[:1].upper()}{told.words[1:]}. {gap.says}.",
        citation=gap.citations[0],
        values={"gap": gap.id, **told.values},
        sources=tuple(dict.fromkeys(told.sources)),
        topic=gap.id,
        kind=FindingKind.CARE_GAP,
        proposals=tuple(gap.proposals[name] for name in names),
        rank=gap.rank,
    )


def rule_id(area: str) -> str:
    """``care-gap-diabetes`` and the like."""
    return f"care-gap-{area}"


def care_gap_rule(
    area: str,
    title: str,
    population: str,
    look: Callable[[Patient], Said],
    *,
    fires: str,
    quiet: str,
    minors: bool = False,
) -> Rule:
    """The rule of one area, described by its rows of the table. `minors`: also for people under 18."""
    gaps = [gap for gap in GAPS.values() if gap.area == area]
    return Rule(
        id=rule_id(area),
        version=VERSION,
        title=f"Care gaps: {title}",
        summary=(
            "Suggests what is overdue or out of target in routine care, and says how old the newest data are. "
            "What the EHR did not send is said to be not evaluated. Not in hospice or palliative care, and not in the "
            "emergency department setting."
        ),
        population=population,
        citations=tuple(dict.fromkeys(citation for gap in gaps for citation in gap.citations)),
        priorities=(Priority.LOW,),
        evaluate=partial(evaluate, look=look, minors=minors),
        fires=fires,
        quiet=quiet,
        limits=(("Gap", "Rule", "Rank", "Offers"), *map(_row, gaps)),
    )


def evaluate(context: RuleContext, *, look: Callable[[Patient], Said], minors: bool = False) -> RuleResult:
    """The care gaps that `look` finds, after what holds for all of them. An emergency department has other work."""
    if context.setting is Setting.ED:
        return RuleResult()
    span = age_span(context.case)
    if span is None:
        return RuleResult(not_evaluated=(NO_AGE,))
    if span.low < ADULT * 12 and not minors:
        return RuleResult()
    unknown = absent(context.case, PROBLEMS)
    if unknown is not None:
        return RuleResult(not_evaluated=(unknown,))
    if _in_comfort_care(context.case):
        return RuleResult(not_evaluated=(COMFORT_CARE,))
    said = list(look(Patient(context=context, span=span)))
    return RuleResult(
        findings=tuple(s for s in said if isinstance(s, Finding)),
        not_evaluated=tuple(dict.fromkeys(s for s in said if isinstance(s, NotEvaluated))),
    )


def _in_comfort_care(case: Case) -> bool:
    """Whether a problem (by code or words) or a procedure names it. Titles of notes do not count: a visit may ask."""
    told = PROCEDURE_KINDS["comfort-care"]
    procedures = any(told.covers(p.concept) and not not_done(p.concept) for p in case.procedures)
    return bool(coded(case, "comfort-care") or problem_evidence(case, "comfort-care")) or procedures


def _row(gap: Gap) -> tuple[str, ...]:
    return gap.title, gap.says, str(gap.rank), "; ".join(p.label for p in gap.proposals.values())
