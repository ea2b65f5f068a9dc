"""The folder of a finished import: the lines with a target, those without, a manifest with hashes, a summary to read.

Lines stand in the order of the random codes, so their order says nothing. No file names a person, a date of one, or a
file whose name may be a person's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from cds_service.importing.problems import REASONS, Problems
from cds_service.importing.state import READY, Work
from cds_service.whole_file import whole_file

CLINIC_FILE, INPUTS_FILE, MANIFEST_FILE, SUMMARY_FILE = "clinic.jsonl", "inputs.jsonl", "import.json", "import.md"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the manifest tells beside the lines. `read`: resources; `replaced`: those that stood twice."""

    inputs: Mapping[str, str]
    sizes: Sequence[int]
    problems: Problems
    read: int
    patients: int
    opted_out: int
    replaced: int
    passed_over: Mapping[str, int]
    asked: Mapping[str, Any]
    versions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import made: lines with a target and without, patients, and what became of visits and patients."""

    id: str
    patients: int
    opted_out: int
    clinic: int
    inputs: int
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)


def write(work: Work, *, entries: Iterable[Mapping[str, Any]], told: Told) -> Imported:
    """Write the folder aside, every file to the disk. Raises OSError."""
    folder = work.path(READY)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    counts: Counter[str] = Counter()
    with _Lines(folder / CLINIC_FILE) as clinic, _Lines(folder / INPUTS_FILE) as inputs:
        for entry in entries:
            counts.update(entry["counts"])
            clinic.add(entry["clinic"])
            inputs.add(entry["inputs"])
    made = Imported(
        id=work.id,
        patients=told.patients,
        opted_out=told.opted_out,
        clinic=clinic.count,
        inputs=inputs.count,
        counts=dict(sorted(counts.items())),
        problems=dict(sorted(told.problems.counts.items())),
    )
    files = {CLINIC_FILE: clinic.told(), INPUTS_FILE: inputs.told()}
    manifest = _manifest(work, made, told, files)
    for name, text in (
        (SUMMARY_FILE, _summary(manifest)),
        (MANIFEST_FILE, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"),
    ):
        with whole_file(folder / name) as file:
            file.write(text)
            _to_disk(file)
    return made


class _Lines:
    """A file of lines, counted and hashed as they are written."""

    def __init__(self, path: Path) -> None:
        self._opening = whole_file(path)
        self._hash = hashlib.sha256()
        self.count = 0

    def __enter__(self) -> Self:
        self._file = self._opening.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            _to_disk(self._file)
        self._opening.__exit__(kind, value, trace)

    def add(self, lines: Iterable[str]) -> None:
        """Write them."""
        for line in lines:
            self._file.write(line + "\n")
            self._hash.update(f"{line}\n".encode())
            self.count += 1

    def told(self) -> dict[str, Any]:
        """For the manifest."""
        return {"lines": self.count, "sha256": self._hash.hexdigest()}


def _to_disk(file: TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _manifest(work: Work, made: Imported, told: Told, files: Mapping[str, Any]) -> dict[str, Any]:
    sources = [
        {"name": name.partition(" ")[2], "bytes": size, "sha256": digest}
        for (name, digest), size in zip(told.inputs.items(), told.sizes, strict=True)
    ]
    return {
        "kind": "import",
        "version": 1,
        "id": work.id,
        "begun": work.begun.isoformat(timespec="seconds"),
        "files": files,
        "sources": sources,
        "asked": dict(told.asked),
        "versions": dict(told.versions),
        "patients": {"named": made.patients, "opted_out": made.opted_out},
        "outcomes": dict(made.counts),
        "resources": {
            "read": told.read,
            "stood_twice": told.replaced,
            "passed_over": dict(sorted(told.passed_over.items())),
        },
        "problems": {
            "counts": dict(made.problems),
            "listed": [{"place": p.place, "reason": p.reason} for p in told.problems.listed],
        },
    }


def _summary(manifest: Mapping[str, Any]) -> str:
    """The manifest in words."""
    files, patients, problems = manifest["files"], manifest["patients"], manifest["problems"]
    lines = [
        "# Import of past records",
        "",
        f"Begun {manifest['begun']}, id `{manifest['id']}`. Policy: {manifest['versions'].get('policy', 'unknown')}.",
        "Codes are random and of this import alone.",
        "",
        f"- `{CLINIC_FILE}`: {files[CLINIC_FILE]['lines']:,} visits with a target (`cds-service data build --clinic`)",
        f"- `{INPUTS_FILE}`: {files[INPUTS_FILE]['lines']:,} visits without one, for labelling",
        f"- patients: {patients['named']:,} in {len(manifest['sources']):,} files, {patients['opted_out']:,} opted out",
        "",
        "| what became of visits and patients | count |",
        "|---|---|",
        *(f"| {what} | {count:,} |" for what, count in manifest["outcomes"].items()),
        "",
        f"{sum(problems['counts'].values()):,} lines or entries could not be used:",
        "",
        *(f"- {count:,} times: {REASONS[reason]}" for reason, count in problems["counts"].items()),
        "",
        *(f"- {p['place']}: {REASONS[p['reason']]}" for p in problems["listed"][:50]),
    ]
    return "\n".join(lines).rstrip() + "\n"
