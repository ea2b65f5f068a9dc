"""``cds-service export``: two officers with a password each, clear words, clear exit codes."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.accounts.roles import Role
from cds_service.commands import export as command
from cds_service.export.states import State
from cds_service.web.site.export_words import WHY
from tests.support.export_values import SmallWriter
from tests.support.site import CHEAP, PASSWORD, a_clinic, a_member

ORDER = (
    "order", "--since", "2026-01-01", "--until", "2026-03-31", "--purpose", "model-training", "--words", "Tune a model",
    "--recipient", "Model team", "--verdict", "confirm", "--verdict", "change", "--as", "officer-1",
)  # fmt: skip


@pytest.fixture
def clinic(tmp_path):
    made = a_clinic(tmp_path)
    for name, shown in (("officer-1", "Ona Fictiva"), ("officer-2", "Bo Inventa")):
        a_member(made, Role.COMPLIANCE, name=name, shown=shown, password=PASSWORD)
    a_member(made, Role.NURSE, name="nurse-1", shown="Nora Quill", password=PASSWORD)
    return made


@pytest.fixture
def call(clinic, tmp_path, monkeypatch):
    """Runs an `export` command over a writer that needs no chart; returns its exit code and what it said."""
    for name, value in {"DATA_DIR": tmp_path / "state", "KEYS_FILE": tmp_path / "keys.json", "MODEL": "none"}.items():
        monkeypatch.setenv(f"CDS_{name}", str(value))
    monkeypatch.setattr(command, "_stopping", command.threading.Event)
    monkeypatch.setattr("cds_service.accounts.passwords.PasswordHasher", lambda: CHEAP)
    monkeypatch.setattr(command.Opened, "writer", lambda self: SmallWriter())

    def act(*arguments, typed=PASSWORD):
        result = CliRunner().invoke(command.export, [str(a) for a in arguments], input=f"{typed}\n")
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    return act


def test_an_export_goes_from_order_to_folder_and_back(call, clinic, tmp_path):
    code, said = call(*ORDER)
    assert code == 0
    (ordered,) = clinic.exports.all()
    assert f"export preview {ordered.id}" in said
    code, said = call("preview", ordered.id)
    assert (code, "4 cases" in said) == (0, True)
    code, said = call("run", ordered.id)
    assert (code, "awaiting-approval" in said) == (1, True)
    code, said = call("approve", ordered.id, "--as", "officer-2", typed=f"{PASSWORD}\ny\nBo Inventa")
    assert code == 0
    assert "Possible pneumonia" in said
    assert "no actual knowledge" in said
    code, said = call("run", ordered.id, "--out", tmp_path / "elsewhere")
    assert code == 0
    assert (tmp_path / "elsewhere" / ordered.id / "train.jsonl").is_file()
    code, said = call("show", ordered.id)
    assert "approved" in said
    assert "Tune a model" not in said
    assert ordered.id in call("list")[1]
    assert call("withdraw", ordered.id, "--as", "officer-1")[0] == 0
    assert not (tmp_path / "elsewhere" / ordered.id).exists()
    assert clinic.exports.get(ordered.id).state is State.WITHDRAWN


@pytest.mark.parametrize(
    ("arguments", "typed", "told"),
    [
        (ORDER, "another password", "do not let you in"),
        ((*ORDER[:-1], "nurse-1"), PASSWORD, "compliance officers only"),
        ((*ORDER[:-1], "officer-1", "--until", "2025-01-01"), PASSWORD, "--until is before --since"),
        ((*ORDER, "--words", "for jane.roe@example.org"), PASSWORD, "Take out what could identify"),
    ],
)
def test_what_may_not_be_ordered_is_told_in_one_line(call, clinic, arguments, typed, told):
    code, said = call(*arguments, typed=typed)
    assert code != 0
    assert told in said
    assert "jane.roe" not in said
    assert clinic.exports.all() == ()


def test_who_ordered_cannot_approve_by_the_command_line_either(call, clinic):
    call(*ORDER)
    (ordered,) = clinic.exports.all()
    call("preview", ordered.id)
    code, said = call("approve", ordered.id, "--as", "officer-1", typed=f"{PASSWORD}\ny\nOna Fictiva")
    assert code == 1
    assert "another compliance officer" in said
    code, said = call("approve", ordered.id, "--as", "officer-2", "--refuse", "scope")
    assert (code, clinic.exports.get(ordered.id).state) == (0, State.REFUSED)


def test_with_the_keys_of_another_clinic_nothing_is_ordered(call, clinic, tmp_path, monkeypatch):
    clinic.recorder.subject("fictional-ehr", "demo-1", clinic.now())
    monkeypatch.setenv("CDS_KEYS_FILE", str(tmp_path / "new" / "keys.json"))
    code, said = call(*ORDER)
    assert (code, "is not the key file that this database was made with" in said) == (1, True)
    assert clinic.exports.all() == ()


def test_an_id_that_is_none_is_told(call):
    assert call("show", "exp-none") == (1, "Error: There is no such export.\n")


def test_a_folder_that_is_no_whole_export_does_not_pass_the_check(call, tmp_path):
    code, said = call("check", tmp_path)
    assert code == 1
    assert "no whole export" in said
    (tmp_path / "keys.txt").write_text("not JSON")
    assert "cannot be read" in call("check", tmp_path, "--public-keys", tmp_path / "keys.txt")[1]
    assert '": "' in call("keys")[1]


def test_every_option_and_reason_on_the_page_exists():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "export-training-data.md").read_text(encoding="utf-8")
    known = {option for part in command.export.commands.values() for p in part.params for option in p.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) <= known
    assert set(re.findall(r"cds-service export ([a-z]+)", page)) <= command.export.commands.keys()
    named = {code for pair in re.findall(r"^\| `([a-z-]+)`(?:, `([a-z-]+)`)? \|", page, re.MULTILINE) for code in pair}
    assert {"crashed", "disk-full"} < named - {""} <= WHY.keys()
