"""From a run's folder to an adapter folder, and what is refused on the way."""

import json
from datetime import UTC, datetime

import pytest

from cds_service.inference.gguf_header import read_header
from cds_service.inference.registry import pack as packing_module
from cds_service.inference.registry.errors import AdapterRefused, RegistryError
from cds_service.inference.registry.files import identity_of
from cds_service.inference.registry.manifest import read_adapter
from cds_service.inference.registry.pack import Packing, pack
from cds_service.inference.style import Style
from tests.support.adapters import DATA, ROWS, bias, evaluation, save_peft, save_run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def packed(tmp_path, run, name="out", **more):
    return pack(run, tmp_path / name, Packing(now=NOW, **more))


@pytest.fixture
def run(tmp_path):
    return save_run(tmp_path / "run")


def test_a_run_becomes_a_whole_adapter(tmp_path, run):
    adapter = packed(tmp_path, run)
    manifest = adapter.manifest
    assert sorted(p.name for p in adapter.folder.iterdir()) == [
        "LICENCE.md", "adapter.json", "adapter_config.json", "adapter_model.safetensors", "card.md",
    ]  # fmt: skip
    assert (manifest.kind, manifest.data, manifest.style) == ("tune", DATA, Style.COMPACT)
    assert manifest.may_raise is False
    assert manifest.licence == "Gemma Terms of Use"
    assert (
        "Gemma is provided under and subject to the Gemma Terms of Use" in (adapter.folder / "LICENCE.md").read_text()
    )
    assert read_adapter(adapter.folder) == adapter


def test_no_path_of_the_machine_that_trained_goes_with_it(tmp_path, run):
    adapter = packed(tmp_path, run)
    assert adapter.manifest.base.id == "tiny-gemma"
    assert not [p.name for p in adapter.folder.iterdir() if b"/home/somebody" in p.read_bytes()]


def test_the_identity_is_that_of_the_run_and_of_no_other(tmp_path, run):
    adapter = packed(tmp_path, run)
    assert adapter.manifest.identity == identity_of(run / "adapter")
    others = [save_peft(tmp_path / "seed", seed=1), save_peft(tmp_path / "alpha", lora_alpha=99)]
    assert len({adapter.manifest.identity, *map(identity_of, others)}) == 3


def test_packing_what_was_packed_keeps_it_and_takes_newer_figures(tmp_path, run):
    first = packed(tmp_path, run, "first")
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(evaluation(("base", None, {}), ("run", first.manifest.identity, {}))))
    second = packed(tmp_path, first.folder, "second", evaluation=file)
    assert second.manifest.identity == first.manifest.identity
    assert second.manifest.made == first.manifest.made
    assert second.report("evaluation.json") is not None
    assert "| under_triage | 4000 | 0.150" in (second.folder / "card.md").read_text()


def test_the_card_says_what_was_not_measured_and_what_was(tmp_path, run):
    bare = (packed(tmp_path, run, "bare").folder / "card.md").read_text()
    assert bare.count("Not measured yet") == 2
    assert "cannot change a priority" in bare
    file = tmp_path / "bias.json"
    file.write_text(json.dumps(bias(("base", None, {}), ("run", identity_of(run / "adapter"), {}))))
    told = (packed(tmp_path, run, "told", bias=file, may_raise=True).folder / "card.md").read_text()
    assert "| sex | priority_changed | 100 | 0.000" in told
    assert "may give a priority above" in told


def test_an_adapter_whose_base_is_at_hand_is_converted_and_checked_against_it(tmp_path):
    run = save_run(tmp_path / "run", base={"gguf_sha256": "f" * 64})
    base = _base_gguf(tmp_path / "base.gguf")
    adapter = packed(tmp_path, run, gguf_of={"f" * 64: base}.get)
    assert adapter.gguf is not None
    assert "blk.1.ffn_down.weight.lora_b" in read_header(adapter.gguf).shapes
    other = _base_gguf(tmp_path / "other.gguf", wider=2)
    with pytest.raises(Exception, match="another base model"):
        packed(tmp_path, run, "refused", gguf_of={"f" * 64: other}.get)
    assert not (tmp_path / "refused").exists()


def _base_gguf(path, wider=1):
    import numpy as np
    from gguf import GGUFWriter

    names = dict(
        zip(ROWS, ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"), strict=True)
    )
    writer = GGUFWriter(path, "gemma3")
    writer.add_head_count(2)
    for layer in range(2):
        for module, (out, width) in ROWS.items():
            writer.add_tensor(f"blk.{layer}.{names[module]}.weight", np.zeros((out * wider, width), dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


# -- what is refused ---------------------------------------------------------------------------------------------------


def refuse(tmp_path, source, match, error=AdapterRefused, **more):
    """It is refused with that reason, and nothing of it is left."""
    with pytest.raises(error, match=match):
        packed(tmp_path, source, "refused", **more)
    assert not (tmp_path / "refused").exists()


def test_a_run_that_has_not_ended_is_refused(tmp_path, run):
    (run / "train.json").unlink()
    refuse(tmp_path, run, "not come to its end")


def test_a_folder_that_is_neither_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    refuse(tmp_path, tmp_path / "empty", "neither a run")
    refuse(tmp_path, tmp_path / "missing", "neither a run")


@pytest.mark.parametrize("gone", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_half_written_adapter_is_refused(tmp_path, run, gone):
    (run / "adapter" / gone).unlink()
    refuse(tmp_path, run, "not whole")


def test_weights_cut_short_are_refused(tmp_path, run):
    weights = run / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-20])
    refuse(tmp_path, run, "damaged or cut short")


def test_a_layer_with_one_factor_is_refused(tmp_path, run):
    from safetensors.numpy import save_file

    from tests.support.adapters import factors

    tensors = factors(0)
    tensors.pop(next(iter(tensors)))
    save_file(tensors, run / "adapter" / "adapter_model.safetensors")
    refuse(tmp_path, run, "lacks one of its two factors")


@pytest.mark.parametrize("name", ["adapter_model.bin", "optimizer.pt", "x.pkl"])
def test_pickled_files_are_refused(tmp_path, run, name):
    (run / "adapter" / name).write_bytes(b"\x80\x04.")
    refuse(tmp_path, run, "pickled")


def test_extra_files_folders_and_links_are_refused(tmp_path, run):
    extra = run / "adapter" / "setup.py"
    extra.write_text("")
    refuse(tmp_path, run, "does not belong")
    extra.unlink()
    extra.mkdir()
    refuse(tmp_path, run, "a link or a folder")
    extra.rmdir()
    weights = run / "adapter" / "adapter_model.safetensors"
    weights.rename(tmp_path / "elsewhere")
    weights.symlink_to(tmp_path / "elsewhere")
    refuse(tmp_path, run, "a link or a folder")


@pytest.mark.parametrize("config", [{"peft_type": "IA3"}, {"use_dora": True}, {"modules_to_save": ["lm_head"]}])
def test_anything_but_plain_lora_is_refused(tmp_path, config):
    run = save_run(tmp_path / "run")
    file = run / "adapter" / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    refuse(tmp_path, run, "plain LoRA")


@pytest.mark.parametrize(
    ("train", "match"),
    [
        ({"base": {"sha256": "x"}}, "is damaged"),
        ({"data": {}}, "is damaged"),
        ({"prompt": {"style": "loud"}}, "is damaged"),
        ({"contract": "0"}, "another output contract"),
        ({"kind": "names"}, "a kind of run"),
    ],
)
def test_a_damaged_account_of_the_run_is_refused(tmp_path, train, match):
    refuse(tmp_path, save_run(tmp_path / "run", **train), match)


def test_text_that_is_no_json_is_refused(tmp_path, run):
    (run / "train.json").write_text("{")
    refuse(tmp_path, run, "cannot be read as JSON")


@pytest.mark.parametrize("name", ["../outside", "a/b", "", "Ä", ".hidden", "x" * 65])
def test_an_id_cannot_lead_out_of_the_registry(tmp_path, run, name):
    refuse(tmp_path, run, "an adapter's id is", id=name or "/")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run"]


def test_a_base_of_unknown_terms_needs_them_said(tmp_path):
    run = save_run(tmp_path / "run", base={"architecture": "LlamaForCausalLM"})
    refuse(tmp_path, run, "--licence")
    terms = tmp_path / "terms.txt"
    terms.write_text("# Some Community Licence\n\nWords.\n")
    assert packed(tmp_path, run, licence=terms).manifest.licence == "Some Community Licence"


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing_module.shutil, "copyfile", full)
    refuse(tmp_path, run, "check the disk", RegistryError)


# -- an adapter folder, read as a stranger's ---------------------------------------------------------------------------


def rewrite(folder, **fields):
    file = folder / "adapter.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "card.md", "LICENCE.md"])
def test_a_changed_file_is_refused_by_name(tmp_path, run, name):
    folder = packed(tmp_path, run).folder
    file = folder / name
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(AdapterRefused, match=f"{name} is not the file that was added"):
        read_adapter(folder)


def test_a_missing_and_an_unlisted_file_are_refused(tmp_path, run):
    folder = packed(tmp_path, run).folder
    (folder / "evaluation.json").write_text("{}")
    with pytest.raises(AdapterRefused, match="not those that"):
        read_adapter(folder)
    (folder / "evaluation.json").unlink()
    (folder / "card.md").unlink()
    with pytest.raises(AdapterRefused, match="not those that"):
        read_adapter(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "../x"}, {"may_raise": "yes"}, {"identity": "0"}, {"base": {}}, {"files": []},
        {"files": {"../../etc/passwd": "0" * 64}}, {"style": "loud"}, {"more": 1},
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(tmp_path, run, fields):
    folder = packed(tmp_path, run).folder
    rewrite(folder, **fields)
    with pytest.raises(AdapterRefused, match="damaged"):
        read_adapter(folder)


def test_another_rank_or_scale_than_was_packed_is_refused(tmp_path, run):
    """A changed configuration with its hash put right is still not the adapter that was measured."""
    import hashlib

    adapter = packed(tmp_path, run)
    config = adapter.folder / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 16', '"lora_alpha": 160'))
    files = dict(adapter.manifest.files) | {config.name: hashlib.sha256(config.read_bytes()).hexdigest()}
    rewrite(adapter.folder, files=files)
    with pytest.raises(AdapterRefused, match="damaged"):
        read_adapter(adapter.folder)
