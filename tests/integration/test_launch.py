"""Sign-in by other people's word, against a real provider and a real EHR on loopback."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select, update

from cds_service.accounts.roles import Role
from cds_service.errors import ConfigurationError
from cds_service.ledger.tables import account, audit_event, review_case, session, sign_in
from tests.support.identity import CLIENT_ID, identity_server, through
from tests.support.site import a_clinic, a_member, csrf_of, site_app
from tests.support.site import sign_in as give_session
from tests.support.tokens import private_key

ROLES = {"staff-md": "physician", "staff-rn": "nurse"}
EHR_USER = "Practitioner/dr-1"


@pytest.fixture
def provider():
    with identity_server() as running:
        yield running


@pytest.fixture
def oidc(provider, tmp_path):
    """Clinic and a function that gives a fresh browser, with the server as the clinic's own provider."""
    clinic = a_clinic(
        tmp_path, oidc_issuer=provider.origin, oidc_client_id=CLIENT_ID, oidc_roles=ROLES, sign_ins_per_minute=1000
    )
    app = site_app(clinic)
    return clinic, app.test_client


@pytest.fixture
def smart(provider, tmp_path):
    """The same with the server as an EHR that may launch."""
    (tmp_path / "ehrs.toml").write_text(
        f'[[ehr]]\niss = "{provider.fhir}"\nclient_id = "{CLIENT_ID}"\nclient = "ehr"\n'
        f'[ehr.roles]\n"{EHR_USER}" = "physician"\n"Practitioner" = "nurse"\n'
    )
    clinic = a_clinic(tmp_path, smart_file=tmp_path / "ehrs.toml", sign_ins_per_minute=1000)
    app = site_app(clinic)
    provider.person = {"sub": "person-1", "fhirUser": f"{provider.fhir}/{EHR_USER}", "name": "Ada Birch"}
    return clinic, app.test_client


def away(browser, to="/sign-in/provider?next=/review/cases/case-1"):
    response = browser.get(to)
    assert response.status_code == 303, response.get_data(as_text=True)
    return response.headers["Location"]


def launched(browser, ehr, launch):
    return browser.get(through(away(browser, f"/launch?iss={ehr.fhir}&launch={launch}")))


def rows(clinic, table):
    with clinic.recorder.database.transaction(write=False) as tx:
        return tx.execute(select(table)).mappings().all()


def reasons(clinic):
    details = [json.loads(row["detail"]) for row in rows(clinic, audit_event) if row["kind"] == "sign-in"]
    return [detail.get("reason", detail["act"]) for detail in details]


# -- OpenID Connect ------------------------------------------------------------------------------------------------


def test_whom_the_provider_gives_a_role_is_let_in_and_goes_on_to_the_page_asked_for(oidc, provider):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "name": "Ada Birch", "roles": ["other", "staff-md"]}
    browser = fresh()
    response = browser.get(through(away(browser)))
    assert response.headers["Location"] == "/review/cases/case-1"
    (row,) = rows(clinic, account)
    assert (row["role"], row["shown"], row["claimed"], row["password"]) == ("physician", "Ada Birch", True, None)
    assert browser.get("/sign-in/password").status_code == 200


def test_what_leaves_for_the_provider_holds_no_name_and_is_protected(oidc):
    _, fresh = oidc
    asked = dict(parse_qsl(urlsplit(away(fresh())).query))
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:8080/sign-in/provider/back"


@pytest.mark.parametrize("roles", [None, [], "staff", ["administrator"], {"staff-md": True}, 7])
def test_whom_the_provider_gives_no_role_is_refused_and_told_what_to_do(oidc, provider, roles):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": roles}
    browser = fresh()
    response = browser.get(through(away(browser)))
    assert response.status_code == 403
    assert "administrator" in response.get_data(as_text=True)
    assert rows(clinic, account) == []
    assert reasons(clinic) == ["no-role"]


def test_a_role_is_taken_anew_at_each_sign_in_and_ends_what_was_open(oidc, provider):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    first, second, third = fresh(), fresh(), fresh()
    first.get(through(away(first)))
    provider.person["roles"] = "staff-rn"
    second.get(through(away(second)))
    assert [row["role"] for row in rows(clinic, account)] == ["nurse"]
    assert first.get("/sign-in/password").status_code == 303
    provider.person["roles"] = None
    assert third.get(through(away(third))).status_code == 403
    assert second.get("/sign-in/password").status_code == 303, "whose role was taken away is out everywhere"
    details = [json.loads(row["detail"]) for row in rows(clinic, audit_event) if row["kind"] == "account"]
    assert details[-1] | {"account": ""} == {"account": "", "act": "role-withdrawn", "sessions_ended": 1}


def test_an_account_that_an_administrator_linked_keeps_its_role(oidc, provider):
    clinic, fresh = oidc
    clinic.accounts.add(
        "lee", role=Role.COMPLIANCE, shown="Lee Ash", password=None, now=clinic.now(), issuer=provider.origin,
        issuer_subject="p-9",
    )  # fmt: skip
    provider.person = {"sub": "p-9"}
    browser = fresh()
    assert browser.get(through(away(browser))).status_code == 303
    assert [row["role"] for row in rows(clinic, account)] == ["compliance"]


def test_a_disabled_account_is_refused_whatever_the_provider_says(oidc, provider):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    browser = fresh()
    browser.get(through(away(browser)))
    clinic.accounts.disable(rows(clinic, account)[0]["id"], now=clinic.now())
    assert browser.get("/sign-in/password").status_code == 303
    assert browser.get(through(away(browser))).status_code == 403
    assert reasons(clinic)[-1] == "disabled"


@pytest.mark.parametrize(
    "lie",
    [
        {"claims": {"iss": "https://other.example"}},
        {"claims": {"aud": "another-client"}},
        {"claims": {"aud": [CLIENT_ID, "another-client"]}},
        {"claims": {"aud": "another-client", "azp": CLIENT_ID}},
        {"claims": {"azp": "another-client"}},
        {"claims": {"nonce": "another-nonce"}},
        {"claims": {"nonce": None}},
        {"claims": {"exp": 1_000_000_000}},
        {"claims": {"exp": None}},
        {"claims": {"iat": None}},
        {"claims": {"nbf": 4_000_000_000}},
        {"claims": {"sub": None}},
        {"claims": {"sub": 7}},
        {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
        {"signed_by": private_key("RS256")},
        {"header": {"kid": "unknown"}},
        {"header": {"crit": ["x"], "x": 1}},
        {"alg_none": True},
    ],
    ids=lambda lie: "-".join(f"{part}-{value}" for part, value in lie.items() if part != "signed_by") or "other-key",
)
def test_an_id_token_that_does_not_hold_lets_nobody_in(oidc, provider, lie):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    for name, value in lie.items():
        setattr(provider, name, value)
    browser = fresh()
    response = browser.get(through(away(browser)))
    assert response.status_code == 403
    assert reasons(clinic) == ["id-token"]
    assert rows(clinic, account) == []
    assert rows(clinic, session) == []


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(oidc, provider, monkeypatch):
    """The confusion of algorithms: HS256 under a key that everybody knows."""
    import jwt as library

    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    browser = fresh()
    monkeypatch.setattr(
        provider,
        "id_token",
        lambda nonce: library.encode(
            {"iss": provider.origin, "sub": "p-7", "nonce": nonce}, "secret" * 8, algorithm="HS256"
        ),
    )
    assert browser.get(through(away(browser))).status_code == 403
    assert reasons(clinic) == ["id-token"]


def test_new_keys_of_the_provider_are_found(oidc, provider, monkeypatch):
    _clinic, fresh = oidc
    monkeypatch.setattr("cds_service.accounts.federation.REFETCH_S", 0.0)
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    first, second = fresh(), fresh()
    first.get(through(away(first)))
    provider.key, provider.kid = private_key("RS256"), "k2"
    assert second.get(through(away(second))).status_code == 303


def test_a_state_comes_back_once(oidc, provider):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    browser = fresh()
    back = through(away(browser))
    assert browser.get(back).status_code == 303
    asked = provider.asked.count("/token")
    assert browser.get(back).status_code == 403
    assert provider.asked.count("/token") == asked
    assert rows(clinic, sign_in) == []
    assert reasons(clinic)[-1] == "state"


def test_a_code_is_good_for_the_browser_that_went_for_it_alone(oidc, provider):
    """Somebody sends the victim the end of a sign-in of their own: the victim is not signed in as them."""
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    attacker, victim = fresh(), fresh()
    back = through(away(attacker))
    victim.get("/sign-in")
    assert victim.get(back).status_code == 403
    assert rows(clinic, session) == []


def test_a_code_under_another_state_is_refused(oidc, provider):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    browser = fresh()
    one, other = through(away(browser)), through(away(browser))
    code = dict(parse_qsl(urlsplit(one).query))["code"]
    state = dict(parse_qsl(urlsplit(other).query))["state"]
    assert browser.get(f"/sign-in/provider/back?code={code}&state={state}").status_code == 403
    assert reasons(clinic) == ["code"]


def test_a_departure_that_took_too_long_is_over(oidc, provider):
    clinic, fresh = oidc
    browser = fresh()
    back = through(away(browser))
    with clinic.recorder.database.transaction() as tx:
        tx.execute(update(sign_in).values(started_at=datetime.now(UTC) - timedelta(minutes=11)))
    assert browser.get(back).status_code == 403


def test_an_answer_in_the_name_of_another_issuer_is_refused(oidc, provider):
    _clinic, fresh = oidc
    browser = fresh()
    back = through(away(browser)) + "&iss=https://other.example"
    assert browser.get(back).status_code == 403
    assert "/token" not in provider.asked


def test_a_provider_that_promises_to_name_itself_is_refused_without_its_name(oidc, provider):
    _clinic, fresh = oidc
    provider.discovery = {"authorization_response_iss_parameter_supported": True}
    browser = fresh()
    assert browser.get(through(away(browser))).status_code == 403
    assert "/token" not in provider.asked
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    assert browser.get(through(away(browser)) + f"&iss={provider.origin}").status_code == 303


ANSWERS = (
    b"", b"\xff", b"[]", b"null", b'"x"', b"7", b"{}", b"[" * 90_000, b'{"id_token": 7}', b'{"id_token": "a.b.c"}',
    b'{"id_token": "x", "expires_in": "soon"}', b'{"id_token": "x", "expires_in": {}}', b'{"error": {"a": []}}',
)  # fmt: skip


def test_token_answers_of_no_use_let_nobody_in_and_are_said_clearly(oidc, provider):
    clinic, fresh = oidc
    for provider.answer in ANSWERS:
        browser = fresh()
        assert browser.get(through(away(browser))).status_code == 403, provider.answer[:50]
    assert set(reasons(clinic)) == {"provider-down", "no-id-token", "id-token", "code"}
    assert rows(clinic, session) == []


KEYS = (
    {"keys": {}}, {"keys": [7, None, "x", []]}, {"keys": [{"kty": "EC"}]}, [[]], b"[" * 90_000,
    {"keys": [{"kty": "EC", "crv": "P-256", "x": 5, "y": []}]}, {"keys": [{"kty": "RSA", "n": "A" * 400, "e": 3}]},
    {"keys": [{"kty": "RSA", "n": "\u00e9" * 400, "e": "AQAB", "kid": ["k1"]}]},
)  # fmt: skip


def test_keys_of_no_use_let_nobody_in(oidc, provider, monkeypatch):
    clinic, fresh = oidc
    for age in ("CACHE_S", "REFETCH_S"):
        monkeypatch.setattr(f"cds_service.accounts.federation.{age}", 0.0)
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    for provider.jwks in KEYS:
        browser = fresh()
        assert browser.get(through(away(browser))).status_code == 403, provider.jwks
    assert rows(clinic, session) == []


CLAIMS = (
    {"exp": "soon"}, {"exp": [1]}, {"exp": -1e400}, {"iat": {}}, {"aud": [[]]}, {"aud": {}}, {"iss": []},
    {"nonce": {}}, {"azp": 7}, {"at_hash": 7}, {"roles": {"a": []}}, {"sub": ["p-7"]},
)  # fmt: skip


def test_claims_of_odd_kinds_let_nobody_in(oidc, provider):
    clinic, fresh = oidc
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    for provider.claims in CLAIMS:
        browser = fresh()
        assert browser.get(through(away(browser))).status_code == 403, provider.claims
    assert rows(clinic, session) == []


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://127.0.0.1:9/token"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "https://other.example/jwks"},
        {"authorization_endpoint": "https://other.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_a_provider_can_send_neither_us_nor_a_browser_to_an_address_nobody_listed(oidc, provider, change):
    _, fresh = oidc
    provider.discovery = change
    response = fresh().get("/sign-in/provider")
    assert response.status_code == 403
    assert "Location" not in response.headers


def test_a_provider_that_is_down_is_said_clearly(oidc, provider):
    _, fresh = oidc
    provider.down = True
    response = fresh().get("/sign-in/provider")
    assert response.status_code == 403
    assert "did not answer" in response.get_data(as_text=True)


def test_a_client_secret_goes_to_the_token_address_alone(provider, tmp_path):
    provider.secret = "plain-secret"
    (tmp_path / "secret").write_text("plain-secret\n")
    clinic = a_clinic(tmp_path, oidc_issuer=provider.origin, oidc_secret_file=tmp_path / "secret", oidc_roles=ROLES)
    provider.person = {"sub": "p-7", "roles": "staff-md"}
    browser = site_app(clinic).test_client()
    location = away(browser)
    assert "plain-secret" not in location
    assert browser.get(through(location)).status_code == 303


# -- SMART App Launch ----------------------------------------------------------------------------------------------


def an_open_case(clinic, patient, *, client="ehr", **changed):
    """A case of `patient` as the review opens it; returns its id."""
    now = clinic.now()
    with clinic.recorder.database.transaction() as tx:
        subject = clinic.recorder.vault.subject_for(tx, tenant=client, patient_key=patient, now=now, actor="ehr")
        count = len(tx.execute(select(review_case.c.id)).all())
        values = {
            "id": f"case-{count + 1:032x}",
            "answer": f"ans-{count:032x}",
            "subject": subject,
            "client": client,
            "snapshot": "snapshot-1",
            "assessing": "off",
            "reviewing": "awaiting-nurse-review",
            "informing": "not-needed",
            "stage": "full",
        }
        counts = {"floor": 3, "priority": 3, "version": 1, "topics": [], "states": []}
        times = dict.fromkeys(("waits_since", "opened_at", "changed_at"), now)
        values |= counts | times | changed
        tx.execute(review_case.insert(), values)
    return values["id"]


def test_a_launch_opens_the_open_case_of_that_very_patient(smart, provider):
    clinic, fresh = smart
    an_open_case(clinic, "other")
    case = an_open_case(clinic, "pat-1")
    response = launched(fresh(), provider, provider.new_launch(patient="pat-1"))
    assert response.headers["Location"] == f"/review/cases/{case}"
    (row,) = rows(clinic, account)
    assert (row["role"], row["shown"]) == ("physician", "Ada Birch")


def test_a_launch_from_a_card_opens_the_case_of_that_card_even_when_it_is_decided(smart, provider):
    clinic, fresh = smart
    case = an_open_case(clinic, "pat-1", reviewing="confirmed")
    an_open_case(clinic, "pat-1")
    launch = provider.new_launch(patient="pat-1", appContext=f"ans-{0:032x}")
    assert launched(fresh(), provider, launch).headers["Location"] == f"/review/cases/{case}"


def test_a_card_of_another_patient_does_not_open_that_patients_case(smart, provider):
    clinic, fresh = smart
    an_open_case(clinic, "other")
    case = an_open_case(clinic, "pat-1")
    launch = provider.new_launch(patient="pat-1", appContext=f"ans-{0:032x}")
    assert launched(fresh(), provider, launch).headers["Location"] == f"/review/cases/{case}"


@pytest.mark.parametrize(
    "changed", [{"client": "another-ehr"}, {"stage": "shadow"}, {"reviewing": "dismissed"}], ids=str
)
def test_where_no_case_is_open_the_page_says_so(smart, provider, changed):
    clinic, fresh = smart
    an_open_case(clinic, "pat-1", **changed)
    browser = fresh()
    response = launched(browser, provider, provider.new_launch(patient="pat-1"))
    assert response.headers["Location"] == "/launch/no-case"
    page = browser.get("/launch/no-case").get_data(as_text=True)
    assert "No case is open" in page
    assert "pat-1" not in page


def test_a_launch_without_a_patient_leads_to_the_queue(smart, provider):
    _, fresh = smart
    assert launched(fresh(), provider, provider.new_launch()).headers["Location"] == "/review"


def test_the_name_of_a_user_whose_token_has_none_is_read_from_the_ehr_once(smart, provider):
    clinic, fresh = smart
    del provider.person["name"]
    provider.resources[f"/fhir/{EHR_USER}"] = {
        "resourceType": "Practitioner",
        "name": [{"given": ["A"], "family": "B"}],
    }
    launched(fresh(), provider, provider.new_launch())
    assert [row["shown"] for row in rows(clinic, account)] == ["A B"]


def test_a_name_that_cannot_be_read_keeps_nobody_out(smart, provider):
    clinic, fresh = smart
    del provider.person["name"]
    for resource in (b"[" * 90_000, b'{"name": "x"}', b'{"name": [7]}', b'{"name": [{"given": 7}]}', b""):
        provider.resources[f"/fhir/{EHR_USER}"] = resource
        assert launched(fresh(), provider, provider.new_launch()).status_code == 303, resource[:50]
    assert [row["shown"] for row in rows(clinic, account)] == ["Clinician"]


@pytest.mark.parametrize(
    ("user", "role"),
    [
        (EHR_USER, "physician"),
        ("Practitioner/rn-2", "nurse"),
        ("Patient/p1", None),
        ("RelatedPerson/p1", None),
        ("https://other.example/fhir/Practitioner/dr-1", None),
        ("Practitioner", None),
        ("Practitioner/../dr-1", None),
        (None, None),
    ],
)
def test_the_role_is_what_the_operator_gave_that_user_or_kind_of_user(smart, provider, user, role):
    clinic, fresh = smart
    provider.person["fhirUser"] = user
    response = launched(fresh(), provider, provider.new_launch())
    assert response.status_code == (303 if role else 403)
    assert [row["role"] for row in rows(clinic, account)] == ([role] if role else [])


@pytest.mark.parametrize("iss", ["https://other.example/fhir", "", "http://127.0.0.1:1/fhir", "javascript:alert(1)"])
def test_a_launch_from_a_server_that_is_not_registered_is_refused_before_anything_is_asked(smart, provider, iss):
    clinic, fresh = smart
    response = fresh().get("/launch", query_string={"iss": iss, "launch": "x"})
    assert response.status_code == 403
    assert "Location" not in response.headers
    assert provider.asked == []
    assert reasons(clinic) == ["launch"]


@pytest.mark.parametrize("launch", ["", "a b", "x" * 3000, "naïve"])
def test_a_launch_without_a_proper_context_is_refused(smart, provider, launch):
    _, fresh = smart
    assert fresh().get("/launch", query_string={"iss": provider.fhir, "launch": launch}).status_code == 403


def test_a_launch_that_was_used_is_refused(smart, provider):
    clinic, fresh = smart
    launch = provider.new_launch()
    assert launched(fresh(), provider, launch).status_code == 303
    assert launched(fresh(), provider, launch).status_code == 403
    assert reasons(clinic)[-1] == "provider-error"


def test_a_launch_of_somebody_else_ends_the_session_that_this_browser_had(smart, provider):
    clinic, fresh = smart
    browser = fresh()
    give_session(browser, clinic, a_member(clinic))
    launched(browser, provider, provider.new_launch())
    ((only,), users) = rows(clinic, session), {row["id"]: row["role"] for row in rows(clinic, account)}
    assert users[only["account"]] == "physician"


def test_a_launch_does_not_come_back_through_the_other_door(smart, provider):
    _, fresh = smart
    browser = fresh()
    back = through(away(browser, f"/launch?iss={provider.fhir}&launch={provider.new_launch()}"))
    assert browser.get(back.replace("/launch/back", "/sign-in/provider/back")).status_code == 403


def test_no_token_and_no_patient_stays_in_the_database_or_the_log(smart, provider, capfd):
    clinic, fresh = smart
    an_open_case(clinic, "pat-canary")
    launched(fresh(), provider, provider.new_launch(patient="pat-canary"))
    out, err = capfd.readouterr()
    clinic.recorder.database.close()
    stored = b"".join(f.read_bytes() for f in clinic.settings.data_dir.iterdir() if f.is_file())
    for canary in ("canary-access-token", "pat-canary"):
        assert canary.encode() not in stored
        assert canary not in out + err
    assert "Ada Birch" not in out + err
    assert "Ada Birch" not in str(rows(clinic, audit_event))


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ('iss = "http://ehr.example/fhir"', "iss"),
        ('roles = {"Patient" = "nurse"}', "roles"),
        ('roles = {"Practitioner" = "king"}', "roles"),
        ("roles = {}", "roles"),
        ('colour = "red"', "colour"),
        ('origins = ["https://a.example/path"]', "origins"),
    ],
)
def test_a_wrong_file_of_ehrs_stops_the_start_and_names_the_field(tmp_path, table, field):
    values = {
        "iss": '"https://ehr.example/fhir"',
        "client_id": '"x"',
        "client": '"ehr"',
        "roles": '{"Practitioner" = "nurse"}',
    }
    name, value = table.split(" = ", 1)
    lines = [f"{key} = {text}" for key, text in (values | {name: value}).items()]
    (tmp_path / "ehrs.toml").write_text("[[ehr]]\n" + "\n".join(lines))
    clinic = a_clinic(tmp_path, smart_file=tmp_path / "ehrs.toml")
    with pytest.raises(ConfigurationError, match=field):
        site_app(clinic)


def test_the_pages_may_be_framed_by_a_listed_ehr_alone(tmp_path):
    ehr = "https://ehr.example"
    framed = site_app(a_clinic(tmp_path, external_url="https://cds.example", frame_ancestors=(ehr,)))
    browser = framed.test_client()
    response = browser.get("/sign-in")
    assert f"frame-ancestors {ehr}" in response.headers["Content-Security-Policy"]
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-cds-form=")
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= set(cookie.split("; "))
    assert csrf_of(browser)
