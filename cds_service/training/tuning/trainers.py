"""TRL's SFTTrainer for causal models, Seq2SeqTrainer for the others, with our loss, our order and our checkpoints."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import PrinterCallback, ProgressCallback, Seq2SeqTrainer, Seq2SeqTrainingArguments, TrainerCallback
from trl import SFTConfig, SFTTrainer

from cds_service.errors import BackendError
from cds_service.training.tuning import checkpoints
from cds_service.training.tuning.batches import Collator, Order
from cds_service.training.tuning.errors import CheckpointFailed
from cds_service.training.tuning.examples import Example, rows
from cds_service.training.tuning.loss import losses
from cds_service.training.tuning.run_file import Run


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a trainer works on: the adapted model, its tokenizer, examples, and the folder of checkpoints."""

    model: Any
    tokenizer: Any
    causal: bool
    device: torch.device
    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    checkpoints: Path


class _Ours:
    """What both trainers share; mixed in before a Trainer of transformers."""

    run: Run
    causal: bool
    order: Order
    folder: Path
    meter: dict[str, list[float]]

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean loss of a learned token, and the weighted disagreement of twins."""
        found = losses(model, inputs, causal=self.causal)
        share = self.current_gradient_accumulation_steps if num_items_in_batch is not None else 1  # type: ignore[attr-defined]
        mean = found.completion / (num_items_in_batch if num_items_in_batch is not None else max(found.count, 1))
        self._note("loss", found.completion.detach() / max(found.count, 1))
        if inputs["left"].numel():
            self._note("consistency", found.consistency.detach())
        total = mean + self.run.consistency_weight * found.consistency / share
        if model.training:
            self._note("tokens", inputs["attention_mask"].sum())
        if not torch.isfinite(total):
            raise BackendError("the loss is no longer a number: lower 'learning_rate' and start anew")
        return (total, {}) if return_outputs else total

    def prediction_step(
        self,
        model: Any,
        inputs: dict[str, Any],
        prediction_loss_only: bool,  # noqa: ARG002
        ignore_keys: Any = None,  # noqa: ARG002
    ) -> tuple[torch.Tensor, None, None]:
        """The loss alone: logits are never kept."""
        inputs = self._prepare_inputs(inputs)  # type: ignore[attr-defined]
        with torch.no_grad(), self.compute_loss_context_manager():  # type: ignore[attr-defined]
            return self.compute_loss(model, inputs).detach(), None, None

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The batches of the whole run in their order."""
        return DataLoader(self.train_dataset, batch_sampler=self.order, collate_fn=self.data_collator)  # type: ignore[attr-defined]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Hand what was noted since the last time to the callbacks."""
        prefix = "eval_" if any(key.startswith("eval_") for key in logs) else ""
        noted = {key: (sum if key == "tokens" else _mean)(values) for key, values in self.meter.items()}
        self.meter.clear()
        total = logs.pop("loss", None)
        logs |= {f"{prefix}{key}": value for key, value in noted.items()}
        if total is not None:
            logs["total"] = total
        super().log(logs, start_time)  # type: ignore[misc]

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: the registry writes the card, with figures."""

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """The adapter in float32, and nothing of the base model or its tokenizer."""
        target = Path(str(output_dir))
        target.mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(target, state_dict=state_dict, save_embedding_layers=False)  # type: ignore[attr-defined]

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        step = self.state.global_step  # type: ignore[attr-defined]
        aside = self.folder / checkpoints.ASIDE
        try:
            shutil.rmtree(aside, ignore_errors=True)
            super()._save_checkpoint(model, trial)  # type: ignore[misc]
            checkpoints.seal(aside / f"checkpoint-{step}", step)
        except Exception:  # noqa: BLE001 - the libraries raise what they like when a disk is full
            raise CheckpointFailed(
                f"the checkpoint of step {step} could not be written: check the disk for space and rights, then go on "
                "with --resume from the one before"
            ) from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        checkpoints.prune(self.folder, self.run.keep_checkpoints)

    def _note(self, key: str, value: torch.Tensor) -> None:
        self.meter.setdefault(key, []).append(float(value))


class CausalTrainer(_Ours, SFTTrainer):
    """For models that continue a text."""


class TextToTextTrainer(_Ours, Seq2SeqTrainer):
    """For models that read one text and write another."""


def make_trainer(work: Work, run: Run, callbacks: Sequence[TrainerCallback]) -> Any:
    """The trainer of one run, ready for ``train``."""
    most = run.max_steps * run.accumulate or None
    order = Order(work.train, batch=run.batch, epochs=run.epochs, seed=run.seed, most=most)
    arguments = _arguments(work, run, order)
    config = work.model.get_base_model().config
    shared: dict[str, Any] = {
        "model": work.model,
        "train_dataset": Dataset.from_list(rows(work.train)),
        "eval_dataset": _by_length(work.validation) if work.validation else None,
        "processing_class": work.tokenizer,
        "data_collator": Collator(
            causal=work.causal, pad=work.tokenizer.pad_token_id, start=getattr(config, "decoder_start_token_id", None)
        ),
        "callbacks": list(callbacks),
    }
    trainer: Any
    if work.causal:
        given = SFTConfig(**arguments, max_length=None, packing=False, dataset_kwargs={"skip_prepare_dataset": True})
        trainer = CausalTrainer(args=given, **shared)
    else:
        trainer = TextToTextTrainer(args=Seq2SeqTrainingArguments(**arguments), **shared)
    trainer.run, trainer.causal, trainer.order, trainer.folder = run, work.causal, order, work.checkpoints
    trainer.meter = {}
    for noisy in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(noisy)
    return trainer


def _arguments(work: Work, run: Run, order: Order) -> Mapping[str, Any]:
    """What transformers must be told. The whole run is one epoch to it: `Order` lays out ours."""
    return {
        "output_dir": os.fspath(work.checkpoints / checkpoints.ASIDE),
        "num_train_epochs": 1,
        "max_steps": -(-len(order) // run.accumulate),
        "per_device_train_batch_size": run.batch,
        "per_device_eval_batch_size": run.batch,
        "gradient_accumulation_steps": run.accumulate,
        "learning_rate": run.learning_rate,
        "lr_scheduler_type": "constant_with_warmup" if run.schedule == "constant" else run.schedule,
        "warmup_steps": run.warmup_steps,
        "weight_decay": run.weight_decay,
        "max_grad_norm": run.max_grad_norm,
        "seed": run.seed,
        "bf16": run.precision == "bfloat16",
        "fp16": False,
        "use_cpu": work.device.type == "cpu",
        "gradient_checkpointing": run.gradient_checkpointing,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "eval_strategy": "steps" if work.validation else "no",
        "eval_steps": run.evaluate_every,
        "prediction_loss_only": True,
        "remove_unused_columns": False,
        "label_names": ["labels"],
        "dataloader_pin_memory": False,
        "report_to": "none",
        "disable_tqdm": True,
        "push_to_hub": False,
    }


def _by_length(examples: Sequence[Example]) -> Dataset:
    return Dataset.from_list(rows(sorted(examples, key=lambda e: e.tokens)))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
