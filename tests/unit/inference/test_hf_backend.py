"""transformers backends on tiny random models of both kinds: 4 bits, adapters, constrained and assisted decoding."""

import json
import shutil

import pytest
import torch

from cds_service.errors import BackendError
from cds_service.inference.backends import hf
from cds_service.inference.backends.guide import ContractProcessor
from cds_service.inference.contract import Encoding, Offers, parse
from cds_service.inference.prompt import Prompt
from cds_service.settings import Quantization
from tests.support.tiny_models import save_adapter, save_causal, save_seq2seq

OFFERS = Offers(risk_factors=("Diabetes", "COPD"), actions=("12-lead ECG now",), passages=("a#b.1",))
CASE = "### Case\nPatient: 54 years\nComplaint: short of breath\n### Note\n"
PROMPT = Prompt(text=CASE * 3, prefix_chars=0)
KINDS = {"causal": save_causal, "seq2seq": save_seq2seq}
both = pytest.mark.parametrize("kind", list(KINDS))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiny")
    return {kind: save(root / kind) for kind, save in KINDS.items()}


@pytest.fixture(scope="module")
def adapters(folders, tmp_path_factory):
    root = tmp_path_factory.mktemp("adapters")
    return {kind: save_adapter(folder, root / kind) for kind, folder in folders.items()}


def load(folder, quantization=Quantization.NONE, **more):
    return hf.HfBackend(folder, quantization=quantization, device="cpu", threads=1, **more)


@pytest.fixture(scope="module")
def plain(folders):
    return {kind: load(folder) for kind, folder in folders.items()}


def say(backend, deadline_s=60.0):
    return backend.generate(PROMPT, OFFERS, deadline_s=deadline_s)


@both
@pytest.mark.parametrize("quantization", list(Quantization))
def test_a_random_model_can_only_write_the_contract(folders, kind, quantization):
    backend = load(folders[kind], quantization)
    generation = say(backend)
    assert generation.finish == "stop"
    parse(generation.text, OFFERS, backend.encoding)
    assert quantization in backend.version


@both
def test_nf4_loads_linear_layers_in_double_quantized_4_bits(folders, kind):
    import bitsandbytes as bnb

    model = load(folders[kind], Quantization.NF4)._model
    layers = [m for m in model.modules() if isinstance(m, bnb.nn.Linear4bit)]
    assert layers
    assert all(layer.weight.quant_type == "nf4" and layer.weight.quant_state.nested for layer in layers)


def test_the_encoding_follows_the_tokenizer(plain):
    assert plain["causal"].encoding is Encoding.JSON
    assert plain["seq2seq"].encoding is Encoding.TAGGED


@both
def test_the_same_prompt_gives_the_same_text(plain, kind):
    assert say(plain[kind]).text == say(plain[kind]).text


def test_looking_ahead_changes_nothing_but_the_steps(plain, monkeypatch):
    backend = plain["causal"]
    assert backend._looks_ahead
    ahead = say(backend).text
    monkeypatch.setattr(backend, "_looks_ahead", False)
    assert say(backend).text == ahead


@both
def test_an_adapter_changes_what_is_said_and_the_version(folders, adapters, plain, kind):
    adapted = load(folders[kind], adapter=adapters[kind])
    assert adapted.version != plain[kind].version
    generation = say(adapted)
    assert generation.text != say(plain[kind]).text
    parse(generation.text, OFFERS, adapted.encoding)


@both
def test_an_adapter_rides_on_4_bits(folders, adapters, kind):
    generation = say(load(folders[kind], Quantization.NF4, adapter=adapters[kind]))
    parse(generation.text, OFFERS, Encoding.JSON if kind == "causal" else Encoding.TAGGED)


@both
@pytest.mark.parametrize("quantization", list(Quantization))
def test_an_adapter_of_another_size_is_refused(adapters, tmp_path, kind, quantization):
    other = KINDS[kind](tmp_path / "other", hidden=128)
    with pytest.raises(BackendError, match="another base model"):
        load(other, quantization, adapter=adapters[kind])


def test_an_adapter_of_another_architecture_is_refused(folders, adapters):
    with pytest.raises(BackendError, match="another base model"):
        load(folders["causal"], adapter=adapters["seq2seq"])


def damaged(adapter, tmp_path, **config):
    copy = shutil.copytree(adapter, tmp_path / "adapter")
    file = copy / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return copy


def test_an_adapter_that_is_no_lora_is_refused(folders, adapters, tmp_path):
    with pytest.raises(BackendError, match="only LoRA"):
        load(folders["causal"], adapter=damaged(adapters["causal"], tmp_path, peft_type="IA3"))


def test_an_adapter_cut_short_is_refused(folders, adapters, tmp_path):
    copy = damaged(adapters["causal"], tmp_path)
    weights = copy / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])
    with pytest.raises(BackendError, match="cannot be read"):
        load(folders["causal"], adapter=copy)


def test_a_folder_that_is_no_adapter_is_refused(folders, tmp_path):
    with pytest.raises(BackendError, match="cannot be read"):
        load(folders["causal"], adapter=tmp_path)


def test_pickled_weights_are_refused(folders, tmp_path):
    copy = shutil.copytree(folders["causal"], tmp_path / "pickled")
    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    with pytest.raises(BackendError, match="could not load"):
        load(copy)


def test_weights_cut_short_are_refused(folders, tmp_path):
    copy = shutil.copytree(folders["causal"], tmp_path / "short")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(BackendError, match="could not load"):
        load(copy)


@both
def test_the_deadline_ends_an_answer(plain, kind):
    generation = say(plain[kind], deadline_s=0.0)
    assert generation.finish == "timeout"
    assert generation.tokens < 20


def test_a_length_limit_is_told(plain, monkeypatch):
    monkeypatch.setattr(hf, "MAX_NEW_TOKENS", 5)
    assert say(plain["seq2seq"]).finish == "length"


def test_a_failure_quotes_nothing(plain, monkeypatch):
    def fail(**_):
        raise RuntimeError(f"cannot handle {CASE}")

    monkeypatch.setattr(plain["causal"]._model, "generate", fail)
    with pytest.raises(BackendError) as failed:
        say(plain["causal"])
    assert "breath" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_rejected_candidates_are_rolled_back(plain):
    """A processor that has followed a wrong branch gives the same masks as one that never did."""
    backend = plain["causal"]
    ids = backend._tokenizer('{"priority":"High",', add_special_tokens=False)["input_ids"]
    wrong = backend._tokenizer('{"priority":"Low","reason":"X', add_special_tokens=False)["input_ids"]
    forbidden = backend._tokenizer("not the contract", add_special_tokens=False)["input_ids"]
    scores = torch.zeros(1, backend._model.config.vocab_size)

    def mask(processor, tokens):
        return processor(torch.tensor([tokens], dtype=torch.long), scores)

    def fresh():
        return ContractProcessor(backend._grammars.matcher(OFFERS, backend.encoding), 0, backend._grammars.ends)

    straight = fresh()
    expected = [mask(straight, ids[:n]) for n in range(1, len(ids) + 1)]
    strayed = fresh()
    mask(strayed, wrong)
    mask(strayed, forbidden)
    mask(strayed, wrong[:3] + forbidden)
    assert all(torch.equal(mask(strayed, ids[:n]), want) for n, want in enumerate(expected, 1))
    assert not torch.equal(expected[0], expected[-1])
