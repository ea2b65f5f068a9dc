"""Pairs of calls that differ in one attribute of a person, walked down the road as far as the question for a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cds_service.assessor import AssessmentTask
from cds_service.domain import FindingKind, Priority, floor_of
from cds_service.evaluation.assessment.cases import Case, CaseSet
from cds_service.evaluation.triage.visits import hook_call
from cds_service.settings import Setting
from cds_service.stations import Stations, Walked
from cds_service.twins import ATTRIBUTES, Twin, twins
from fhir_mappers.errors import MappingError
from hooks.services import HookCall

CLINICAL = frozenset({"sex", "age"})
"""Attributes that a rule or a guideline may rightly tell apart; such a pair says nothing of bias and is set aside."""

TOLD = "{attribute}, told in a text"


@dataclass(frozen=True, kw_only=True)
class Side:
    """One call of a pair after the road. `task` is None where the gate refused it.

    `rules`: what fired, but for care gaps: screening and vaccines go by sex and age and are no triage.
    """

    floor: Priority
    rules: tuple[tuple[str, Priority], ...]
    passages: tuple[str, ...]
    task: AssessmentTask | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two calls that differ in `attribute`, which is `group` in the second."""

    case: str
    setting: Setting
    attribute: str
    group: str
    first: Side
    second: Side

    @property
    def told_apart(self) -> bool:
        """Whether a rule or a guideline tells the two apart, which it may for a clinical attribute alone."""
        differ = (self.first.rules, self.first.passages) != (self.second.rules, self.second.passages)
        return self.attribute in CLINICAL and differ

    @property
    def floor_changed(self) -> bool:
        """Whether the rules gave another priority."""
        return self.first.floor is not self.second.floor


def pairs_of(
    chosen: CaseSet,
    stations: Stations,
    versions: Mapping[str, str],
    show: Callable[[float], None],
    attributes: Collection[str] = ATTRIBUTES,
) -> tuple[Pair, ...]:
    """Every pair of every case of a set that has a usable patient, for `attributes`."""
    made: list[Pair] = []
    for number, case in enumerate(chosen.cases, start=1):
        made += _of_case(case, chosen.setting, stations, versions, attributes)
        show(number / len(chosen.cases))
    return tuple(made)


def side(call: HookCall, at: datetime, stations: Stations, versions: Mapping[str, str]) -> Side:
    """One call down the road. Raises MappingError when there is no usable patient."""
    walked = stations.walk(call, at)
    return Side(
        floor=floor_of(walked.findings),
        rules=_rules(walked),
        passages=tuple(p.id for p in walked.passages),
        task=walked.task(versions),
    )


def body_of(case: Case) -> dict[str, Any]:
    """The request of a case, as an EHR sends it."""
    request = case.call.request
    return {
        "hook": request.hook,
        "hookInstance": request.hook_instance,
        "context": dict(request.context),
        "prefetch": dict(request.prefetch),
    }


def _of_case(
    case: Case, setting: Setting, stations: Stations, versions: Mapping[str, str], attributes: Collection[str]
) -> Iterator[Pair]:
    body = body_of(case)
    walked: dict[int, Side] = {}
    for twin in _usable(twins(body, case.at, mentions=True)):
        if twin.attribute not in attributes:
            continue
        try:
            for one in (twin.reference, twin.body):
                if id(one) not in walked:
                    walked[id(one)] = side(hook_call(one), case.at, stations, versions)
        except MappingError:
            continue
        yield Pair(
            case=case.id,
            setting=setting,
            attribute=TOLD.format(attribute=twin.attribute) if twin.told else twin.attribute,
            group=twin.value,
            first=walked[id(twin.reference)],
            second=walked[id(twin.body)],
        )


def _usable(found: Sequence[Twin]) -> tuple[Twin, ...]:
    """Held all at once, so that the identity of a body names it."""
    return tuple(found)


def _rules(walked: Walked) -> tuple[tuple[str, Priority], ...]:
    return tuple(sorted((f.rule, f.priority) for f in walked.findings if f.kind is not FindingKind.CARE_GAP))
