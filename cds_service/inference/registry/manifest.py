"""``adapter.json``: what an adapter is, what it was made from, and the hash of each of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.inference.registry.convert import ADAPTER_GGUF
from cds_service.inference.registry.errors import AdapterRefused
from cds_service.inference.registry.files import (
    CONFIG,
    WEIGHTS,
    check_lora,
    identity_of,
    plain_files,
    read_json,
    sha256,
)
from cds_service.inference.style import Style

MANIFEST = "adapter.json"
EVALUATION = "evaluation.json"
BIAS = "bias.json"
CARD = "card.md"
LICENCE = "LICENCE.md"

REQUIRED = (CONFIG, WEIGHTS, CARD, LICENCE)
KNOWN = (*REQUIRED, ADAPTER_GGUF, EVALUATION, BIAS)
REPORTS = {EVALUATION: "assessment", BIAS: "bias"}
"""By its file's name, what is measured: the ``kind`` in the JSON of ``cds-service evaluate``."""

_REPORT_VERSION = 1
FORMAT = 1

ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DAMAGED = f"{MANIFEST} is damaged: add the adapter again from its run folder"


@dataclass(frozen=True, kw_only=True)
class Base:
    """The model that an adapter belongs to. `sha256`: of its transformers folder; `gguf_sha256`: of its GGUF file."""

    id: str
    architecture: str
    sha256: str
    gguf_sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What ``adapter.json`` says. `made`: ISO time. `data`: hash of the manifest of the training data.

    `may_raise`: whether its drafts may give a priority above the floor. `files`: SHA-256 by name of every other file.
    """

    id: str
    kind: str
    made: str
    base: Base
    data: str
    style: Style
    prompt_version: str
    contract: str
    may_raise: bool
    licence: str
    identity: str
    files: Mapping[str, str]

    def to_json(self) -> str:
        """The text of ``adapter.json``."""
        value = asdict(self) | {"format": FORMAT}
        return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True) + "\n"

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """What stands in `path`. Raises AdapterRefused for anything that `to_json` did not write."""
        value = read_json(path, MANIFEST)
        if value.pop("format", None) != FORMAT:
            raise AdapterRefused(f"{MANIFEST} was written by another version of this service")
        try:
            made = cls(
                **{
                    **value,
                    "base": Base(**value["base"]),
                    "style": Style(value["style"]),
                    "files": dict(value["files"]),
                }
            )
        except (KeyError, TypeError, ValueError):
            raise AdapterRefused(_DAMAGED) from None
        made.check()
        return made

    def check(self) -> None:
        """Raise AdapterRefused unless each field has the form that it must have."""
        texts = (self.kind, self.made, self.prompt_version, self.contract, self.licence, self.base.id)
        hashes = (self.data, self.identity, self.base.sha256, *self.files.values())
        sound = (
            all(isinstance(text, str) for text in (*texts, self.id, self.base.architecture))
            and ID.fullmatch(self.id)
            and all(isinstance(h, str) and _SHA256.fullmatch(h) for h in hashes)
            and (self.base.gguf_sha256 is None or _SHA256.fullmatch(str(self.base.gguf_sha256)))
            and isinstance(self.may_raise, bool)
            and set(REQUIRED) <= set(self.files) <= set(KNOWN)
        )
        if not sound:
            raise AdapterRefused(_DAMAGED)


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """An adapter on disk whose every file was found to be what its manifest says. `digest`: of the manifest."""

    folder: Path
    manifest: Manifest
    digest: str

    @property
    def gguf(self) -> Path | None:
        """The adapter in llama.cpp's form, where it has one."""
        return self.folder / ADAPTER_GGUF if ADAPTER_GGUF in self.manifest.files else None

    def report(self, name: str) -> dict[str, Any] | None:
        """The evaluation file `name`, None where it was never given one."""
        return read_report(self.folder / name, name) if name in self.manifest.files else None


def read_report(path: Path, name: str) -> dict[str, Any]:
    """The file of an evaluation at `path`, which is or is to be called `name`. Raises AdapterRefused."""
    content = read_json(path, name)
    if content.get("kind") != REPORTS[name] or content.get("version") != _REPORT_VERSION:
        command = f"cds-service evaluate {REPORTS[name]} --json"
        raise AdapterRefused(f"{name} is of another kind or version: it must come from `{command}`; measure again")
    return content


def read_adapter(folder: Path) -> Adapter:
    """The adapter in `folder`, every hash checked. Raises AdapterRefused."""
    names = plain_files(folder, (*KNOWN, MANIFEST))
    manifest = Manifest.read(folder / MANIFEST)
    if names - {MANIFEST} != set(manifest.files):
        raise AdapterRefused(f"the adapter's files are not those that {MANIFEST} lists")
    for name, known in manifest.files.items():
        if sha256(folder / name) != known:
            raise AdapterRefused(f"{name} is not the file that was added: it was changed or damaged")
    check_lora(folder)
    if identity_of(folder) != manifest.identity:
        raise AdapterRefused(_DAMAGED)
    if manifest.contract != CONTRACT_VERSION:
        raise AdapterRefused("the adapter was trained for another output contract: train it anew")
    return Adapter(folder=folder, manifest=manifest, digest=sha256(folder / MANIFEST))
