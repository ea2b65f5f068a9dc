"""The vignettes of a part, checked: a wrong field is an error of the project, never skipped."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import Any

from cds_service.domain import Priority
from cds_service.settings import Setting


class Part(StrEnum):
    """Which vignettes."""

    TUNING = "tuning"
    KEPT_OUT = "kept-out"


SEXES = frozenset({"female", "male", "other", "unknown"})
OXYGEN = frozenset({"air", "supplemental"})
CONSCIOUSNESS = frozenset({"alert", "confused", "voice", "pain", "unresponsive"})
NUMBERS = frozenset({
    "heart_rate", "respiratory_rate", "systolic", "diastolic", "temperature_c", "spo2", "pain_0_10", "glucose_mg_dl",
})  # fmt: skip
_LISTS = ("problems", "medicines", "allergies")
_FIELDS = frozenset({
    "id", "age", "age_months", "sex", "pregnant", "complaint", "note", "vitals", "priority", "ed_priority",
    "label_source", "label_reason", *_LISTS,
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Vignette:
    """One made-up visit. `vitals` holds numbers by the names in `NUMBERS`, and the words for oxygen and consciousness.

    `priorities`: the label for each care setting. `label_source`: the published source that it follows, by name and
    year.
    """

    id: str
    age_months: int
    sex: str
    pregnant: bool = False
    complaint: str
    note: str | None = None
    vitals: Mapping[str, int | float | str] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    priorities: Mapping[Setting, Priority]
    label_source: str
    label_reason: str

    def __post_init__(self) -> None:
        if not all(text.strip() for text in (self.id, self.complaint, self.label_source, self.label_reason)):
            raise ValueError("an id, a complaint, and source and reason of the label are needed")
        if self.sex not in SEXES or self.age_months < 0:
            raise ValueError("sex or age is none")
        words = {"oxygen": OXYGEN, "consciousness": CONSCIOUSNESS}
        for name, value in self.vitals.items():
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            if not (name in NUMBERS and numeric) and value not in words.get(name, ()):
                raise ValueError(f"vitals.{name} is none")


def packaged(part: Part) -> tuple[Vignette, ...]:
    """The vignettes of `part`, in the order of the file."""
    name = f"{part.value.replace('-', '_')}.toml"
    return read(resources.files(__package__).joinpath(name).read_text("utf-8"))


def read(text: str) -> tuple[Vignette, ...]:
    """The vignettes in a TOML text. Raises ValueError that names the vignette and the field."""
    made = [_checked(entry) for entry in tomllib.loads(text)["vignette"]]
    if len({v.id for v in made}) < len(made):
        raise ValueError("two vignettes have one id")
    return tuple(made)


def _checked(entry: Mapping[str, Any]) -> Vignette:
    name = entry.get("id")
    unknown = set(entry) - _FIELDS
    if unknown:
        raise ValueError(f"vignette {name}: unknown fields {', '.join(sorted(unknown))}")
    try:
        return _vignette(entry)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"vignette {name}: {error}") from None


def _vignette(entry: Mapping[str, Any]) -> Vignette:
    """Raises ValueError, KeyError or TypeError."""
    if ("age" in entry) is ("age_months" in entry):
        raise ValueError("needs either age or age_months")
    return Vignette(
        id=entry["id"],
        age_months=int(entry["age_months"]) if "age_months" in entry else round(entry["age"] * 12),
        sex=entry["sex"],
        pregnant=entry.get("pregnant", False),
        complaint=entry["complaint"],
        note=entry.get("note"),
        vitals=MappingProxyType(dict(entry.get("vitals", {}))),
        **{name: _texts(entry.get(name, ())) for name in _LISTS},
        priorities=MappingProxyType(
            {
                Setting.FAMILY_PRACTICE: Priority.parse(entry["priority"]),
                Setting.ED: Priority.parse(entry["ed_priority"]),
            }
        ),
        label_source=entry["label_source"],
        label_reason=entry["label_reason"],
    )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    if isinstance(values, str) or not all(isinstance(v, str) and v for v in values):
        raise ValueError("problems, medicines and allergies are lists of names")
    return tuple(values)
