"""The pages of exports: nothing typed is lost, what is missing is said beside it, and the data are not handed out."""

import threading

import pytest

from cds_service.accounts.roles import Role
from cds_service.export.runner import Runner
from cds_service.export.states import State
from cds_service.ledger.audit import EventKind, newest
from tests.support.export_values import DAY, NOW, SmallWriter, approving, asked, officers
from tests.support.site import a_clinic, a_member, csrf_of, sign_in, site_app

FORM = {
    "since": "2031-02-01",
    "until": "2031-04-30",
    "profile": "safe-harbor",
    "purpose": "quality-improvement",
    "words": "Look at how often nurses change the priority.",
    "recipient": "Quality board",
    "verdicts": ["confirm", "change"],
    "priorities": ["high"],
}


@pytest.fixture
def clinic(tmp_path):
    return a_clinic(tmp_path, now=lambda: NOW)


@pytest.fixture
def two(clinic):
    return officers(clinic)


@pytest.fixture
def browsers(clinic, two):
    app = site_app(clinic)
    found = []
    for member in two:
        found.append(app.test_client())
        sign_in(found[-1], clinic, member)
    return found


def work(clinic, writer=None):
    writer = writer or SmallWriter()
    assert Runner(clinic.exports, lambda: writer, now=lambda: NOW, beat_s=0.01).once(threading.Event())


def send(browser, path, **fields):
    return browser.post(path, data={"csrf_token": csrf_of(browser, "/sign-in/password"), **fields})


def awaiting(clinic, member):
    ordered = clinic.exports.order(asked(), member, NOW)
    work(clinic)
    return clinic.exports.get(ordered.id)


def test_an_order_that_lacks_something_keeps_what_was_typed_and_says_what(clinic, browsers):
    answer = send(browsers[0], "/exports/new", **FORM | {"recipient": "", "since": "soon"})
    assert answer.status_code == 422
    assert clinic.exports.all() == ()
    page = answer.text
    assert 'id="since-error"' in page
    assert 'id="recipient-error"' in page, "everything is said at once"
    assert FORM["words"] in page
    assert 'value="high" checked' in page
    assert '<option value="quality-improvement" selected>' in page
    answer = send(browsers[0], "/exports/new", **FORM | {"recipient": " ", "words": "for jane.roe@example.org"})
    assert answer.text.count("usa-error-message") == 2
    assert "goes into the manifest" not in answer.text
    assert "jane.roe@example.org" in answer.text, "only who typed it sees it"


def test_an_order_takes_whole_days_of_the_clinic(tmp_path):
    clinic = a_clinic(tmp_path, now=lambda: NOW, clinic_timezone="America/Denver")
    browser = site_app(clinic).test_client()
    sign_in(browser, clinic, officers(clinic)[0])
    assert send(browser, "/exports/new", **FORM).status_code == 303
    (ordered,) = clinic.exports.all()
    assert ordered.scope.since.isoformat() == "2031-02-01T07:00:00+00:00"
    assert ordered.scope.until.isoformat() == "2031-05-01T06:00:00+00:00"
    assert sorted(ordered.scope.verdicts) == ["change", "confirm"]


def test_two_officers_take_an_export_through_the_pages(clinic, browsers):
    one, other = browsers
    order = send(one, "/exports/new", **FORM).location
    work(clinic)
    (ordered,) = clinic.exports.all()
    assert "another compliance officer" in one.get(order).text
    page = other.get(order).text
    assert "Possible pneumonia" in page
    assert "45.0 %" in page
    assert "reported, not enforced" in page
    assert "Approve the export" in page
    answer = send(other, f"{order}/approve", seen=ordered.digest, signature="Somebody Else")
    assert answer.status_code == 422
    assert 'id="no-actual-knowledge-error"' in answer.text
    assert 'value="Somebody Else"' in answer.text
    said = {"seen": ordered.digest, "signature": "bo  inventa", "no-actual-knowledge": "yes"}
    assert send(one, f"{order}/approve", **said).status_code == 403
    assert send(other, f"{order}/approve", **said | {"seen": "0" * 64}).status_code == 409
    assert send(other, f"{order}/approve", **said).status_code == 303
    work(clinic)
    page = one.get(order).text
    assert "train.jsonl" in page
    assert clinic.exports.get(ordered.id).manifest in page


def test_the_page_hands_out_words_about_the_data_and_never_the_data(clinic, two, browsers):
    ordered = awaiting(clinic, two[0])
    path = f"/exports/{ordered.id}/files"
    assert browsers[1].get(f"{path}/card.md").status_code == 404, "nothing is there before it is written"
    clinic.exports.approve(ordered.id, approving(ordered, two[1]), two[1], NOW)
    work(clinic)
    card = browsers[1].get(f"{path}/card.md")
    assert (card.status_code, card.text) == (200, "# Data card\n")
    assert card.headers["Cache-Control"] == "no-store"
    assert card.headers["Content-Disposition"].startswith("attachment")
    for name in ("train.jsonl", "..%2Fcds.sqlite3", "risk.md"):
        assert browsers[1].get(f"{path}/{name}").status_code == 404
    with clinic.recorder.database.transaction(write=False) as tx:
        newest_export = newest(tx, EventKind.EXPORT)
    assert (newest_export["act"], newest_export["file"]) == ("file-taken", "card.md")


def test_a_page_that_stands_open_is_drawn_anew_when_there_is_more_to_show(clinic, two, browsers):
    ordered = clinic.exports.order(asked(), two[0], NOW)
    state = f"/exports/{ordered.id}/progress?state=previewing.idle"
    assert "HX-Refresh" not in browsers[0].get(state).headers
    work(clinic)
    assert browsers[0].get(state).headers["HX-Refresh"] == "true"
    assert "Waits for a second officer" in browsers[0].get("/exports/rows").text


def test_an_officer_stops_lets_go_on_and_withdraws(clinic, two, browsers):
    ordered = awaiting(clinic, two[0])
    path = f"/exports/{ordered.id}/act"
    assert send(browsers[0], path, act="go-on").status_code == 403
    assert send(browsers[0], path, act="preview").status_code == 303
    assert send(browsers[0], path, act="stop").status_code == 303
    assert "stopped by an officer" in browsers[1].get("/exports").text.lower()
    assert send(browsers[1], path, act="go-on").status_code == 303
    assert send(browsers[1], path, act="withdraw", remove="yes").status_code == 303
    assert clinic.exports.get(ordered.id).state is State.WITHDRAWN
    assert send(browsers[1], path, act="else").status_code == 400


def test_a_refusal_says_why(clinic, two, browsers):
    ordered = awaiting(clinic, two[0])
    path = f"/exports/{ordered.id}/refuse"
    assert 'id="why-error"' in send(browsers[1], path, seen=ordered.digest).text
    assert send(browsers[1], path, seen=ordered.digest, why="identifier").status_code == 303
    assert "holds something that identifies a person" in browsers[0].get(f"/exports/{ordered.id}").text


def test_no_address_title_or_header_names_what_was_written(clinic, two, browsers):
    ordered = awaiting(clinic, two[0])
    answer = browsers[1].get(f"/exports/{ordered.id}")
    title = answer.text.split("<title>")[1].split("</title>")[0]
    assert title == "Export · Clinical decision support"
    assert "pneumonia" not in str(answer.headers)


def test_words_past_their_retention_leave_a_page_that_says_so(clinic, two, browsers):
    ordered = awaiting(clinic, two[0])
    with clinic.recorder.database.transaction() as tx:
        clinic.recorder.vault.purge_expired(tx, now=NOW + 3000 * DAY, actor="purge")
    answer = browsers[0].get(f"/exports/{ordered.id}")
    assert answer.status_code == 200
    assert "past its retention" in answer.text


def test_others_do_not_see_the_place_in_the_menu(clinic, browsers):
    nurse = site_app(clinic).test_client()
    sign_in(nurse, clinic, a_member(clinic, Role.NURSE))
    assert 'href="/exports"' not in nurse.get("/monitoring").text
    assert 'href="/exports"' in browsers[0].get("/monitoring").text
