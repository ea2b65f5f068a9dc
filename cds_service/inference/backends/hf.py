"""Any causal or seq2seq model of transformers, in 4-bit NF4 (double-quantized) by default, on the CPU or a GPU.

Only local safetensors are read, and no code that comes with a model is run. A PEFT LoRA adapter may sit on top. The
output contract is enforced by llguidance in a logits processor that also follows assisted decoding, where a
candidate may be taken back.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    DynamicCache,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.utils import logging as transformers_logging

from cds_service.errors import BackendError
from cds_service.inference.adapters import check_peft_adapter
from cds_service.inference.backend import MAX_NEW_TOKENS, Finish, Generation
from cds_service.inference.backends.guide import ContractProcessor, Grammars
from cds_service.inference.checksum import sha256_of
from cds_service.inference.contract import (
    ContractBroken,
    Encoding,
    Offers,
    can_encode,
)
from cds_service.inference.prompt import Prompt, prefix
from cds_service.inference.style import Style
from cds_service.settings import Quantization

transformers_logging.disable_progress_bar()
transformers_logging.set_verbosity_error()  # its warnings may quote inputs

_LOOKUP_TOKENS = 8  # candidates copied from the prompt for one step of a causal model


class HfBackend:
    """A transformers model folder with, if given, a PEFT adapter."""

    def __init__(
        self,
        folder: Path,
        *,
        adapter: Path | None = None,
        style: Style = Style.WORKED,
        quantization: Quantization = Quantization.NF4,
        device: str = "auto",
        threads: int = 2,
    ) -> None:
        """Load the model in `folder`. Raises BackendError."""
        if not (folder / "config.json").is_file():
            raise BackendError("CDS_MODEL_ID must name a folder with a transformers model (config.json, safetensors)")
        self._device = torch.device(_resolve(device))
        torch.set_num_threads(threads)
        weights = sha256_of(folder)[:16]
        adapted = sha256_of(adapter)[:16] if adapter is not None else "none"
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            self._model: Any = _load(folder, quantization, self._device)
        except Exception:  # noqa: BLE001
            raise BackendError("transformers could not load the model: files are missing, damaged or pickled") from None
        self._causal = not self._model.config.is_encoder_decoder
        if adapter is not None:
            self._model = _adapt(self._model, adapter)
        self._model.eval()
        self.encoding = _encoding(self._tokenizer)
        self.style = style
        self.name = f"transformers/{folder.name}"
        self.version = f"transformers safetensors:{weights} adapter:{adapted} quantization:{quantization}"
        self._grammars = Grammars(self._tokenizer, self._model)
        # bitsandbytes on a CPU is fast for one token at a time only, so looking ahead would cost more than it saves
        self._looks_ahead = self._causal and not (quantization is Quantization.NF4 and self._device.type == "cpu")
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Run one whole made-up answer, so that the grammar's masks are computed before the first patient."""
        offers = Offers(risk_factors=("one", "two", "three"), actions=("one", "two", "three"), passages=("one", "two"))
        text = prefix(self.encoding, self.style)
        self.generate(Prompt(text=text, prefix_chars=len(text)), offers, deadline_s=120.0)

    def generate(self, prompt: Prompt, offers: Offers, *, deadline_s: float) -> Generation:
        """Continue (causal) or answer (seq2seq) `prompt` under the contract's grammar, greedily."""
        started = time.monotonic()
        with self._lock:
            if self._model is None:
                raise BackendError("the model was closed")
            try:
                return self._generate(prompt, offers, started, started + deadline_s)
            except BackendError:
                raise
            except Exception:  # noqa: BLE001  (its text may quote the prompt)
                raise BackendError("transformers failed while answering") from None

    def close(self) -> None:
        """Free the model."""
        with self._lock:
            self._model = None

    def _generate(self, prompt: Prompt, offers: Offers, started: float, deadline: float) -> Generation:
        inputs = self._tokenizer(prompt.text, return_tensors="pt").to(self._device)
        begin = inputs["input_ids"].shape[1] if self._causal else 1
        guide = ContractProcessor(self._grammars.matcher(offers, self.encoding), begin, self._grammars.ends)
        clock = _Deadline(deadline)
        extra: dict[str, Any] = {}
        if self._looks_ahead:
            # a full cache, since layers with a sliding window cannot take rejected candidates back
            extra = {"prompt_lookup_num_tokens": _LOOKUP_TOKENS, "past_key_values": DynamicCache()}
        with torch.inference_mode():
            output = self._model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=False,
                num_beams=1,
                logits_processor=LogitsProcessorList([guide]),
                stopping_criteria=StoppingCriteriaList([clock]),
                **extra,
            )
        tokens = output[0, begin:].tolist()
        finish: Finish = "stop" if guide.complete(tokens) else "timeout" if clock.passed else "length"
        text = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
        return Generation(text=text, tokens=len(tokens), seconds=time.monotonic() - started, finish=finish)


class _Deadline(StoppingCriteria):
    """Stops generation when the clock passes `deadline` (monotonic seconds)."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self.passed = False

    def __call__(self, input_ids: torch.LongTensor, scores: Any, **_: Any) -> torch.BoolTensor:  # noqa: ARG002
        """One flag for each sequence of the batch."""
        self.passed = time.monotonic() > self._deadline
        return torch.full((input_ids.shape[0],), self.passed, dtype=torch.bool, device=input_ids.device)


def _resolve(device: str) -> str:
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _load(folder: Path, quantization: Quantization, device: torch.device) -> Any:
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    number = torch.bfloat16 if device.type == "cuda" else torch.float32
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=number
    )
    loader = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    return loader.from_pretrained(
        folder,
        config=config,
        dtype=number,
        device_map={"": device},
        quantization_config=four_bits if quantization is Quantization.NF4 else None,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
    )


def _adapt(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    linear = {n: (m.in_features, m.out_features) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    check_peft_adapter(adapter, linear)
    try:
        return PeftModel.from_pretrained(model, adapter, is_trainable=False, local_files_only=True)
    except Exception:  # noqa: BLE001
        raise BackendError("peft could not load the adapter: its files are damaged") from None


def _encoding(tokenizer: Any) -> Encoding:
    try:
        return can_encode(
            lambda text: tokenizer(text, add_special_tokens=False)["input_ids"],
            lambda ids: tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        )
    except ContractBroken:
        raise BackendError("the model's tokenizer can write neither encoding of the output contract") from None
