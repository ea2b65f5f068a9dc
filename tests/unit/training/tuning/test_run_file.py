"""A run file holds every number of a run, and nothing else."""

from pathlib import Path

import pytest

import cds_service.training
from cds_service.settings import Quantization
from cds_service.training.tuning.errors import BadRun
from cds_service.training.tuning.run_file import read_run
from tests.unit.training.tuning.material import RUN, write_run

RUNS = Path(cds_service.training.__file__).parent / "runs"


def test_every_packaged_run_file_is_whole():
    found = {path.name: read_run(path, path.stem.rpartition("-")[2]) for path in RUNS.glob("*.toml")}
    assert {"default-cpu-tune.toml", "default-cpu-inject.toml", "gpu-qlora-tune.toml"} <= set(found)
    assert found["gpu-qlora-tune.toml"].quantization is Quantization.NF4
    assert all(run.r <= 16 for run in found.values())


def test_unknown_and_missing_keys_are_refused_by_name(tmp_path):
    path = write_run(tmp_path / "run.toml", "default", learn_rate=1.0)
    path.write_text("".join(text for text in path.open() if not text.startswith("seed")))
    with pytest.raises(BadRun, match="unknown key 'learn_rate'; missing key 'seed'"):
        read_run(path, "tune")


@pytest.mark.parametrize(
    ("key", "value"),
    [("batch", 0), ("batch", 2.5), ("batch", True), ("dropout", 1.0), ("learning_rate", "fast"), ("device", ""),
     ("quantization", "int3"), ("schedule", "steps"), ("gradient_checkpointing", 1), ("max_tokens", -1)],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_its_key(tmp_path, key, value):
    with pytest.raises(BadRun, match=f"'{key}' must be"):
        read_run(write_run(tmp_path / "run.toml", "default", **{key: value}), "tune")


def test_a_run_file_of_the_other_kind_is_refused(tmp_path):
    with pytest.raises(BadRun, match="is for 'train tune', not for 'train inject'"):
        read_run(write_run(tmp_path / "run.toml", "default"), "inject")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"kind = ", b""])
def test_a_file_that_is_no_run_is_refused(tmp_path, content):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(BadRun):
        read_run(path, "tune")


def test_a_whole_run_file_is_read_as_it_stands(tmp_path):
    run = read_run(write_run(tmp_path / "run.toml", "default", adapter="earlier"), "tune")
    assert {key: getattr(run, key) for key in RUN} == RUN
    assert run.adapter == "earlier"
