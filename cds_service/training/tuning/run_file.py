"""The run file: one TOML holds every number of a run. Nothing has a default, and unknown keys are refused by name."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from cds_service.settings import Quantization
from cds_service.training.tuning.errors import BadRun

Kind = Literal["tune", "inject"]
Precision = Literal["float32", "bfloat16"]
Schedule = Literal["constant", "linear", "cosine"]

_AT_LEAST: dict[str, float] = {
    "threads": 1, "seed": 0, "epochs": 1, "max_steps": 0, "batch": 1, "accumulate": 1, "max_tokens": 16, "r": 1,
    "alpha": 1, "dropout": 0, "learning_rate": 0, "warmup_steps": 0, "weight_decay": 0, "max_grad_norm": 0,
    "consistency_weight": 0, "evaluate_every": 1, "evaluate_examples": 1, "checkpoint_minutes": 0,
    "keep_checkpoints": 1,
}  # fmt: skip
_BELOW_ONE = frozenset({"dropout", "weight_decay", "learning_rate"})


@dataclass(frozen=True, kw_only=True)
class Run:
    """Every number of a run.

    `base`: an alias of the default model or a folder with safetensors. `adapter`: folder of an earlier run whose
    adapter is trained further. `device`: ``auto``, ``cpu``, ``cuda``. `precision`: number format of the products;
    bfloat16 is for GPUs that compute in it. `max_steps`: 0 for as many as `epochs` make. `batch`: examples in a
    step before `accumulate`. `max_tokens`: of one example; longer ones are left out and counted (texts to inject are
    read in windows of it). `schedule`: of the learning rate, after `warmup_steps`. `consistency_weight`: of the
    disagreement between counterfactual twins. `evaluate_every`: steps between two looks at `evaluate_examples` held-out
    examples. `checkpoint_minutes`: between two checkpoints, of which the newest `keep_checkpoints` are kept.
    """

    kind: Kind
    base: str
    device: str
    threads: int
    quantization: Quantization
    precision: Precision
    gradient_checkpointing: bool
    seed: int
    epochs: int
    max_steps: int
    batch: int
    accumulate: int
    max_tokens: int
    r: int
    alpha: int
    dropout: float
    learning_rate: float
    schedule: Schedule
    warmup_steps: int
    weight_decay: float
    max_grad_norm: float
    consistency_weight: float
    evaluate_every: int
    evaluate_examples: int
    checkpoint_minutes: float
    keep_checkpoints: int
    adapter: str | None = None


def read_run(path: Path, kind: Kind) -> Run:
    """The run in `path`, which must be of `kind`. Raises BadRun, with every key that is wrong."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise BadRun("the run file cannot be read as text") from None
    except tomllib.TOMLDecodeError:
        raise BadRun("the run file is not valid TOML") from None
    known = {field.name: field.default is MISSING for field in fields(Run)}
    problems = [f"unknown key '{key}'" for key in values if key not in known]
    problems += [f"missing key '{key}'" for key, needed in known.items() if needed and key not in values]
    types = get_type_hints(Run)
    problems += [f"'{key}' {wrong}" for key, value in values.items() if (wrong := _wrong(key, value, types.get(key)))]
    if problems:
        raise BadRun(f"the run file {path.name} is wrong: " + "; ".join(problems))
    if values["kind"] != kind:
        raise BadRun(f"the run file {path.name} is for 'train {values['kind']}', not for 'train {kind}'")
    return Run(**{**values, "quantization": Quantization(values["quantization"])})


def _wrong(key: str, value: Any, wanted: Any) -> str:
    """What is wrong with a value, empty for nothing."""
    if wanted is None:
        return ""
    choices = [str(q) for q in Quantization] if wanted is Quantization else list(get_args(wanted))
    if choices and all(isinstance(choice, str) for choice in choices):
        return "" if value in choices else f"must be one of {', '.join(choices)}"
    if wanted in (int, float):
        return _wrong_number(key, value, whole=wanted is int)
    if wanted is bool:
        return "" if isinstance(value, bool) else "must be true or false"
    return "" if isinstance(value, str) and value else "must be words"


def _wrong_number(key: str, value: Any, *, whole: bool) -> str:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return "must be a whole number" if whole else "must be a number"
    if not _AT_LEAST[key] <= value < float("inf"):
        return f"must be at least {_AT_LEAST[key]:g}"
    return "must be below 1" if key in _BELOW_ONE and value >= 1 else ""
