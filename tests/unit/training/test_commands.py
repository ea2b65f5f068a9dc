"""`cds-service data notes` and `cds-service train names`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cds_service.commands.data_notes import notes
from cds_service.commands.train_names import names
from cds_service.training import write_notes as module
from cds_service.training.notes import generate


def test_data_notes_writes_one_json_object_a_line(tmp_path):
    out = tmp_path / "new" / "notes.jsonl"
    arguments = [str(out), "--family", "held-out", "--kind", "note", "--count", "12", "--seed", "4"]
    result = CliRunner().invoke(notes, arguments)
    assert result.exit_code == 0, result.output
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines == [note.to_json() for note in generate(12, seed=4, family="held-out", kind="note")]
    assert {frozenset(json.loads(line)) for line in lines} <= {
        frozenset({"text", "spans"}),
        frozenset({"text", "spans", "bundle"}),
    }
    assert [path.name for path in out.parent.iterdir()] == ["notes.jsonl"]


def test_an_interrupted_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    out = tmp_path / "notes.jsonl"
    out.write_text("old\n")

    def interrupted(*_args, **_kwargs):
        yield from generate(2, seed=1, family="train")
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "generate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        module.write_notes(out, family="train", kind="mixed", count=5, seed=1, show=lambda _step, _share: None)
    assert out.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]


def test_train_names_writes_a_model_and_says_what_it_reaches(tmp_path):
    result = CliRunner().invoke(names, ["--notes", "20", "--epochs", "1", "--out", str(tmp_path / "model")])
    assert result.exit_code == 0, result.output
    assert "NAME" in result.output
    assert (tmp_path / "model" / "config.cfg").exists()
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["notes"] == 20


def test_train_names_writes_over_nothing(tmp_path):
    (tmp_path / "kept").write_text("")
    result = CliRunner().invoke(names, ["--notes", "20", "--epochs", "1", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "not empty" in result.output
