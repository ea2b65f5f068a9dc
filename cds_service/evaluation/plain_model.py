"""A transformers model as one would first write it: for baselines, and for the likelihood of given words.

No grammar, no prefix cache, no lookup in the prompt: `generate` is called as the library's own documentation shows it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.errors import BackendError
from cds_service.inference.backend import MAX_NEW_TOKENS


@dataclass(frozen=True, kw_only=True)
class Written:
    """What the model wrote for a batch of prompts, in how many seconds; `tokens` counts new ones, without padding."""

    texts: tuple[str, ...]
    tokens: int
    seconds: float


class PlainModel:
    """A model folder in 4-bit NF4 (or, without `four_bits`, in full) and, if given, a PEFT adapter."""

    def __init__(self, folder: Path, *, adapter: Path | None = None, four_bits: bool = True, threads: int = 2) -> None:
        """Load. Raises BackendError."""
        import torch
        from transformers import (
            AutoConfig,
            AutoModelForCausalLM,
            AutoModelForSeq2SeqLM,
            AutoTokenizer,
            BitsAndBytesConfig,
        )
        from transformers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        torch.set_num_threads(threads)
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        number = torch.bfloat16 if self._device == "cuda" else torch.float32
        local = {"local_files_only": True, "trust_remote_code": False}
        packed = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=number)
        try:
            self.causal = not AutoConfig.from_pretrained(folder, **local).is_encoder_decoder
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left", **local)
            self._model: Any = (AutoModelForCausalLM if self.causal else AutoModelForSeq2SeqLM).from_pretrained(
                folder,
                dtype=number,
                device_map={"": self._device},
                quantization_config=packed if four_bits else None,
                use_safetensors=True,
                **local,
            )
            if adapter is not None:
                from peft import PeftModel

                self._model = PeftModel.from_pretrained(self._model, adapter, local_files_only=True)
        except Exception:  # noqa: BLE001 - the library fails in many ways; its text may hold a path
            raise BackendError("transformers could not load the model or its adapter") from None
        self._model.eval()

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a CUDA device."""
        return bool(self._device == "cuda")

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int = MAX_NEW_TOKENS) -> Written:
        """Continue (or answer) a batch of prompts greedily."""
        started = time.perf_counter()
        inputs = self._tokenizer(list(prompts), return_tensors="pt", padding=True).to(self._device)
        with self._torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
        new = output[:, inputs["input_ids"].shape[1] :] if self.causal else output[:, 1:]
        texts = self._tokenizer.batch_decode(new, skip_special_tokens=True)
        padding = self._tokenizer.pad_token_id
        tokens = int((new != padding).sum()) if padding is not None else int(new.numel())
        return Written(texts=tuple(texts), tokens=tokens, seconds=time.perf_counter() - started)

    def log_likelihood(self, text: str, continuation: str) -> float:
        """Natural logarithm of the probability that the model continues (or answers) `text` with `continuation`."""
        torch = self._torch
        words = self._ids(continuation)
        with torch.inference_mode():
            if self.causal:
                start = self._tokenizer(text, return_tensors="pt")["input_ids"].to(self._device)
                output = self._model(
                    input_ids=torch.cat([start, words], dim=1), logits_to_keep=words.shape[1] + 1
                ).logits[0, :-1]
            else:
                inputs = self._tokenizer(text, return_tensors="pt").to(self._device)
                output = self._model(**inputs, labels=words).logits[0]
            chances = torch.log_softmax(output.float(), dim=-1)
        return float(chances.gather(1, words[0].unsqueeze(1)).sum())

    def _ids(self, text: str) -> Any:
        return self._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"].to(self._device)
