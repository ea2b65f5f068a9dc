"""The roll-out page and command: who may change it, that a change holds, and that nothing is let in by a bad form."""

import re
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cds_service.accounts.roles import Role
from cds_service.commands.roll_out import roll_out as command
from cds_service.rollout.stages import MODEL, SERVICE, Stage, rule_part
from tests.support.site import a_clinic, csrf_of, sign_in, site_app, site_client

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
PAGE = "/roll-out"


@pytest.fixture
def clinic(tmp_path):
    return a_clinic(tmp_path, now=lambda: NOW)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """An administrator's browser and a clinic that no test may change."""
    made = a_clinic(tmp_path_factory.mktemp("untouched"), now=lambda: NOW)
    client, _ = site_client(None, Role.ADMINISTRATOR, clinic=made)
    return client, made


def form(client, clinic, **fields):
    asked = {"part": SERVICE, "stage": "shadow", "why": "decided by the board", "seen": clinic.roll_out.read().seq}
    return client.post(PAGE, data={"csrf_token": csrf_of(client, PAGE)} | asked | fields)


def test_an_administrator_changes_a_stage_and_the_page_says_who_and_why(tmp_path, clinic):
    client, member = site_client(tmp_path, Role.ADMINISTRATOR, clinic=clinic)
    answer = form(client, clinic, stage="pilot", add="Location/ward-7 = east-wing\nPractitioner/2=nurse-2\n")
    assert answer.status_code == 303
    page = client.get(PAGE).get_data(as_text=True)
    for told in (
        "The whole service: pilot",
        "east-wing, nurse-2",
        member.name,
        "full to pilot",
        "decided by the board",
    ):
        assert told in page
    assert "ward-7" not in page
    assert clinic.roll_out.read().stage(SERVICE) is Stage.PILOT
    assert clinic.roll_out.history()[0].actor == member.actor


@pytest.mark.parametrize("role", [Role.NURSE, Role.PHYSICIAN, Role.COMPLIANCE])
def test_others_read_it_and_cannot_change_it(tmp_path, clinic, role):
    client, _ = site_client(tmp_path, role, clinic=clinic)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Change the stage" not in page.get_data(as_text=True)
    token = csrf_of(client, PAGE)  # of the form that signs out
    data = {"csrf_token": token, "part": SERVICE, "stage": "shadow", "why": "mine", "seen": 0}
    assert client.post(PAGE, data=data).status_code == 403
    assert clinic.roll_out.history() == ()


def test_nobody_reads_it_without_signing_in(clinic):
    client = site_app(clinic).test_client()
    assert client.get(PAGE).headers["Location"].startswith("/sign-in")


def test_a_form_without_its_token_changes_nothing(untouched):
    client, clinic = untouched
    assert client.post(PAGE, data={"part": SERVICE, "stage": "shadow", "why": "x", "seen": 0}).status_code == 400
    assert clinic.roll_out.history() == ()


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"stage": "half"}, 422, "Choose a stage"),
        ({"seen": "x"}, 409, "look at the page again"),
        ({"seen": "7"}, 409, "changed by somebody else"),
        ({"why": " "}, 422, "The reason is 1 to 200"),
        ({"part": "<script>alert(1)</script>"}, 422, "Only the service, the model and the rules"),
        ({"part": rule_part("news2")}, 422, "Confirm"),
        ({"stage": "pilot", "add": "<b>ward</b>"}, 422, "FHIR reference"),
        ({"stage": "pilot", "drop": "gone"}, 422, "look at its labels"),
    ],
)
def test_a_bad_form_says_what_is_wrong_and_changes_nothing(untouched, fields, status, says):
    client, clinic = untouched
    answer = form(client, clinic, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert says in page
    assert 'role="alert"' in page
    assert "<title>Error: Roll-out" in page
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert clinic.roll_out.history() == ()


def test_what_was_typed_is_still_there_after_a_mistake(untouched):
    client, clinic = untouched
    page = form(client, clinic, part=rule_part("news2"), why="tried it").get_data(as_text=True)
    assert "tried it</textarea>" in page
    assert re.search(r'value="rule:news2"[^>]* selected', page)


def test_two_administrators_do_not_overwrite_each_other(tmp_path, clinic):
    client, member = site_client(tmp_path, Role.ADMINISTRATOR, clinic=clinic)
    second = site_app(clinic).test_client()
    sign_in(second, clinic, member)
    assert form(client, clinic, seen=0).status_code == 303
    assert form(second, clinic, stage="full", seen=0).status_code == 409
    assert clinic.roll_out.read().stage(SERVICE) is Stage.SHADOW


# -- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(clinic, monkeypatch):
    monkeypatch.setattr("cds_service.commands.roll_out.read_settings", lambda: clinic.settings)
    return lambda *words: CliRunner().invoke(command, words)


def test_the_command_sets_and_shows_a_stage(run, clinic):
    made = run("set", "rule", "news2", "pilot", "--why", "a try", "--location", "Location/12=er", "--confirm")
    assert made.exit_code == 0, made.output
    assert clinic.roll_out.read().stage(rule_part("news2")) is Stage.PILOT
    shown = run("show").output
    assert "pilot  in er" in shown
    assert "operator  rule:news2: full to pilot (er)  a try" in shown
    assert run("set", "model", "shadow", "--why", "first").exit_code == 0
    assert clinic.roll_out.read().stage(MODEL) is Stage.SHADOW


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "rule", "news2", "shadow", "--why", "x"), "Confirm"),
        (("set", "rule", "nothing", "shadow", "--why", "x"), "no such rule"),
        (("set", "everything", "shadow", "--why", "x"), "Say what"),
        (("set", "service", "shadow"), "--why"),
        (("set", "service", "pilot", "--why", "x"), "at least one"),
        (("set", "service", "pilot", "--why", "x", "--location", "12"), "FHIR reference"),
    ],
)
def test_the_command_refuses_with_one_clear_line(run, clinic, words, says):
    made = run(*words)
    assert made.exit_code != 0
    assert says in made.output
    assert clinic.roll_out.read().parts == {}
