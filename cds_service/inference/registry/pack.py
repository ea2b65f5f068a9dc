"""From a run's folder, or from the folder of another registry, to an adapter folder that is whole.

Only files of known names are copied, under those names, so nothing that a folder says can lead out of it. What is made
is made in a folder that nobody reads yet; `store` gives it its place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service.inference.adapters import check_gguf_adapter
from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.inference.gguf_header import read_header
from cds_service.inference.prompt import PROMPT_VERSION
from cds_service.inference.registry.card import write_card
from cds_service.inference.registry.convert import ADAPTER_GGUF, Heads, write_gguf
from cds_service.inference.registry.errors import AdapterRefused, RegistryError
from cds_service.inference.registry.files import (
    CONFIG,
    WEIGHTS,
    check_lora,
    identity_of,
    plain_files,
    read_json,
    sha256,
)
from cds_service.inference.registry.licence import licence_for
from cds_service.inference.registry.manifest import (
    BIAS,
    CARD,
    EVALUATION,
    ID,
    KNOWN,
    LICENCE,
    MANIFEST,
    Adapter,
    Base,
    Manifest,
    read_adapter,
    read_report,
)
from cds_service.inference.style import Style

TRAIN = "train.json"
RUN_ADAPTER = "adapter"
KINDS = ("tune", "inject")

_IGNORED = ("README.md",)  # peft writes one
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOT_ENDED = f"the run has not come to its end (it has no {TRAIN}): resume it, then add it"


def no_gguf(_sha256: str) -> Path | None:
    """No GGUF file is at hand."""
    return None


@dataclass(frozen=True, kw_only=True)
class Packing:
    """What is said of an adapter that its folder does not say. What is None is as the folder has it.

    `gguf_of`: finds the GGUF file of a base model by its SHA-256; an adapter whose base is found is converted and
    checked against it. `any_licence`: a base whose licence is not known is taken too (to measure, not to keep).
    """

    now: datetime
    id: str | None = None
    may_raise: bool | None = None
    licence: Path | None = None
    evaluation: Path | None = None
    bias: Path | None = None
    gguf_of: Callable[[str], Path | None] = no_gguf
    any_licence: bool = False


def pack(source: Path, target: Path, packing: Packing) -> Adapter:
    """Make the adapter folder `target`, which must not exist, of a run or adapter folder `source`.

    When it fails nothing is left at `target`. Raises AdapterRefused, RegistryError when the disk refuses.
    """
    with _all_or_nothing(target):
        if (source / MANIFEST).exists():
            known = read_adapter(source)
            manifest = known.manifest
            for name in set(manifest.files) - {ADAPTER_GGUF, CARD}:
                shutil.copyfile(source / name, target / name)
        else:
            manifest = _take_run(source, target, packing)
        _take_reports(target, packing)
        return _finish(target, manifest, packing)


def _take_run(run: Path, target: Path, packing: Packing) -> Manifest:
    """Copy a run's adapter and its licence to `target`; what its ``train.json`` says, without files yet."""
    adapter = run / RUN_ADAPTER
    if not (run / TRAIN).is_file():
        if adapter.is_dir() or (run / "checkpoints").is_dir():
            raise AdapterRefused(_NOT_ENDED)
        raise AdapterRefused("the folder is neither a run of `train` nor an adapter of a registry")
    if not {CONFIG, WEIGHTS} <= plain_files(adapter, (CONFIG, WEIGHTS), _IGNORED):
        raise AdapterRefused("the run's adapter is not whole: resume the run, then add it")
    said = read_json(run / TRAIN, TRAIN)
    try:
        base = _base(said["base"])
        kind, contract, prompt = said["kind"], str(said["contract"]), said.get("prompt") or {}
        data = _data_hash(said["data"])
        style = Style(prompt.get("style", Style.WORKED))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AdapterRefused(f"{TRAIN} is damaged: a field is missing or of another form") from None
    if kind not in KINDS:
        raise AdapterRefused(f"{TRAIN} names a kind of run that makes no adapter for serving")
    if contract != CONTRACT_VERSION:
        raise AdapterRefused("the adapter was trained for another output contract: train it anew")
    config = check_lora(adapter)
    config["base_model_name_or_path"] = base.id  # peft writes a path of the machine that trained
    (target / CONFIG).write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    shutil.copyfile(adapter / WEIGHTS, target / WEIGHTS)
    name, text = licence_for(base.architecture, packing.licence, any_licence=packing.any_licence)
    (target / LICENCE).write_text(text, encoding="utf-8")
    identity = identity_of(target)
    return Manifest(
        id=_id(packing.id or f"{_slug(base.id)}-{kind}-{identity[:8]}"),
        kind=kind,
        made=packing.now.isoformat(timespec="seconds"),
        base=base,
        data=data,
        style=style,
        prompt_version=str(prompt.get("version", PROMPT_VERSION)),
        contract=contract,
        may_raise=False,
        licence=name,
        identity=identity,
        files={},
    )


def _base(said: Mapping[str, Any]) -> Base:
    gguf = said.get("gguf_sha256")
    base = Base(
        id=Path(str(said["id"])).name or "base",
        architecture=str(said["architecture"]),
        sha256=str(said["sha256"]),
        gguf_sha256=None if gguf is None else str(gguf),
    )
    if not all(_SHA256.fullmatch(h) for h in (base.sha256, base.gguf_sha256) if h is not None):
        raise ValueError("a hash of the base model is not a SHA-256")
    return base


def _data_hash(said: Mapping[str, Any]) -> str:
    found = str(said["manifest_sha256"])
    if not _SHA256.fullmatch(found):
        raise ValueError("the hash of the data is not a SHA-256")
    return found


def _take_reports(target: Path, packing: Packing) -> None:
    for name, given in ((EVALUATION, packing.evaluation), (BIAS, packing.bias)):
        if given is not None:
            read_report(given, name)
            shutil.copyfile(given, target / name)


def _finish(target: Path, manifest: Manifest, packing: Packing) -> Adapter:
    """Convert, write the card and the manifest over all files, and read the whole folder as a stranger would."""
    gguf = None if manifest.base.gguf_sha256 is None else packing.gguf_of(manifest.base.gguf_sha256)
    if gguf is not None:
        convert(target, manifest.base, gguf)
    if packing.id is not None:
        manifest = replace(manifest, id=_id(packing.id))
    if packing.may_raise is not None:
        manifest = replace(manifest, may_raise=packing.may_raise)
    write_card(target / CARD, manifest, target)
    names = sorted(plain_files(target, KNOWN))
    manifest = replace(manifest, files={name: sha256(target / name) for name in names})
    (target / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return read_adapter(target)


def convert(folder: Path, base: Base, base_gguf: Path) -> None:
    """Write the adapter in `folder` as GGUF beside it, checked against the base model's GGUF file."""
    header = read_header(base_gguf)
    name = header.texts.get("general.architecture", "")
    query = header.counts.get(f"{name}.attention.head_count", 0)
    heads = Heads(query=query, key=header.counts.get(f"{name}.attention.head_count_kv", query)) if query else None
    write_gguf(folder, folder / ADAPTER_GGUF, base.architecture, heads=heads)
    check_gguf_adapter(base_gguf, folder / ADAPTER_GGUF)


def _id(text: str) -> str:
    if not ID.fullmatch(text):
        raise AdapterRefused("an adapter's id is 1 to 64 small letters, digits, dots, hyphens and underscores")
    return text


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "base"


@contextmanager
def _all_or_nothing(target: Path) -> Iterator[None]:
    """Make the folder `target`; take it away when the block raises, and put it on the disk when it does not."""
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        raise RegistryError("there is a folder at that place already: choose another") from None
    except OSError:
        raise RegistryError("the adapter's folder cannot be made: check the place and its rights") from None
    try:
        yield
        for path in (*target.iterdir(), target):
            to_disk(path)
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise RegistryError("the adapter could not be written: check the disk for space and rights") from None
        raise


def to_disk(path: Path) -> None:
    """See that a file, or the names in a folder, would outlive a power cut. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
