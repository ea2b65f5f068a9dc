"""``cds-service user`` from the outside."""

import pytest
from click.testing import CliRunner

from cds_service.accounts.store import Accounts
from cds_service.commands.user import user
from tests.support.site import CHEAP, PASSWORD, a_clinic


@pytest.fixture
def run(tmp_path, monkeypatch):
    settings = a_clinic(tmp_path).settings
    plain = Accounts.__init__
    monkeypatch.setattr("cds_service.commands.user.read_settings", lambda: settings)
    monkeypatch.setattr(
        Accounts, "__init__", lambda self, db, *, settings: plain(self, db, settings=settings, hasher=CHEAP)
    )

    def ran(*args, typed=None):
        return CliRunner().invoke(user, args, input=typed)

    return ran


def test_a_password_is_asked_for_twice_and_never_shown(run):
    result = run("add", "nora", "--role", "nurse", "--name", "Nora Quill", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    shown = run("list").output
    assert "nora" in shown
    assert "Nora Quill" in shown
    assert "must change password" in shown


def test_a_password_may_come_from_a_file_and_from_no_argument(run, tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    assert run("add", "nora", "--role", "nurse", "--password-file", str(tmp_path / "password")).exit_code == 0
    assert run("password", "nora", "a-password-as-an-argument").exit_code == 2
    assert run("password", "nora", "--password-file", str(tmp_path / "none")).exit_code == 1


def test_a_weak_password_is_one_clear_line(run):
    result = run("add", "nora", "--role", "nurse", typed="short\nshort\n")
    assert result.exit_code == 1
    assert "at least 15 characters" in result.output
    assert run("list").output == ""


def test_accounts_are_disabled_enabled_and_given_other_roles(run):
    run("add", "nora", "--role", "nurse", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert run("role", "nora", "--role", "physician").exit_code == 0
    assert run("disable", "nora").exit_code == 0
    listed = run("list").output
    assert "physician" in listed
    assert "disabled" in listed
    assert run("enable", "nora").exit_code == 0
    assert "disabled" not in run("list").output
    assert run("reset-sessions", "nora").output == "0 sessions ended\n"


def test_a_person_of_a_provider_has_no_password_here(run):
    linked = ("--issuer", "https://id.example", "--subject", "p-1")
    assert run("add", "lee", "--role", "compliance", *linked).exit_code == 0
    assert "by provider" in run("list").output
    assert "already" in run("add", "lee2", "--role", "nurse", *linked).output
    assert run("add", "max", "--role", "nurse", "--issuer", "https://id.example").exit_code == 2


def test_an_unknown_account_is_said_so(run):
    result = run("disable", "nobody")
    assert result.exit_code == 1
    assert "no such account" in result.output
