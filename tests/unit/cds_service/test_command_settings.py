"""Wrong settings are one clear line in every command, and the line holds no value."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import cds_service
from cds_service.cli import main
from cds_service.commands import evaluate_bias, loading
from cds_service.inference.backends.null import NullBackend
from cds_service.inference.specs import SpecInfo

COMMANDS = Path(cds_service.__file__).parent / "commands"


@pytest.mark.parametrize(
    "words",
    [
        ["prepare"],
        ["model", "list"],
        ["evaluate", "assessment", "--model", "floor", "--vignettes", "tuning"],
        ["evaluate", "bias", "--model", "floor", "--vignettes", "tuning"],
        ["evaluate", "wire", str(COMMANDS)],
        ["bench-model"],
    ],
)
def test_wrong_settings_are_named_without_their_value(words, monkeypatch):
    monkeypatch.setenv("CDS_MODEL_THREADS", "value-of-a-setting")
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "CDS_MODEL_THREADS" in done.output
    assert "value-of-a-setting" not in done.output


def test_no_command_reads_the_settings_in_a_way_of_its_own():
    files = [COMMANDS.parent / "cli.py", *COMMANDS.glob("*.py")]
    own = {f.name for f in files if re.search(r"\bSettings\(\)", f.read_text())}
    assert own == {"read_settings.py"}


def test_a_model_is_told_by_its_name_and_asked_as_it_serves(monkeypatch):
    """The folder of a run names a machine's places, which belong into no file of figures."""

    @contextmanager
    def loaded(spec, settings, show):
        yield NullBackend(), SpecInfo(spec=spec, adapter="1" * 64, may_raise=True, licence="")

    monkeypatch.setattr(loading, "loaded", loaded)
    made = evaluate_bias._model("/home/somebody/runs/r1", [], [], None, None, lambda step, share: None)
    assert (made.spec, made.may_raise) == ("r1", True)
