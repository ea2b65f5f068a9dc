"""Examples in tokens: what the model reads, what it should write, and which of them are twins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.training.tuning.data_files import Line


@dataclass(frozen=True, kw_only=True)
class Example:
    """Token ids of one example. `unit`: the same number for an original and its twins, which stay in one batch."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]
    unit: int

    @property
    def tokens(self) -> int:
        """Tokens of prompt and completion together."""
        return len(self.prompt) + len(self.completion)


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Examples with twins behind their original, and how many were left out because they are too long."""

    examples: tuple[Example, ...]
    left_out: int


def rows(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """`examples` as a data set for a trainer."""
    return [{"prompt": list(e.prompt), "completion": list(e.completion), "unit": e.unit} for e in examples]


def tokenize(lines: Sequence[Line], tokenizer: Any, *, max_tokens: int) -> Examples:
    """`lines` in tokens. Those of more than `max_tokens` are left out, never cut, and their twins with them.

    Prompt and completion are read each for itself, as they are when the model answers.
    """
    originals: dict[str, Line] = {line.id: line for line in lines if line.twin_of is None}
    grouped: dict[str, list[Line]] = {key: [line] for key, line in originals.items()}
    for line in lines:
        if line.twin_of is not None:
            grouped[line.twin_of].append(line)
    kept: list[Example] = []
    for unit, group in enumerate(grouped.values()):
        examples = [_tokenize(line, tokenizer, unit) for line in group]
        if examples[0].tokens <= max_tokens:
            kept += [e for e in examples if e.tokens <= max_tokens]
    return Examples(examples=tuple(kept), left_out=len(lines) - len(kept))


def windows(texts: Iterable[str], tokenizer: Any, *, max_tokens: int, causal: bool) -> tuple[Example, ...]:
    """Whole texts in windows of at most `max_tokens`, each ended by the end-of-sequence token.

    A causal model learns every token of a window; a seq2seq model reads its first half and writes the second.
    """
    found: list[Example] = []
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        begin = tokenizer("", add_special_tokens=True)["input_ids"] if causal else []
        room = max_tokens - len(begin) - (1 if causal else 2)
        for start in range(0, len(ids), room):
            part = ids[start : start + room]
            last = [tokenizer.eos_token_id] if start + room >= len(ids) or not causal else []
            half = 0 if causal else len(part) // 2
            prompt = [] if causal else [*part[:half], tokenizer.eos_token_id]
            completion = [*begin, *part[half:], *last]
            if len(part) > 1:
                found.append(Example(prompt=tuple(prompt), completion=tuple(completion), unit=len(found)))
    return tuple(found)


def _tokenize(line: Line, tokenizer: Any, unit: int) -> Example:
    prompt = tokenizer(line.prompt)["input_ids"]
    completion = tokenizer(line.completion, add_special_tokens=False)["input_ids"]
    return Example(prompt=tuple(prompt), completion=(*completion, tokenizer.eos_token_id), unit=unit)
