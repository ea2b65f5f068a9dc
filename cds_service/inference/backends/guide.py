"""The output contract while a transformers model decodes: llguidance masks what the grammar does not allow next."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

import llguidance
import llguidance.hf
import torch
from llguidance import LLMatcher, LLTokenizer
from transformers import LogitsProcessor

from cds_service.errors import BackendError
from cds_service.inference.contract import Encoding, Offers, Shape, render_regex

_KEPT_GRAMMARS = 8
_SLICES = [r"[A-Za-z0-9 ,.'()/%+-]{1,10}", r"[A-Za-z0-9 ,.'()/%+-]{1,30}", r"[A-Za-z0-9 ,.'()/%+-]+"]
_SPACE = "\u2581"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Grammars:
    """One matcher for each shape of offers, kept with the masks it has already computed."""

    def __init__(self, tokenizer: Any, model: Any) -> None:
        ends = model.generation_config.eos_token_id or tokenizer.eos_token_id
        self.ends: list[int] = ends if isinstance(ends, list) else [ends]
        size = int(model.get_output_embeddings().weight.shape[0])
        try:
            self._tokens = _vocabulary(tokenizer, size, self.ends)
        except Exception:  # noqa: BLE001
            raise BackendError("this tokenizer cannot be constrained: a fast tokenizer is needed") from None
        self._matchers: dict[tuple[Shape, Encoding], LLMatcher] = {}

    def matcher(self, offers: Offers, encoding: Encoding) -> LLMatcher:
        """A matcher at its beginning."""
        key = (offers.shape, encoding)
        if key not in self._matchers:
            if len(self._matchers) >= _KEPT_GRAMMARS:
                del self._matchers[next(iter(self._matchers))]
            grammar = llguidance.LLMatcher.grammar_from_regex(render_regex(offers, encoding))
            self._matchers[key] = llguidance.LLMatcher(self._tokens, grammar, log_level=0)
        matcher = self._matchers[key]
        matcher.reset()
        return matcher


class ContractProcessor(LogitsProcessor):
    """Masks every token that the grammar does not allow next.

    The matcher follows the tokens after position `begin`. When a call shows fewer or other tokens than the last one
    (assisted decoding looks ahead and takes candidates back), it is rolled back to where both agree.
    """

    def __init__(self, matcher: LLMatcher, begin: int, ends: Container[int]) -> None:
        self._matcher = matcher
        self._begin = begin
        self._ends = ends
        self._seen: list[int] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """`scores` (1, vocabulary) with what is not allowed after `input_ids` (1, length) at minus infinity."""
        if not self._follow(input_ids[0, self._begin :].tolist()):
            return scores  # behind a candidate that is rejected anyway: whatever follows it is thrown away
        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8).bool()
        mask = torch.zeros(scores.shape[-1], dtype=torch.bool)
        width = min(len(allowed), len(mask))
        mask[:width] = allowed[:width]
        return scores.masked_fill(~mask.to(scores.device), float("-inf"))

    def complete(self, tokens: list[int]) -> bool:
        """Whether `tokens`, with or without an end mark, bring the grammar to its end."""
        words = tokens[:-1] if tokens and tokens[-1] in self._ends else tokens
        return self._follow(words) and bool(self._matcher.is_accepting())

    def _follow(self, tokens: list[int]) -> bool:
        same = 0
        for ours, theirs in zip(self._seen, tokens, strict=False):
            if ours != theirs:
                break
            same += 1
        if same < len(self._seen):
            self._matcher.rollback(len(self._seen) - same)
        self._seen = tokens[:same]
        fresh = tokens[same:]
        taken = self._matcher.try_consume_tokens(fresh) if fresh else 0
        self._seen = tokens[: same + taken]
        if self._matcher.is_error():
            raise BackendError("the output grammar failed while decoding")
        return taken == len(fresh)


class _PieceVocabulary:
    """What llguidance asks of a tokenizer, for SentencePiece pieces with a space marker (T5), which it cannot read."""

    bos_token_id = None

    def __init__(self, tokenizer: Any, size: int, end: int) -> None:
        self.eos_token_id = end
        pieces: list[str | None] = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        special = set(tokenizer.all_special_ids)
        self.tokens = [_piece_bytes(piece or "") for piece in pieces] + [b""] * (size - len(pieces))
        self.special_token_ids = sorted(special | {n for n, token in enumerate(self.tokens) if not token})
        for number in self.special_token_ids:
            self.tokens[number] = b"<special %d>" % number
        self._model = tokenizer.backend_tokenizer.model

    def __call__(self, text: str) -> list[int]:
        """The pieces of exactly this text: the whole tokenizer would put a space before it."""
        return [token.id for token in self._model.tokenize(text.replace(" ", _SPACE))]


def _piece_bytes(piece: str) -> bytes:
    byte = _BYTE.fullmatch(piece)
    return bytes([int(byte.group(1), 16)]) if byte else piece.replace(_SPACE, " ").encode()


def _vocabulary(tokenizer: Any, size: int, ends: list[int]) -> LLTokenizer:
    decoder = type(tokenizer.backend_tokenizer.decoder).__name__
    if decoder == "Metaspace":
        wrapped = llguidance.TokenizerWrapper(_PieceVocabulary(tokenizer, size, ends[0]))
        return LLTokenizer(wrapped, n_vocab=size, eos_token=ends, slices=_SLICES)
    return llguidance.hf.from_tokenizer(tokenizer, n_vocab=size, eos_token=ends, slices=_SLICES)
