"""Tiny random models of each kind, with tokenizers trained on the spot: real architectures, a second to build."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from cds_service.inference.contract import SPECIMEN, Encoding
from cds_service.inference.prompt import prefix

SPECIAL = ["<pad>", "</s>", "<unk>"]
BRACES = "{}[]<>\\"


def _corpus() -> list[str]:
    alphabet = "".join(map(chr, range(32, 127)))
    return [*prefix(Encoding.JSON).splitlines(), *prefix(Encoding.TAGGED).splitlines(), SPECIMEN, *alphabet, alphabet]


def causal_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE: writes everything."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    return _wrapped(tokenizer)


def seq2seq_tokenizer() -> PreTrainedTokenizerFast:
    """A SentencePiece-like unigram model that, as T5's, knows neither braces nor line ends."""
    tokenizer = Tokenizer(models.Unigram())
    squeeze = [normalizers.Replace("\n", " "), *(normalizers.Replace(brace, "") for brace in BRACES)]
    tokenizer.normalizer = normalizers.Sequence(squeeze)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=500, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )  # fmt: skip
    tokenizer.train_from_iterator(_corpus(), trainer)
    return _wrapped(tokenizer)


def _wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )  # fmt: skip


def save_causal(folder: Path, *, hidden: int = 64, seed: int = 0) -> Path:
    """A Gemma 3 of two layers, one of them with a sliding window shorter than any prompt."""
    tokenizer = causal_tokenizer()
    torch.manual_seed(seed)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer) + 5, hidden_size=hidden, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, head_dim=32, sliding_window=64, max_position_embeddings=4096,
        layer_types=["sliding_attention", "full_attention"], pad_token_id=0, eos_token_id=1, bos_token_id=1,
    )  # fmt: skip
    Gemma3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_seq2seq(folder: Path, *, hidden: int = 64, seed: int = 0) -> Path:
    """A T5 of one layer on each side."""
    tokenizer = seq2seq_tokenizer()
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=len(tokenizer) + 5, d_model=hidden, d_kv=32, d_ff=128, num_layers=1, num_decoder_layers=1,
        num_heads=2, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_adapter(base: Path, folder: Path, *, seed: int = 1) -> Path:
    """A LoRA adapter of random weights for the model in `base`, strong enough to change what it says."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    seq2seq = AutoConfig.from_pretrained(base).is_encoder_decoder
    loader, targets = (AutoModelForSeq2SeqLM, ["q", "v"]) if seq2seq else (AutoModelForCausalLM, ["q_proj", "v_proj"])
    torch.manual_seed(seed)
    config = LoraConfig(
        r=4, lora_alpha=64, target_modules=targets, task_type="SEQ_2_SEQ_LM" if seq2seq else "CAUSAL_LM"
    )
    model = get_peft_model(loader.from_pretrained(base), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=1.0)
    model.save_pretrained(folder)
    return folder
