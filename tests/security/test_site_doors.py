"""Every page and form has a rule of who may use it, and keeps it: a new one without a rule fails here."""

import pytest
from flask import url_for

from cds_service.accounts.roles import Role
from tests.support.site import a_clinic, a_member, csrf_of, sign_in, site_app

ALL = frozenset(Role)
CLINICIANS = frozenset({Role.NURSE, Role.PHYSICIAN})
COMPLIANCE = frozenset({Role.COMPLIANCE})
ANYONE = None
"""Who is signed in does not matter: the page shows nothing of a patient, or asks for another secret."""

RULES = {
    "layout.static": ANYONE,
    "account.sign_in": ANYONE,
    "account.let_in": ANYONE,
    "account.leaving": ANYONE,
    "account.sign_out": ANYONE,
    "account.stay": ALL,
    "account.password": ALL,
    "account.change": ALL,
    "arrival.to_provider": ANYONE,
    "arrival.from_provider": ANYONE,
    "arrival.launch": ANYONE,
    "arrival.landing": ANYONE,
    "arrival.no_case": CLINICIANS,
    "review.queue": CLINICIANS,
    "review.bell": CLINICIANS,
    "review.changes": CLINICIANS,
    "review.case": CLINICIANS,
    "review.presence": CLINICIANS,
    "review.decide": CLINICIANS,
    "review.acknowledge": CLINICIANS,
    "oversight.dashboard": ALL,
    "oversight.report": ALL,
    "oversight.reviews": ALL,
    "oversight.sign": frozenset({Role.PHYSICIAN, Role.COMPLIANCE}),
    "intake.desk": CLINICIANS,
    "intake.warnings": CLINICIANS,
    "intake.form": CLINICIANS,
    "intake.state": CLINICIANS,
    "intake.fill": CLINICIANS,
    "intake.fill_visit": CLINICIANS,
    "intake.response": CLINICIANS,
    "intake.start": CLINICIANS,
    "intake.code": CLINICIANS,
    "intake.withdraw": CLINICIANS,
    "intake.seen": CLINICIANS,
    "intake.take": CLINICIANS,
    "intake.take_visit": CLINICIANS,
    "tablet.ask_code": ANYONE,
    "tablet.begin": ANYONE,
    "tablet.signs": ANYONE,
    "tablet.visit": ANYONE,
    "tablet.done": ANYONE,
    "tablet.open_form": ANYONE,
    "tablet.take_signs": ANYONE,
    "tablet.take_visit": ANYONE,
    "intake-fhir.form": ANYONE,
    "intake-fhir.options": ANYONE,
    "exports.page": COMPLIANCE,
    "exports.rows": COMPLIANCE,
    "exports.new": COMPLIANCE,
    "exports.order": COMPLIANCE,
    "exports.order_page": COMPLIANCE,
    "exports.progress": COMPLIANCE,
    "exports.file": COMPLIANCE,
    "exports.approve": COMPLIANCE,
    "exports.refuse": COMPLIANCE,
    "exports.act": COMPLIANCE,
    "rights.page": COMPLIANCE,
    "rights.act": COMPLIANCE,
    "rights.erasure": COMPLIANCE,
    "rights.end": COMPLIANCE,
    "audit.page": COMPLIANCE,
    "audit.patient": COMPLIANCE,
    "audit.download": COMPLIANCE,
    "rollout.page": ALL,
    "rollout.change": frozenset({Role.ADMINISTRATOR}),
}
LED_AWAY = {"review.queue": "/monitoring"}
"""Where those go who may not see the page that everybody comes to first."""

PATHS = {
    "case_id": "case-none",
    "form_id": "form-none",
    "code": "23456789AB",
    "filename": "site.css",
    "order_id": "exp-none",
    "erasure_id": "erase-none",
    "name": "card.md",
}
REVIEW = {"kind": "model", "note": "The figures were looked at.", "digest": "another"}
"""A form of the reviews that asks for a signature: one kind, which some roles sign."""


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return a_clinic(tmp_path_factory.mktemp("doors"), sign_ins_per_minute=1000)


@pytest.fixture(scope="module")
def app(clinic):
    return site_app(clinic)


@pytest.fixture(scope="module")
def doors(app):
    """(endpoint, method, address) of every page and form."""
    site = app.extensions["site"]
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in site]
    with app.test_request_context():
        return [
            (rule.endpoint, method, url_for(rule.endpoint, **{name: PATHS[name] for name in rule.arguments}))
            for rule in rules
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        ]


def ask(browser, method, address, token):
    if method == "GET":
        return browser.get(address)
    return browser.post(address, data={"csrf_token": token, **REVIEW})


def test_every_page_and_form_has_a_rule(doors):
    assert {endpoint for endpoint, _, _ in doors} == RULES.keys()
    assert {method for _, method, _ in doors} == {"GET", "POST"}, "nothing else is checked for its form token here"


def test_a_stranger_gets_in_nowhere(app, doors):
    browser = app.test_client()
    token = csrf_of(browser)
    wrong = []
    for endpoint, method, address in doors:
        if RULES[endpoint] is ANYONE:
            continue
        answer = ask(browser, method, address, token)
        asked = answer.location.startswith("/sign-in?next=/") if method == "GET" else answer.status_code == 401
        if not asked:
            wrong.append((endpoint, answer.status))
    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_in_where_its_rule_says_and_nowhere_else(app, clinic, doors, role):
    browser = app.test_client()
    sign_in(browser, clinic, a_member(clinic, role))
    token = csrf_of(browser, "/sign-in/password")
    wrong = []
    for endpoint, method, address in doors:
        if RULES[endpoint] is ANYONE:
            continue
        answer = ask(browser, method, address, token)
        away = answer.status_code == 303 and answer.location == LED_AWAY.get(endpoint)
        refused = answer.status_code == 403 or away
        strange = answer.status_code in (401, 500) or (answer.location or "").startswith("/sign-in?")
        if refused == (role in RULES[endpoint]) or strange:
            wrong.append((endpoint, answer.status))
    assert wrong == []


def test_every_form_needs_its_token_whoever_sends_it(app, clinic, doors):
    browser = app.test_client()
    sign_in(browser, clinic, a_member(clinic, Role.PHYSICIAN, name="token-less"))
    sent = [(endpoint, browser.post(address, data=REVIEW)) for endpoint, method, address in doors if method == "POST"]
    assert len(sent) > 10
    assert [endpoint for endpoint, answer in sent if answer.status_code != 400] == []
    assert all("Nothing was changed" in answer.text for _, answer in sent)


def test_every_answer_of_a_page_has_the_headers(app, doors):
    browser = app.test_client()
    wrong = []
    for endpoint, method, address in doors:
        headers = browser.open(address, method=method).headers
        policy = headers["Content-Security-Policy"]
        kept = (
            headers["Cache-Control"] == "no-store" or endpoint == "layout.static" or endpoint.startswith("intake-fhir")
        )
        if "frame-ancestors 'none'" not in policy or "unsafe" in policy or not kept:
            wrong.append(endpoint)
        if headers["X-Content-Type-Options"] != "nosniff" or headers["Referrer-Policy"] != "no-referrer":
            wrong.append(endpoint)
    assert wrong == []
