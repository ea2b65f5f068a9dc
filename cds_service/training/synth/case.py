"""One synthetic case: what was drawn, before it becomes a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from cds_service.domain import Priority
from cds_service.settings import Setting
from cds_service.training.synth.history import History
from cds_service.training.synth.parts import Part, part_of
from cds_service.training.synth.people import Person
from cds_service.training.synth.schema import Condition, Stage
from cds_service.training.synth.wording import Style


class Channel(StrEnum):
    """Where the complaint stands in the request."""

    ENCOUNTER = "encounter"
    OBSERVATION = "observation"
    INTAKE = "intake"
    NOTE = "note"
    NOWHERE = "nowhere"


class Known(StrEnum):
    """What the chart knows of a date of birth."""

    DAY = "day"
    YEAR = "year"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class Results:
    """Named numbers and words that were measured together."""

    at: datetime
    numbers: Mapping[str, float | int]
    states: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All of a patient that the request tells.

    `vitals`: None where none were taken. `earlier`: a healthy round of an earlier visit. `labs`, `old_labs`: results of
    this visit and older ones. `pregnancy_noted`: when the pregnancy was written down, and `pregnancy_asked` that it
    stands as an answer rather than as a problem. `sex_known`: whether the chart says the sex.
    """

    complaint: str
    channel: Channel
    note: str | None
    vitals: Results | None
    earlier: Results | None
    labs: Results | None
    old_labs: Results | None
    history: History
    recorded: date
    birth: Known
    sex_known: bool
    pregnancy_noted: date
    pregnancy_asked: bool


@dataclass(frozen=True, kw_only=True)
class SyntheticCase:
    """A made-up patient who comes `at` a time with a `stage` of a `condition`, which has the gold priority."""

    id: str
    condition: Condition
    stage: Stage
    setting: Setting
    at: datetime
    style: Style
    person: Person
    chart: Chart

    @property
    def part(self) -> Part:
        """What the case is for: decided by the family of its condition."""
        return part_of(self.condition.family)

    @property
    def priority(self) -> Priority:
        """The authored acuity of the stage in the setting."""
        return self.stage.priorities[self.setting]
