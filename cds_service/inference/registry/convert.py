"""A PEFT LoRA adapter as GGUF, the form that llama.cpp reads.

A GGUF adapter names its layers as the GGUF model does (the tables of the `gguf` package) and holds, for each, the two
factors as PEFT has them; llama.cpp scales them by ``adapter.lora.alpha`` / rank, as PEFT does. Llama's own conversion
also reorders the rows of the query and key layers, because llama.cpp pairs the numbers of a rotary position otherwise
than transformers; the second factor is reordered with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.inference.registry.errors import AdapterRefused

ADAPTER_GGUF = "adapter.gguf"

_LAYER = re.compile(r"base_model\.model\.(?:model\.language_model\.|language_model\.)?(.+)\.lora_(A|B)\.weight")
_LARGEST = 65504.0  # of a half-precision number


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """How a family of models is named in GGUF. `rotated`: query and key rows stand in another order there."""

    gguf: str
    rotated: bool = False


ARCHITECTURES = {
    "gemma3": Architecture(gguf="gemma3"),
    "gemma3_text": Architecture(gguf="gemma3"),
    "llama": Architecture(gguf="llama", rotated=True),
    "mistral": Architecture(gguf="llama", rotated=True),
    "qwen2": Architecture(gguf="qwen2"),
    "qwen3": Architecture(gguf="qwen3"),
}
"""By the ``model_type`` of a transformers configuration."""

_CLASSES = {
    "Gemma3ForCausalLM": "gemma3_text",
    "Gemma3ForConditionalGeneration": "gemma3",
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "mistral",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}


@dataclass(frozen=True, kw_only=True)
class Heads:
    """How many attention heads a model has: for queries, and for keys and values."""

    query: int
    key: int


def architecture_of(name: str) -> Architecture | None:
    """The entry for a ``model_type`` or the name of a transformers class; None where there is no GGUF form."""
    return ARCHITECTURES.get(_CLASSES.get(name, name))


def write_gguf(adapter: Path, target: Path, architecture: str, *, heads: Heads | None = None) -> None:
    """Write the PEFT folder `adapter` as the GGUF file `target`, which must not exist, and is not left half-written.

    `heads`: of the base model, needed where rows are reordered. Raises AdapterRefused, or OSError for the disk.
    """
    known = architecture_of(architecture)
    if known is None or (known.rotated and heads is None):
        raise AdapterRefused("this kind of model has no GGUF form here: serve the adapter with transformers")
    from gguf import GGUFWriter

    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    if config.get("use_rslora") or config.get("alpha_pattern"):
        raise AdapterRefused("the adapter scales its layers in a way that GGUF cannot hold: serve it with transformers")
    aside = target.with_name(f".{target.name}.part")
    try:
        writer = GGUFWriter(aside, known.gguf)
        try:
            writer.add_type("adapter")
            writer.add_string("adapter.type", "lora")
            writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
            for name, factor in _tensors(adapter, known, heads):
                writer.add_tensor(name, factor)
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
        finally:
            writer.close()
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _tensors(adapter: Path, known: Architecture, heads: Heads | None) -> Iterator[tuple[str, Any]]:
    """Name and half-precision values of each factor, in an order that does not change."""
    import numpy as np
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map
    from safetensors.torch import load_file

    arch = next(a for a in MODEL_ARCH if MODEL_ARCH_NAMES[a] == known.gguf)
    stored = load_file(adapter / "adapter_model.safetensors")
    layers = 1 + max((int(n) for key in stored for n in re.findall(r"\.layers\.(\d+)\.", key)), default=0)
    names = get_tensor_name_map(arch, layers)
    for key in sorted(stored):
        match = _LAYER.fullmatch(key)
        name = None if match is None else names.get_name(match[1])
        if match is None or name is None:
            raise AdapterRefused("the adapter changes a layer that has no GGUF form: serve it with transformers")
        factor = stored[key].float().numpy()
        if not np.isfinite(factor).all() or np.abs(factor).max(initial=0.0) > _LARGEST:
            raise AdapterRefused("the adapter holds numbers that are not finite or too large")
        side = match[2].lower()
        if known.rotated and heads is not None and side == "b":
            factor = _reordered(factor, match[1], heads)
        yield f"{name}.weight.lora_{side}", np.ascontiguousarray(factor, dtype=np.float16)


def _reordered(factor: Any, layer: str, heads: Heads) -> Any:
    """The rows of a query or key layer in llama.cpp's order: of each head, first and second halves interleaved."""
    count = {"q_proj": heads.query, "k_proj": heads.key}.get(layer.rpartition(".")[2])
    if count is None:
        return factor
    return (
        factor.reshape(count, 2, factor.shape[0] // count // 2, *factor.shape[1:]).swapaxes(1, 2).reshape(factor.shape)
    )
