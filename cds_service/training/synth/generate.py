"""Draws cases. Case N of a seed is the same whatever the count, the part asked for or the cases around it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from cds_service.settings import Setting
from cds_service.training.synth import history, labs, people, vitals, wording
from cds_service.training.synth.case import Channel, Chart, Known, Results, SyntheticCase
from cds_service.training.synth.parts import Part, part_of
from cds_service.training.synth.people import Person
from cds_service.training.synth.schema import Condition, Stage, packaged
from cds_service.training.synth.wording import Style

FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
"""The first of the 364 days on which the visits lie."""

_NO_VITALS = {Setting.FAMILY_PRACTICE: 0.2, Setting.ED: 0.08}
"""Share of visits without vital signs, where a stage says nothing else."""
_LABS = {Setting.FAMILY_PRACTICE: 0.3, Setting.ED: 0.7}
"""Share of visits for which the results of a stage are there already."""
_HOURS = {Setting.FAMILY_PRACTICE: (8, 17), Setting.ED: (0, 23)}
_SHORT = {Setting.FAMILY_PRACTICE: "fp", Setting.ED: "ed"}
_CHANNELS = {
    Style.CLINICIAN: ((Channel.ENCOUNTER, 0.72), (Channel.OBSERVATION, 0.16), (Channel.NOTE, 0.12)),
    Style.LAY: ((Channel.INTAKE, 0.55), (Channel.ENCOUNTER, 0.45)),
}
_SILENT = 0.02
"""Share of visits without a word about the complaint, where the stage changes at least `_TELLING` vital signs."""
_TELLING = 3


def cases(seed: int, setting: Setting, part: Part | None = None) -> Iterator[SyntheticCase]:
    """Case after case without end; of `part` alone where one is named. Raises ConditionsWrong."""
    conditions = packaged()
    if not any(part in (None, part_of(c.family)) for c in conditions):
        return
    for number in count(1):
        stream = _Streams(seed, setting, number)
        condition = stream("condition").choice(conditions)
        if part in (None, part_of(condition.family)):
            yield _case(stream, condition, setting, f"synth-{seed}-{_SHORT[setting]}-{number}")


class _Streams:
    """Random streams of one case, one for each aspect, so that a change in one moves no other."""

    def __init__(self, seed: int, setting: Setting, number: int) -> None:
        self._start = f"{seed}/{setting.value}/{number}"

    def __call__(self, aspect: str) -> Random:
        return Random(f"{self._start}/{aspect}")  # noqa: S311 - made-up people, no secret


def _case(stream: _Streams, condition: Condition, setting: Setting, name: str) -> SyntheticCase:
    rng = stream("visit")
    stage = rng.choices(condition.stages, [s.weight for s in condition.stages])[0]
    style = rng.choice(tuple(Style))
    day, hour = rng.randrange(364), rng.randint(*_HOURS[setting])
    at = FIRST_DAY + timedelta(days=day, hours=hour, minutes=rng.randrange(60))
    person = people.draw(stream("person"), stream("name"), condition, at)
    return SyntheticCase(
        id=name,
        condition=condition,
        stage=stage,
        setting=setting,
        at=at,
        style=style,
        person=person,
        chart=_chart(stream, condition, stage, style, person, setting, at),
    )


def _chart(
    stream: _Streams,
    condition: Condition,
    stage: Stage,
    style: Style,
    person: Person,
    setting: Setting,
    at: datetime,
) -> Chart:
    measured = _vitals(stream("vitals"), condition, stage, person, setting, at)
    rng, words = stream("chart"), stream("words")
    return Chart(
        complaint=wording.complaint(words, stage, style),
        channel=_channel(rng, stage, style, measured),
        note=wording.note(words, stage),
        vitals=measured,
        earlier=_earlier(stream("earlier"), person, at),
        labs=_labs(stream("labs"), stage, setting, at),
        old_labs=_old_labs(stream("old labs"), person, at),
        history=history.draw(stream("history"), condition, person),
        recorded=(at - timedelta(days=rng.randrange(60, 1500))).date(),
        birth=rng.choices(tuple(Known), (0.95, 0.03, 0.02))[0],
        sex_known=rng.random() >= 0.01 or person.pregnant,
        pregnancy_noted=(at - timedelta(days=rng.randrange(7, 120))).date(),
        pregnancy_asked=rng.random() < 0.3,
    )


def _channel(rng: Random, stage: Stage, style: Style, measured: Results | None) -> Channel:
    channels = _CHANNELS[style]
    drawn = rng.choices([c for c, _ in channels], [share for _, share in channels])[0]
    silent = rng.random() < _SILENT and len(stage.vitals) >= _TELLING and measured is not None
    return Channel.NOWHERE if silent else drawn


def _vitals(
    rng: Random, condition: Condition, stage: Stage, person: Person, setting: Setting, at: datetime
) -> Results | None:
    missing = _NO_VITALS[setting] if stage.missing is None else stage.missing
    taken = rng.random() >= missing
    numbers = vitals.draw(
        rng, stage.vitals, age=person.age, reference_age=condition.reference_age, pregnant=person.pregnant
    )
    states = {"consciousness": "alert"} if rng.random() < 0.7 else {}
    if rng.random() < 0.5:
        states["oxygen"] = "air"
    for name in _left_out(rng, person):
        numbers.pop(name, None)
    if not taken:
        return None
    return Results(at=at - timedelta(minutes=rng.randrange(2, 25)), numbers=numbers, states={**states, **stage.states})


def _left_out(rng: Random, person: Person) -> list[str]:
    """Vital signs that nobody took: now and then one to three, and mostly the pressure of small children."""
    names: list[str] = []
    if rng.random() < 0.15:
        names += rng.sample(("respiratory_rate", "temperature_c", "spo2", "heart_rate"), rng.randint(1, 3))
    if (person.age < 3 and rng.random() < 0.7) or rng.random() < 0.06:
        names += ["systolic", "diastolic"]
    return names


def _earlier(rng: Random, person: Person, at: datetime) -> Results | None:
    """A healthy round of an earlier visit."""
    days = rng.randrange(30, 400)
    if rng.random() >= 0.25 or person.age * 365 < days + 30:
        return None
    numbers = vitals.draw(rng, {}, age=person.age - days / 365, reference_age=40)
    return Results(at=at - timedelta(days=days), numbers=numbers, states={})


def _labs(rng: Random, stage: Stage, setting: Setting, at: datetime) -> Results | None:
    if not stage.labs or rng.random() >= _LABS[setting]:
        return None
    return Results(at=at - timedelta(minutes=rng.randrange(5, 40)), numbers=labs.draw(rng, stage.labs), states={})


def _old_labs(rng: Random, person: Person, at: datetime) -> Results | None:
    """Healthy routine results of some weeks or months ago."""
    if rng.random() >= 0.4 or person.age < vitals.ADULT + 1:
        return None
    numbers = labs.draw_routine(rng, rng.randint(2, 5))
    return Results(at=at - timedelta(days=rng.randrange(20, 330)), numbers=numbers, states={})
