"""The authored conditions, checked: a wrong field is an error that names file, condition and field, never skipped."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from cds_service.domain import Priority
from cds_service.inference.contract import MAX_CONCERN, MAX_QUESTION
from cds_service.sample.resources import OXYGEN
from cds_service.settings import Setting
from cds_service.training.synth import labs, vitals
from cds_service.training.synth.vitals import Normal

SOURCE_VERSION = "1"
CONSCIOUSNESS = frozenset({"alert", "confused", "voice", "pain", "unresponsive"})
_WORDS = {"oxygen": frozenset(OXYGEN), "consciousness": CONSCIOUSNESS}
_CONCERN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 ,.'()/%+-]{{3,{MAX_CONCERN - 2}}}[A-Za-z0-9)%]")
_QUESTION = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 ,.'()/%+-]{{8,{MAX_QUESTION - 2}}}\?")
_LATEST_AGE = 105.0


class ConditionsWrong(ValueError):
    """A file of conditions breaks the schema. The message names file, condition and field."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One severity of a condition. `priorities`: the authored acuity for each care setting, from `source`.

    `vitals` and `labs` say only what differs from the healthy; `states` are the words for oxygen and consciousness.
    `missing`: share of cases without vital signs, None for what is usual in the setting.
    """

    name: str
    weight: float = 1.0
    priorities: Mapping[Setting, Priority]
    source: str
    durations: tuple[str, ...]
    clinician: tuple[str, ...]
    lay: tuple[str, ...]
    notes: tuple[str, ...] = ()
    vitals: Mapping[str, Normal] = field(default_factory=lambda: MappingProxyType({}))
    states: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    labs: Mapping[str, Normal] = field(default_factory=lambda: MappingProxyType({}))
    missing: float | None = None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition that patients come with. `family`: conditions that belong together and stay in one part.

    `ages`: (low, high, weight) in years, empty for the general population; `female`: share where the condition, by
    `sex_source`, depends on the sex, else None; `pregnant`: share among women of 15 to 49.
    """

    file: str
    id: str
    name: str
    family: str
    concern: str
    questions: tuple[str, ...]
    stages: tuple[Stage, ...]
    ages: tuple[tuple[float, float, float], ...] = ()
    ages_source: str = ""
    female: float | None = None
    sex_source: str = ""
    pregnant: float = 0.05
    history: tuple[tuple[str, float], ...] = ()
    medicines: tuple[tuple[str, float], ...] = ()
    distractors: tuple[str, ...] = ()
    allergies: tuple[tuple[str, float], ...] = ()

    @property
    def reference_age(self) -> float:
        """The age in years that the vital signs of its stages are written for: an adult's wherever adults have it."""
        if not self.ages or max(high for _, high, _ in self.ages) > vitals.ADULT:
            return 40.0
        total = sum(weight for _, _, weight in self.ages)
        return sum((low + high) / 2 * weight for low, high, weight in self.ages) / total


@cache
def packaged() -> tuple[Condition, ...]:
    """Every authored condition, by file name and then in the order of the file. Raises ConditionsWrong."""
    folder = resources.files(__package__ or "").joinpath("conditions")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return together(c for f in files for c in read(f.read_text(encoding="utf-8"), f.name))


def together(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """`conditions` as one set. Raises ConditionsWrong when an id stands twice."""
    made: dict[str, Condition] = {}
    for condition in conditions:
        if condition.id in made:
            raise ConditionsWrong(f"{condition.file}: {condition.id}: id: stands in {made[condition.id].file} too")
        made[condition.id] = condition
    return tuple(made.values())


def read(text: str, file: str) -> tuple[Condition, ...]:
    """The conditions of one TOML text. Raises ConditionsWrong."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConditionsWrong(f"{file}: is no TOML: {error}") from None
    if raw.get("source_version") != SOURCE_VERSION or set(raw) != {"source_version", "condition"}:
        raise ConditionsWrong(f'{file}: needs source_version = "{SOURCE_VERSION}" and [[condition]] alone')
    return tuple(_condition(_Entry(table, f"{file}: {table.get('id', '?')}"), file) for table in raw["condition"])


class _Entry:
    """One table of a file, read field by field; what is left over is an error."""

    def __init__(self, table: Mapping[str, Any], place: str) -> None:
        self._table = dict(table)
        self._place = place

    def wrong(self, name: str, why: str) -> ConditionsWrong:
        """The error about the field `name`."""
        return ConditionsWrong(f"{self._place}: {name}: {why}")

    def text(self, name: str, default: str | None = None) -> str:
        value = self._table.pop(name, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.wrong(name, "needs a text")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        value = self._table.pop(name, None)
        if value is not None and not _is_number(value, low, high):
            raise self.wrong(name, f"needs a number from {low:g} to {high:g}")
        return None if value is None else float(value)

    def texts(self, name: str, least: int = 0) -> tuple[str, ...]:
        value = self._table.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.wrong(name, "needs a list of texts")
        if len(value) < least or len(set(value)) < len(value):
            raise self.wrong(name, f"needs at least {least} texts that differ")
        return tuple(value)

    def shares(self, name: str) -> tuple[tuple[str, float], ...]:
        value = self._table.pop(name, [])
        pairs = isinstance(value, list) and all(isinstance(v, list) and len(v) == 2 for v in value)
        if not pairs or not all(isinstance(n, str) and n.strip() and _is_number(s, 0, 1) for n, s in value):
            raise self.wrong(name, "needs pairs of a name and a share from 0 to 1")
        return tuple((n, float(s)) for n, s in value)

    def bands(self, name: str) -> tuple[tuple[float, float, float], ...]:
        value = self._table.pop(name, [])
        triples = isinstance(value, list) and all(isinstance(v, list) and len(v) == 3 for v in value)
        if not triples or not all(_is_number(n, 0, _LATEST_AGE) for band in value for n in band):
            raise self.wrong(name, "needs bands of low, high and weight")
        if not all(low < high and weight > 0 for low, high, weight in value):
            raise self.wrong(name, "needs low below high and a weight above 0")
        return tuple((float(low), float(high), float(weight)) for low, high, weight in value)

    def table(self, name: str) -> dict[str, Any]:
        value = self._table.pop(name, {})
        if not isinstance(value, dict):
            raise self.wrong(name, "needs a table")
        return value

    def tables(self, name: str) -> list[_Entry]:
        value = self._table.pop(name, [])
        if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
            raise self.wrong(name, "needs at least one table")
        return [_Entry(v, f"{self._place}: {name} {v.get('name', '?')}") for v in value]

    def finish(self) -> None:
        if self._table:
            raise self.wrong(min(self._table), "is no field of the schema")


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _condition(entry: _Entry, file: str) -> Condition:
    made = Condition(
        file=file,
        id=entry.text("id"),
        name=entry.text("name"),
        family=entry.text("family"),
        concern=entry.text("concern"),
        ages=entry.bands("ages"),
        ages_source=entry.text("ages_source", ""),
        female=entry.number("female", 0, 1),
        sex_source=entry.text("sex_source", ""),
        pregnant=_or(entry.number("pregnant", 0, 1), 0.05),
        history=entry.shares("history"),
        medicines=entry.shares("medicines"),
        allergies=entry.shares("allergies"),
        distractors=entry.texts("distractors"),
        questions=entry.texts("questions", 2),
        stages=tuple(_stage(stage) for stage in entry.tables("stage")),
    )
    entry.finish()
    for name, why in _faults(made):
        raise entry.wrong(name, why)
    return made


def _faults(c: Condition) -> Iterator[tuple[str, str]]:
    for name in ("id", "family"):
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", getattr(c, name)):
            yield name, "needs lower-case words joined by hyphens"
    if not _CONCERN.fullmatch(c.concern):
        yield "concern", f"needs 5 to {MAX_CONCERN} plain characters"
    if not all(_QUESTION.fullmatch(q) for q in c.questions):
        yield "questions", f"needs 10 to {MAX_QUESTION} plain characters with ? at the end"
    if c.ages and not c.ages_source:
        yield "ages_source", "is needed with ages"
    if c.female not in (None, 0.5) and not c.sex_source:
        yield "sex_source", "is needed with a share other than 0.5"
    if len({s.name for s in c.stages}) < len(c.stages):
        yield "stage", "two have one name"


def _stage(entry: _Entry) -> Stage:
    priority = _priority(entry, "priority")
    written = entry.table("vitals")
    states = {name: written.pop(name) for name in list(written) if name in _WORDS}
    for name, word in states.items():
        if word not in _WORDS[name]:
            raise entry.wrong(f"vitals.{name}", "is none of its words")
    made = Stage(
        name=entry.text("name"),
        weight=_or(entry.number("weight", 0, 100), 1.0),
        priorities=MappingProxyType({Setting.FAMILY_PRACTICE: priority, Setting.ED: _priority(entry, "ed_priority")}),
        source=entry.text("source"),
        durations=entry.texts("durations", 1),
        clinician=entry.texts("clinician", 3),
        lay=entry.texts("lay", 3),
        notes=entry.texts("notes"),
        vitals=_normals(entry, "vitals", written, vitals.NAMES),
        states=MappingProxyType(states),
        labs=_normals(entry, "labs", entry.table("labs"), labs.TESTS),
        missing=entry.number("missing", 0, 1),
    )
    entry.finish()
    return made


def _normals(entry: _Entry, name: str, table: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Normal]:
    made: dict[str, Normal] = {}
    for key, value in table.items():
        if key not in known:
            raise entry.wrong(f"{name}.{key}", "is no name that is declared")
        pair = isinstance(value, list) and len(value) == 2
        if not pair or not all(_is_number(v, 0, 1e6) for v in value):
            raise entry.wrong(f"{name}.{key}", "needs a mean and a standard deviation")
        made[key] = Normal(mean=float(value[0]), sd=float(value[1]))
    return MappingProxyType(made)


def _priority(entry: _Entry, name: str) -> Priority:
    try:
        return Priority.parse(entry.text(name))
    except ValueError:
        raise entry.wrong(name, "must be Low, Medium, High or Critical") from None


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
