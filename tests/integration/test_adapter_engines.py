"""One adapter in both engines: llama.cpp says with its GGUF form what transformers says with peft."""

import math

import pytest
import torch

from cds_service.inference.backends.llamacpp import _start
from cds_service.inference.prepare import prepare_default_model, prepare_transformers_weights
from cds_service.inference.registry.convert import write_gguf

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TEXTS = (
    "Patient: 54 years, female. Complaint: short of breath with green sputum. The priority is",
    "Possible causes of chest pain on exertion are",
    "The nurse asks whether the rash",
)
WITHIN = 0.1  # natural logarithms, on average: the 4-bit arithmetic of llama.cpp rounds otherwise


@pytest.fixture(scope="module")
def models(models_folder):
    return prepare_default_model(models_folder), prepare_transformers_weights(models_folder)


@pytest.fixture(scope="module")
def adapted(models, tmp_path_factory):
    """The default model with a random adapter on every linear layer, and the adapter's folder."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(models[1], dtype=torch.float32)
    config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, config).eval()
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    folder = tmp_path_factory.mktemp("adapter")
    model.save_pretrained(folder)
    return model, folder


def _transformers(model, tokenizer, text):
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        scores = model(input_ids=ids).logits[0, -1].log_softmax(-1)
    return lambda token: float(scores[token])


def _llamacpp(server, text):
    """The ten likeliest next tokens, by id, with their log-probabilities."""
    answers = []
    request = {"prompt": text, "n_predict": 1, "n_probs": 10, "temperature": 1.0, "seed": 1, "stream": False}
    server.handle_completions(request, lambda chunk: answers.append(chunk) and False)
    return {top["id"]: top["logprob"] for top in answers[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]}


@pytest.fixture(scope="module")
def differences(models, adapted, tmp_path_factory):
    """How far the engines are apart on the likely next tokens, with the adapter; and what the adapter moves."""
    from transformers import AutoTokenizer

    model, folder = adapted
    tokenizer = AutoTokenizer.from_pretrained(models[1])
    gguf = tmp_path_factory.mktemp("gguf") / "adapter.gguf"
    write_gguf(folder, gguf, "Gemma3ForCausalLM")
    server = _start(models[0], gguf, 1)
    apart, moved = [], []
    for text in TEXTS:
        with_it = _transformers(model, tokenizer, text)
        with model.disable_adapter():
            without = _transformers(model, tokenizer, text)
        for token, found in _llamacpp(server, text).items():
            if found > math.log(0.02):
                apart.append(abs(found - with_it(token)))
                moved.append(abs(found - without(token)))
    return apart, moved


def test_both_engines_agree_on_the_next_token(differences):
    apart, _ = differences
    assert len(apart) >= 8
    assert sum(apart) / len(apart) < WITHIN


def test_the_adapter_is_what_they_agree_on(differences):
    apart, moved = differences
    assert sum(moved) / len(moved) > 4 * sum(apart) / len(apart)
