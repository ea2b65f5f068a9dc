"""Visits to replay: ``patient-view`` requests, each with the priority that an expert gave, and a nurse's beside it.

The gold file is a CSV with the columns ``id`` and either ``priority`` (Low, Medium, High, Critical) or ``ktas_expert``
(1 to 5); ``nurse_priority`` or ``ktas_nurse`` is optional. Ids are those of ``context.patientId``. What cannot be read
or joined is a `Problem` and costs only itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cds_service.chart import hook_call as hook_call
from cds_service.domain import Priority
from cds_service.errors import CdsError
from cds_service.evaluation import files
from hooks.errors import HookError
from hooks.services import HookCall
from hooks.wire import decode

OF_KTAS: Mapping[int, Priority] = {
    # Korean Triage and Acuity Scale: 1 resuscitation, 2 emergent, 3 urgent, 4 less urgent, 5 non-urgent. As with the
    # Canadian scale it comes from, a physician sees level 1 at once and level 2 within 15 minutes (Bullard 2017).
    1: Priority.CRITICAL,
    2: Priority.HIGH,
    3: Priority.MEDIUM,
    4: Priority.LOW,
    5: Priority.LOW,
}
GOLD_COLUMNS = ("priority", "ktas_expert")
NURSE_COLUMNS = ("nurse_priority", "ktas_nurse")


class UnreadableVisits(CdsError):
    """A file of requests or of their priorities is wrong as a whole. The message names the file and no value."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A priority that a person gave. `fineness`: its place on the scale it was given on, higher is more urgent."""

    priority: Priority
    fineness: float


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request with its labels."""

    id: str
    call: HookCall = field(repr=False)
    gold: Label
    nurse: Label | None = None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What was left out, and why, in fixed words. `place`: file and line, or the id of a visit."""

    place: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Visits:
    """The visits of one measurement, and what could not be read or joined."""

    name: str
    visits: tuple[Visit, ...]
    problems: tuple[Problem, ...] = ()


def read_visits(requests: Path, gold: Path) -> Visits:
    """The requests of a file of JSON lines with their labels. Raises UnreadableVisits when no visit is left."""
    problems: list[Problem] = []
    labels = _labels(gold, problems.append)
    calls = _calls(requests, problems.append)
    problems += [Problem(place=name, reason="has no priority in the gold file") for name in calls if name not in labels]
    problems += [Problem(place=name, reason="has no usable request") for name in labels if name not in calls]
    visits = tuple(
        Visit(id=name, call=call, gold=labels[name][0], nurse=labels[name][1])
        for name, call in calls.items()
        if name in labels
    )
    if not visits:
        raise UnreadableVisits(f"{requests.name} and {gold.name} have no visit in common")
    return Visits(name=f"{requests.resolve().parent.name}/{requests.name}", visits=visits, problems=tuple(problems))


def _calls(path: Path, report: Callable[[Problem], None]) -> dict[str, HookCall]:
    calls: dict[str, HookCall] = {}
    for number, line in enumerate(files.content(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path.name}, line {number}"
        try:
            call = hook_call(decode(line.strip()))
        except HookError as error:
            report(Problem(place=place, reason=str(error)))
            continue
        if call.context.patient_id in calls:
            report(Problem(place=place, reason="the same patient again; the first request counts"))
        calls.setdefault(call.context.patient_id, call)
    if not calls:
        raise UnreadableVisits(f"{path.name} holds no patient-view request that can be read")
    return calls


def _labels(path: Path, report: Callable[[Problem], None]) -> dict[str, tuple[Label, Label | None]]:
    rows, columns = _rows(path)
    expert = next((c for c in GOLD_COLUMNS if c in columns), None)
    nurse = next((c for c in NURSE_COLUMNS if c in columns), None)
    if "id" not in columns or expert is None:
        raise UnreadableVisits(f"{path.name} needs a column id and a column priority or ktas_expert")
    labels: dict[str, tuple[Label, Label | None]] = {}
    for number, row in rows:
        place = f"{path.name}, line {number}"
        name = (row.get("id") or "").strip()
        try:
            label = _label(expert, row), _label(nurse, row) if nurse and (row.get(nurse) or "").strip() else None
        except ValueError:
            report(Problem(place=place, reason="a priority of this row is none"))
            continue
        if not name or name in labels:
            report(Problem(place=place, reason="the id is missing or stands there twice; the first row counts"))
            continue
        labels[name] = label
    return labels


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str | None]]], Sequence[str]]:
    """(line, row) of a CSV file, and its columns."""
    try:
        reader = csv.DictReader(io.StringIO(files.content(path).decode("utf-8-sig"), newline=""))
        return [(reader.line_num, row) for row in reader], reader.fieldnames or ()
    except (UnicodeError, csv.Error):
        raise UnreadableVisits(f"{path.name} cannot be read as CSV in UTF-8") from None


def _label(column: str, row: Mapping[str, str | None]) -> Label:
    """Raises ValueError for a value that is no priority."""
    written = (row.get(column) or "").strip()
    if not column.startswith("ktas"):
        return label_of(Priority.parse(written))
    level = int(written)
    if level not in OF_KTAS:
        raise ValueError("KTAS has the levels 1 to 5")
    return Label(priority=OF_KTAS[level], fineness=6 - level)


def label_of(priority: Priority) -> Label:
    """A label given on our own scale."""
    return Label(priority=priority, fineness=float(priority))
