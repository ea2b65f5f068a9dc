"""``cds-service model``: what an operator sees, from a training run to a promotion and back."""

import json

import pytest
from click.testing import CliRunner

from cds_service.commands.model import model
from cds_service.inference.checksum import sha256_of
from cds_service.inference.registry.files import identity_of
from tests.support.adapters import bias, evaluation, save_run, share


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def call(tmp_path, base, monkeypatch):
    """Runs a `model` command; returns its exit code and everything it said."""
    for name, value in {"DATA_DIR": tmp_path / "state", "KEYS_FILE": tmp_path / "keys.json", "MODEL": "transformers",
                        "MODEL_ID": base}.items():  # fmt: skip
        monkeypatch.setenv(f"CDS_{name}", str(value))

    def act(*arguments):
        result = CliRunner().invoke(model, [str(a) for a in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return act


def figures(tmp_path, run, name, **more):
    """Options that give the adapter of `run` figures beside the model alone."""
    identity, options = identity_of(run / "adapter"), []
    for option, content in (("evaluation", evaluation(("base", None, {}), ("new", identity, more))),
                            ("bias", bias(("base", None, {}), ("new", identity, {})))):  # fmt: skip
        file = tmp_path / f"{name}-{option}.json"
        file.write_text(json.dumps(content))
        options += [f"--{option}", file]
    return options


def test_from_a_run_to_a_promotion_and_back(call, tmp_path, base):
    run = save_run(tmp_path / "run", base={"sha256": sha256_of(base)})
    assert "No adapter serves" in call("list")[1]
    assert call("add", run, "--id", "clinic-1", *figures(tmp_path, run, "good"))[0] == 0
    assert "Intended use" in call("show", "clinic-1")[1]
    code, said = call("promote", "clinic-1", "--reason", "better words")
    assert code == 0
    assert "under_triage" in said
    assert "restart" in said
    assert "serves  clinic-1" in call("list")[1]
    assert "serving  clinic-1" in call("verify")[1]
    assert "The model alone serves again" in call("rollback", "--reason", "worse after all")[1]
    code, said = call("rollback", "--reason", "again")
    assert code == 1
    assert "nothing to go back from" in said


def test_a_refusal_says_which_figure_and_why(call, tmp_path, base):
    run = save_run(tmp_path / "run", base={"sha256": sha256_of(base)})
    call("add", run, "--id", "clinic-1", *figures(tmp_path, run, "bad", ready=share(2000, 4000)))
    code, said = call("promote", "clinic-1", "--reason", "hope")
    assert code == 1
    assert "do not rule out that it is worse" in " ".join(said.split())
    assert "What serves is unchanged" in said
    assert "No adapter serves" in call("list")[1]


def test_verify_names_what_was_changed_and_fails(call, tmp_path, base):
    run = save_run(tmp_path / "run", base={"sha256": sha256_of(base)})
    call("add", run, "--id", "clinic-1", *figures(tmp_path, run, "good"))
    call("promote", "clinic-1", "--reason", "better words")
    (card,) = (tmp_path / "state" / "adapters").glob("*/card.md")
    card.write_text("it is perfect")
    code, said = call("verify")
    assert code == 1
    assert "refused  clinic-1" in said
    assert "card.md" in said
    assert "refused  what was promoted" in said


def test_packed_elsewhere_it_is_added_with_its_figures(call, tmp_path, base):
    run = save_run(tmp_path / "run", base={"sha256": sha256_of(base)})
    out = tmp_path / "out"
    assert call("pack", run, out, "--id", "given-1", *figures(tmp_path, run, "good"))[0] == 0
    assert call("add", out)[0] == 0
    assert call("promote", "given-1", "--reason", "measured elsewhere")[0] == 0
    code, said = call("pack", run, out)
    assert code == 1
    assert "choose another" in said


def test_bad_folders_are_one_clear_line(call, tmp_path):
    run = save_run(tmp_path / "run")
    (run / "adapter" / "adapter_model.bin").write_bytes(b"\x80")
    for folder, reason in ((run, "pickled"), (tmp_path / "nothing", "neither a run")):
        code, said = call("add", folder)
        assert code == 1
        assert reason in said
        assert len(said.strip().splitlines()) == 1
