"""The loss: what should have been written, at the positions where it is written, and that twins be treated alike.

The output head is the dearest layer of a small model with a large vocabulary. It is applied to the learned positions
alone, whatever the architecture: a hook picks them out in front of it, and what follows the head works on each position
by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, log_softmax

from cds_service.training.tuning.batches import IGNORED


@dataclass(frozen=True, kw_only=True)
class Losses:
    """`completion`: negative log-likelihood, summed over `count` learned positions. `consistency`: 0 without twins."""

    completion: torch.Tensor
    count: int
    consistency: torch.Tensor


def losses(model: Any, batch: dict[str, torch.Tensor], *, causal: bool) -> Losses:
    """Of `batch` as `Collator` makes it."""
    inputs = {k: v for k, v in batch.items() if k not in ("labels", "left", "right")}
    labels = batch["labels"][:, 1:] if causal else batch["labels"]
    learned = labels != IGNORED
    with _head_at(model, learned):
        logits = model(**inputs, use_cache=False).logits.float()
    wanted = labels[learned]
    return Losses(
        completion=cross_entropy(logits, wanted, reduction="sum"),
        count=int(wanted.numel()),
        consistency=disagreement(logits, batch["left"], batch["right"]),
    )


def disagreement(logits: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Half the symmetric Kullback-Leibler divergence of rows of `logits`, in nats, mean over pairs; 0 without pairs."""
    if not left.numel():
        return logits.new_zeros(())
    one, other = log_softmax(logits[left], dim=-1), log_softmax(logits[right], dim=-1)
    return ((one.exp() - other.exp()) * (one - other)).sum(-1).mean() / 2


@contextmanager
def _head_at(model: Any, positions: torch.Tensor) -> Iterator[None]:
    """Let the output head see the hidden states at `positions` (a mask by batch and length) alone."""

    def pick(_module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        return (inputs[0][:, : positions.shape[1]][positions],)

    handle = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        handle.remove()
