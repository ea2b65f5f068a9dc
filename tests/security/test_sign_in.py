"""The doors of the pages under bad input: nobody is let in, nothing is lost, nothing is told."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from cds_service.accounts.roles import Role
from cds_service.ledger.tables import audit_event, session
from cds_service.settings import Settings
from cds_service.web.site import who
from tests.support.site import PASSWORD, a_clinic, a_member, csrf_of, sign_in, site_app, site_client

GUARDED = "/sign-in/password"


class Clock:
    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        return self.now

    def pass_by(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def clinic(tmp_path, clock):
    return a_clinic(tmp_path, now=clock, sign_ins_per_minute=1000)


@pytest.fixture
def app(clinic):
    return site_app(clinic)


@pytest.fixture
def nora(clinic):
    return a_member(clinic, name="nora", password=PASSWORD)


@pytest.fixture
def browser(app):
    return app.test_client()


def post_sign_in(browser, *, name="nora", password=PASSWORD, **more):
    form = {"csrf_token": csrf_of(browser), "name": name, "password": password} | more
    return browser.post("/sign-in", data={key: value for key, value in form.items() if value is not None})


def is_in(browser):
    return browser.get(GUARDED).status_code == 200


def count(clinic, table):
    with clinic.recorder.database.transaction(write=False) as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


# -- forms ---------------------------------------------------------------------------------------------------------


def test_a_sign_in_with_the_form_of_this_browser_is_taken(browser, nora):
    response = post_sign_in(browser)
    assert (response.status_code, response.headers["Location"]) == (303, "/review")
    assert is_in(browser)


@pytest.mark.parametrize("forged", [None, "", "x", "IjEi.aAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_form_without_our_token_is_refused(browser, nora, forged):
    response = post_sign_in(browser, csrf_token=forged)
    assert response.status_code == 400
    assert not is_in(browser)


def test_the_form_token_of_another_browser_is_refused(app, browser, nora):
    browser.get("/sign-in")
    assert post_sign_in(browser, csrf_token=csrf_of(app.test_client())).status_code == 400


def test_a_form_from_before_the_sign_in_is_refused_after_it(browser, nora):
    old = csrf_of(browser)
    post_sign_in(browser)
    assert browser.post("/sign-out", data={"csrf_token": old}).status_code == 400
    assert is_in(browser)


def test_a_stale_form_is_refused(browser, nora, monkeypatch):
    token = csrf_of(browser)
    import itsdangerous.timed as timed

    later = timed.time.time() + 13 * 3600
    monkeypatch.setattr(timed.TimestampSigner, "get_timestamp", lambda self: int(later))
    response = post_sign_in(browser, csrf_token=token)
    assert response.status_code == 400
    assert "open the page anew" in response.get_data(as_text=True)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_the_browser_says_is_another_site_s_is_refused(browser, nora, site):
    data = {"csrf_token": csrf_of(browser), "name": "nora", "password": PASSWORD}
    assert browser.post("/sign-in", data=data, headers={"Sec-Fetch-Site": site}).status_code == 400


def test_a_cookie_that_was_signed_elsewhere_is_worth_nothing(tmp_path, browser, nora):
    (tmp_path / "other").mkdir()
    other = site_app(a_clinic(tmp_path / "other")).test_client()
    token = csrf_of(other)
    browser.set_cookie("cds-form", other.get_cookie("cds-form").value)
    assert browser.post("/sign-in", data={"csrf_token": token, "name": "nora", "password": PASSWORD}).status_code == 400


# -- where one goes after it ---------------------------------------------------------------------------------------

EVIL = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "javascript:alert(1)",
    "/review\r\nSet-Cookie: a=b",
    "/\t/evil.example",
    " //evil.example",
    "review",
    "",
    "/sign-out",
    "/launch?iss=x",
    "/review?next=//evil.example",
    "/review#//evil",
    "/" + "a" * 400,
    "/../../evil",
    "http:evil.example",
    "/@evil.example",
]


def test_nobody_is_sent_to_another_place_by_the_sign_in(app, nora):
    sent = {}
    for wanted in EVIL:
        browser = app.test_client()
        sent[wanted] = post_sign_in(browser, next=wanted).headers["Location"]
        assert browser.get("/sign-in", query_string={"next": wanted}).headers["Location"] == sent[wanted]
    assert sent == dict.fromkeys(EVIL, "/review")


@pytest.mark.parametrize(
    "wanted", ["/review/cases/case-1", "/monitoring/report?period=weekly", "/intake", "/review?show=all&page=2"]
)
def test_a_page_of_ours_is_remembered(wanted):
    assert who.safe_next(wanted) == wanted


def test_who_is_not_signed_in_is_asked_to_and_comes_back(browser, nora):
    response = browser.get(GUARDED)
    assert (response.status_code, response.headers["Location"]) == (303, "/sign-in?next=/review")


def test_a_page_that_refreshes_itself_sends_the_browser_to_the_sign_in(browser):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/review/cases/case-1"}
    response = browser.get(GUARDED, headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/sign-in?next=/review/cases/case-1"
    headers["HX-Current-URL"] = "https://evil.example//evil.example"
    assert browser.get(GUARDED, headers=headers).headers["HX-Redirect"] == "/sign-in?next=/review"


# -- sessions ------------------------------------------------------------------------------------------------------


def test_a_session_that_somebody_planted_is_not_the_one_after_the_sign_in(clinic, browser, nora):
    attacker = a_member(clinic, Role.COMPLIANCE)
    planted = sign_in(browser, clinic, attacker)
    page = browser.get(GUARDED).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    browser.post("/sign-in", data={"csrf_token": token, "name": "nora", "password": PASSWORD})
    assert browser.get_cookie("cds-session").value != planted
    assert clinic.accounts.session(planted, now=clinic.now(), active=True) is None


@pytest.mark.parametrize("value", ["", "x", "a" * 5000, "' OR 1=1 --", "\u00e9"])
def test_a_made_up_session_is_nobody_s(browser, value):
    browser.set_cookie("cds-session", value)
    assert not is_in(browser)


def test_a_disabled_account_is_out_in_the_middle_of_its_session(clinic, browser, nora):
    post_sign_in(browser)
    token = csrf_of(browser, GUARDED)
    clinic.accounts.disable(nora.account, now=clinic.now())
    assert not is_in(browser)
    response = browser.post(GUARDED, data={"csrf_token": token, "old": PASSWORD, "new": "x", "again": "x"})
    assert response.status_code == 401
    assert "Nothing was changed" in response.get_data(as_text=True)


def test_another_role_counts_from_the_next_request(clinic, app, browser, nora):
    with app.test_request_context(headers={"Cookie": f"cds-session={sign_in(browser, clinic, nora)}"}):
        assert who.needs(Role.NURSE) == nora
    clinic.accounts.set_role(nora.account, Role.COMPLIANCE, now=clinic.now())
    assert not is_in(browser)
    post_sign_in(browser)
    secret = browser.get_cookie("cds-session").value
    with app.test_request_context(headers={"Cookie": f"cds-session={secret}"}), pytest.raises(Exception, match="role"):
        who.needs(Role.NURSE, Role.PHYSICIAN)


def test_an_idle_browser_is_signed_out_although_its_page_refreshes_itself(clock, browser, nora):
    post_sign_in(browser)
    for _ in range(14):
        clock.pass_by(minutes=1)
        assert browser.get(GUARDED, headers={"HX-Request": "true"}).status_code == 200
    clock.pass_by(minutes=1)
    assert browser.get(GUARDED, headers={"HX-Request": "true"}).status_code == 401


def test_somebody_who_types_stays_signed_in(clock, browser, nora):
    post_sign_in(browser)
    token = csrf_of(browser, GUARDED)
    for _ in range(5):
        clock.pass_by(minutes=10)
        assert browser.post("/sign-in/stay", headers={"X-CSRFToken": token}).status_code == 204
    assert is_in(browser)


def test_a_clock_that_goes_back_signs_people_out(clock, browser, nora):
    post_sign_in(browser)
    clock.pass_by(hours=-1)
    assert not is_in(browser)


def test_sign_out_ends_the_session_for_a_copied_cookie_too(app, browser, nora):
    post_sign_in(browser)
    thief = app.test_client()
    thief.set_cookie("cds-session", browser.get_cookie("cds-session").value)
    assert is_in(thief)
    response = browser.post("/sign-out", data={"csrf_token": csrf_of(browser, GUARDED)})
    assert browser.get_cookie("cds-session") is None
    assert "You are signed out" in browser.get(response.headers["Location"]).get_data(as_text=True)
    assert not is_in(thief)


def test_a_link_signs_nobody_out(browser, nora):
    post_sign_in(browser)
    assert browser.get("/sign-out").status_code == 200
    assert is_in(browser)


def test_who_must_change_the_password_sees_nothing_before(clinic, app, browser, nora):
    clinic.accounts.set_password(clinic.accounts.find("nora"), "seven quiet otters in a lane", now=clinic.now())
    assert post_sign_in(browser, password="seven quiet otters in a lane").headers["Location"] == GUARDED
    assert browser.post("/sign-in/stay", data={"csrf_token": csrf_of(browser, GUARDED)}).status_code == 303
    new = {"old": "seven quiet otters in a lane", "new": PASSWORD, "again": PASSWORD}
    changed = browser.post(GUARDED, data=new | {"csrf_token": csrf_of(browser, GUARDED)})
    assert changed.headers["Location"] == "/review"
    assert browser.post("/sign-in/stay", data={"csrf_token": csrf_of(browser, GUARDED)}).status_code == 204


# -- cookies and headers -------------------------------------------------------------------------------------------


def test_over_https_the_cookies_are_bound_to_host_and_tls(tmp_path):
    clinic = a_clinic(tmp_path, external_url="https://cds.example")
    a_member(clinic, name="nora", password=PASSWORD)
    browser = site_app(clinic).test_client()
    page = browser.get("/sign-in", base_url="https://cds.example").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "name": "nora", "password": PASSWORD}
    cookies = browser.post("/sign-in", data=data, base_url="https://cds.example").headers.getlist("Set-Cookie")
    (made,) = (c for c in cookies if c.startswith("__Host-cds-session="))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(made.split("; "))
    assert "Domain" not in made
    assert "Max-Age" not in made


def test_pages_may_not_be_framed_kept_or_told_of(browser):
    headers = browser.get("/sign-in").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_frame_needs_https():
    with pytest.raises(ValueError, match="https"):
        Settings(frame_ancestors=("https://ehr.example",))


# -- guessing ------------------------------------------------------------------------------------------------------


def test_hundreds_of_failed_sign_ins_cost_what_a_few_do(tmp_path, monkeypatch):
    clinic = a_clinic(tmp_path, sign_ins_per_minute=6)
    a_member(clinic, name="nora", password=PASSWORD)
    checked = []
    monkeypatch.setattr(clinic.accounts._passwords, "matches", lambda kept, password: checked.append(1) and False)
    browser = site_app(clinic).test_client()
    token = csrf_of(browser)
    data = {"csrf_token": token, "name": "nora", "password": "wrong"}
    statuses = [browser.post("/sign-in", data=data).status_code for _ in range(200)]
    assert set(statuses) == {401, 429}
    allowed = 3 * clinic.settings.sign_ins_per_minute  # the loop may cross a minute, even two on a busy machine
    assert len(checked) <= allowed
    assert count(clinic, audit_event) <= allowed + 5


def test_one_name_is_guarded_from_many_addresses_and_one_address_from_many_names(tmp_path, clock):
    clinic = a_clinic(tmp_path, now=clock, sign_ins_per_minute=6)
    browser = site_app(clinic).test_client()
    token = csrf_of(browser)

    def tries(**how):
        data = {"csrf_token": token, "name": how["name"], "password": "wrong"}
        return browser.post("/sign-in", data=data, environ_overrides={"REMOTE_ADDR": how["address"]}).status_code

    rate = clinic.settings.sign_ins_per_minute
    assert [tries(name="nora", address=f"127.0.1.{n}") for n in range(rate + 1)][-1] == 429
    assert [tries(name=f"n{n}", address="127.0.2.1") for n in range(rate + 1)][-1] == 429
    assert tries(name="ines", address="127.0.3.1") == 401


def test_behind_a_proxy_the_address_is_what_the_proxy_wrote_last(tmp_path, clock):
    clinic = a_clinic(tmp_path, now=clock, behind_tls_proxy=True, sign_ins_per_minute=6)
    browser = site_app(clinic).test_client()
    token = csrf_of(browser)
    rate = clinic.settings.sign_ins_per_minute
    statuses = [
        browser.post(
            "/sign-in",
            data={"csrf_token": token, "name": f"n{n}", "password": "wrong"},
            headers={"X-Forwarded-For": f"10.0.0.{n}, 192.0.2.1"},
        ).status_code
        for n in range(rate + 1)
    ]
    assert statuses[-1] == 429


def test_the_addresses_of_one_ipv6_network_count_as_one(tmp_path, clock):
    clinic = a_clinic(tmp_path, now=clock, sign_ins_per_minute=6)
    browser = site_app(clinic).test_client()
    token = csrf_of(browser)

    def tries(address, n):
        data = {"csrf_token": token, "name": f"n{n}", "password": "wrong"}
        return browser.post("/sign-in", data=data, environ_overrides={"REMOTE_ADDR": address}).status_code

    rate = clinic.settings.sign_ins_per_minute
    assert [tries(f"2001:db8:0:1::{n:x}", n) for n in range(rate + 1)][-1] == 429
    assert tries("2001:db8:0:2::1", "x") == 401
    assert [tries("::ffff:192.0.2.1", f"m{n}") for n in range(rate + 1)][-1] == 429
    assert tries("::ffff:192.0.2.2", "y") == 401, "IPv4 through an IPv6 socket is many networks"
    assert tries("fe80::1%eth0", "z") == 401


# -- what is told --------------------------------------------------------------------------------------------------


def test_no_name_and_no_password_is_in_log_audit_or_counts(clinic, browser, nora, capfd):
    post_sign_in(browser)
    post_sign_in(browser.application.test_client(), name="canary-name", password="canary-password")
    post_sign_in(browser.application.test_client(), password="canary-password")
    out, err = capfd.readouterr()
    clinic.recorder.database.close()
    stored = b"".join(f.read_bytes() for f in clinic.settings.data_dir.iterdir() if f.is_file())
    for canary in ("canary-name", "canary-password", PASSWORD):
        assert canary not in out + err
        assert canary.encode() not in stored
    assert "signed-in" in out + err
    with clinic.recorder.database.transaction(write=False) as tx:
        kept = tx.execute(select(audit_event.c.actor, audit_event.c.detail)).all()
    assert [json.loads(row.detail)["act"] for row in kept] == ["add", "sign-in", "sign-in", "sign-in"]


def test_markup_in_a_name_stays_text(browser):
    page = post_sign_in(browser, name="<script>alert(1)</script>", password="x").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_when_the_database_is_gone_nobody_is_let_in_and_the_page_says_so(clinic, browser, nora):
    post_sign_in(browser)

    engine = clinic.recorder.database.engine
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("select * from no_such_table"))
    response = browser.get(GUARDED)
    assert response.status_code == 500
    assert "Nothing was changed" in response.get_data(as_text=True)


def test_who_signs_out_while_the_database_is_gone_is_out_of_this_browser(clinic, browser, nora):
    post_sign_in(browser)
    token = csrf_of(browser, GUARDED)
    engine, gone = clinic.recorder.database.engine, lambda connection: connection.exec_driver_sql("select * from gone")
    event.listen(engine, "begin", gone)
    response = browser.post("/sign-out", data={"csrf_token": token})
    page = browser.get(response.headers["Location"]).get_data(as_text=True)
    event.remove(engine, "begin", gone)
    assert "You are signed out" in page
    assert not is_in(browser)


def test_the_shared_helper_signs_in_a_member_of_a_role(tmp_path):
    client, member = site_client(tmp_path, Role.PHYSICIAN)
    assert member.role is Role.PHYSICIAN
    assert member.name in client.get(GUARDED).get_data(as_text=True)
    assert client.get("/sign-in").status_code == 303


def test_sessions_are_in_the_database_alone(clinic, browser, nora):
    post_sign_in(browser)
    assert count(clinic, session) == 1
