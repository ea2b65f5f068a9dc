"""A folder of training data, checked before a step is done: hashes, form of every line, twins, and identifiers.

Everything that is wrong is said with file and line, and what stands there is never quoted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.errors import BackendError
from cds_service.inference.checksum import sha256_of
from cds_service.training.chat import SOURCES, line_value, texts_of
from cds_service.training.tuning.errors import BadData

TRAIN, VALIDATION, TEST = "train.jsonl", "validation.jsonl", "test.jsonl"
MANIFEST = "manifest.json"

_MARK = ": the file begins with a byte order mark; save it as UTF-8 without one"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One example. `twin_of`: the example from which it differs in nothing that may matter, None for an original."""

    number: int
    id: str
    prompt: str
    completion: str
    twin_of: str | None


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What a run learns from and what it is measured on while it learns, and the hashes of where they stand."""

    train: tuple[Line, ...]
    validation: tuple[Line, ...]
    manifest: Mapping[str, Any]
    manifest_sha256: str
    files: Mapping[str, str]


def read_data(folder: Path) -> TrainingData:
    """The data in `folder`. Raises BadData."""
    manifest = _manifest(folder)
    hashes = _hashes(manifest)
    problems = [f"{MANIFEST}: {name} is not listed" for name in (TRAIN, VALIDATION) if name not in hashes]
    for name, known in hashes.items():
        try:
            if not (folder / name).is_file():
                problems.append(f"{name}: missing, or not a file")
            elif sha256_of(folder / name) != known:
                problems.append(f"{name}: changed since {MANIFEST} was written; build the data again")
        except BackendError:
            problems.append(f"{name}: missing or not readable")
    _raise(problems)
    train, validation = (_read(folder / name, problems) for name in (TRAIN, VALIDATION))
    _raise(problems)
    if not train:
        raise BadData(f"{TRAIN}: holds no examples")
    return TrainingData(
        train=train,
        validation=validation,
        manifest=manifest,
        manifest_sha256=sha256_of(folder / MANIFEST),
        files=hashes,
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadData(f"the data folder has no readable {MANIFEST}: make it with 'cds-service data build'") from None
    if not isinstance(value, dict):
        raise BadData(f"{MANIFEST}: must be one JSON object")
    return value


def _hashes(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Name to SHA-256 of each file of the manifest that holds examples."""
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        raise BadData(f"{MANIFEST}: 'files' must give the hash of each file")
    hashes = {n: entry.get("sha256") if isinstance(entry, dict) else entry for n, entry in listed.items()}
    return {n: str(h) for n, h in hashes.items() if n in (TRAIN, VALIDATION, TEST)}


def _read(path: Path, problems: list[str]) -> tuple[Line, ...]:
    lines: dict[str, Line] = {}
    for number, text in _texts(path, problems):
        where = f"{path.name}, line {number}"
        try:
            line = _line(number, line_value(text))
        except _Wrong as wrong:
            problems.append(f"{where}: {wrong}")
        except UnicodeEncodeError:
            problems.append(f"{where}: holds half of a character (a lone surrogate), which is no text")
        except (ValueError, RecursionError):
            mark = number == 1 and text.startswith("\ufeff")
            problems.append(f"{where}: not JSON{_MARK if mark else ''}")
        else:
            if line.id in lines:
                problems.append(f"{where}: the id stands at line {lines[line.id].number} too")
            lines.setdefault(line.id, line)
    problems += [f"{path.name}, line {line.number}: {wrong}" for line, wrong in _wrong_twins(lines)]
    return tuple(lines.values())


def _texts(path: Path, problems: list[str]) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                problems.append(f"{path.name}, line {number}: not UTF-8")
                continue
            if text.strip():
                yield number, text


class _Wrong(Exception):
    """What is wrong with a line, in static words."""


def _line(number: int, value: Any) -> Line:
    if not isinstance(value, dict):
        raise _Wrong("must be one JSON object")
    if not isinstance(value.get("id"), str) or not value["id"]:
        raise _Wrong("'id' must be words")
    if value.get("source") not in SOURCES:
        raise _Wrong(f"'source' must be one of {', '.join(SOURCES)}")
    try:
        system, user, assistant = texts_of(value)
    except ValueError as error:
        raise _Wrong(str(error)) from None
    return Line(
        number=number, id=value["id"], prompt=system + user, completion=assistant, twin_of=_twin(value.get("twin"))
    )


def _twin(twin: Any) -> str | None:
    if twin is None:
        return None
    if not isinstance(twin, dict) or not isinstance(twin.get("of"), str) or not isinstance(twin.get("attribute"), str):
        raise _Wrong("'twin' must be null or name 'of' and 'attribute'")
    return str(twin["of"])


def _wrong_twins(lines: Mapping[str, Line]) -> Iterator[tuple[Line, str]]:
    for line in lines.values():
        if line.twin_of is None:
            continue
        original = lines.get(line.twin_of)
        if original is None or original.twin_of is not None:
            yield line, "its twin's original is not in the same file"
        elif original.completion != line.completion:
            yield line, f"must have the same assistant text as its original at line {original.number}"


def _raise(problems: list[str]) -> None:
    if problems:
        raise BadData.listing("the training data are refused", problems)
