"""The files of an adapter, read without trust: names from a closed list, plain files, LoRA weights in safetensors.

Nothing here runs code that comes with an adapter: a pickled file is refused by its name, and the rest is JSON, text and
tensors.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from cds_service.errors import BackendError
from cds_service.inference.checksum import sha256_of
from cds_service.inference.registry.errors import AdapterRefused

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MAX_BYTES = 2 << 30

_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy")
_FACTOR = re.compile(r"(.+)\.lora_(A|B)\.weight")
_NUMBERS = {"F32", "F16", "BF16"}
_SAYS_WHAT = ("alpha_pattern", "lora_alpha", "r", "rank_pattern", "target_modules", "use_rslora")


def plain_files(folder: Path, known: Collection[str], ignored: Collection[str] = ()) -> set[str]:
    """The names of the files in `folder`. Raises AdapterRefused unless each is a plain file of a known name."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        raise AdapterRefused("the adapter's folder is missing or cannot be read") from None
    for entry in entries:
        if entry.name.endswith(_PICKLED):
            raise AdapterRefused("the folder holds pickled files, which can run code: only safetensors are taken")
        if not entry.is_file(follow_symlinks=False):
            raise AdapterRefused("the adapter's folder holds a link or a folder: only plain files belong into it")
        if entry.name not in known and entry.name not in ignored:
            raise AdapterRefused("the adapter's folder holds a file that does not belong to an adapter")
        if entry.stat(follow_symlinks=False).st_size > MAX_BYTES:
            raise AdapterRefused("a file of the adapter is larger than any that this service takes (2 GiB)")
    return {entry.name for entry in entries} & set(known)


def read_json(path: Path, what: str) -> dict[str, Any]:
    """The JSON object in `path`, which is called `what`. Raises AdapterRefused."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AdapterRefused(f"{what} is missing") from None
    except (OSError, ValueError, RecursionError):
        raise AdapterRefused(f"{what} is damaged: it cannot be read as JSON") from None
    if not isinstance(value, dict):
        raise AdapterRefused(f"{what} is damaged: it holds no JSON object")
    return value


def check_lora(folder: Path) -> dict[str, Any]:
    """The PEFT configuration in `folder`, whose weights are whole. Raises AdapterRefused unless it is plain LoRA."""
    config = read_json(folder / CONFIG, CONFIG)
    more = config.get("modules_to_save") or config.get("use_dora") or config.get("bias", "none") != "none"
    if config.get("peft_type") != "LORA" or more:
        raise AdapterRefused("only plain LoRA adapters are taken: no DoRA, no biases, no layers saved whole")
    if not isinstance(config.get("lora_alpha"), int | float) or not isinstance(config.get("r"), int):
        raise AdapterRefused(f"{CONFIG} is damaged: it gives no rank or no alpha")
    sides: dict[str, set[str]] = {}
    for key, shape, number in _tensors(folder / WEIGHTS):
        match = _FACTOR.fullmatch(key)
        if match is None or len(shape) != 2 or number not in _NUMBERS:
            raise AdapterRefused("the adapter holds more than LoRA weights of linear layers, which is not supported")
        sides.setdefault(match[1], set()).add(match[2])
    if not sides or any(both != {"A", "B"} for both in sides.values()):
        raise AdapterRefused("the adapter's weights are not whole: a layer lacks one of its two factors")
    return config


def identity_of(folder: Path) -> str:
    """A hash of all that decides what the adapter does to its base: weights, and rank and scale of the configuration.

    The same adapter has the same identity in a run's folder, in the registry and in every evaluation file.
    """
    config = read_json(folder / CONFIG, CONFIG)
    said = {key: config.get(key) for key in _SAYS_WHAT}
    if isinstance(said["target_modules"], list):
        said["target_modules"] = sorted(map(str, said["target_modules"]))
    text = json.dumps([sha256(folder / WEIGHTS), said], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256(path: Path) -> str:
    """The SHA-256 of a file of an adapter. Raises AdapterRefused."""
    try:
        return sha256_of(path)
    except BackendError:
        raise AdapterRefused("a file of the adapter is missing or cannot be read") from None


def _tensors(path: Path) -> Iterator[tuple[str, list[int], str]]:
    """Name, shape and kind of number of each tensor. safetensors checks that the file is as long as its head says."""
    from safetensors import safe_open

    if not path.is_file():
        raise AdapterRefused(f"{WEIGHTS} is missing")
    try:
        with safe_open(str(path), framework="numpy") as stored:
            for key in stored.keys():  # noqa: SIM118  (not a mapping)
                tensor = stored.get_slice(key)
                yield key, tensor.get_shape(), tensor.get_dtype()
    except AdapterRefused:
        raise
    except Exception:  # noqa: BLE001  (safetensors' own class is not public)
        raise AdapterRefused(f"{WEIGHTS} is damaged or cut short") from None
