"""A clinic's own charts down the road, with nothing stored: Bundles with a patient, and hook requests.

What cannot be read is a `Problem` and costs only itself. A problem names its place by number, since a file's name may
be a patient's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cds_service import cards
from cds_service.chart import hook_call
from cds_service.domain import Advice, AssessmentOutcome, AssessmentStatus, floor_of
from cds_service.evaluation import files
from cds_service.evaluation.charts import newest_time
from cds_service.evaluation.local.facts import Fact, groups_of, highest, without_numbers
from cds_service.stations import Stations, Walked
from cds_service.terminal import Show
from fhir_mappers.errors import MappingError
from hooks.errors import HookError
from hooks.services import HookCall

STEP = "charts"

Open = Callable[[dict[str, Any], int], dict[str, Any] | None]
"""The request of an EHR that opens the chart in a Bundle so many days after its newest time; None without a patient."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that could not be replayed, and why, in fixed words. `place`: ``file 3, document 2``."""

    place: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """The charts that were replayed, and what could not be."""

    facts: tuple[Fact, ...]
    problems: tuple[Problem, ...]


class Unusable(Exception):
    """A document that is no chart; the message is fixed words."""


def replay(stations: Stations, paths: list[Path], opened: Open, days: int, show: Show) -> Replayed:
    """Every chart in the files `paths`, opened `days` after its newest time."""
    facts: list[Fact] = []
    problems: list[Problem] = []
    for number, path in enumerate(paths, start=1):
        documents = _documents(path, number)
        for done, (place, document) in enumerate(documents, start=1):
            try:
                facts.append(_fact(stations, document, opened, days))
            except Unusable as unusable:
                problems.append(Problem(place=place, reason=str(unusable)))
            show(STEP, (number - 1 + done / len(documents)) / len(paths))
    return Replayed(facts=tuple(facts), problems=tuple(problems))


def files_in(paths: list[Path], most: int | None = None) -> list[Path]:
    """The files of JSON in files and folders, in order; at most about `most`, evenly spread."""
    found = [file for path in paths for file in (files.find(path) if path.is_dir() else [path])]
    return list(files.spread(found, most))


def _documents(path: Path, number: int) -> list[tuple[str, Any]]:
    """The documents of one file with their places; None for what is no JSON."""
    raw = files.content(path)
    whole = list(files.documents(raw))
    if len(whole) == 1 or not raw.strip() or (not whole and ".json" in path.suffixes):
        return [(f"file {number}", whole[0] if whole else None)]
    if whole:
        return [(f"file {number}, document {place}", document) for place, document in enumerate(whole, start=1)]
    lines = [(place, line) for place, line in enumerate(raw.split(b"\n"), start=1) if line.strip()]
    return [(f"file {number}, line {place}", next(files.documents(line), None)) for place, line in lines]


def _fact(stations: Stations, document: Any, opened: Open, days: int) -> Fact:
    """Raises Unusable."""
    try:
        call = _call(document, opened, days)
        now = newest_time(document) + timedelta(days=days)
        started = time.perf_counter()
        walked = stations.walk(call, now, subject="validation")
        made = _cards(walked, call)
        spent = time.perf_counter() - started
    except Unusable:
        raise
    except MappingError:
        raise Unusable("the patient in it cannot be used") from None
    except Exception as error:  # noqa: BLE001 - one document must not cost the others; the text may quote the chart
        raise Unusable(f"the road broke on it ({type(error).__name__}); report it with the version") from None
    return Fact(
        floor=floor_of(walked.findings),
        found=highest(walked.findings),
        cards=made,
        refusal=walked.refusal,
        not_evaluated=without_numbers(note.what for note in walked.not_evaluated),
        milliseconds=1000 * spent,
        groups=groups_of(walked.case),
    )


def _call(document: Any, opened: Open, days: int) -> HookCall:
    """The hook call for a document. Raises Unusable."""
    if not isinstance(document, dict):
        raise Unusable("it is no JSON object, or cannot be read at all")
    asked = document if "hook" in document else None
    if document.get("resourceType") == "Bundle":
        asked = opened(document, days)
        if asked is None:
            raise Unusable("the Bundle holds no Patient that can be read")
    if asked is None:
        raise Unusable("it is neither a FHIR Bundle nor a hook request")
    try:
        return hook_call(asked)
    except HookError as error:
        raise Unusable(f"it is no patient-view request: {error}") from None


def _cards(walked: Walked, call: HookCall) -> int:
    """How many cards the chart gets without a model."""
    floor = floor_of(walked.findings)
    advice = Advice(
        priority=floor,
        floor=floor,
        findings=walked.findings,
        passages=walked.passages,
        outcome=AssessmentOutcome(status=AssessmentStatus.OFF),
        not_evaluated=walked.not_evaluated,
        versions={},
        visit_reason=bool(walked.case.complaints or walked.case.intake),
    )
    made = cards.build(advice, walked.case, encounter_id=call.context.encounter_id, new_uuid=lambda: str(uuid.uuid4()))
    return len(made.cards)
