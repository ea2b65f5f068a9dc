"""What the tests of tuning train on: run files, data folders and tiny models of each architecture."""

import hashlib
import json
from pathlib import Path

import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MT5Config,
    MT5ForConditionalGeneration,
)

from cds_service.inference.prompt import Encoding, Style, prefix
from tests.support.tiny_models import causal_tokenizer, save_causal, save_seq2seq, seq2seq_tokenizer

RUN = {
    "kind": "tune", "base": "default", "device": "cpu", "threads": 1, "quantization": "none", "precision": "float32",
    "gradient_checkpointing": False, "seed": 5, "epochs": 1, "max_steps": 0, "batch": 4, "accumulate": 1,
    "max_tokens": 400, "r": 4, "alpha": 8, "dropout": 0.0, "learning_rate": 5e-3, "schedule": "linear",
    "warmup_steps": 0, "weight_decay": 0.0, "max_grad_norm": 1.0, "consistency_weight": 0.5, "evaluate_every": 3,
    "evaluate_examples": 4, "checkpoint_minutes": 1000, "keep_checkpoints": 2,
}  # fmt: skip

COMPLAINTS = ("cough and fever", "sore throat", "headache since yesterday", "belly pain")


def write_run(path, base, **changed):
    path.write_text(
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in {**RUN, "base": str(base), **changed}.items())
    )
    return path


def line(number, *, sex="female", twin_of=None):
    complaint = COMPLAINTS[number % len(COMPLAINTS)]
    user = f"Patient: {20 + number} years, {sex}\nComplaint: {complaint}\nPriority of the rules: Low.\n### Note\n"
    return {
        "id": f"case-{number}" + ("" if twin_of is None else "-twin"),
        "source": "synthetic",
        "patient": f"patient-{number}",
        "family": "f",
        "twin": None if twin_of is None else {"of": twin_of, "attribute": "sex"},
        "messages": [
            {"role": "system", "content": prefix(Encoding.JSON, Style.COMPACT)},
            {"role": "user", "content": user},
            {"role": "assistant", "content": json.dumps({"t": f"{complaint} may be a viral infection."})},
        ],
    }


def lines(count, first=0):
    """`count` originals; every second one has a twin of the other sex."""
    found = []
    for number in range(first, first + count):
        found.append(line(number))
        if number % 2:
            found.append(line(number, sex="male", twin_of=f"case-{number}"))
    return found


def write_data(folder, train, validation=None):
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, content in (
        ("train.jsonl", train),
        ("validation.jsonl", lines(2, 50) if validation is None else validation),
    ):
        text = content if isinstance(content, str) else "".join(json.dumps(item) + "\n" for item in content)
        (folder / name).write_text(text, encoding="utf-8")
        files[name] = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "lines": text.count("\n")}
    (folder / "manifest.json").write_text(json.dumps({"files": files, "prompt": {"style": "compact", "version": "4"}}))
    return folder


def _save(model, tokenizer, folder):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_llama(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = causal_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, pad_token_id=0, eos_token_id=1, bos_token_id=1, tie_word_embeddings=False,
    )  # fmt: skip
    return _save(LlamaForCausalLM(config), tokenizer, folder)


def save_gpt2(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = causal_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=1, n_head=2, n_positions=512, pad_token_id=0, eos_token_id=1,
        bos_token_id=1, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    return _save(GPT2LMHeadModel(config), tokenizer, folder)


def save_mt5(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = seq2seq_tokenizer()
    config = MT5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=1, num_decoder_layers=1, num_heads=2,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, dropout_rate=0.0,
    )  # fmt: skip
    return _save(MT5ForConditionalGeneration(config), tokenizer, folder)


SAVERS = {"gemma3": save_causal, "llama": save_llama, "gpt2": save_gpt2, "t5": save_seq2seq, "mt5": save_mt5}
