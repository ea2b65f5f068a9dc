"""The order of a whole run, fixed by its seed, and batches of tensors.

All epochs are laid out before the first step, so a resumed run goes on at the very batch where it stopped. Examples of
like length share a batch, so that little is padded; an original and its twins are never parted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch

from cds_service.training.tuning.errors import BadData
from cds_service.training.tuning.examples import Example

IGNORED = -100
"""Label of a position that is not learned."""

_SORTED_TOGETHER = 16
"""Batches' worth of examples that are sorted by length at a time: the rest stays random."""


class Order:
    """Batches of indices for a whole run, as a batch sampler."""

    def __init__(
        self, examples: Sequence[Example], *, batch: int, epochs: int, seed: int, most: int | None = None
    ) -> None:
        """`batch`: most examples in one. `most`: batches after which the order ends, None for all epochs whole."""
        units = [list(group) for _, group in groupby(range(len(examples)), key=lambda i: examples[i].unit)]
        if max(map(len, units)) > batch:
            raise BadData("an original and its twins do not fit into one batch: raise 'batch'")
        self._batches: list[list[int]] = []
        for epoch in range(epochs):
            rng = random.Random(seed * 1000 + epoch)  # noqa: S311 - order, no secret
            self._batches += _epoch(units, examples, batch, rng)
        self._batches = self._batches[:most]

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


def _epoch(units: Sequence[list[int]], examples: Sequence[Example], batch: int, rng: random.Random) -> list[list[int]]:
    shuffled = list(units)
    rng.shuffle(shuffled)
    batches: list[list[int]] = []
    for start in range(0, len(shuffled), batch * _SORTED_TOGETHER):
        alike = sorted(shuffled[start : start + batch * _SORTED_TOGETHER], key=lambda u: examples[u[0]].tokens)
        current: list[int] = []
        for unit in alike:
            if len(current) + len(unit) > batch:
                batches.append(current)
                current = []
            current += unit
        batches.append(current)
    rng.shuffle(batches)
    return batches


class Collator:
    """Rows of a data set to tensors, padded to the longest.

    Besides what the model takes: ``labels``, and ``left`` and ``right``, the positions among the
    learned ones of the batch at which twins should agree.
    """

    def __init__(self, *, causal: bool, pad: int, start: int | None = None) -> None:
        """`pad`: id that fills up; `start`: id that a seq2seq decoder begins with."""
        self._causal, self._pad, self._start = causal, pad, start

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """The batch of `rows`."""
        if self._causal:
            texts = [r["prompt"] + r["completion"] for r in rows]
            learned = [[IGNORED] * len(r["prompt"]) + r["completion"] for r in rows]
            more = {}
        else:
            texts, learned = [r["prompt"] for r in rows], [r["completion"] for r in rows]
            more = {"decoder_input_ids": _padded([[self._start, *t[:-1]] for t in learned], self._pad)}
        left, right = _twins(rows)
        return {
            "input_ids": _padded(texts, self._pad),
            "attention_mask": _padded([[1] * len(t) for t in texts], 0),
            "labels": _padded(learned, IGNORED),
            "left": torch.tensor(left, dtype=torch.long),
            "right": torch.tensor(right, dtype=torch.long),
            **more,
        }


def _twins(rows: Sequence[dict[str, Any]]) -> tuple[list[int], list[int]]:
    left: list[int] = []
    right: list[int] = []
    begins: dict[int, int] = {}
    at = 0
    for row in rows:
        size = len(row["completion"])
        first = begins.setdefault(row["unit"], at)
        if first != at:
            left += range(first, first + size)
            right += range(at, at + size)
        at += size
    return left, right


def _padded(rows: Sequence[Sequence[Any]], fill: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows], dtype=torch.long)
