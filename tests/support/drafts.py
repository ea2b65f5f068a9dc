"""Labelled drafts: fictional de-identified cases, good drafts, and bad ones with the check that must withhold each.

``scenarios.json`` holds the cases, each with findings, passages, closed lists and one good draft. ``drafts.jsonl``
holds one labelled draft a line as its difference from the good draft of its scenario: ``name``, ``scenario``,
``fails`` (a check id, null for a good draft), ``changes`` (fields of `Draft`). `GOOD` must pass every check; each of
`BAD` must fail at least the check it names. The evaluation of the safety checks reuses these lists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Draft, Finding, Passage, Priority, floor_of
from cds_service.safety.check import CheckInput

HERE = Path(__file__).parent
SOURCE = Citation(title="Fictional guideline", publisher="Nobody", year=2020)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A case with its floor, passages, closed lists and one good draft."""

    case: DeidentifiedCase
    findings: tuple[Finding, ...]
    passages: tuple[Passage, ...]
    actions: tuple[str, ...]
    risks: tuple[str, ...]
    good: Draft


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One draft on one scenario. `fails` is the check that must withhold it, None for a good draft."""

    name: str
    scenario: str
    changes: Mapping[str, Any]
    fails: str | None

    def given(self) -> CheckInput:
        """What the checks read."""
        return given(self.scenario, replace(SCENARIOS[self.scenario].good, **self.changes))


def given(scenario: str, written: Draft) -> CheckInput:
    """`written` on `scenario`."""
    scene = SCENARIOS[scenario]
    return CheckInput(
        draft=written,
        case=scene.case,
        findings=scene.findings,
        passages=scene.passages,
        offered_actions=scene.actions,
        offered_risk_factors=scene.risks,
        floor=floor_of(scene.findings),
    )


def fact(
    kind: str, name: str, value: float | None = None, unit: str | None = None, text: str | None = None
) -> DeidentifiedFact:
    """One fact; handles do not matter to the checks."""
    return DeidentifiedFact(
        kind=kind, name=name, value=value, unit=unit, text=text, interval="same day", source="obs-1"
    )


def case(age: str | None, sex: str | None, *facts: DeidentifiedFact, pregnant: bool | None = None) -> DeidentifiedCase:
    """A case of these facts."""
    return DeidentifiedCase(subject="s-fictional", age=age, sex=sex, pregnant=pregnant, facts=facts)


def finding(rule: str, priority: Priority, title: str, reason: str, **more: Any) -> Finding:
    """One finding."""
    return Finding(rule=rule, version="1", priority=priority, title=title, reason=reason, citation=SOURCE, **more)


def passage(id_: str, title: str, text: str) -> Passage:
    """One passage."""
    return Passage(
        id=id_, guideline=id_.split("#")[0], version="1", title=title, section="First steps", text=text,
        source="Fictional source", year=2020, licence="CC0", clinical_review="none",
    )  # fmt: skip


def draft(priority: Priority, reason: str, assessment: str, **more: Any) -> Draft:
    """One draft with empty lists where none is given."""
    lists: dict[str, Any] = dict.fromkeys(("key_concerns", "risk_factors", "actions", "questions", "passages"), ())
    return Draft(priority=priority, priority_reason=reason, assessment=assessment, **(lists | more))


def _fields(written: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as JSON holds them, as the values of `Draft` and `Finding`."""
    fields = {key: tuple(value) if isinstance(value, list) else value for key, value in written.items()}
    return fields | ({"priority": Priority[fields["priority"]]} if "priority" in fields else {})


def _scenario(row: Mapping[str, Any]) -> Scenario:
    return Scenario(
        case=case(row["age"], row["sex"], *(fact(**f) for f in row["facts"]), pregnant=row["pregnant"]),
        findings=tuple(finding(**_fields(f)) for f in row["findings"]),
        passages=tuple(passage(p["id"], p["title"], p["text"]) for p in row["passages"]),
        actions=tuple(row["actions"]),
        risks=tuple(row["risks"]),
        good=Draft(**_fields(row["good"])),
    )


def _labelled(line: str) -> Labelled:
    row = json.loads(line)
    return Labelled(name=row["name"], scenario=row["scenario"], fails=row["fails"], changes=_fields(row["changes"]))


SCENARIOS: Mapping[str, Scenario] = {
    name: _scenario(row) for name, row in json.loads((HERE / "scenarios.json").read_text(encoding="utf-8")).items()
}
LABELLED = tuple(map(_labelled, (HERE / "drafts.jsonl").read_text(encoding="utf-8").splitlines()))
GOOD = tuple(item for item in LABELLED if item.fails is None)
BAD = tuple(item for item in LABELLED if item.fails is not None)
