"""The de-identification policy as data: `policy.toml`, checked when read, asked for every field that passes.

A path is ``<FHIR type>.<element>`` (``Condition.code.coding.display``). What has no line is dropped. What a line may
say is bounded by `ALLOWED`: the kind of the value decides, so that no line can let a name or a date through as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from anonymization.errors import PolicyError

PACKAGED = Path(__file__).with_name("policy.toml")
_CLAUSE = re.compile(r"[A-R](-[A-R])?(, [A-R])*")


class Action(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    GENERALISE = "generalise"
    REPLACE = "replace"
    SCRUB = "scrub"
    DROP = "drop"


_CODE = frozenset({Action.KEEP, Action.DROP})
_TIME = frozenset({Action.GENERALISE, Action.DROP})
_TEXT = frozenset({Action.SCRUB, Action.REPLACE, Action.DROP})


def _concept(element: str) -> dict[str, frozenset[Action]]:
    return {f"{element}.coding.code": _CODE, f"{element}.coding.display": _TEXT, f"{element}.text": _TEXT}


def _medication(resource: str) -> dict[str, frozenset[Action]]:
    return _concept(f"{resource}.medication") | {f"{resource}.dosage.text": _TEXT, f"{resource}.authoredOn": _TIME}


# Every path that the gate builds a field from, and what a policy may say about it. All other paths can only be dropped.
ALLOWED: Mapping[str, frozenset[Action]] = MappingProxyType(
    {
        "Patient.birthDate": _TIME,
        "Patient.gender": _CODE,
        **_concept("Encounter.reasonCode"),
        "Encounter.period": _TIME,
        **_concept("Condition.code"),
        "Condition.onset": _TIME,
        "Condition.recordedDate": _TIME,
        "Observation.code.coding.code": _CODE,
        "Observation.code.coding.display": _TEXT,
        "Observation.kind": _CODE,
        "Observation.value.quantity": _CODE,
        "Observation.value.unit": _CODE,
        **_concept("Observation.value"),
        "Observation.effective": _TIME,
        "Observation.pregnancy": _CODE,
        **_medication("MedicationRequest"),
        **_medication("MedicationStatement"),
        **_concept("AllergyIntolerance.code"),
        "AllergyIntolerance.reaction.manifestation": _TEXT,
        "AllergyIntolerance.criticality": _CODE,
        "AllergyIntolerance.recordedDate": _TIME,
        "QuestionnaireResponse.item.text": _TEXT,
        "QuestionnaireResponse.item.answer": _TEXT,
        "QuestionnaireResponse.authored": _TIME,
        "DocumentReference.content.attachment": _TEXT,
        "DocumentReference.content.attachment.title": _TEXT,
        "DocumentReference.date": _TIME,
        "DiagnosticReport.conclusion": _TEXT,
        "DiagnosticReport.code.text": _TEXT,
        "DiagnosticReport.effective": _TIME,
    }
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the policy. `clause` names identifiers of 45 CFR 164.514(b)(2)(i), `why` the reason."""

    path: str
    action: Action
    clause: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        if self.action not in ALLOWED.get(self.path, frozenset({Action.DROP})):
            raise PolicyError(f"policy line {self.path}: {self.action} is not possible there")
        if self.action is not Action.KEEP and not self.why.strip():
            raise PolicyError(f"policy line {self.path}: {self.action} needs a reason in `why`")
        if (self.clause or self.action is not Action.KEEP) and not _CLAUSE.fullmatch(self.clause):
            raise PolicyError(f"policy line {self.path}: `clause` must name identifiers (A) to (R)")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All lines by path, and the version that every de-identified case carries."""

    name: str
    version: str
    lines: Mapping[str, Line]

    def action(self, path: str) -> Action:
        """What becomes of the value at `path`: `Action.DROP` when no line names it."""
        line = self.lines.get(path)
        return line.action if line else Action.DROP

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy written in `text` (TOML). Raises PolicyError and says which line is wrong."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"the policy is not valid TOML: {error}") from None
        if not (isinstance(data.get("version"), str) and isinstance(data.get("name"), str)):
            raise PolicyError("the policy needs a `name` and a `version`, both text")
        lines = {line.path: line for line in _lines(data)}
        return cls(name=data["name"], version=data["version"], lines=MappingProxyType(lines))

    @classmethod
    def read(cls, path: Path = PACKAGED) -> Policy:
        """The policy in the file `path`. Raises PolicyError when it cannot be read or is wrong."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise PolicyError(f"the policy file {path} cannot be read") from None
        return cls.parse(text)


@cache
def packaged_policy() -> Policy:
    """The policy that comes with the service."""
    return Policy.read(PACKAGED)


def _lines(data: Mapping[str, Any]) -> Iterator[Line]:
    for resource, table in data.items():
        if not isinstance(table, dict):
            continue
        for element, entry in table.items():
            path = f"{resource}.{element}"
            try:
                yield Line(path=path, action=Action(entry["action"]), **{k: entry[k] for k in entry if k != "action"})
            except (KeyError, TypeError, ValueError):
                raise PolicyError(
                    f"policy line {path}: needs `action` (one of {', '.join(Action)}) and may have `clause` and `why`"
                ) from None
