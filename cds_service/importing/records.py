"""One patient's past encounters as lines: with a target where the encounter offers an honest one, else as inputs.

The road is that of the hook (`Stations.walk`), on a request made of the chart as each visit began, past the gate under
the export policy. Two steps come from above and are given: how an EHR's request is made of a chart, and how a target is
written of a task.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from anonymization.deidentified import DeidentifiedFact
from cds_service.assessor import AssessmentTask
from cds_service.chart import hook_call
from cds_service.domain import Draft, Priority, floor_of
from cds_service.export.identifiers import identifiers
from cds_service.importing.outcomes import TRIAGE, Code, NoLevel, concern_of, priority_of
from cds_service.importing.restricted import with_reach
from cds_service.importing.visits import Visit, chart_at, visits_of
from cds_service.inference.contract import Encoding, Offers, encode
from cds_service.inference.offers import offers_for
from cds_service.inference.prompt import Prompt, build_prompt
from cds_service.inference.style import Style
from cds_service.settings import Setting
from cds_service.stations import Stations, Walked
from fhir_mappers.errors import MappingError
from hooks.errors import HookError

CLINIC = "clinic"
OLD = timedelta(days=1)
"""Numbers older than this at the visit stay out of the prompt: an export tells years and no intervals, so an old value
would read like one of the visit. The rules, which read true times, have seen them."""

_MEASURED = frozenset({"vital", "lab"})
_REASONS = frozenset({"complaint", "intake"})


class Opened(Protocol):
    """The patient-view request of an EHR that shows `resources`."""

    def __call__(self, resources: Sequence[dict[str, Any]], patient: str, encounter: str) -> Mapping[str, Any]:
        """The body."""
        ...


class Writer(Protocol):
    """Writes what a model should have said of a task that a clinician gave `priority`; None where nothing may stand."""

    def __call__(
        self,
        task: AssessmentTask,
        prompt: Prompt,
        offers: Offers,
        priority: Priority,
        concern: str,
        *,
        setting: Setting,
        style: Style,
        seed: str,
    ) -> Draft | None:
        """The draft."""
        ...


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which records, and in what form. `since`, `until`: when a visit began; `triage`: the clinic's own level codes."""

    since: datetime | None = None
    until: datetime | None = None
    triage: frozenset[Code] = frozenset()
    style: Style = Style.COMPACT
    encoding: Encoding = Encoding.JSON


@dataclass(frozen=True, kw_only=True)
class Patient:
    """One patient's resources as they came, and the code that stands for the person. `too_large`: none were read."""

    code: str
    resources: Sequence[bytes] = field(repr=False)
    too_large: bool = False


@dataclass(kw_only=True)
class Made:
    """What became of one patient. `clinic`, `inputs`: lines; `counts`: outcomes, in fixed words."""

    code: str
    clinic: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return {"code": self.code, "clinic": self.clinic, "inputs": self.inputs, "counts": dict(self.counts)}


class Maker:
    """Makes lines of patients, on one process's stations."""

    def __init__(
        self,
        stations: Stations,
        wanted: Wanted,
        *,
        opened: Opened,
        written: Writer,
    ) -> None:
        self._stations = {setting: stations.under(setting) for setting in Setting}
        self._wanted = wanted
        self._opened = opened
        self._written = written

    def make(self, patient: Patient) -> Made:
        """The lines of one patient. Raises nothing: what breaks costs one visit and is counted."""
        made = Made(code=patient.code)
        if patient.too_large:
            made.counts["patient: the record is larger than is read"] += 1
            return made
        resources = [json.loads(text) for text in patient.resources]
        person = next((r for r in resources if r["resourceType"] == "Patient"), None)
        if person is None:
            made.counts["patient: no Patient resource"] += 1
            return made
        try:
            resources, restricted = with_reach(resources, person)
        except Exception:  # noqa: BLE001 - fails closed: a label that was not read would not be honoured
            made.counts["patient: the record cannot be looked through"] += 1
            return made
        if f"Patient/{person['id']}" in restricted:
            made.counts["patient: restricted by a label, or larger than is looked through"] += 1
            return made
        visits = visits_of(resources, self._wanted.since, self._wanted.until)
        if not visits:
            made.counts["patient: no visit of the period"] += 1
        for number, visit in enumerate(visits, start=1):
            if visit.admission:
                made.counts["visit: an admission, no arrival"] += 1
                continue
            if f"Encounter/{visit.id}" in restricted:
                made.counts["visit: restricted by a label"] += 1
                continue
            try:
                self._visit(f"{patient.code}-{number}", patient.code, person["id"], visit, resources, made)
            except Exception as error:  # noqa: BLE001 - one visit must not cost the others; the text may quote the chart
                made.counts[f"visit: the road broke ({type(error).__name__})"] += 1
        return made

    def _visit(
        self, name: str, code: str, person: str, visit: Visit, resources: Sequence[dict[str, Any]], made: Made
    ) -> None:
        setting = Setting.ED if visit.emergency else Setting.FAMILY_PRACTICE
        walked = self._walk(code, person, visit, resources, setting, made)
        if walked is None:
            return
        task = _without_old(walked, visit).task({})
        if task is None:
            made.counts[f"visit: the gate refused ({walked.refusal})"] += 1
            return
        if not any(f.kind in _REASONS or _is_of(visit, walked, f) for f in task.case.facts):
            made.counts["visit: nothing says why the patient came"] += 1
            return
        made.counts["notes read"] += sum(f.kind == "note" for f in task.case.facts)
        offers = offers_for(task.case, task.findings, task.passages, setting=setting, style=self._wanted.style)
        prompt = build_prompt(
            task.case, task.findings, task.passages, offers, self._wanted.encoding, self._wanted.style
        )
        if identifiers(prompt.case):
            made.counts["visit: the leak check of training data found something"] += 1
            return
        draft, why = self._target(name, visit, task, prompt, offers, setting)
        line = _line(name, code, prompt)
        if draft is None:
            made.inputs.append(_dumped(line | {"setting": setting.value, "reason": why}))
            made.counts[f"input: {why}"] += 1
        else:
            line["messages"].append({"role": "assistant", "content": encode(draft, offers, self._wanted.encoding)})
            made.clinic.append(_dumped(line))
            made.counts[f"target: {draft.priority.label}"] += 1

    def _walk(
        self,
        code: str,
        person: str,
        visit: Visit,
        resources: Sequence[dict[str, Any]],
        setting: Setting,
        made: Made,
    ) -> Walked | None:
        chart = list(chart_at(visit, resources, TRIAGE | self._wanted.triage))
        body = self._opened(chart, person, visit.id)
        try:
            return self._stations[setting].walk(hook_call(body, client="import"), visit.at, subject=code)
        except (HookError, MappingError):
            made.counts["visit: the patient or the request cannot be used"] += 1
            return None

    def _target(
        self, name: str, visit: Visit, task: AssessmentTask, prompt: Prompt, offers: Offers, setting: Setting
    ) -> tuple[Draft | None, str]:
        """The draft, or why there is none."""
        try:
            priority = priority_of(visit, self._wanted.triage)
        except NoLevel as none:
            return None, none.reason
        if priority < floor_of(task.findings):
            return None, "below-the-floor"
        draft = self._written(
            task, prompt, offers, priority, concern_of(visit), setting=setting, style=self._wanted.style, seed=name
        )
        if draft is None or draft.priority is not priority:
            return None, "no-sound-target"
        return draft, ""


def _is_of(visit: Visit, walked: Walked, fact: DeidentifiedFact) -> bool:
    """Whether a fact is a note of the visit."""
    source = walked.case.sources.get(fact.source)
    return fact.kind == "note" and source is not None and source.as_of is not None and source.as_of >= visit.start


def _without_old(walked: Walked, visit: Visit) -> Walked:
    """`walked` with no number in the case that is older than `OLD` at the visit."""
    case, sources = walked.deidentified, walked.case.sources
    if case is None:
        return walked

    def fresh(source: str) -> bool:
        as_of = sources[source].as_of if source in sources else None
        return as_of is None or visit.at - as_of <= OLD

    facts = tuple(f for f in case.facts if f.kind not in _MEASURED or fresh(f.source))
    return replace(walked, deidentified=replace(case, facts=facts))


def _line(name: str, code: str, prompt: Prompt) -> dict[str, Any]:
    """The line without a completion, in the form that `data build` reads."""
    return {
        "id": name,
        "source": CLINIC,
        "patient": code,
        "family": code,
        "twin": None,
        "messages": [{"role": "system", "content": prompt.prefix}, {"role": "user", "content": prompt.case}],
    }


def _dumped(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
