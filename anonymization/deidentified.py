"""What is left of a case past the gate: no identifier, no true date, no raw chart text.

`DeidentifiedCase` is the only chart type that retrieval, inference, safety, ledger, monitoring, training and export
accept. Only `anonymization.gate.Gate` makes one from a chart; `from_json` restores one that the gate made.

Times are intervals back from one undisclosed anchor (the newest time in the chart), in buckets such as
``"same day"``, ``"1-7 days before"``; the anchor itself is never stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DeidentifiedFact:
    """One chart fact in safe words. `kind`: problem, complaint, vital, lab, medication, allergy, intake, note.

    `codes` are ``system|code`` strings; `source` is the opaque handle of `Case.sources`. For numbers, `value` and
    `unit` (UCUM) are set and `name` is the kind of vital or the LOINC code's name.
    """

    kind: str
    name: str
    codes: tuple[str, ...] = ()
    value: float | None = None
    unit: str | None = None
    interval: str | None = None
    text: str | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class DeidentifiedCase:
    """One patient's chart past the gate.

    `subject` is a random id minted by the vault, never derived from the person. `age` is ``"67"``, ``"90+"`` or None;
    for children under two it is in months, ``"7 months"``. `region` is what the policy lets pass of the ZIP code, if
    anything. `removed` counts what the gate took out, by kind.
    """

    subject: str
    age: str | None
    sex: str | None
    pregnant: bool | None = None
    region: str | None = None
    facts: tuple[DeidentifiedFact, ...] = ()
    removed: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    policy_version: str = ""

    def of_kind(self, *kinds: str) -> Iterator[DeidentifiedFact]:
        """The facts of the given kinds, in chart order."""
        return (f for f in self.facts if f.kind in kinds)

    def texts(self) -> Iterator[str]:
        """Every word of the case that a reader past the gate can see."""
        for fact in self.facts:
            yield fact.name
            if fact.text:
                yield fact.text

    def to_json(self) -> str:
        """Canonical JSON (sorted keys, no white space): equal cases give equal bytes."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        data |= {"facts": [asdict(f) for f in self.facts], "removed": dict(self.removed)}
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> DeidentifiedCase:
        """Restore a case that `to_json` wrote. Raises ValueError or TypeError on anything else."""
        data: dict[str, Any] = json.loads(text)
        facts = tuple(DeidentifiedFact(**{**f, "codes": tuple(f["codes"])}) for f in data.pop("facts"))
        removed = MappingProxyType(dict(data.pop("removed")))
        return cls(facts=facts, removed=removed, **data)
