"""A Llama of two layers and its adapter, in transformers and in llama.cpp: the rows that GGUF reorders agree."""

import json

import numpy as np
import pytest
import torch
from gguf import GGUFWriter

from cds_service.inference.backends.llamacpp import _start
from cds_service.inference.registry.convert import Heads, write_gguf
from tests.support.tiny_models import causal_tokenizer

HEADS, KEY_HEADS, LAYERS, WIDTH, INNER, CONTEXT = 4, 2, 2, 64, 128, 512
NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
}  # fmt: skip
TEXT = "Patient: 71 years, male. Complaint: tight chest and sweating"


def _model(tokenizer):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=LAYERS,
            num_attention_heads=HEADS, num_key_value_heads=KEY_HEADS, max_position_embeddings=CONTEXT,
            pad_token_id=0, eos_token_id=1, bos_token_id=1, tie_word_embeddings=False,
        )
    )  # fmt: skip
    for weight in model.parameters():
        if weight.dim() == 2:
            torch.nn.init.normal_(weight, std=0.2)
    return model


def _interleaved(weight, heads):
    size = weight.shape[0] // heads
    order = [h * size + part * (size // 2) + i for h in range(heads) for i in range(size // 2) for part in (0, 1)]
    return weight[order]


def _write_base(model, tokenizer, path):
    """The model as llama.cpp's own conversion writes one, in full precision."""
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    words = [word for word, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([3 if number < 3 else 1 for number in range(len(words))])  # control words first
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_eos_token_id(1)
    for key, weight in model.state_dict().items():
        module = key.removesuffix(".weight")
        values = weight.numpy()
        if module.startswith("model.layers."):
            layer, module = module.removeprefix("model.layers.").split(".", 1)
            heads = {"self_attn.q_proj": HEADS, "self_attn.k_proj": KEY_HEADS}.get(module)
            values = values if heads is None else _interleaved(values, heads)
            name = f"blk.{layer}.{NAMES[module]}.weight"
        else:
            name = f"{NAMES[module]}.weight"
        writer.add_tensor(name, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Log-probabilities of the next token: llama.cpp's likeliest, then transformers with the adapter and without."""
    from peft import LoraConfig, get_peft_model

    folder, tokenizer = tmp_path_factory.mktemp("llama"), causal_tokenizer()
    model = _model(tokenizer)
    _write_base(model, tokenizer, folder / "base.gguf")
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, config).eval()
    for name, weight in model.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    model.save_pretrained(folder / "adapter")
    write_gguf(folder / "adapter", folder / "adapter.gguf", "LlamaForCausalLM", heads=Heads(query=HEADS, key=KEY_HEADS))
    ids, answers = tokenizer(TEXT)["input_ids"], []
    _start(folder / "base.gguf", folder / "adapter.gguf", 1).handle_completions(
        {"prompt": ids, "n_predict": 1, "n_probs": 10, "temperature": 1.0, "seed": 1, "stream": False},
        lambda chunk: answers.append(chunk) and False,
    )
    likeliest = answers[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    with torch.inference_mode():
        adapted = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        with model.disable_adapter():
            alone = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    return [(top["logprob"], float(adapted[top["id"]]), float(alone[top["id"]])) for top in likeliest]


def test_both_engines_agree_with_the_adapter_and_not_without_it(scores):
    assert len(scores) == 10
    assert max(abs(found - adapted) for found, adapted, _ in scores) < 0.03
    assert max(abs(found - alone) for found, _, alone in scores) > 1.0
