"""A run from its folder to its adapter. All is checked before the first step; what is written is whole or absent."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from cds_service.errors import BackendError
from cds_service.inference.contract import CONTRACT_VERSION
from cds_service.training.tuning import checkpoints
from cds_service.training.tuning.base_model import Base, device_of, load_adapted
from cds_service.training.tuning.curves import draw
from cds_service.training.tuning.errors import BadRun
from cds_service.training.tuning.examples import Example
from cds_service.training.tuning.progress import METRICS, Diary, Pace, Say, Show, read_metrics
from cds_service.training.tuning.run_file import Run
from cds_service.training.tuning.trainers import Work, make_trainer
from cds_service.whole_file import whole_file

ADAPTER, CHECKPOINTS, TRAIN, STARTED, RUN_FILE = "adapter", "checkpoints", "train.json", "started.json", "run.toml"
_NO_SPACE = "the run folder cannot be written: check the disk for space and rights, then go on with --resume"
_VERSIONS = ("torch", "transformers", "peft", "trl", "bitsandbytes", "cds-service")


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a run learns from, in tokens, and how it is told in ``train.json``.

    `data`: ``manifest_sha256`` and ``files``. `prompt`: style and version, None where none was seen.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    left_out: int
    tokenizer: Any
    data: Mapping[str, Any]
    prompt: Mapping[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How far a run came. `finished`: False when it was told to stop; its last checkpoint is then of `step`."""

    step: int
    steps: int
    finished: bool
    folder: Path


def open_folder(out: Path, run_file: Path, *, resume: bool) -> None:
    """Make the folder of a run, or check that it is this run's. Raises BadRun."""
    if resume:
        if not (out / RUN_FILE).is_file() or (out / RUN_FILE).read_bytes() != run_file.read_bytes():
            raise BadRun("there is nothing to resume: the folder holds no run, or one with another run file")
        if (out / TRAIN).is_file():
            raise BadRun("there is nothing to resume: the run in this folder has ended")
        return
    if out.exists() and any(out.iterdir()):
        raise BadRun("the run folder is not empty: choose another, or go on with --resume")
    try:
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run_file, out / RUN_FILE)
    except OSError:
        raise BadRun("the run folder cannot be written: check the disk for space and rights") from None


def carry_out(run: Run, base: Base, material: Material, out: Path, *, resume: bool, say: Say, show: Show) -> Outcome:
    """Train, and write the adapter when the end is reached. Raises BadRun, BackendError, CheckpointFailed."""
    device = device_of(run)
    begun = {"base": base.sha256, "data": material.data, "device": device.type}
    start = _start(out, begun, resume=resume, say=say)
    held_out = material.validation[: run.evaluate_examples]
    say(_told(material, held_out))
    model = load_adapted(run, base, device)
    pace = Pace(run.checkpoint_minutes)
    work = Work(
        model=model,
        tokenizer=material.tokenizer,
        causal=base.causal,
        device=device,
        train=material.train,
        validation=held_out,
        checkpoints=out / CHECKPOINTS,
    )
    with pace.signals():
        try:
            diary = Diary(out / METRICS, say, show, from_step=checkpoints.step_of(start) if start else 0)
            trainer = make_trainer(work, run, [diary, pace])
            trainer.train(resume_from_checkpoint=os.fspath(start) if start else None)
        except torch.OutOfMemoryError:
            raise BackendError("the device's memory is too small for this run: lower 'batch' or 'max_tokens'") from None
        except OSError:
            raise BackendError(_NO_SPACE) from None
    state = trainer.state
    outcome = Outcome(
        step=state.global_step, steps=state.max_steps, finished=state.global_step >= state.max_steps, folder=out
    )
    _draw(out, run)
    if outcome.finished:
        _finish(out, run, base, material, model, outcome, diary.seconds)
    return outcome


def _start(out: Path, begun: Mapping[str, Any], *, resume: bool, say: Say) -> Path | None:
    """The checkpoint to go on from. Raises BadRun when base model or data are not those the run was begun with."""
    started = out / STARTED
    if not resume or not (started.exists() or (out / CHECKPOINTS).exists()):  # or it was stopped before it began
        try:
            with whole_file(started) as file:
                json.dump(begun, file, indent=1, sort_keys=True)
        except OSError:
            raise BackendError(_NO_SPACE) from None
        return None
    try:
        before = json.loads(started.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadRun("the run cannot be resumed: what it was begun with is not recorded") from None
    changed = [key for key, value in begun.items() if before.get(key) != json.loads(json.dumps(value))]
    if changed:
        raise BadRun(f"the run cannot be resumed: {' and '.join(changed)} changed since it was begun")
    found, skipped = checkpoints.newest(out / CHECKPOINTS)
    for name in skipped:
        say(f"checkpoint {name} is not whole and is skipped")
    say(f"going on after {found.name}" if found else "no checkpoint yet: starting from the beginning")
    return found


def _told(material: Material, held_out: Sequence[Example]) -> str:
    tokens = sum(example.tokens for example in material.train)
    text = f"{len(material.train)} examples of {tokens / len(material.train):.0f} tokens, {len(held_out)} held out"
    return (
        f"{text}; {material.left_out} left out because they are longer than max_tokens" if material.left_out else text
    )


def _draw(out: Path, run: Run) -> None:
    metrics = read_metrics(out / METRICS)
    if metrics:
        try:
            draw(out / "curves.png", metrics, title=f"{run.kind}, {run.base}: {metrics[-1]['step']:g} steps")
        except OSError:
            raise BackendError("the curves could not be written: check the disk for space and rights") from None


def _finish(out: Path, run: Run, base: Base, material: Material, model: Any, outcome: Outcome, seconds: float) -> None:
    """Write the adapter in bfloat16 and, last, ``train.json``: where it is, the run is whole."""
    aside = out / ".adapter"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        _save(model, base.id, aside)
        shutil.rmtree(out / ADAPTER, ignore_errors=True)
        aside.replace(out / ADAPTER)
        said = {
            "kind": run.kind,
            "base": base.to_json(),
            "data": dict(material.data),
            "examples": {"train": len(material.train), "left_out": material.left_out},
            "prompt": material.prompt,
            "contract": CONTRACT_VERSION,
            "steps": outcome.steps,
            "seconds": round(seconds),
            "versions": {name: version(name) for name in _VERSIONS},
        }
        with whole_file(out / TRAIN) as file:
            json.dump(said, file, indent=1)
    except Exception:  # noqa: BLE001 - safetensors raises an error of its own when the disk is full
        raise BackendError(
            "the adapter could not be written: check the disk for space and rights, then finish with --resume"
        ) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _save(model: Any, base_id: str, folder: Path) -> None:
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    save_file(
        {k: v.detach().to(device="cpu", dtype=torch.bfloat16).contiguous() for k, v in weights.items()},
        folder / "adapter_model.safetensors",
        metadata={"format": "pt"},
    )
    config = model.peft_config["default"]
    config.base_model_name_or_path = base_id  # peft has the path on this machine
    config.inference_mode = True
    config.save_pretrained(folder)
