"""A PEFT adapter as GGUF: names, shapes and numbers."""

import numpy as np
import pytest
from gguf import GGUFReader

from cds_service.inference.gguf_header import read_header
from cds_service.inference.registry.convert import Heads, architecture_of, write_gguf
from cds_service.inference.registry.errors import AdapterRefused
from tests.support.adapters import ALPHA, HEAD, HEADS, LAYERS, RANK, ROWS, factors, save_peft

GEMMA = "Gemma3ForCausalLM"


def read(path):
    return {tensor.name: tensor.data for tensor in GGUFReader(path).tensors}


def test_every_layer_has_its_two_factors_under_the_models_names(tmp_path):
    target = tmp_path / "adapter.gguf"
    write_gguf(save_peft(tmp_path / "peft"), target, GEMMA)
    header = read_header(target)
    assert header.texts["general.architecture"] == "gemma3"
    assert header.texts["general.type"] == "adapter"
    assert header.texts["adapter.type"] == "lora"
    assert len(header.shapes) == 2 * LAYERS * len(ROWS)
    out, width = ROWS["mlp.down_proj"]
    assert header.shapes["blk.1.ffn_down.weight.lora_a"] == (width, RANK)  # GGUF tells the fastest dimension first
    assert header.shapes["blk.1.ffn_down.weight.lora_b"] == (RANK, out)
    assert float(GGUFReader(target).fields["adapter.lora.alpha"].contents()) == ALPHA


def test_the_numbers_are_those_of_the_adapter(tmp_path):
    target = tmp_path / "adapter.gguf"
    write_gguf(save_peft(tmp_path / "peft", seed=5), target, GEMMA)
    stored = factors(5)["base_model.model.model.layers.0.self_attn.k_proj.lora_B.weight"]
    assert np.array_equal(read(target)["blk.0.attn_k.weight.lora_b"], stored.astype(np.float16))


def test_the_same_adapter_makes_the_same_file(tmp_path):
    peft = save_peft(tmp_path / "peft")
    for name in ("one", "two"):
        write_gguf(peft, tmp_path / name, GEMMA)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def halves_interleaved(weight, heads):
    """Llama's order in GGUF, written out row by row: of each head the rows 0, half, 1, half + 1, …"""
    size = weight.shape[0] // heads
    order = [h * size + part * (size // 2) + i for h in range(heads) for i in range(size // 2) for part in (0, 1)]
    return weight[order]


def test_llamas_query_and_key_rows_stand_in_its_own_order(tmp_path):
    target = tmp_path / "adapter.gguf"
    write_gguf(save_peft(tmp_path / "peft", seed=3), target, "LlamaForCausalLM", heads=Heads(query=HEADS, key=1))
    found, given = read(target), factors(3)
    stem = "base_model.model.model.layers.0.self_attn"
    for layer, name, heads in (("q_proj", "attn_q", HEADS), ("k_proj", "attn_k", 1)):
        a, b = (given[f"{stem}.{layer}.lora_{side}.weight"] for side in "AB")
        change = found[f"blk.0.{name}.weight.lora_b"].astype(float) @ found[f"blk.0.{name}.weight.lora_a"].astype(float)
        assert np.allclose(change, halves_interleaved(b @ a, heads), atol=0.02)
    assert np.array_equal(found["blk.0.attn_v.weight.lora_b"], given[f"{stem}.v_proj.lora_B.weight"].astype(np.float16))
    assert HEAD % 2 == 0


def test_an_unknown_family_and_unknown_heads_are_refused(tmp_path):
    peft = save_peft(tmp_path / "peft")
    for architecture in ("T5ForConditionalGeneration", "LlamaForCausalLM"):
        with pytest.raises(AdapterRefused, match="no GGUF form"):
            write_gguf(peft, tmp_path / "adapter.gguf", architecture)
    assert architecture_of("T5ForConditionalGeneration") is None


@pytest.mark.parametrize("config", [{"use_rslora": True}, {"alpha_pattern": {"q_proj": 3}}])
def test_a_scale_that_gguf_cannot_hold_is_refused(tmp_path, config):
    with pytest.raises(AdapterRefused, match="scales its layers"):
        write_gguf(save_peft(tmp_path / "peft", **config), tmp_path / "adapter.gguf", GEMMA)


def test_numbers_that_half_precision_cannot_hold_leave_nothing(tmp_path):
    from safetensors.numpy import save_file

    peft = save_peft(tmp_path / "peft")
    tensors = factors(0)
    tensors[next(iter(tensors))][0, 0] = np.inf
    save_file(tensors, peft / "adapter_model.safetensors")
    with pytest.raises(AdapterRefused, match="not finite"):
        write_gguf(peft, tmp_path / "adapter.gguf", GEMMA)
    assert [p.name for p in tmp_path.iterdir()] == ["peft"]
