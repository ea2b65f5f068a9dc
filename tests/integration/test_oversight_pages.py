"""The monitoring as people and machines meet it: pages, JSON, the command, on rows that the real stores wrote."""

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from cds_service.accounts.roles import Role
from cds_service.commands.report import report as report_command
from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.database import open_database
from cds_service.ledger.migrate import migrate
from cds_service.notify.outbox import Outbox
from cds_service.oversight.periods import Period
from cds_service.review.values import Verdict
from tests.support.ledger_values import NOW
from tests.support.oversight_values import MONDAY, a_busy_time, monitored, open_oversight
from tests.support.review_values import Clinic, decision, finding
from tests.support.site import a_clinic, csrf_of, sign_in, site_app, site_client


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """Five weeks, seen on the Monday after."""
    made = a_clinic(tmp_path_factory.mktemp("monitored"), now=lambda: MONDAY)
    a_busy_time(made.recorder.database, MONDAY - timedelta(days=35), 35, 10)
    return made


@pytest.fixture(scope="module")
def nurse(clinic):
    return site_client(None, clinic=clinic)[0]


@pytest.mark.parametrize("path", ["/monitoring", "/monitoring/report", "/monitoring/reviews"])
def test_the_pages_are_for_who_is_signed_in(clinic, path):
    answer = site_app(clinic).test_client().get(path)
    assert answer.status_code == 303
    assert "/sign-in" in answer.location


@pytest.mark.parametrize("period", ["daily", "weekly", "monthly"])
def test_the_dashboard_draws_each_trend_with_its_numbers_beside_it_or_says_that_it_has_none(nurse, period):
    page = nurse.get(f"/monitoring?period={period}").get_data(as_text=True)
    bare = re.findall(r"Nothing to draw yet, [^:]*: ([^<]*)\.</p>", page)
    named = len(bare[0].split("; ")) if bare else 0
    assert page.count('role="img"') == page.count("The numbers") == 7 - named
    assert named < 7
    assert "Right now" in page
    assert "style=" not in page  # the content security policy would drop it
    assert "<script>" not in page
    assert "subj-" not in page


def test_the_report_is_a_page_or_json_as_it_is_asked_for(nurse):
    asked = "/monitoring/report?period=weekly"
    page = nurse.get(asked)
    by_format = nurse.get(f"{asked}&format=json")
    by_header = nurse.get(asked, headers={"Accept": "application/json"})
    assert page.mimetype == "text/html"
    assert by_format.get_json() == by_header.get_json()
    assert by_format.get_json()["from"] == "2031-05-26"
    assert by_format.get_json()["digest"] in page.get_data(as_text=True)
    assert nurse.get(f"{asked}&format=markdown").get_data(as_text=True).startswith("# Monitoring, weekly")
    assert nurse.get(asked, headers={"Accept": "text/html,*/*;q=0.8"}).mimetype == "text/html"


@pytest.mark.parametrize(
    "query", ["period=hourly", "format=exe", "day=yesterday", "day=2031-06-03", "day=0001-01-01", "day=9999-12-31"]
)
def test_what_cannot_be_reported_is_said(nurse, query):
    assert nurse.get(f"/monitoring/report?{query}").status_code == 400


def test_a_review_is_signed_on_the_page(tmp_path):
    clinic = a_clinic(tmp_path, now=lambda: MONDAY)
    a_busy_time(clinic.recorder.database, MONDAY - timedelta(days=40), 2, 5)
    client, _ = site_client(None, Role.PHYSICIAN, clinic=clinic)
    page = client.get("/monitoring/reviews").get_data(as_text=True)
    assert "Overdue" in page
    digest = page.split('name="digest" value="')[1].split('"')[0]
    form = {"csrf_token": csrf_of(client, "/monitoring/reviews"), "kind": "performance", "digest": digest}
    short = client.post("/monitoring/reviews", data=form | {"note": "<b>no</b>"})
    assert short.status_code == 400
    assert "&lt;b&gt;no&lt;/b&gt;" in short.get_data(as_text=True)  # what was typed is not lost
    assert (
        client.post("/monitoring/reviews", data=form | {"digest": "0" * 64, "note": "Looked at it."}).status_code == 409
    )
    assert (
        client.post("/monitoring/reviews", data={**form, "kind": "weekly", "note": "Looked at it."}).status_code == 400
    )
    done = client.post("/monitoring/reviews", data=form | {"note": "Looked at every figure."})
    assert done.status_code == 303
    page = client.get("/monitoring/reviews").get_data(as_text=True)
    assert "Overdue" not in page
    assert "(Physician)" in page
    assert "Looked at every" not in page
    assert client.post("/monitoring/reviews", data=form | {"note": "Looked at it again."}).status_code == 409


def test_another_role_may_not_sign_by_a_forged_form(clinic):
    client, _ = site_client(None, Role.ADMINISTRATOR, clinic=clinic)
    form = {"csrf_token": csrf_of(client, "/monitoring"), "kind": "performance", "digest": "0" * 64, "note": "x" * 20}
    assert client.post("/monitoring/reviews", data=form).status_code == 403
    assert client.post("/monitoring/reviews", data=form | {"csrf_token": "forged"}).status_code == 400


def test_decisions_that_the_review_took_are_counted(tmp_path):
    settings = monitored(tmp_path)
    migrate(settings.database)
    clinic = Clinic(database=open_database(settings.database), settings=settings)
    nurse, doctor = clinic.member(), clinic.member(Role.PHYSICIAN)
    for _ in range(6):
        case = clinic.opened(finding(Priority.MEDIUM), status=AssessmentStatus.READY, says=Priority.MEDIUM)
        clinic.reviews.look(case.id, nurse, NOW)
        raised = decision(case, Verdict.CHANGE, priority=Priority.HIGH)
        clinic.reviews.decide(case.id, raised, nurse, NOW + timedelta(seconds=45))
    for _ in range(5):
        case = clinic.opened(finding(Priority.HIGH))
        with clinic.database.transaction() as tx:
            Outbox(clinic.database, settings=settings).for_case_in(tx, case, NOW)
        clinic.reviews.acknowledged(case.id, doctor, NOW + timedelta(minutes=4))
    oversight = open_oversight(clinic.database, clinic.vault, settings)
    figures = {f.id: f for f in oversight.report(Period.DAILY, NOW + timedelta(days=1)).figures}
    assert (figures["under-triage.floor"].hits, figures["under-triage.floor"].of) == (6, 6)
    assert (figures["cases.decided"].hits, figures["cases.decided"].of) == (6, 11)
    assert (figures["cases.told"].hits, figures["cases.escalated"].hits) == (11, 0)
    assert figures["time.review.median"].value == 45
    assert figures["time.physician.median"].value == 4
    assert figures["kappa.model"].of == 6
    clinic.database.close()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The environment of a command, with a database of last week."""
    settings = monitored(tmp_path)
    monkeypatch.setenv("CDS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("CDS_KEYS_FILE", str(settings.keys_file))
    migrate(settings.database)
    database = open_database(settings.database)
    a_busy_time(database, datetime.now(UTC) - timedelta(days=16), 16, 5)
    database.close()
    return tmp_path


def test_the_command_writes_each_form(here):
    files = {name: here / f"out.{name}" for name in ("json", "markdown", "figure")}
    asked = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    assert CliRunner().invoke(report_command, asked, catch_exceptions=False).exit_code == 0
    assert json.loads(files["json"].read_text())["period"] == "weekly"
    assert files["markdown"].read_text().startswith("# Monitoring, weekly")
    assert files["figure"].read_text().startswith("<svg xmlns")


def test_the_command_prints_and_refuses_the_future(here):
    printed = CliRunner().invoke(report_command, ["--period", "daily"])
    assert "## Under- and over-triage" in printed.output
    refused = CliRunner().invoke(report_command, ["--end", "2999-01-01"])
    assert refused.exit_code == 2


def test_the_command_says_what_to_do_without_a_database(tmp_path, monkeypatch):
    monkeypatch.setenv("CDS_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("CDS_KEYS_FILE", str(tmp_path / "keys.json"))
    said = CliRunner().invoke(report_command, [])
    assert said.exit_code == 1
    assert "cds-service prepare" in said.output


def test_two_thousand_answers_take_less_than_half_a_second_of_a_processor(tmp_path):
    """A month of ten thousand takes five times as long."""
    settings = monitored(tmp_path)
    migrate(settings.database)
    database = open_database(settings.database)
    a_busy_time(database, datetime(2031, 5, 1, tzinfo=UTC), 31, 65)
    oversight = open_oversight(database, Clinic(database=database, settings=settings).vault, settings)
    start = time.process_time()
    oversight.report(Period.MONTHLY, MONDAY)
    assert time.process_time() - start < 0.5
    database.close()


def test_a_session_that_was_signed_out_sees_nothing(clinic):
    client, member = site_client(None, Role.COMPLIANCE, clinic=clinic)
    sign_in(client, clinic, member)
    client.post("/sign-out", data={"csrf_token": csrf_of(client, "/sign-out")})
    assert client.get("/monitoring").status_code == 303
