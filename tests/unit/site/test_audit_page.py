"""The audit page: filters, pages, a patient's history, downloads, and what the newest seal says."""

import json

import pytest
from sqlalchemy import text

from cds_service.accounts.roles import Role
from cds_service.ledger.audit import EventKind
from cds_service.ledger.trail import Wanted, newest_first, records
from cds_service.web.site import audit
from cds_service.web.site.audit_words import KINDS
from fhir_mappers import r4
from tests.support.audit_values import EHR, a_trail
from tests.support.site import csrf_of, site_client


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return a_trail(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="module")
def client(clinic):
    return site_client(None, Role.COMPLIANCE, clinic=clinic)[0]


def newest(clinic):
    with clinic.recorder.database.transaction(write=False) as tx:
        return newest_first(tx, Wanted(), limit=1)[0]


def shown(page):
    """The numbers of the events on a page."""
    return [int(part.split(",")[0]) for part in page.text.split("<small>event ")[1:]]


def test_every_kind_has_words():
    assert set(KINDS) == set(EventKind)


def test_the_page_shows_the_newest_first_and_leads_to_the_oldest(clinic, client):
    last = newest(clinic).seq
    page = client.get("/audit")
    assert page.status_code == 200
    assert shown(page) == list(range(last, last - 50, -1))
    before = page.text.split("/audit?before=")[1].split('"')[0]
    older = client.get(f"/audit?before={before}")
    assert shown(older) == list(range(last - 50, 0, -1))
    assert "Nora Quill" in page.text
    assert (newest(clinic).kind, newest(clinic).detail["act"]) == ("audit-read", "page")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("kind=gate-decision", 30),
        ("kind=vault-read&since=2031-05-06&until=2031-05-06", 1),
        ("actor=https://ehr.example&kind=vault-mint", 2),
        ("until=2031-05-05", 0),
        ("kind=seal", 1),
    ],
)
def test_filters_narrow(client, query, count):
    assert len(shown(client.get(f"/audit?{query}"))) == count


@pytest.mark.parametrize(
    "query", ["since=yesterday", "kind=x", "subject=Patient/1", "actor=Patient/1", "before=x", "before=" + "9" * 40]
)
def test_what_is_not_understood_shows_nothing_and_says_so(client, query):
    page = client.get(f"/audit?{query}")
    assert page.status_code == 422
    assert shown(page) == []
    assert "Nothing is shown" in page.text


def test_a_patients_history_is_found_by_the_id_in_the_ehr_and_no_address_holds_it(clinic, client):
    form = {"client": EHR, "patient": "canary-2", "reason": "patient-request", "csrf_token": csrf_of(client, "/audit")}
    answer = client.post("/audit/patient", data=form)
    assert answer.status_code == 303
    assert answer.location == f"/audit?subject={clinic.subjects[1]}"
    assert newest(clinic).detail["reason"] == "patient-request"
    page = client.get(answer.location)
    assert len(shown(page)) == 3, "the mint, the nurse's look, and this look-up"
    assert "canary" not in page.text
    assert newest(clinic).subject == clinic.subjects[1], "who reads a history is in it"


@pytest.mark.parametrize("changed", [{"patient": "canary-9"}, {"reason": "curiosity"}, {"client": ""}])
def test_a_look_up_that_leads_nowhere_shows_nothing(client, changed):
    form = {"client": EHR, "patient": "canary-2", "reason": "complaint", "csrf_token": csrf_of(client, "/audit")}
    page = client.post("/audit/patient", data=form | changed)
    assert page.status_code == 422
    assert "No history is shown" in page.text
    assert shown(page) == []


@pytest.mark.parametrize("form", ["fhir", "csv", "json"])
def test_what_is_shown_is_downloaded_whole_and_that_is_audited(clinic, client, form):
    query = f"kind=hook-call&subject={clinic.subjects[0]}&format={form}"
    answer = client.get(f"/audit/download?{query}")
    found = answer.get_data(as_text=True).splitlines()
    assert len(found) == 30 + (form == "csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-2031-05-06.')
    assert answer.headers["Cache-Control"] == "no-store"
    if form == "fhir":
        r4.validate(json.loads(found[0]))
    told = newest(clinic)
    assert (told.kind, told.subject) == ("audit-read", clinic.subjects[0])
    assert told.detail["format"] == form
    assert client.get(f"/audit/download?{query}x").status_code == 404


def test_a_download_that_would_keep_a_web_process_from_hook_calls_is_left_to_the_command(client, monkeypatch):
    monkeypatch.setattr(audit, "MOST_EVENTS", 29)
    answer = client.get("/audit/download?kind=hook-call")
    assert answer.status_code == 413
    assert "cds-service audit export" in answer.text
    monkeypatch.setattr(audit, "MOST_EVENTS", 30)
    assert client.get("/audit/download?kind=hook-call").status_code == 200


def test_the_page_says_how_far_the_trail_is_sealed_and_when_it_is_not_what_was_sealed(tmp_path):
    clinic = a_trail(tmp_path, calls=2)
    client, _ = site_client(None, Role.COMPLIANCE, clinic=clinic)
    page = client.get("/audit").text
    assert "Sealed up to" in page
    assert "does not hold" not in page
    with clinic.recorder.database.transaction() as tx:
        for name in ("no_update", "no_delete"):
            tx.execute(text(f"DROP TRIGGER audit_event_{name}"))
        tx.execute(text("UPDATE audit_event SET hash = 'x' WHERE kind = 'seal' OR seq = 7"))
    page = client.get("/audit").text
    assert "does not hold" in page
    assert "The trail does not fit its last seal" in page


def test_nobody_is_named_to_the_trail_by_reading_it(clinic):
    with clinic.recorder.database.transaction(write=False) as tx:
        assert "canary" not in str(list(records(tx, Wanted())))
