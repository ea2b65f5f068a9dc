"""``cds-service evaluate assessment`` from a file of cases to its three files, with a real tiny model."""

import json
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from cds_service import bootstrap
from cds_service.bootstrap import stations_over
from cds_service.commands import bench_model, evaluate_assessment, evaluate_bias, own_road
from cds_service.sample.chart import request_body
from tests.support.fhir_values import NOW
from tests.support.tiny_models import save_causal


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("model"))


@pytest.fixture
def run(built, model, tmp_path, monkeypatch):
    """The command on the gate and the index that stand already."""

    @contextmanager
    def road(settings, show):
        yield stations_over(built.settings, built.gate, built.retriever)

    monkeypatch.setattr(own_road, "own_road", road)
    monkeypatch.setattr(bootstrap, "open_similarity", lambda: lambda rows, columns: [[0.0] * len(columns)] * len(rows))
    changed = {
        "CDS_MODEL": "transformers", "CDS_MODEL_ID": str(model), "CDS_MODEL_QUANTIZATION": "none",
        "CDS_DATA_DIR": str(tmp_path / "state"), "CDS_KEYS_FILE": str(tmp_path / "keys.json"),
    }  # fmt: skip
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(evaluate_assessment.assessment, list(map(str, words)))


@pytest.fixture
def cases(tmp_path):
    path = tmp_path / "cases.jsonl"
    case = {
        "id": "c1", "part": "test", "setting": "family-practice", "at": NOW.isoformat(),
        "gold": {"priority": "Critical"}, "request": request_body(NOW),
    }  # fmt: skip
    path.write_text(json.dumps(case) + "\n")
    return path


def test_a_model_is_measured_beside_the_floor_and_taken_up_again_from_what_is_kept(run, cases, tmp_path):
    page, made, kept = tmp_path / "page.md", tmp_path / "made.json", tmp_path / "kept"
    words = ("--model", "floor", "--model", "base", "--cases", cases, "--keep", kept)
    result = run(*words, "--json", made, "--markdown", page, "--figure", tmp_path / "figure.png")
    assert result.exit_code == 0, result.output
    floor, base = json.loads(made.read_text())["models"]
    assert floor["sets"]["synthetic family-practice"]["exact"]["n"] == 1
    assert base["sets"]["synthetic family-practice"]["contract_valid"]["n"] == 1
    assert base["speed"]["drafts"] == 1
    assert base["speed"]["memory_mb"] >= 0
    assert "<!-- figures assessment: begin -->" in page.read_text()
    assert (tmp_path / "figure.png").exists()

    first = base["speed"]["median_s"]
    assert run(*words, "--json", made).exit_code == 0
    assert json.loads(made.read_text())["models"][1]["speed"]["median_s"] == first


def test_without_a_set_and_with_an_unknown_model_the_command_says_so_and_writes_nothing(run, cases, tmp_path):
    made = tmp_path / "made.json"
    nothing = run("--model", "floor", "--json", made)
    assert (nothing.exit_code, "--cases" in nothing.output) == (2, True)
    unknown = run("--model", "no-such-adapter", "--cases", cases, "--json", made)
    assert unknown.exit_code == 1
    assert not made.exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (evaluate_assessment.assessment, ("--cases", "CASES")),
        (evaluate_bias.bias, ("--cases", "CASES")),
        (bench_model.bench_model, ("--part", "speed")),
    ],
    ids=["assessment", "bias", "bench-model"],
)
def test_an_unknown_model_is_told_before_anything_is_measured(run, cases, monkeypatch, command, words):
    monkeypatch.setattr(own_road, "own_road", lambda *_: pytest.fail("on the road already"))
    told = CliRunner().invoke(
        command, ["--model", "no-such-adapter", *(str(cases) if w == "CASES" else w for w in words)]
    )
    assert told.exit_code == 1
    assert "Error: the registry" in told.output
