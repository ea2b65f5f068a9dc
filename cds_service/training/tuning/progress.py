"""What happens around the steps: the clock that takes checkpoints, the signals that stop, and what is told and kept."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState

from cds_service.whole_file import whole_file

METRICS = "metrics.jsonl"
Say = Callable[[str], None]
Show = Callable[[str, float], None]


class Pace(TrainerCallback):
    """Takes a checkpoint every `minutes` (0: after each step), and stops in good order when told to."""

    def __init__(self, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = minutes * 60, clock
        self._last = clock()
        self.stop = False

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """After a step: save, stop, or go on."""
        ends = state.global_step >= state.max_steps
        due = self._clock() - self._last >= self._seconds
        control.should_save = due or self.stop or ends
        control.should_evaluate = not self.stop and (control.should_evaluate or (ends and args.eval_strategy != "no"))
        control.should_training_stop = control.should_training_stop or self.stop

    def on_save(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ARG002
        """Start the clock again."""
        self._last = self._clock()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """While the block runs, the first SIGINT or SIGTERM ends the run after its step; a second one at once."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def ask(_number: int, _frame: Any) -> None:
            self.stop = True
            for each, handler in before.items():
                signal.signal(each, handler)

        for number in before:
            signal.signal(number, ask)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Diary(TrainerCallback):
    """One line a step to a person and to ``metrics.jsonl``."""

    def __init__(self, path: Path, say: Say, show: Show, *, from_step: int = 0) -> None:
        """Go on after `from_step`: later lines of an interrupted run, whose steps are taken again, are dropped."""
        self._path, self._say, self._show = path, say, show
        kept = [line for line in read_metrics(path) if line["step"] <= from_step]
        self.seconds = max((line["seconds"] for line in kept), default=0.0)
        with whole_file(path) as file:
            file.writelines(json.dumps(line) + "\n" for line in kept)
        self._since = time.monotonic()

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:  # noqa: ARG002
        """Start the clock."""
        self._since = time.monotonic()

    def on_log(
        self,
        args: Any,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Keep and tell what a step, or a look at held-out examples, gave."""
        if not logs or not {"loss", "eval_loss"} & set(logs):
            return
        took = time.monotonic() - self._since
        self._since += took
        self.seconds += took
        line: dict[str, float] = {"step": state.global_step}
        line |= {name: round(logs[key], 6) for key, name in _KEPT.items() if key in logs}
        if "learning_rate" in logs:
            line["learning_rate"] = logs["learning_rate"]
        if "tokens" in logs:
            line["tokens_per_second"] = round(logs["tokens"] / max(took, 1e-6), 1)
        line["seconds"] = round(self.seconds, 2)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._say(_told(line, state.max_steps, took))
        self._show("Training", state.global_step / state.max_steps)


_KEPT = {
    "loss": "loss",
    "consistency": "consistency",
    "total": "total",
    "grad_norm": "grad_norm",
    "eval_loss": "evaluation_loss",
    "eval_consistency": "evaluation_consistency",
}


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The lines of ``metrics.jsonl``; one that was cut off by an interruption is left out."""
    if not path.is_file():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines


def _told(line: Mapping[str, float], steps: int, took: float) -> str:
    head = f"step {line['step']:g} of {steps}"
    if "evaluation_loss" in line:
        twins = f", twins differ by {line['evaluation_consistency']:.4f}" if "evaluation_consistency" in line else ""
        return f"{head}: held-out loss {line['evaluation_loss']:.4f}{twins}"
    twins = f", twins differ by {line['consistency']:.4f}" if "consistency" in line else ""
    left = (steps - line["step"]) * took / 60
    return (
        f"{head}: loss {line['loss']:.4f}{twins}, rate {line['learning_rate']:.2e}, "
        f"{line['tokens_per_second']:.0f} tokens/s, {took:.1f} s, about {left:.0f} min left"
    )
