"""Which layers a LoRA adapter sits on: every linear layer but the output head, found by type and not by name."""

from __future__ import annotations

from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from cds_service.errors import BackendError


def linear_targets(model: Any) -> list[str]:
    """Names for PEFT's `target_modules`: last parts of names where they are unambiguous, else whole names.

    Quantized layers are linear layers too. `Conv1D` is what GPT-2 calls a linear layer. Raises BackendError.
    """
    head = model.get_output_embeddings()
    wanted = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear | Conv1D) and m is not head]
    if not wanted:
        raise BackendError("the base model has no linear layers that an adapter could sit on")
    short = {name.rpartition(".")[2] for name in wanted}
    others = (name for name, _ in model.named_modules() if name not in set(wanted))
    if any(name.rpartition(".")[2] in short for name in others):
        return sorted(wanted)
    return sorted(short)


def has_conv1d(model: Any) -> bool:
    """Whether the linear layers store their weights transposed (PEFT's ``fan_in_fan_out``)."""
    return any(isinstance(module, Conv1D) for module in model.modules())
