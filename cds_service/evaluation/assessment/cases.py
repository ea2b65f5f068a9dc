"""Cases with a known priority, by set, and their way down the road as far as the question for a model.

Sets: the test part of a file of synthetic cases, the packaged vignettes, and visits with an expert's priority. Each set
is of one care setting, since flags are graded by it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service.assessor import AssessmentTask
from cds_service.domain import Priority, floor_of
from cds_service.errors import CdsError
from cds_service.evaluation import files
from cds_service.evaluation.charts import newest_time
from cds_service.evaluation.triage.visits import hook_call, read_visits
from cds_service.evaluation.vignettes.reading import Part, packaged
from cds_service.evaluation.vignettes.requests import NOW, request_for
from cds_service.settings import Setting
from cds_service.stations import Stations
from fhir_mappers.errors import MappingError
from hooks.errors import HookError
from hooks.services import HookCall

HELD_OUT = "test"
"""The part of a file of synthetic cases that nothing was trained or chosen on."""


class UnreadableCases(CdsError):
    """A file of cases is wrong as a whole. The message names the file and no value."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call and the priority that it should get. `at`: the clock when it is made."""

    id: str
    call: HookCall = field(repr=False)
    at: datetime
    gold: Priority


@dataclass(frozen=True, kw_only=True)
class CaseSet:
    """The cases of one set. `left_out`: how many could not be read or used, by the reason."""

    name: str
    setting: Setting
    cases: tuple[Case, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of everything that is asked and expected."""
        digest = hashlib.sha256()
        for case in self.cases:
            asked = [case.id, case.gold.label, case.at.isoformat(), dict(case.call.request.prefetch)]
            digest.update(json.dumps([self.setting.value, asked], sort_keys=True).encode())
        return digest.hexdigest()

    def limited(self, most: int | None) -> CaseSet:
        """At most `most` of the cases, evenly spread."""
        return replace(self, cases=tuple(files.spread(self.cases, most)))


def synthetic(path: Path, settings: Sequence[Setting]) -> list[CaseSet]:
    """The held-out cases of a file that ``cds-service data synth`` wrote, a set for each of `settings` that has any.

    Raises UnreadableCases when there is none.
    """
    cases: dict[Setting, list[Case]] = {setting: [] for setting in settings}
    left_out: Counter[str] = Counter()
    for entry in files.read(path):
        try:
            if entry["part"] != HELD_OUT or entry["setting"] not in cases:
                continue
            setting, case = Setting(entry["setting"]), _synthetic(entry)
        except (HookError, KeyError, TypeError, ValueError):
            left_out["a line that is no synthetic case"] += 1
        else:
            cases[setting].append(case)
    if not any(cases.values()):
        raise UnreadableCases(f"{path.name} holds no held-out case of the chosen care settings")
    return [
        CaseSet(name=f"synthetic {setting}", setting=setting, cases=tuple(found), left_out=left_out)
        for setting, found in cases.items()
        if found
    ]


def vignettes(part: str, setting: Setting) -> list[CaseSet]:
    """The packaged vignettes of `part` (``tuning``, ``kept-out`` or ``all``) with their priorities in `setting`."""
    return [
        CaseSet(
            name=f"vignettes {chosen} {setting}",
            setting=setting,
            cases=tuple(
                Case(id=v.id, call=hook_call(request_for(v, setting)), at=NOW, gold=v.priorities[setting])
                for v in packaged(chosen)
            ),
        )
        for chosen in (list(Part) if part == "all" else [Part(part)])
    ]


def visits(requests: Path, gold: Path, setting: Setting) -> CaseSet:
    """Visits with an expert's priority, each at a minute after its newest time. Raises UnreadableVisits."""
    found = read_visits(requests, gold)
    return CaseSet(
        name=f"visits {setting}",
        setting=setting,
        cases=tuple(
            Case(id=v.id, call=v.call, at=newest_time(dict(v.call.request.prefetch)), gold=v.gold.priority)
            for v in found.visits
        ),
        left_out=Counter(problem.reason for problem in found.problems),
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """A case after the road: the floor of the rules, and what a model is asked (None where the gate refused)."""

    id: str
    gold: Priority
    floor: Priority
    task: AssessmentTask | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class QuestionSet:
    """A set of cases after the road."""

    name: str
    setting: Setting
    sha256: str
    questions: tuple[Question, ...]
    left_out: Mapping[str, int]

    @property
    def asked(self) -> tuple[Question, ...]:
        """Those that a model is asked about."""
        return tuple(q for q in self.questions if q.task is not None)


def walk(
    chosen: CaseSet, stations: Stations, versions: Mapping[str, str], show: Callable[[float], None]
) -> QuestionSet:
    """`chosen` down the road, once for all models. `versions` are those of everything but the model.

    Raises UnreadableCases when no case has a usable patient.
    """
    left_out = Counter(chosen.left_out)
    questions = []
    own = {**versions, "setting": chosen.setting.value, "index": stations.index_version}
    for number, case in enumerate(chosen.cases, start=1):
        try:
            walked = stations.walk(case.call, case.at)
        except MappingError:
            left_out["no usable patient"] += 1
        else:
            floor, task = floor_of(walked.findings), walked.task(own)
            questions.append(Question(id=case.id, gold=case.gold, floor=floor, task=task))
        show(number / len(chosen.cases))
    if not questions:
        raise UnreadableCases(f"no case of the set {chosen.name} has a patient that can be used")
    return QuestionSet(
        name=chosen.name,
        setting=chosen.setting,
        sha256=chosen.sha256,
        questions=tuple(questions),
        left_out=dict(left_out),
    )


def _synthetic(entry: Mapping[str, Any]) -> Case:
    """Raises HookError, KeyError, TypeError or ValueError."""
    return Case(
        id=str(entry["id"]),
        call=hook_call(entry["request"]),
        at=_moment(entry["at"]),
        gold=Priority.parse(entry["gold"]["priority"]),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
