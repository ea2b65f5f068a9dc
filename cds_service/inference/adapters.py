"""Whether an adapter belongs to a base model, checked before an engine sees it.

Both engines either fail obscurely or load an adapter of another model without a word; both are turned into one clear
`BackendError` here by comparing the shape of every adapted layer.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from cds_service.errors import BackendError
from cds_service.inference.gguf_header import read_header

OTHER_BASE = "the adapter was made for another base model: check CDS_MODEL_ID"
_UNREADABLE = "the adapter cannot be read: its files are missing, damaged or of another kind"


def check_gguf_adapter(base: Path, adapter: Path) -> None:
    """Raise BackendError unless the GGUF file `adapter` is a LoRA adapter with the layers of the GGUF file `base`."""
    try:
        lora, model = read_header(adapter), read_header(base)
    except (OSError, ValueError, struct.error):
        raise BackendError(_UNREADABLE) from None
    if lora.texts.get("general.type") != "adapter":
        raise BackendError("the GGUF file is not an adapter")
    # GGUF stores shapes fastest dimension first: weight (in, out), lora_a (in, r), lora_b (r, out)
    weights, pairs = model.shapes, lora.shapes
    made_for, serving = (header.texts.get("general.architecture") for header in (lora, model))
    fits = made_for == serving and bool(pairs)
    for name, shape in pairs.items():
        weight = weights.get(name.removesuffix(".lora_a").removesuffix(".lora_b"))
        side = 0 if name.endswith(".lora_a") else 1
        fits = fits and weight is not None and len(weight) == len(shape) == 2 and weight[side] == shape[side]
    if not fits:
        raise BackendError(OTHER_BASE)


def check_peft_adapter(folder: Path, layers: Mapping[str, tuple[int, int]]) -> None:
    """Raise BackendError unless the PEFT folder `folder` holds a LoRA adapter for `layers`.

    `layers`: module name of each linear layer of the base model to its (in, out) features.
    """
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        shapes = dict(_safetensors_shapes(folder / "adapter_model.safetensors"))
    except Exception:  # noqa: BLE001
        raise BackendError(_UNREADABLE) from None
    if config.get("peft_type") != "LORA":
        raise BackendError("only LoRA adapters are supported")
    fits = bool(shapes)
    for key, shape in shapes.items():
        module, _, part = key.removeprefix("base_model.model.").rpartition(".lora_")
        if part == "A.weight":
            fits = fits and module in layers and layers[module][0] == shape[1]
        elif part == "B.weight":
            fits = fits and module in layers and layers[module][1] == shape[0]
        else:
            raise BackendError("the adapter holds more than LoRA weights of linear layers, which is not supported")
    if not fits:
        raise BackendError(OTHER_BASE)


def _safetensors_shapes(path: Path) -> Iterator[tuple[str, list[int]]]:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as tensors:
        for key in tensors.keys():  # noqa: SIM118  (not a mapping)
            yield key, tensors.get_slice(key).get_shape()
