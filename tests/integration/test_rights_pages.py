"""The pages of patients' rights over HTTP: two officers, one patient, nothing of the patient in an address."""

import pytest

from cds_service.accounts.roles import Role
from cds_service.ledger.audit import EventKind
from cds_service.rights.rights import Rights
from cds_service.web.site import face, rights
from tests.support.ledger_values import CLIENT, NOW
from tests.support.rights_values import Office
from tests.support.site import a_clinic, a_member, csrf_of, sign_in, site_app

WHO = {"client": CLIENT, "patient": "canary-1", "look": "patient-request"}


@pytest.fixture
def clinic(tmp_path, monkeypatch):
    made = a_clinic(tmp_path, now=lambda: NOW)
    if rights.blueprint not in face.FACES:
        monkeypatch.setattr(face, "FACES", (*face.FACES, rights.blueprint))
    if not hasattr(made, "rights"):
        made.rights = Rights(made.recorder.database, made.recorder.vault, made.settings)
    return made


@pytest.fixture
def office(clinic):
    return Office(database=clinic.recorder.database, settings=clinic.settings, vault=clinic.recorder.vault)


@pytest.fixture
def officers(clinic):
    """Two browsers, each of another compliance officer."""
    app = site_app(clinic)
    browsers = []
    for name in ("cora", "ivo"):
        browsers.append(app.test_client())
        sign_in(browsers[-1], clinic, a_member(clinic, Role.COMPLIANCE, name=name, shown=name.title()))
    return browsers


def act(browser, name, path="/rights", **fields):
    data = {"csrf_token": csrf_of(browser, "/rights"), "act": name, **WHO, **fields}
    return browser.post(path, data=data)


def hidden(answer, name):
    return answer.text.split(f'name="{name}" value="')[1].split('"')[0]


def test_only_compliance_officers_may_look_and_nobody_without_a_reason(clinic, office):
    app = site_app(clinic)
    for role in (Role.NURSE, Role.PHYSICIAN, Role.ADMINISTRATOR):
        browser = app.test_client()
        sign_in(browser, clinic, a_member(clinic, role))
        for path in ("/rights", "/rights/erasures/erase-1"):
            assert browser.get(path).status_code == 403
            token = csrf_of(browser, "/roll-out") if role is Role.ADMINISTRATOR else ""
            if token:
                assert browser.post(path, data={"csrf_token": token, "act": "look", **WHO}).status_code == 403
    assert office.audited(EventKind.VAULT_READ) == []


def test_a_patient_is_looked_up_opted_out_held_and_freed_again(officers, office):
    browser = officers[0]
    assert "knows no such patient" in act(browser, "look").text
    shown = act(browser, "opt-out", reason="patient-request", words="A letter.")
    assert "opted out" in shown.text
    assert office.opted_out("canary-1")
    assert "no-store" in shown.headers["Cache-Control"]
    held = act(browser, "hold", reason="litigation")
    assert office.held("canary-1")
    refused = act(browser, "erase", reason="patient-request")
    assert (refused.status_code, "legal hold" in refused.text) == (409, True)
    act(browser, "release", hold=hidden(held, "hold"))
    act(browser, "withdraw", entry=hidden(shown, "entry"))
    assert not office.held("canary-1")
    assert not office.opted_out("canary-1")


def test_what_is_missing_changes_nothing_and_says_so(officers, office):
    for name, fields in (
        ("look", {"look": ""}), ("look", {"patient": ""}), ("look", {"client": "x" * 500}),
        ("opt-out", {"reason": "x"}), ("hold", {"reason": ""}), ("nothing", {}), ("erase", {"reason": "x"}),
    ):  # fmt: skip
        answer = act(officers[0], name, **fields)
        assert (answer.status_code, "Nothing was changed" in answer.text) == (422, True), name
    assert act(officers[0], "withdraw", entry="opt-none").status_code == 404
    assert office.rights.entries() == office.rights.holds() == office.rights.erasures() == ()


def test_an_act_that_was_done_is_told_although_the_patient_is_not_shown_without_a_reason(officers, office):
    answer = act(officers[0], "hold", reason="litigation", look="")
    assert len(office.rights.holds()) == 1
    assert "under a legal hold" in answer.text
    assert "Nothing was changed" not in answer.text


def test_an_erasure_takes_two_officers_and_shows_its_proof(officers, office):
    first, second = officers
    subject = office.subject("canary-1")
    act(first, "erase", reason="patient-request")
    (asked,) = office.rights.erasures()
    path = f"/rights/erasures/{asked.id}"
    assert "another compliance officer" in first.get(path).text
    assert act(first, "confirm", path, confirmed="yes").status_code == 403
    assert "canary-1" in second.get(path).text  # the second person checks who it is
    assert act(second, "confirm", path).status_code == 422
    assert act(second, "confirm", path, confirmed="yes").status_code == 303
    shown = second.get(path).text
    assert "Nothing that leads back to the patient was found." in shown
    assert "canary-1" not in shown
    assert subject in shown
    assert act(second, "confirm", path, confirmed="yes").status_code == 409
    assert second.get("/rights/erasures/erase-none").status_code == 404
    assert office.subject("canary-1") != subject


def test_no_address_title_or_log_names_the_patient(officers, office, capfd):
    office.subject("canary-1")
    answers = [act(officers[0], name, reason="patient-request") for name in ("look", "opt-out", "erase")]
    (asked,) = office.rights.erasures()
    answers.append(officers[1].get(f"/rights/erasures/{asked.id}"))
    for answer in answers:
        assert "canary-1" in answer.text
        assert "canary-1" not in answer.request.path + answer.text.split("<title>")[1].split("</title>")[0]
        assert 'href="/rights?' not in answer.text
    printed = capfd.readouterr()
    assert "rights-changed" in printed.out + printed.err
    assert "canary-1" not in printed.out + printed.err
