"""Whether a GGUF adapter belongs to a GGUF model, on small files written for the test."""

import struct

import numpy as np
import pytest
from gguf import GGUFWriter

from cds_service.errors import BackendError
from cds_service.inference.adapters import check_gguf_adapter
from cds_service.inference.gguf_header import read_header

LAYER = "blk.0.attn_q.weight"


def write(path, architecture, tensors, **texts):
    writer = GGUFWriter(path, architecture)
    for key, value in texts.items():
        writer.add_string(key.replace("_", "."), value)
    writer.add_array("tokenizer.ggml.tokens", ["a", "bc", "\u00e9"])
    writer.add_array("tokenizer.ggml.scores", [0.5, 1.5])
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    for name, shape in tensors.items():
        writer.add_tensor(name, np.zeros(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.gguf", "gemma3", {LAYER: (128, 64)})


def adapter(tmp_path, *, architecture="gemma3", rows=128, columns=64, layer=LAYER, kind="adapter"):
    pair = {f"{layer}.lora_a": (4, columns), f"{layer}.lora_b": (rows, 4)}
    return write(tmp_path / "adapter.gguf", architecture, pair, general_type=kind)


def test_an_adapter_of_this_model_is_taken(tmp_path, base):
    check_gguf_adapter(base, adapter(tmp_path))


@pytest.mark.parametrize(
    "other", [{"architecture": "llama"}, {"rows": 256}, {"columns": 32}, {"layer": "blk.9.attn_q.weight"}]
)
def test_an_adapter_of_another_model_is_refused(tmp_path, base, other):
    with pytest.raises(BackendError, match="another base model"):
        check_gguf_adapter(base, adapter(tmp_path, **other))


def test_an_adapter_without_layers_is_refused(tmp_path, base):
    empty = write(tmp_path / "empty.gguf", "gemma3", {}, general_type="adapter")
    with pytest.raises(BackendError, match="another base model"):
        check_gguf_adapter(base, empty)


def test_a_model_is_no_adapter(tmp_path, base):
    with pytest.raises(BackendError, match="not an adapter"):
        check_gguf_adapter(base, adapter(tmp_path, kind="model"))


def test_a_folder_and_a_damaged_file_are_refused(tmp_path, base):
    (tmp_path / "bad.gguf").write_bytes(b"GGUF\x03")
    for path in (tmp_path, tmp_path / "bad.gguf", tmp_path / "missing.gguf"):
        with pytest.raises(BackendError, match="cannot be read"):
            check_gguf_adapter(base, path)


def test_a_head_is_read_whole_and_any_shorter_one_refused(base, tmp_path):
    header = read_header(base)
    assert header.texts["general.architecture"] == "gemma3"
    assert header.shapes == {LAYER: (64, 128)}
    data = base.read_bytes()
    short = tmp_path / "short.gguf"
    for size in range(1, data.index(LAYER.encode()) + len(LAYER), 7):
        short.write_bytes(data[:size])
        with pytest.raises((ValueError, struct.error)):
            read_header(short)
