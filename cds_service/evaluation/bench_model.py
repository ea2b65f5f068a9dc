"""How fast the default model drafts, against the same weights in plain transformers, and whether two engines agree.

*Speed*: one assessment at a time goes through a real job table and a real worker; counted is the time from enqueue to
ready or withheld by the table's own times. Against it stands plain NF4 `generate` of transformers on the same prompts
with the same limit of new tokens: no grammar, so it writes until its own end or the limit, as such a model does.
*Agreement*: both engines of the product, with the grammar, on the same cases. *GPU*: plain NF4 in batches.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cds_service.domain import Priority
from cds_service.evaluation.assessment.drafting import Answered
from cds_service.evaluation.assessment.measures import Metric, given, passes, share
from cds_service.evaluation.deid.report import machine
from cds_service.evaluation.plain_model import PlainModel
from cds_service.evaluation.queue_load import QueueLoad
from cds_service.shares import percentile

BATCHES = (1, 8, 32)
BATCHES_EACH = 4
"""How many batches of each size are timed."""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One engine on the same cases: seconds and new tokens of each, and the memory it took (MB)."""

    name: str
    seconds: tuple[float, ...]
    tokens: tuple[int, ...]
    memory_mb: float | None

    @property
    def median_s(self) -> float:
        """Median seconds of a case."""
        return percentile(self.seconds, 50) or 0.0

    @property
    def p95_s(self) -> float:
        """95th percentile of the seconds of a case."""
        return percentile(self.seconds, 95) or 0.0

    @property
    def tokens_per_s(self) -> float:
        """New tokens a second, with everything else that the time holds."""
        return sum(self.tokens) / sum(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Speed:
    """The product, from enqueue to ready, and plain transformers on the same prompts."""

    product: Timed
    plain: Timed

    @property
    def ratio(self) -> float:
        """Median of plain transformers over median of the product."""
        return self.plain.median_s / self.product.median_s


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two engines on the same cases, each figure of a pair by one engine.

    `same`: cases that get one priority by both, floor included. `same_draft`: drafts with the same priority of their
    own. `same_verdict`: drafts that pass, or do not pass, by both.
    """

    engines: tuple[str, str]
    may_raise: bool
    same: Metric
    same_draft: Metric
    ready: tuple[Metric, Metric]
    contract: tuple[Metric, Metric]
    grounded: tuple[Metric, Metric]
    same_verdict: Metric


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Plain NF4 on a GPU with `size` prompts at once."""

    size: int
    seconds_each: float
    tokens_per_s: float
    memory_mb: float


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One run of the benchmark. `gpu` is None where there is no CUDA device or it was not asked for."""

    made: datetime
    model: str
    speed: Speed | None = None
    agreement: tuple[Agreement, ...] = ()
    gpu: tuple[Batch, ...] | None = None
    queue: QueueLoad | None = None

    def as_json(self) -> dict[str, Any]:
        """Every figure, for a program."""
        made = asdict(self) | {"made": self.made.isoformat(timespec="seconds"), "machine": machine()}
        if self.speed:
            made["speed"]["ratio_of_medians"] = self.speed.ratio
            for name, timed in (("product", self.speed.product), ("plain", self.speed.plain)):
                made["speed"][name] |= {
                    "median_s": timed.median_s, "p95_s": timed.p95_s, "tokens_per_s": timed.tokens_per_s,
                }  # fmt: skip
        return {"kind": "bench-model", "version": 1} | made


def time_plain(
    model: PlainModel, prompts: Sequence[str], show: Callable[[float], None]
) -> tuple[list[float], list[int]]:
    """Seconds and new tokens of each prompt, one at a time, after one that does not count."""
    model.generate(prompts[:1], max_new_tokens=8)
    seconds, tokens = [], []
    for number, prompt in enumerate(prompts, start=1):
        written = model.generate([prompt])
        seconds.append(written.seconds)
        tokens.append(written.tokens)
        show(number / len(prompts))
    return seconds, tokens


def time_batches(model: PlainModel, prompts: Sequence[str], show: Callable[[float], None]) -> tuple[Batch, ...]:
    """Time `BATCHES_EACH` batches of each size on a GPU, after one to warm up; prompts are repeated to fill them."""
    import torch

    made = []
    for number, size in enumerate(BATCHES, start=1):
        endless = itertools.cycle(prompts)
        model.generate([prompts[0]] * size, max_new_tokens=8)
        torch.cuda.reset_peak_memory_stats()
        batches = [model.generate([next(endless) for _ in range(size)]) for _ in range(BATCHES_EACH)]
        seconds = sum(b.seconds for b in batches)
        made.append(
            Batch(
                size=size,
                seconds_each=seconds / (size * BATCHES_EACH),
                tokens_per_s=sum(b.tokens for b in batches) / seconds,
                memory_mb=torch.cuda.max_memory_allocated() / 2**20,
            )
        )
        show(number / len(BATCHES))
    return tuple(made)


def agreement(
    engines: tuple[str, str], one: Sequence[Answered], other: Sequence[Answered], *, may_raise: bool
) -> Agreement:
    """How two engines answered the same questions. Raises ValueError for none."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a.question.task is not None]

    def both(name: str) -> tuple[Metric, Metric]:
        return share(passes(a)[name] for a, _ in pairs), share(passes(b)[name] for _, b in pairs)

    return Agreement(
        engines=engines,
        may_raise=may_raise,
        same=share(given(a) is given(b) for a, b in pairs),
        same_draft=share(_own(a) is _own(b) for a, b in pairs),
        ready=both("ready"),
        contract=both("contract_valid"),
        grounded=both("grounded"),
        same_verdict=share(passes(a)["ready"] is passes(b)["ready"] for a, b in pairs),
    )


def _own(answered: Answered) -> Priority | None:
    return answered.record.priority if answered.record else None
