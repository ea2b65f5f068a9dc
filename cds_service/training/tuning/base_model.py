"""The model to adapt: found, loaded from local safetensors (in NF4 where the run says so), with its LoRA layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, BitsAndBytesConfig
from transformers.utils import logging as transformers_logging

from cds_service.errors import BackendError
from cds_service.inference.adapters import check_peft_adapter
from cds_service.inference.checksum import sha256_of
from cds_service.inference.models import ALIASES
from cds_service.inference.prepare import Progress, no_progress
from cds_service.settings import Quantization
from cds_service.training.tuning.errors import BadRun
from cds_service.training.tuning.run_file import Run
from cds_service.training.tuning.targets import has_conv1d, linear_targets

transformers_logging.disable_progress_bar()
transformers_logging.set_verbosity_error()  # its warnings may quote inputs

_UNLOADABLE = "the base model could not be loaded: files are missing, damaged or not safetensors"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base model on disk. `sha256`: of its folder; `gguf_sha256`: of the GGUF file it was unpacked from, if any."""

    id: str
    folder: Path
    architecture: str
    causal: bool
    sha256: str
    gguf_sha256: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """As ``train.json`` has it."""
        return {
            "id": self.id,
            "architecture": self.architecture,
            "sha256": self.sha256,
            "gguf_sha256": self.gguf_sha256,
        }


def find_base(run: Run, model_dir: Path, progress: Progress = no_progress) -> Base:
    """The base model that `run` names, prepared in `model_dir` where it is an alias. Raises BackendError."""
    alias = ALIASES.get(run.base)
    folder = alias.folder(model_dir, progress) if alias else Path(run.base)
    if not (folder / "config.json").is_file():
        raise BackendError(
            "'base' must name 'default' or a folder with a transformers model (config.json, safetensors)"
        )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001
        raise BackendError(_UNLOADABLE) from None
    return Base(
        id=run.base if alias else folder.name,
        folder=folder,
        architecture=str((config.architectures or [config.model_type])[0]),
        causal=not config.is_encoder_decoder,
        sha256=sha256_of(folder),
        gguf_sha256=alias.gguf_sha256() if alias else None,
    )


def load_tokenizer(base: Base) -> Any:
    """The tokenizer of `base`, with an end-of-sequence token. Raises BackendError."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(base.folder, local_files_only=True, trust_remote_code=False)
    except Exception:  # noqa: BLE001
        raise BackendError(_UNLOADABLE) from None
    if tokenizer.eos_token_id is None:
        raise BackendError("the base model's tokenizer has no end-of-sequence token, so no end could be taught")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def device_of(run: Run) -> torch.device:
    """Where the run computes. Raises BadRun for a CUDA device that is not there."""
    cuda = torch.cuda.is_available()
    name = ("cuda" if cuda else "cpu") if run.device == "auto" else run.device
    if name not in ("cpu", "cuda"):
        raise BadRun("'device' must be auto, cpu or cuda")
    if name == "cuda" and not cuda:
        raise BadRun("'device' is cuda, and this machine has no CUDA device")
    return torch.device(name)


def load_adapted(run: Run, base: Base, device: torch.device) -> Any:
    """The base model with trainable LoRA layers in float32, everything else frozen. Raises BackendError or BadRun."""
    torch.set_num_threads(run.threads)
    torch.manual_seed(run.seed)
    model = _load(run, base, device)
    if run.adapter is not None:
        return _continued(model, run)
    config = LoraConfig(
        r=run.r,
        lora_alpha=run.alpha,
        lora_dropout=run.dropout,
        target_modules=linear_targets(model),
        fan_in_fan_out=has_conv1d(model),
        task_type="CAUSAL_LM" if base.causal else "SEQ_2_SEQ_LM",
    )
    return get_peft_model(model, config)


def _load(run: Run, base: Base, device: torch.device) -> Any:
    number = torch.bfloat16 if run.precision == "bfloat16" else torch.float32
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=number
    )
    loader = AutoModelForCausalLM if base.causal else AutoModelForSeq2SeqLM
    try:
        model = loader.from_pretrained(
            base.folder,
            dtype=number,
            device_map={"": device},
            quantization_config=four_bits if run.quantization is Quantization.NF4 else None,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
    except torch.OutOfMemoryError:
        raise BackendError("the base model does not fit into the device's memory") from None
    except Exception:  # noqa: BLE001
        raise BackendError(_UNLOADABLE) from None
    model.config.use_cache = False
    return model


def _continued(model: Any, run: Run) -> Any:
    """The model with the adapter of an earlier run, to be trained further."""
    folder = Path(str(run.adapter)) / "adapter"
    if not (folder / "adapter_config.json").is_file():
        raise BadRun("'adapter' must name the folder of a run that ended, with 'adapter' in it")
    layers = {n: pair for n, m in model.named_modules() if (pair := _features(m)) is not None}
    check_peft_adapter(folder, layers)
    try:
        config = PeftConfig.from_pretrained(folder)
        config.lora_dropout = run.dropout
        adapted = PeftModel.from_pretrained(model, folder, config=config, is_trainable=True, local_files_only=True)
    except Exception:  # noqa: BLE001
        raise BackendError("peft could not load the adapter: its files are damaged") from None
    if (config.r, config.lora_alpha) != (run.r, run.alpha):
        raise BadRun("'r' and 'alpha' must be those of the adapter that is trained further")
    return adapted


def _features(module: torch.nn.Module) -> tuple[int, int] | None:
    if isinstance(module, torch.nn.Linear):
        return module.in_features, module.out_features
    if hasattr(module, "nx") and hasattr(module, "nf"):
        return int(module.nx), int(module.nf)
    return None
