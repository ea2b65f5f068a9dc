"""The model with fewer pieces: what stays is bit for bit what was, what cannot be trimmed is refused."""

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quants

from cds_service.inference.trimmed import write_trimmed

PIECES = ["<unused0>", "</s>", "<unused1>", "<s>", "<unk>", "▁pain", "боль", "<0x0A>", "▁", "p", "疼"]
SCORES = [0.0, 0.0, 0.0, 0.0, 0.0, -5.0, -6.0, 0.0, -1.0, -2.0, -7.0]
TYPES = [3, 3, 3, 3, 2, 1, 1, 6, 1, 1, 1]
KEPT = [1, 3, 4, 5, 7, 8, 9]
WIDTH = 64


def model(path, tokenizer="llama", output=False):
    noise = np.random.default_rng(3)
    writer = GGUFWriter(path, "gemma3")
    writer.add_block_count(1)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model(tokenizer)
    writer.add_token_list(PIECES)
    writer.add_token_scores(SCORES)
    writer.add_token_types(TYPES)
    writer.add_bos_token_id(3)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(4)
    writer.add_add_bos_token(True)
    names = ["token_embd.weight"] + ["output.weight"] * output
    for name in names:
        rows = quants.quantize(noise.normal(size=(len(PIECES), WIDTH)).astype(np.float32), GGMLQuantizationType.Q8_0)
        writer.add_tensor(name, rows, raw_dtype=GGMLQuantizationType.Q8_0)
    layer = quants.quantize(noise.normal(size=(32, WIDTH)).astype(np.float32), GGMLQuantizationType.Q5_0)
    writer.add_tensor("blk.0.attn_q.weight", layer, raw_dtype=GGMLQuantizationType.Q5_0)
    writer.add_tensor("output_norm.weight", noise.normal(size=WIDTH).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gguf")
    whole, trimmed = model(folder / "whole.gguf"), folder / "trimmed.gguf"
    write_trimmed(whole, trimmed, KEPT)
    return GGUFReader(whole), GGUFReader(trimmed)


def told(reader, key):
    return reader.get_field(key).contents()


def tensors(reader):
    return {t.name: t for t in reader.tensors}


def test_pieces_scores_and_kinds_go_together(both):
    _, trimmed = both
    assert told(trimmed, "tokenizer.ggml.tokens") == [PIECES[k] for k in KEPT]
    assert told(trimmed, "tokenizer.ggml.scores") == [SCORES[k] for k in KEPT]
    assert told(trimmed, "tokenizer.ggml.token_type") == [TYPES[k] for k in KEPT]


def test_the_rows_that_stay_are_bit_for_bit_what_they_were(both):
    whole, trimmed = (tensors(reader)["token_embd.weight"] for reader in both)
    assert trimmed.tensor_type == whole.tensor_type
    assert np.array_equal(trimmed.data, whole.data[KEPT])


@pytest.mark.parametrize("name", ["blk.0.attn_q.weight", "output_norm.weight"])
def test_every_other_number_is_untouched(both, name):
    whole, trimmed = (tensors(reader)[name] for reader in both)
    assert trimmed.tensor_type == whole.tensor_type
    assert np.array_equal(trimmed.data, whole.data)


def test_numbers_of_pieces_follow_them(both):
    _, trimmed = both
    pieces = told(trimmed, "tokenizer.ggml.tokens")
    named = {key: pieces[told(trimmed, f"tokenizer.ggml.{key}_token_id")] for key in ("bos", "eos", "unknown")}
    assert named == {"bos": "<s>", "eos": "</s>", "unknown": "<unk>"}


def test_the_other_keys_stay(both):
    whole, trimmed = both
    assert set(trimmed.fields) - set(whole.fields) == {"cds_service.changed"}
    assert set(whole.fields) <= set(trimmed.fields)
    for key in ("general.architecture", "gemma3.block_count", "tokenizer.ggml.add_bos_token"):
        assert told(trimmed, key) == told(whole, key)


def test_the_file_says_that_it_was_changed(both):
    """Terms of the default model: modified files carry notices."""
    assert "left out" in told(both[1], "cds_service.changed")


@pytest.mark.parametrize("kind", [{"tokenizer": "gpt2"}, {"output": True}])
def test_another_kind_of_vocabulary_is_refused(tmp_path, kind):
    with pytest.raises(ValueError, match="can be trimmed"):
        write_trimmed(model(tmp_path / "whole.gguf", **kind), tmp_path / "trimmed.gguf", KEPT)
    assert not (tmp_path / "trimmed.gguf").exists()


def test_a_control_piece_that_is_named_must_be_kept(tmp_path):
    with pytest.raises(ValueError, match="named by the model"):
        write_trimmed(model(tmp_path / "whole.gguf"), tmp_path / "trimmed.gguf", [1, 4, 5])
