"""Commands as a newcomer runs them: clear words, no stack trace, the right exit code."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.cli import main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CDS_DATA_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CDS_KEYS_FILE", str(tmp_path / "keys.json"))
    monkeypatch.setenv("CDS_MODEL", "none")
    return lambda *args: CliRunner().invoke(main, args)


@pytest.fixture
def indexed(tmp_path, packaged_index):
    """A data folder whose index is made: from an empty one it is made in `test_serve`."""
    shutil.copytree(packaged_index, tmp_path / "state" / "index")


def test_help_lists_every_command(run):
    result = run("--help")
    assert result.exit_code == 0
    for command in ("serve", "worker", "demo", "index", "ledger", "audit", "prepare", "purge", "bench", "evaluate"):
        assert re.search(rf"^  {command}\b", result.output, re.MULTILINE), command


def test_a_wrong_setting_is_named(run, monkeypatch):
    monkeypatch.setenv("CDS_SETTING", "hospital")
    result = run("prepare")
    assert result.exit_code == 1
    assert "CDS_SETTING" in result.output
    assert "Traceback" not in result.output


def test_serve_refuses_another_address_than_loopback(run, indexed):
    run("prepare")
    result = run("serve", "--host", "0.0.0.0")
    assert result.exit_code == 1
    assert "loopback" in result.output


def test_prepare_does_nothing_twice_and_the_ledger_is_readable(run, tmp_path, indexed):
    assert run("prepare").exit_code == 0
    before = {
        p: p.stat().st_mtime_ns
        for p in (tmp_path / "state" / "index").rglob("*")
        if p.is_file() and p.suffix != ".lock"
    }
    assert run("prepare").exit_code == 0
    after = {
        p: p.stat().st_mtime_ns
        for p in (tmp_path / "state" / "index").rglob("*")
        if p.is_file() and p.suffix != ".lock"
    }
    assert after == before
    assert "empty" in run("ledger", "show").output
    assert "chain whole" in run("audit", "verify").output
    assert "unchanged" in run("index").output
    assert run("purge").exit_code == 0


def test_index_refuses_a_file_without_metadata_and_says_so(run, tmp_path, indexed, monkeypatch):
    own = tmp_path / "guidelines"
    own.mkdir()
    (own / "loose.md").write_text("# A text without front matter\n")
    monkeypatch.setenv("CDS_GUIDELINES_DIR", str(own))
    result = run("index")
    assert result.exit_code == 1
    assert "loose.md" in result.output


def test_the_commands_of_the_readme_exist(run):
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`?make ([a-z-]+)", readme)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for words in set(re.findall(r"`cds-service ([a-z ]+)`", readme)):
        assert run(*words.split(), "--help").exit_code == 0, words


def test_the_links_of_the_docs_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http", "mailto")):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_extension_page_names_every_field():
    from cds_service.domain import AssessmentStatus

    page = (ROOT / "docs" / "reference" / "advice-extension.md").read_text()
    for field in ("priority", "floor", "findings", "passages", "notEvaluated", "versions", "assessment.status"):
        assert f"`{field}`" in page
    assert all(f"`{status.value}`" in page for status in AssessmentStatus)


def test_the_lock_pins_everything_by_hash_but_torch():
    lock = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"^torch==", lock, re.MULTILINE)
    pins = re.findall(r"^[A-Za-z0-9_.\[\]-]+==\S+ (.*)$", lock, re.MULTILINE)
    assert len(pins) > 100
    assert all(rest == "\\" for rest in pins)
    assert json.dumps(lock).count("sha256:") > len(pins)
