"""The labelled drafts and sentences, read and checked: a wrong label is an error of the project, never skipped.

A scene file holds a case (``age``, ``sex``, ``pregnant``, ``facts``, ``findings``, ``passages``), the closed lists
``actions`` and ``risks``, one good ``draft``, and ``drafts.good`` and ``drafts.bad``: each entry names the fields that
it changes, a bad one the check that must withhold it (``fails``), its ``kind`` and ``why``. ``note`` adds a note to
the chart and ``guideline`` a passage that the draft cites.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from typing import Any

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Draft, Finding, Passage, Priority, floor_of
from cds_service.inference.prompt import Style, instructions
from cds_service.safety.check import CheckInput
from cds_service.safety.verdict import CHECKS

SOURCE = Citation(title="Made-up guideline", publisher="none", year=None)
INDICATORS = ("language", "treatment", "diagnostic")
_DRAFT_FIELDS = frozenset(f.name for f in fields(Draft))
_OWN = frozenset({"id", "fails", "kind", "why", "note", "guideline"})
_TEMPLATE = "\n".join(instructions(style) for style in Style)


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One draft on one case. `fails`: the check that must withhold it, None for a good one."""

    id: str
    scene: str
    kind: str
    why: str
    fails: str | None
    given: CheckInput = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One sentence. `indicator`: the kind of bias that it shows, None where it is fair."""

    id: str
    text: str
    indicator: str | None


def half(name: str) -> str:
    """``A`` or ``B``, by a hash of the id. Faults may be looked up in A alone; B says what a change was worth."""
    return "AB"[hashlib.sha256(name.encode()).digest()[-1] & 1]


@cache
def drafts() -> tuple[Labelled, ...]:
    """Every labelled draft, scene by scene. Raises ValueError that names the draft."""
    return tuple(
        labelled
        for file in sorted(resources.files(__package__).iterdir(), key=lambda f: f.name)
        if file.name.startswith("scene_")
        for labelled in read(file.name.removeprefix("scene_").removesuffix(".toml"), file.read_text("utf-8"))
    )


@cache
def examples() -> tuple[Example, ...]:
    """Every labelled sentence. Raises ValueError that names the sentence."""
    loaded = tomllib.loads(resources.files(__package__).joinpath("bias_examples.toml").read_text("utf-8"))
    made = tuple(Example(id=e["id"], text=e["text"], indicator=None) for e in loaded["good"])
    made += tuple(Example(id=e["id"], text=e["text"], indicator=e["indicator"]) for e in loaded["bad"])
    for example in made:
        if example.indicator not in {None, *INDICATORS}:
            raise ValueError(f"example {example.id}: no such indicator")
    if len({e.id for e in made}) < len(made):
        raise ValueError("two examples have one id")
    return made


def read(scene: str, text: str) -> Iterator[Labelled]:
    """The drafts of one scene. Raises ValueError that names the scene and the draft."""
    loaded = tomllib.loads(text)
    base = _scene(loaded)
    yield Labelled(id=f"{scene}/as-drafted", scene=scene, kind="good", why="", fails=None, given=base)
    seen: set[str] = set()
    for label in ("good", "bad"):
        for entry in loaded["drafts"][label]:
            _check(scene, entry, seen, bad=label == "bad")
            yield Labelled(
                id=f"{scene}/{label}/{entry['id']}",
                scene=scene,
                kind=entry.get("kind", "good"),
                why=entry.get("why", ""),
                fails=entry.get("fails"),
                given=_changed(base, entry),
            )


def _check(scene: str, entry: Mapping[str, Any], seen: set[str], *, bad: bool) -> None:
    name = f"{scene}: {entry.get('id')}"
    key = f"{bad} {entry.get('id')}"
    if set(entry) - _OWN - _DRAFT_FIELDS:
        raise ValueError(f"{name}: an unknown field")
    if key in seen:
        raise ValueError(f"{name}: stands there twice")
    seen.add(key)
    checks = {check.id for check in CHECKS}
    if bad and not (entry.get("fails") in checks and entry.get("kind") and entry.get("why")):
        raise ValueError(f"{name}: needs the check that must fail, a kind and a reason")


def _scene(loaded: Mapping[str, Any]) -> CheckInput:
    findings = tuple(_finding(f) for f in loaded["findings"])
    facts = tuple(_fact(**f) for f in loaded["facts"])
    case = DeidentifiedCase(
        subject="made-up", age=loaded["age"], sex=loaded["sex"], pregnant=loaded.get("pregnant"), facts=facts
    )
    return CheckInput(
        draft=Draft(**_fields(loaded["draft"])),
        case=case,
        findings=findings,
        passages=tuple(_passage(p["id"], p["title"], p["text"]) for p in loaded["passages"]),
        offered_actions=tuple(loaded["actions"]),
        offered_risk_factors=tuple(loaded["risks"]),
        floor=floor_of(findings),
        template=_TEMPLATE,
    )


def _changed(base: CheckInput, entry: Mapping[str, Any]) -> CheckInput:
    draft = replace(base.draft, **_fields({k: v for k, v in entry.items() if k in _DRAFT_FIELDS}))
    case, passages = base.case, base.passages
    if "note" in entry:
        case = replace(case, facts=(*case.facts, _fact(kind="note", name="Note", text=entry["note"])))
    if "guideline" in entry:
        added = _passage("added#text.1", "Added text", entry["guideline"])
        passages, draft = (*passages, added), replace(draft, passages=(*draft.passages, added.id))
    return replace(base, draft=draft, case=case, passages=passages)


def _fields(written: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in written.items()}
    return made | ({"priority": Priority.parse(made["priority"])} if "priority" in made else {})


def _fact(
    kind: str, name: str, value: float | None = None, unit: str | None = None, text: str | None = None
) -> DeidentifiedFact:
    return DeidentifiedFact(
        kind=kind, name=name, value=value, unit=unit, text=text, interval="same day", source="made-up"
    )


def _finding(written: Mapping[str, Any]) -> Finding:
    return Finding(version="1", citation=SOURCE, **_fields(written))


def _passage(name: str, title: str, text: str) -> Passage:
    return Passage(
        id=name, guideline=name.split("#")[0], version="1", title=title, section="First steps", text=text,
        source="made-up", year=None, licence="none", clinical_review="none",
    )  # fmt: skip
