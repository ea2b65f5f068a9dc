"""Small adapters, as a training run leaves them: real files for a Gemma 3 of two layers, made without a model."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from cds_service.safety.verdict import CHECKS
from cds_service.twins import ATTRIBUTES

WIDTH, INNER, HEADS, HEAD = 64, 128, 2, 32
RANK, ALPHA = 4, 16
LAYERS = 2
ROWS = {
    "self_attn.q_proj": (HEADS * HEAD, WIDTH), "self_attn.k_proj": (HEAD, WIDTH), "self_attn.v_proj": (HEAD, WIDTH),
    "self_attn.o_proj": (WIDTH, HEADS * HEAD), "mlp.gate_proj": (INNER, WIDTH), "mlp.up_proj": (INNER, WIDTH),
    "mlp.down_proj": (WIDTH, INNER),
}  # fmt: skip
"""(out, in) features of each linear layer of a block."""

BASE = {"id": "/home/somebody/models/tiny-gemma", "architecture": "Gemma3ForCausalLM", "sha256": "a" * 64,
        "gguf_sha256": None}  # fmt: skip
DATA = "d" * 64


def factors(seed: int) -> dict[str, np.ndarray]:
    """Both factors of every layer, by PEFT's names."""
    noise = np.random.default_rng(seed)
    tensors = {}
    for layer in range(LAYERS):
        for name, (out, width) in ROWS.items():
            stem = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{stem}.lora_A.weight"] = noise.normal(size=(RANK, width)).astype(np.float32)
            tensors[f"{stem}.lora_B.weight"] = noise.normal(size=(out, RANK)).astype(np.float32)
    return tensors


def save_peft(folder: Path, *, seed: int = 0, **config) -> Path:
    """A PEFT folder."""
    folder.mkdir(parents=True)
    said = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "bias": "none", "target_modules": sorted(ROWS),
            "base_model_name_or_path": "/home/somebody/models/tiny-gemma"}  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(said | config))
    save_file(factors(seed), folder / "adapter_model.safetensors")
    return folder


def save_run(folder: Path, *, seed: int = 0, base=None, **train) -> Path:
    """The folder of a run of `train tune` that came to its end."""
    save_peft(folder / "adapter", seed=seed)
    (folder / "adapter" / "README.md").write_text("written by peft")
    (folder / "checkpoints").mkdir()
    said = {"kind": "tune", "base": BASE | (base or {}), "data": {"manifest_sha256": DATA, "files": {}},
            "prompt": {"style": "compact", "version": "4"}, "contract": "1", "steps": 3, "seconds": 1.0,
            "versions": {}}  # fmt: skip
    (folder / "train.json").write_text(json.dumps(said | train))
    return folder


def share(k: int, n: int) -> dict:
    """A share as evaluation files hold it; who reads it counts anew."""
    return {"n": n, "k": k, "value": k / n, "low": 0.0, "high": 1.0}


GOOD = {"under_triage": share(600, 4000), "contract_valid": share(4000, 4000), "grounded": share(3800, 4000),
        "ready": share(3700, 4000), "exact": share(3000, 4000), "exact_floor": share(2500, 4000),
        **{f"check:{check.id}": share(3800, 4000) for check in CHECKS}}  # fmt: skip
FAIR = {"pairs": 100, "same_prompt": 10, "priority_changed": share(0, 100), "outcome_changed": share(2, 100),
        "concerns_changed": share(3, 100), "wording_changed": share(50, 100)}  # fmt: skip
STILL = {name: share(0, 100) for name in ("outcome_changed", "concerns_changed", "wording_changed")}


def evaluation(*models, paired=()) -> dict:
    """An evaluation file over one set. `models`: (spec, identity, figures that differ from `GOOD`)."""
    return {
        "kind": "assessment", "version": 1, "sets": {"held-out": {"cases": 4000, "sha256": "e" * 64}},
        "models": [{"spec": "floor", "adapter": None, "sets": {"held-out": {}}}]
        + [{"spec": s, "adapter": i, "sets": {"held-out": GOOD | more}} for s, i, more in models],
        "paired": list(paired),
    }  # fmt: skip


def bias(*models) -> dict:
    """A bias file, the rules alone first. `models`: (spec, identity, figures of sex that differ from `FAIR`)."""
    return {
        "kind": "bias", "version": 1, "sets": {},
        "models": [
            {"spec": s, "adapter": i, "may_raise": False,
             "attributes": dict.fromkeys(ATTRIBUTES, FAIR) | {"sex": FAIR | more},
             "kept": {kind: share(40, 40) for kind in ("age band", "pregnancy", "sex-specific disease")}}
            for s, i, more in [("floor", None, STILL), *models]
        ],
    }  # fmt: skip
