"""Runs on tiny models: interrupted, resumed, spoilt and finished."""

import gc
import json
import os
import signal

import pytest
import torch
from safetensors.torch import load_file

from cds_service.errors import BackendError
from cds_service.training.tuning import curves, progress, trainers
from cds_service.training.tuning import run as run_module
from cds_service.training.tuning.checkpoints import is_whole, newest
from cds_service.training.tuning.errors import BadData, BadRun, CheckpointFailed
from cds_service.training.tuning.inject import inject
from cds_service.training.tuning.loss import Losses
from cds_service.training.tuning.progress import read_metrics
from cds_service.training.tuning.tune import tune
from tests.support.tiny_models import save_causal, save_seq2seq
from tests.unit.training.tuning.material import line, lines, write_data, write_run

KINDS = {"causal": save_causal, "seq2seq": save_seq2seq}


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    root = tmp_path_factory.mktemp("bases")
    return {kind: save(root / kind) for kind, save in KINDS.items()}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"), lines(10))


@pytest.fixture(scope="module", autouse=True)
def _quick_garbage_collection():
    """A trainer collects garbage before each run: it need not look at what was there before."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _curves_are_drawn_in_one_test(monkeypatch):
    monkeypatch.setattr(run_module, "draw", lambda *_, **__: None)


@pytest.fixture
def go(bases, data, tmp_path):
    """Tunes: kind of base, name of the run folder, resume, and values of the run file."""

    def run(kind="causal", out="run", *, resume=False, data=data, say=lambda _text: None, base=None, **changed):
        file = write_run(tmp_path / f"{out}.toml", base or bases[kind], **changed)
        how = {"model_dir": tmp_path, "resume": resume, "say": say, "show": lambda _step, _share: None}
        return tune(file, data, tmp_path / out, **how)

    return run


class Stop:
    """Sends SIGTERM to this process when a step is told, so that the next one is the last."""

    def __init__(self, last):
        self.before = f"step {last - 1} of"

    def __call__(self, text):
        if text.startswith(self.before) and ": loss" in text:
            os.kill(os.getpid(), signal.SIGTERM)


class Stopped(BaseException):
    """The process ended here."""


def steps_of(folder):
    return [
        {k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")}
        for line in read_metrics(folder / "metrics.jsonl")
    ]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_run_that_was_stopped_and_resumed_is_the_run_that_never_stopped(go, tmp_path, kind):
    changed = {"dropout": 0.2, "accumulate": 2, "batch": 3, "epochs": 2}
    whole = go(kind, "whole", **changed)
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    halted = go(kind, "halted", say=Stop(last=2), **changed)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    assert (halted.finished, halted.step) == (False, 2)
    assert not (tmp_path / "halted" / "train.json").exists()
    resumed = go(kind, "halted", resume=True, **changed)
    assert (resumed.finished, resumed.step) == (True, whole.step)
    assert steps_of(tmp_path / "halted") == steps_of(tmp_path / "whole")
    both = [load_file(tmp_path / name / "adapter" / "adapter_model.safetensors") for name in ("whole", "halted")]
    assert all(torch.equal(both[0][key], both[1][key]) for key in both[0])


def test_a_half_written_checkpoint_is_told_and_skipped(go, tmp_path):
    go(say=Stop(last=3), checkpoint_minutes=0)
    kept = tmp_path / "run" / "checkpoints"
    assert sorted(path.name for path in kept.iterdir()) == ["step-000002", "step-000003"]
    (kept / "step-000003" / "optimizer.pt").write_bytes(b"cut")
    told = []
    assert go(resume=True, say=told.append, checkpoint_minutes=0).finished
    assert "checkpoint step-000003 is not whole and is skipped" in told
    assert "going on after step-000002" in told
    assert [line["step"] for line in steps_of(tmp_path / "run") if "loss" in line] == list(range(1, 5))


def test_when_the_disk_refuses_a_checkpoint_the_one_before_is_whole(go, tmp_path, monkeypatch):
    real = trainers.checkpoints.seal

    def full(written, step):
        if step == 2:
            raise OSError(28, "No space left on device")
        return real(written, step)

    monkeypatch.setattr(trainers.checkpoints, "seal", full)
    with pytest.raises(CheckpointFailed, match="the checkpoint of step 2 could not be written"):
        go(checkpoint_minutes=0)
    kept = tmp_path / "run" / "checkpoints"
    assert [path.name for path in kept.iterdir()] == ["step-000001"]
    assert is_whole(kept / "step-000001")


def test_when_the_disk_refuses_the_adapter_the_run_can_be_finished(go, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "_save", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(BackendError, match="finish with --resume"):
            go()
    assert not (tmp_path / "run" / "adapter").exists()
    assert go(resume=True).finished
    assert (tmp_path / "run" / "train.json").exists()


def test_a_finished_run_says_what_it_was_made_of(go, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "draw", curves.draw)
    assert go(epochs=3).finished
    folder = tmp_path / "run"
    said = json.loads((folder / "train.json").read_text())
    assert (said["kind"], said["contract"], said["base"]["architecture"]) == ("tune", "1", "Gemma3ForCausalLM")
    assert said["prompt"] == {"style": "compact", "version": "4"}
    assert set(said["data"]) == {"manifest_sha256", "files"}
    weights = load_file(folder / "adapter" / "adapter_model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    assert (folder / "curves.png").stat().st_size > 10_000
    metrics = read_metrics(folder / "metrics.jsonl")
    told = [line for line in metrics if "loss" in line]
    assert told[-1]["loss"] < told[0]["loss"]
    assert {"learning_rate", "tokens_per_second", "seconds", "grad_norm"} <= set(told[0])
    assert [line["step"] for line in metrics if "evaluation_loss" in line][-1] == said["steps"]
    with pytest.raises(BadRun, match="not empty"):
        go(epochs=3)
    with pytest.raises(BadRun, match="has ended"):
        go(epochs=3, resume=True)


def test_twins_are_drawn_together_by_the_consistency_term(go, tmp_path):
    for name, weight in (("without", 0.0), ("with", 20.0)):
        go(out=name, epochs=3, consistency_weight=weight, learning_rate=1e-2)
    differ = {
        name: [line["consistency"] for line in steps_of(tmp_path / name) if "consistency" in line][-3:]
        for name in ("without", "with")
    }
    assert sum(differ["with"]) < 0.5 * sum(differ["without"])


@pytest.mark.parametrize("kind", list(KINDS))
def test_nf4_trains_and_the_adapter_serves(go, tmp_path, bases, kind):
    from cds_service.inference.backends.hf import HfBackend
    from cds_service.settings import Quantization

    assert go(kind, quantization="nf4", max_steps=2, gradient_checkpointing=True).finished
    adapter = tmp_path / "run" / "adapter"
    backend = HfBackend(bases[kind], adapter=adapter, quantization=Quantization.NONE, device="cpu", threads=1)
    backend.close()


def test_injection_reads_texts_and_tuning_goes_on_from_it(go, tmp_path, bases, monkeypatch):
    texts = tmp_path / "texts" / "deep"
    texts.mkdir(parents=True)
    (texts / "a.md").write_text("---\ntitle: x\n---\nFever with a stiff neck needs urgent assessment.\n" * 4)
    (texts / "b.txt").write_text("Chest pain needs an ECG. " * 80)
    monkeypatch.setattr("cds_service.training.tuning.inject.packaged_texts", tuple)
    file = write_run(tmp_path / "inject.toml", bases["causal"], kind="inject", max_tokens=32)
    how = {"model_dir": tmp_path, "resume": False, "say": lambda _: None, "show": lambda _s, _h: None}
    assert inject(file, [tmp_path / "texts"], tmp_path / "injected", **how).finished
    said = json.loads((tmp_path / "injected" / "train.json").read_text())
    assert (said["kind"], said["prompt"], set(said["data"]["files"])) == ("inject", None, {"deep/a.md", "deep/b.txt"})
    assert go(adapter=str(tmp_path / "injected"), max_steps=1, learning_rate=1e-9).finished
    before, after = (load_file(tmp_path / n / "adapter" / "adapter_model.safetensors") for n in ("injected", "run"))
    assert all(torch.equal(before[key], after[key]) for key in before)
    with pytest.raises(BadRun, match="'r' and 'alpha'"):
        go(out="other", adapter=str(tmp_path / "injected"), r=2)


def test_texts_with_identifiers_are_not_injected(tmp_path, bases):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "note.txt").write_text("Chest pain.\nCall (415) 555-0132 for results.\n")
    file = write_run(tmp_path / "inject.toml", bases["causal"], kind="inject")
    with pytest.raises(BadData, match=r"note.txt, line 2: phone"):
        inject(
            file, [tmp_path / "texts"], tmp_path / "out", model_dir=tmp_path, resume=False,
            say=lambda _: None, show=lambda _s, _h: None,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_data_with_identifiers_are_not_learned(go, tmp_path):
    bad = line(3)
    bad["messages"][1]["content"] += "Reached at (415) 555-0132.\n"
    with pytest.raises(BadData, match=r"train.jsonl, line 1: phone") as told:
        go(data=write_data(tmp_path / "bad", [bad]))
    assert "415" not in str(told.value)
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_stopped_before_its_first_step_can_be_resumed(go, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("cds_service.training.tuning.tune.tokenize", lambda *_, **__: (_ for _ in ()).throw(Stopped))
        with pytest.raises(Stopped):
            go(max_steps=1)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.toml"]
    assert go(max_steps=1, resume=True).finished
    assert (tmp_path / "run" / "started.json").exists()


@pytest.mark.parametrize("module", [run_module, progress], ids=["started.json", "metrics.jsonl"])
def test_a_disk_that_refuses_before_the_first_step_is_one_clear_error(go, monkeypatch, module):
    monkeypatch.setattr(module, "whole_file", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BackendError, match="go on with --resume"):
        go(max_steps=1)


def test_texts_of_one_name_in_two_folders_are_both_in_the_record(tmp_path, bases, monkeypatch):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "a.txt").write_text(f"Fever in {folder.name}. " * 9)
    monkeypatch.setattr("cds_service.training.tuning.inject.packaged_texts", tuple)
    file = write_run(tmp_path / "inject.toml", bases["causal"], kind="inject", max_tokens=32, max_steps=1)
    how = {"model_dir": tmp_path, "resume": False, "say": lambda _: None, "show": lambda _s, _h: None}
    inject(file, folders, tmp_path / "out", **how)
    files = json.loads((tmp_path / "out" / "train.json").read_text())["data"]["files"]
    assert len(set(files.values())) == 2


def test_a_run_is_not_resumed_with_other_numbers_data_or_base(go, tmp_path, bases):
    go(say=Stop(last=2))
    with pytest.raises(BadRun, match="another run file"):
        go(resume=True, seed=9)
    with pytest.raises(BadRun, match="data changed"):
        go(resume=True, data=write_data(tmp_path / "other", lines(8)))
    (bases["causal"] / "note").write_text("changed")
    with pytest.raises(BadRun, match="base changed"):
        go(resume=True)
    (bases["causal"] / "note").unlink()


@pytest.mark.parametrize("spoil", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_or_corrupt_weights_are_one_clear_error(go, tmp_path, spoil):
    base = save_causal(tmp_path / "base")
    (base / spoil).write_bytes(b"{}")
    with pytest.raises(BackendError, match="base model"):
        go(base=base)


def test_an_adapter_of_another_base_is_refused(go, tmp_path):
    from tests.support.tiny_models import save_adapter

    other = save_causal(tmp_path / "other", hidden=32)
    save_adapter(other, tmp_path / "earlier" / "adapter")
    with pytest.raises(BackendError, match="another base"):
        go(adapter=str(tmp_path / "earlier"))


def test_no_whole_checkpoint_means_none(tmp_path):
    assert newest(tmp_path / "absent") == (None, ())
    (tmp_path / "step-000004").mkdir()
    assert newest(tmp_path) == (None, ("step-000004",))


def test_a_loss_that_is_no_number_ends_the_run(go, monkeypatch):
    nothing = Losses(completion=torch.tensor(float("nan"), requires_grad=True), count=1, consistency=torch.tensor(0.0))
    monkeypatch.setattr(trainers, "losses", lambda *_, **__: nothing)
    with pytest.raises(BackendError, match="no longer a number"):
        go()
