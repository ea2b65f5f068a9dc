"""`cds-service data build`: from cases, clinic records and question sets to a training set with manifest and card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service import __version__
from cds_service.domain import Priority
from cds_service.export.identifiers import identifiers
from cds_service.inference.checksum import sha256_of
from cds_service.inference.contract import CONTRACT_VERSION, Encoding
from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.inference.style import Style
from cds_service.safety.verdict import SAFETY_VERSION
from cds_service.stations import Stations
from cds_service.training.build.card import card
from cds_service.training.build.compose import Group, compose, leaks
from cds_service.training.build.examples import Example
from cds_service.training.build.lines import count_lines, json_lines
from cds_service.training.build.outside import clinic_examples, public_examples
from cds_service.training.build.synthetic import Counts, NoCase, Teacher, authored
from cds_service.training.build.wording import fault_of
from cds_service.training.chat import CLINIC, SOURCES
from cds_service.training.synth.parts import Part
from cds_service.training.tuning.data_files import MANIFEST
from cds_service.training.tuning.errors import BadData
from cds_service.whole_file import whole_file

CARD = "card.md"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a training set is made of.

    `synthetic`: files of `data synth`; `clinic`: files of de-identified reviewed cases; `public`: question sets.
    `shares`: weight of each source. `most`: most examples of a part, twins not counted. `twin_share`: share of
    synthetic cases that get a counterfactual twin where one differs.
    """

    synthetic: tuple[Path, ...]
    clinic: tuple[Path, ...] = ()
    public: tuple[Path, ...] = ()
    shares: Mapping[str, float]
    most: int | None = None
    twin_share: float = 0.4
    style: Style = Style.COMPACT
    encoding: Encoding = Encoding.JSON


@dataclass(kw_only=True)
class LeftOut:
    """What was left out, and where, in fixed words."""

    places: list[str] = field(default_factory=list)

    def report(self, place: str, reason: str) -> None:
        """Note one line that is left out."""
        self.places.append(f"{place}: {reason}")


def build(
    out: Path, wanted: Wanted, stations: Callable[[], Stations], *, made: datetime, show: Callable[[str, float], None]
) -> dict[str, Any]:
    """Write the training set into the folder `out`; the manifest, which names every hash, comes last.

    Raises BadData for a file that cannot be used or holds identifiers, OSError when the disk refuses.
    """
    out.mkdir(parents=True, exist_ok=True)
    left, counts = LeftOut(), Counts()
    found = [*_synthetic(wanted, stations, counts, left, show), *_outside(wanted, left)]
    groups = list(_distinct(_sound(_without_identifiers(found, left, show), left), left))
    parts = compose(groups, wanted.shares, wanted.most)
    if not parts[Part.TRAIN]:
        raise BadData.listing("no example is left to train on: give more cases, or mend what was left out", left.places)
    if shared := leaks(parts):
        raise BadData("the parts are not disjoint: " + "; ".join(shared))
    (out / MANIFEST).unlink(missing_ok=True)
    for part, taken in parts.items():
        with whole_file(out / f"{part.value}.jsonl") as file:
            file.writelines(e.line() + "\n" for group in taken for e in group)
    manifest = _manifest(out, wanted, groups, parts, counts, left, made)
    with whole_file(out / CARD) as file:
        file.write(card(manifest))
    with whole_file(out / MANIFEST) as file:
        json.dump(manifest, file, indent=1, ensure_ascii=False)
        file.write("\n")
    return manifest


def _synthetic(
    wanted: Wanted,
    stations: Callable[[], Stations],
    counts: Counts,
    left: LeftOut,
    show: Callable[[str, float], None],
) -> Iterator[Group]:
    if not wanted.synthetic:
        return
    teacher = Teacher(
        stations(), style=wanted.style, encoding=wanted.encoding, twin_share=wanted.twin_share, counts=counts
    )
    total = sum(map(count_lines, wanted.synthetic))
    lines = (found for path in wanted.synthetic for found in json_lines(path, left.report))
    for done, (place, value) in enumerate(lines):
        show("cases down the road", done / total)
        try:
            group = teacher.examples(authored(place, value))
        except NoCase as error:
            left.report(place, str(error))
            continue
        if group:
            yield group
    show("cases down the road", 1.0)


def _outside(wanted: Wanted, left: LeftOut) -> Iterator[Group]:
    yield from ((e,) for e in clinic_examples(wanted.clinic, left.report))
    yield from ((e,) for e in public_examples(wanted.public, left.report))


def _distinct(groups: Iterable[Group], left: LeftOut) -> Iterator[Group]:
    """The groups without those that repeat an id, or a prompt of another part; the first one stays."""
    ids: set[str] = set()
    parts: dict[str, Part] = {}
    for group in groups:
        first = group[0]
        if first.id in ids:
            left.report(first.place, "its id came before")
        elif any(parts.get(e.user, e.part) is not e.part for e in group):
            left.report(first.place, "its prompt stands in another part, word for word")
        else:
            ids.add(first.id)
            parts |= {e.user: e.part for e in group}
            yield group


def _without_identifiers(groups: Sequence[Group], left: LeftOut, show: Callable[[str, float], None]) -> list[Group]:
    """The groups in which the leak check finds nothing. A clinic's record with an identifier refuses everything.

    Raises BadData that names the lines of the clinic's files and the kinds, never a value.
    """
    clean: list[Group] = []
    refused: list[str] = []
    for done, group in enumerate(groups, start=1):
        texts = dict.fromkeys(text for e in group for text in (e.system, e.user, e.assistant))
        kinds = dict.fromkeys(kind for text in texts for kind in identifiers(text))
        if not kinds:
            clean.append(group)
        elif group[0].source == CLINIC:
            refused.append(f"{group[0].place}: {', '.join(kinds)}")
        else:
            left.report(group[0].place, f"the leak check finds: {', '.join(kinds)}")
        if done % 20 == 0 or done == len(groups):
            show("leak check", done / len(groups))
    if refused:
        raise BadData.listing("identifiers stand in the clinic's records, so nothing was written", refused)
    return clean


def _sound(groups: Iterable[Group], left: LeftOut) -> Iterator[Group]:
    """The groups without completions of the clinic that serving would withhold for their form or their words."""
    for group in groups:
        fault = fault_of(group[0].user, group[0].assistant) if group[0].source == CLINIC else None
        if fault is None:
            yield group
        else:
            left.report(group[0].place, fault)


def _manifest(
    out: Path,
    wanted: Wanted,
    groups: Sequence[Group],
    parts: Mapping[Part, Sequence[Group]],
    counts: Counts,
    left: LeftOut,
    made: datetime,
) -> dict[str, Any]:
    examples = {part: [e for group in groups for e in group] for part, groups in parts.items()}
    return {
        "kind": "training-set",
        "version": 1,
        "made": made.isoformat(timespec="seconds"),
        "files": {
            f"{part.value}.jsonl": {"sha256": sha256_of(out / f"{part.value}.jsonl"), **_counted(found)}
            for part, found in examples.items()
        },
        "inputs": [
            {"source": source, "name": path.name, "sha256": sha256_of(path)}
            for source, paths in zip(SOURCES, (wanted.synthetic, wanted.clinic, wanted.public), strict=True)
            for path in paths
        ],
        "shares": dict(wanted.shares),
        "twin_share": wanted.twin_share,
        "prompt": {"style": wanted.style.value, "version": PROMPT_VERSION, "encoding": wanted.encoding.value},
        "versions": {"service": __version__, "contract": CONTRACT_VERSION, "safety": SAFETY_VERSION},
        "cases": dict(counts.cases),
        "twins": dict(counts.twins),
        "set_aside": _set_aside(groups, parts),
        "left_out": left.places,
    }


def _set_aside(groups: Sequence[Group], parts: Mapping[Part, Sequence[Group]]) -> dict[str, int]:
    """How many sound groups of each source are not taken, for the mix or the bound on a part."""
    found = Counter(group[0].source for group in groups)
    taken = Counter(group[0].source for groups in parts.values() for group in groups)
    return {source: count - taken[source] for source, count in sorted(found.items()) if count > taken[source]}


def _counted(examples: Sequence[Example]) -> dict[str, Any]:
    return {
        "examples": len(examples),
        "twins": sum(e.twin is not None for e in examples),
        "sources": dict(sorted(Counter(e.source for e in examples).items())),
        "priorities": _priorities(examples),
        "families": len({e.family for e in examples}),
        "patients": len({e.patient for e in examples}),
        "characters": sum(len(e.system) + len(e.user) + len(e.assistant) for e in examples),
    }


def _priorities(examples: Sequence[Example]) -> dict[str, int]:
    """How many completions give each priority."""
    return {
        p.label: sum(
            f'"priority":"{p.label}"' in e.assistant or f"priority: {p.label} " in e.assistant for e in examples
        )
        for p in reversed(Priority)
    }
