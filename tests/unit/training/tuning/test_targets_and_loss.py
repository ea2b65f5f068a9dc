"""LoRA on the right layers of each architecture, and the loss at the completion alone."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from cds_service.training.tuning.batches import Collator
from cds_service.training.tuning.data_files import _line
from cds_service.training.tuning.examples import rows, tokenize
from cds_service.training.tuning.loss import disagreement, losses
from cds_service.training.tuning.targets import has_conv1d, linear_targets
from tests.unit.training.tuning.material import SAVERS, lines

TARGETS = {
    "gemma3": {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
    "llama": {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
    "gpt2": {"c_attn", "c_proj", "c_fc"},
    "t5": {"q", "k", "v", "o", "wi", "wo"},
    "mt5": {"q", "k", "v", "o", "wi_0", "wi_1", "wo"},
}
each = pytest.mark.parametrize("name", list(SAVERS))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: save(root / name) for name, save in SAVERS.items()}


def load(folder, name):
    loader = AutoModelForSeq2SeqLM if name in ("t5", "mt5") else AutoModelForCausalLM
    return loader.from_pretrained(folder).eval()


def adapted(folder, name):
    model = load(folder, name)
    torch.manual_seed(3)
    targets = linear_targets(model)
    model = get_peft_model(model, LoraConfig(r=2, target_modules=targets, fan_in_fan_out=has_conv1d(model)))
    for key, weight in model.named_parameters():
        if "lora_B" in key:
            torch.nn.init.normal_(weight, std=0.1)
    return model.eval()


def batch_of(folder, name, count=4):
    causal = name not in ("t5", "mt5")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    examples = tokenize([_line(n, v) for n, v in enumerate(lines(count), 1)], tokenizer, max_tokens=450)
    return Collator(causal=causal, pad=0, start=None if causal else 0)(rows(examples.examples)), causal


@each
def test_adapters_sit_on_every_linear_layer_but_the_head(made, name):
    model = load(made[name], name)
    assert set(linear_targets(model)) == TARGETS[name]
    held = {key.rpartition(".lora_A")[0] for key, _ in adapted(made[name], name).named_parameters() if ".lora_A" in key}
    assert len(held) == sum(key.rpartition(".")[2] in TARGETS[name] for key, _ in model.named_modules())
    assert not any("lm_head" in key for key in held)


@each
def test_loss_and_gradients_are_those_of_the_full_logits(made, name):
    model, (batch, causal) = adapted(made[name], name), batch_of(made[name], name)
    found = losses(model, dict(batch), causal=causal)
    (found.completion / found.count).backward()
    ours = {key: weight.grad.clone() for key, weight in model.named_parameters() if weight.requires_grad}
    model.zero_grad()
    plain = model(**{key: batch[key] for key in ("input_ids", "attention_mask", "labels")}).loss
    plain.backward()
    assert float(found.completion.detach() / found.count) == pytest.approx(float(plain.detach()), rel=1e-5)
    assert sum(float(grad.norm()) for grad in ours.values()) > 0
    for key, weight in model.named_parameters():
        if weight.requires_grad:
            assert torch.allclose(ours[key], weight.grad, atol=1e-6), key


@each
def test_the_head_sees_the_completion_alone(made, name):
    model, (batch, causal) = adapted(made[name], name), batch_of(made[name], name)
    seen = []
    handle = model.get_output_embeddings().register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0].shape))
    losses(model, dict(batch), causal=causal)
    handle.remove()
    model(**{key: batch[key] for key in ("input_ids", "attention_mask", "labels")})
    assert seen == [(int((batch["labels"] != -100).sum()), seen[0][-1])]


def test_twins_are_compared_token_by_token(made):
    batch, _ = batch_of(made["gemma3"], "gemma3")
    wanted = batch["labels"][:, 1:]
    tokens = wanted[wanted != -100]
    assert batch["left"].numel()
    assert torch.equal(tokens[batch["left"]], tokens[batch["right"]])
    assert not set(batch["left"].tolist()) & set(batch["right"].tolist())


def test_disagreement_is_the_symmetric_divergence():
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]]))
    p, q = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])
    wanted = ((p * (p / q).log()).sum() + (q * (q / p).log()).sum()) / 2
    pair = torch.tensor([0]), torch.tensor([1])
    assert float(disagreement(logits, *pair)) == pytest.approx(float(wanted), rel=1e-5)
    assert float(disagreement(logits, torch.tensor([0]), torch.tensor([2]))) == pytest.approx(0, abs=1e-7)
    assert float(disagreement(logits, torch.tensor([], dtype=torch.long), torch.tensor([], dtype=torch.long))) == 0
