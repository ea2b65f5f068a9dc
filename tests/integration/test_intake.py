"""The intake over HTTP: the desk, the tablet, the published form, and the way of the answers into the chart."""

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from cds_service import clinical, codec
from cds_service.accounts.roles import Role
from cds_service.chart import case_of, hook_call
from cds_service.domain import Priority, floor_of
from cds_service.intake.road import sends_answers, with_answers
from cds_service.intake.values import FormState
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.tables import audit_event, metadata
from cds_service.settings import Setting
from fhir_mappers.intake_form import EMERGENCY, SIGNS, questionnaire
from fhir_mappers.limits import Limits
from tests.support.ledger_values import HOOK_CALL, answer_record
from tests.support.site import a_clinic, a_member, csrf_of, sign_in, site_app

EHR = "https://ehr.example"
T0 = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
CALM = {q.link_id: "no" for q in SIGNS.questions}
PATIENT = {
    "resourceType": "Patient", "id": "pat-1", "gender": "female", "birthDate": "1970-03-04",
    "name": [{"given": ["Wilhelmina"], "family": "Oakshott"}],
}  # fmt: skip
HINTS = re.compile(r"\b(?:priority|urgent|triage|AI|artificial|recommend|advice|High|Critical)\b")


class Clock:
    def __init__(self):
        self.now = T0

    def __call__(self):
        return self.now

    def pass_minutes(self, minutes):
        self.now += timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, clock):
    return a_clinic(tmp_path_factory.mktemp("intake"), now=clock)


@pytest.fixture(scope="module")
def app(clinic):
    return site_app(clinic)


@pytest.fixture(scope="module")
def nurse(clinic):
    return a_member(clinic)


@pytest.fixture(autouse=True)
def _same_time(clock):
    clock.now += timedelta(days=30)


@pytest.fixture
def desk(clinic, app, nurse):
    """The nurse's browser."""
    client = app.test_client()
    sign_in(client, clinic, nurse)
    return client


@pytest.fixture
def tablet(app):
    return app.test_client()


@pytest.fixture
def seen(clinic):
    """The answer of a hook call: the patient's chart was opened lately."""
    call = hook_call(hook_body({"patient": PATIENT}), client=EHR)
    case = case_of(call, {}, clinic.now(), Limits())
    vault = clinic.recorder.vault
    with clinic.recorder.database.transaction() as tx:
        subject = vault.subject_for(tx, tenant=EHR, patient_key="pat-1", now=clinic.now(), actor=EHR)
        snapshot = vault.store_snapshot(
            tx, subject=subject, payload=codec.plain(case), now=clinic.now(), actor=EHR,
            expires_at=clinic.now() + timedelta(days=2000),
        )  # fmt: skip
        record = answer_record(client=EHR, subject=subject, snapshot=snapshot, created_at=clinic.now())
        Ledger(vault, retention=timedelta(days=2000)).record_answer(tx, record, audit=[HOOK_CALL])
    return record.id


def hook_body(prefetch):
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/nurse-1", "patientId": "pat-1"},
        "prefetch": prefetch,
    }


def post(client, path, page, /, **fields):
    return client.post(path, data={"csrf_token": csrf_of(client, page), **fields})


def started(desk, seen):
    """Path of the page of a new form."""
    answer = post(desk, "/intake/start", "/intake", patient=seen)
    assert answer.status_code == 303
    return answer.location


def code_for(desk, form):
    page = post(desk, f"{form}/code", form).text
    return re.search(r"/intake/fill/(\w+)", page)[1]


def opened(desk, tablet, seen):
    """A tablet at the warning signs, and the path of its form at the desk."""
    form = started(desk, seen)
    code = code_for(desk, form)
    assert post(tablet, "/intake/fill", f"/intake/fill/{code}", code=code).location == "/intake/tablet"
    return form


def at_visit(desk, tablet, seen, **signs):
    form = opened(desk, tablet, seen)
    assert post(tablet, "/intake/tablet", "/intake/tablet", **{**CALM, **signs}).location == "/intake/tablet/visit"
    return form


def send(tablet, **answers):
    return post(tablet, "/intake/tablet/visit", "/intake/tablet/visit", **answers)


@contextmanager
def gone(clinic):
    """The database refuses everything."""
    engine, refuse = clinic.recorder.database.engine, lambda connection: connection.exec_driver_sql("select gone")
    event.listen(engine, "begin", refuse)
    try:
        yield
    finally:
        event.remove(engine, "begin", refuse)


def form_of(clinic, path):
    return clinic.intake.get(path.rsplit("/", 1)[1])


# -- published -----------------------------------------------------------------------------------------------------


def test_the_form_is_public_fhir_without_a_cookie(app, clinic):
    answer = app.test_client().get("/fhir/Questionnaire/pre-visit")
    assert answer.status_code == 200
    assert answer.mimetype == "application/fhir+json"
    assert answer.json == questionnaire(clinic.settings.external_url)
    assert "public" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert app.test_client().get("/fhir/CodeSystem/pre-visit").json["content"] == "complete"


# -- the desk ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/intake", "/intake/warnings", "/intake/forms/form-1", "/intake/responses/form-1"])
def test_the_desk_is_for_clinicians_who_are_signed_in(app, clinic, path):
    stranger = app.test_client()
    assert stranger.get(path).location.startswith("/sign-in")
    other = app.test_client()
    sign_in(other, clinic, a_member(clinic, Role.COMPLIANCE, name=f"c{len(path)}"))
    assert other.get(path).status_code == 403


def test_staff_choose_a_patient_by_two_identifiers_and_no_address_names_one(desk, seen):
    page = desk.get("/intake").text
    assert "Oakshott" in page
    assert "1970-03-04" in page
    form = started(desk, seen)
    assert re.fullmatch(r"/intake/forms/form-[0-9a-f]{32}", form)
    assert "Oakshott" in desk.get(form).text
    assert "Oakshott" not in re.search(r"<title>.*?</title>", desk.get(form).text)[0]


def test_an_id_that_was_never_seen_has_to_be_compared_first(desk, seen):
    typed = {"patient": "other", "client": EHR, "id": "Patient/new-7"}
    asked = post(desk, "/intake/start", "/intake", **typed)
    assert asked.status_code == 422
    assert 'value="Patient/new-7"' in asked.text
    assert "I compared the id with the EHR" in asked.text
    assert post(desk, "/intake/start", "/intake", **typed, sure="yes").status_code == 303


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"patient": "other", "client": EHR, "id": ""},
        {"patient": "other", "client": EHR, "id": "<script>alert(1)</script>"},
        {"patient": "other", "client": EHR, "id": "x" * 65},
        {"patient": "other", "client": "https://evil.example", "id": "pat-1"},
    ],
)
def test_a_bad_choice_starts_nothing_and_is_told(desk, seen, clinic, fields):
    before = clinic.intake.forms(clinic.now())
    answer = post(desk, "/intake/start", "/intake", **fields)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert clinic.intake.forms(clinic.now()) == before


def test_a_chosen_patient_who_left_the_list_is_told(desk):
    assert post(desk, "/intake/start", "/intake", patient="ans-gone").status_code == 404


# -- the tablet ----------------------------------------------------------------------------------------------------


def test_a_patient_fills_the_form_in_and_staff_read_it(desk, tablet, seen, clinic):
    form = at_visit(desk, tablet, seen)
    answer = send(tablet, **{"chief-complaint": "Sore throat <b>since</b> Monday", "severity": "3", "started": "today"})
    assert answer.location == "/intake/tablet/done"
    assert "give the tablet back" in tablet.get("/intake/tablet/done").text
    page = desk.get(form).text
    assert "Sore throat &lt;b&gt;since&lt;/b&gt; Monday" in page
    assert form_of(clinic, form).filled_by == "patient"
    exported = desk.get(f"/intake/responses/{form.rsplit('/', 1)[1]}")
    assert exported.mimetype == "application/fhir+json"
    assert exported.json["subject"] == {"reference": "Patient/pat-1"}
    assert exported.headers["Cache-Control"] == "no-store"


def test_staff_fill_it_in_with_the_patient(desk, seen, clinic):
    form = started(desk, seen)
    assert post(desk, f"{form}/fill", f"{form}/fill", **CALM).location == f"{form}/fill/visit"
    assert post(desk, f"{form}/fill/visit", f"{form}/fill/visit", **{"chief-complaint": "cough"}).location == form
    assert form_of(clinic, form).filled_by == "staff"


def test_opening_a_form_signs_staff_out_of_that_browser_and_locks_it(desk, seen, clinic, app, nurse):
    shared = app.test_client()
    sign_in(shared, clinic, nurse)
    assert shared.get("/intake").status_code == 200
    form = started(desk, seen)
    code = code_for(desk, form)
    post(shared, "/intake/fill", "/intake/fill", code=code)
    for path in ("/intake", form, "/sign-in", "/sign-out"):
        assert shared.get(path).location == "/intake/tablet"
    post(desk, f"{form}/withdraw", form)
    assert shared.get("/intake").location.startswith("/sign-in"), "free again, and nobody is signed in"
    assert desk.get("/intake").status_code == 200, "the nurse's own browser is not touched"


def test_every_page_of_the_patient_says_where_help_is_and_judges_nothing(desk, tablet, seen):
    form = started(desk, seen)
    code = code_for(desk, form)
    pages = [tablet.get("/intake/fill"), tablet.get(f"/intake/fill/{code}"), tablet.get("/intake/tablet")]
    post(tablet, "/intake/fill", "/intake/fill", code=code)
    pages += [tablet.get("/intake/tablet"), post(tablet, "/intake/tablet", "/intake/tablet", **CALM)]
    post(tablet, "/intake/tablet", "/intake/tablet", **{**CALM, "chest-pain": "yes"})
    pages += [tablet.get("/intake/tablet/visit"), send(tablet)]
    send(tablet, **{"chief-complaint": "pain"})
    pages += [tablet.get("/intake/tablet/done"), tablet.get("/intake/fill/WRONG")]
    for page in pages:
        if page.status_code != 303:
            assert EMERGENCY in page.text
            assert not HINTS.search(page.text)
            assert "Oakshott" not in page.text
            assert "pat-1" not in page.text


def test_a_positive_sign_tells_staff_at_once_and_the_patient_nothing(desk, tablet, seen, clinic):
    calm = opened(desk, tablet, seen)
    quiet = post(tablet, "/intake/tablet", "/intake/tablet", **CALM)
    assert "warning sign" not in desk.get("/intake/warnings").text
    alarmed = post(tablet, "/intake/tablet", "/intake/tablet", **{**CALM, "hard-to-breathe": "yes"})
    assert (alarmed.status_code, alarmed.location) == (quiet.status_code, quiet.location)
    fragment = desk.get("/intake/warnings").text
    assert "Trouble breathing" in fragment
    assert "Oakshott" not in fragment
    again = re.search(r'hx-get="(/intake/warnings\?known=\w+)"', fragment)[1]
    assert desk.get(again).status_code == 204, "a page that shows it already is not told again"
    assert "Trouble breathing" in desk.get("/intake").text
    post(desk, f"{calm}/seen", calm)
    assert "Trouble breathing" not in desk.get("/intake/warnings").text
    assert form_of(clinic, calm).seen_by is not None


def test_a_missing_answer_keeps_the_others(desk, tablet, seen):
    opened(desk, tablet, seen)
    signs = {**CALM, "seizure": "yes"}
    del signs["chest-pain"]
    page = post(tablet, "/intake/tablet", "/intake/tablet", **signs)
    assert page.status_code == 422
    assert '<a href="#chest-pain">' in page.text
    assert re.search(r'id="seizure-yes" name="seizure" value="yes" checked', page.text)
    post(tablet, "/intake/tablet", "/intake/tablet", **CALM)
    page = send(tablet, medicines="aspirin & water", severity="4")
    assert page.status_code == 422
    assert "aspirin &amp; water" in page.text
    assert "<option selected>4" in page.text


def test_a_huge_answer_is_told_and_comes_back_whole(desk, tablet, seen, clinic):
    form = at_visit(desk, tablet, seen)
    page = send(tablet, **{"chief-complaint": "pain", "medicines": "m" * 100_000})
    assert page.status_code == 422
    assert "m" * 100_000 in page.text
    assert "room for 2,000 letters" in page.text
    assert form_of(clinic, form).state is FormState.OPENED
    assert send(tablet, **{"chief-complaint": "pain", "medicines": "m" * 2000}).status_code == 303


def test_a_used_a_wrong_and_an_old_code_open_nothing_and_say_the_same(desk, tablet, seen, app, clock):
    form = started(desk, seen)
    code = code_for(desk, form)
    post(tablet, "/intake/fill", "/intake/fill", code=code)
    another = app.test_client()
    pages = [another.get(f"/intake/fill/{code}"), post(another, "/intake/fill", "/intake/fill", code=code)]
    pages += [post(another, "/intake/fill", "/intake/fill", code="23456789AB")]
    fresh = code_for(desk, form)
    clock.pass_minutes(16)
    pages += [post(another, "/intake/fill", "/intake/fill", code=fresh)]
    assert {p.status_code for p in pages} == {410}
    assert len({re.search(r'id="problem">.*?</p>', p.text, re.S)[0] for p in pages}) == 1
    assert another.get("/intake/tablet").status_code == 410


def test_looking_at_a_link_uses_no_code_up(desk, tablet, seen, clinic):
    form = started(desk, seen)
    code = code_for(desk, form)
    for _ in range(3):
        assert "Start" in tablet.get(f"/intake/fill/{code}").text
    assert form_of(clinic, form).state is FormState.STARTED


def test_a_form_sent_twice_counts_once_and_the_back_button_shows_no_answers(desk, tablet, seen, clinic):
    form = at_visit(desk, tablet, seen)
    page = csrf_of(tablet, "/intake/tablet/visit")
    first = tablet.post("/intake/tablet/visit", data={"csrf_token": page, "chief-complaint": "first"})
    second = tablet.post("/intake/tablet/visit", data={"csrf_token": page, "chief-complaint": "second"})
    assert first.location == second.location == "/intake/tablet/done"
    assert "first" in desk.get(form).text
    assert "second" not in desk.get(form).text
    for path in ("/intake/tablet", "/intake/tablet/visit"):
        assert tablet.get(path).location == "/intake/tablet/done"


def test_a_form_without_its_token_or_from_another_site_changes_nothing(desk, tablet, seen, clinic):
    form = at_visit(desk, tablet, seen)
    assert tablet.post("/intake/tablet/visit", data={"chief-complaint": "forged"}).status_code == 400
    token = csrf_of(tablet, "/intake/tablet/visit")
    crossed = tablet.post(
        "/intake/tablet/visit",
        data={"csrf_token": token, "chief-complaint": "forged"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert crossed.status_code == 400
    assert form_of(clinic, form).state is FormState.OPENED


def test_the_cookie_of_one_tablet_opens_no_other_form_and_a_forged_one_none(desk, tablet, seen, app):
    at_visit(desk, tablet, seen)
    forged = app.test_client()
    with forged.session_transaction() as kept:
        kept["tablet"] = "guessed"
    assert forged.get("/intake/tablet").status_code == 410
    forged.set_cookie("cds-form", "eyJ0YWJsZXQiOiJ4In0.abc.def")
    assert forged.get("/intake/tablet").status_code == 410


def test_when_the_time_is_over_the_answers_stay_on_the_page(desk, tablet, seen, clock, clinic, nurse):
    form = at_visit(desk, tablet, seen)
    token = csrf_of(tablet, "/intake/tablet/visit")
    clock.pass_minutes(46)
    late = tablet.post("/intake/tablet/visit", data={"csrf_token": token, "chief-complaint": "late words"})
    assert late.status_code == 410
    assert "late words" in late.text
    assert "give the tablet to our staff" in late.text
    assert 'value="send"' not in late.text
    assert form_of(clinic, form).state is FormState.OPENED
    sign_in(desk, clinic, nurse)
    assert code_for(desk, form), "staff open it anew"


def test_more_time_keeps_what_was_typed_and_works_without_scripts(desk, tablet, seen, clock):
    at_visit(desk, tablet, seen)
    clock.pass_minutes(44)
    page = send(tablet, do="more", **{"chief-complaint": "half a sent"})
    assert page.status_code == 200
    assert "half a sent" in page.text
    clock.pass_minutes(40)
    assert send(tablet, **{"chief-complaint": "half a sentence"}).location == "/intake/tablet/done"


def test_a_database_that_does_not_answer_loses_no_answer(desk, tablet, seen, clinic):
    form = at_visit(desk, tablet, seen)
    token = csrf_of(tablet, "/intake/tablet/visit")
    fields = {"csrf_token": token, "chief-complaint": "kept words"}
    with clinic.recorder.database.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE intake RENAME TO intake_away")
    try:
        failed = tablet.post("/intake/tablet/visit", data=fields)
        gone = tablet.get("/intake/tablet")
    finally:
        with clinic.recorder.database.transaction() as tx:
            tx.exec_driver_sql("ALTER TABLE intake_away RENAME TO intake")
    assert failed.status_code == gone.status_code == 503
    assert "kept words" in failed.text
    assert EMERGENCY in gone.text
    assert tablet.post("/intake/tablet/visit", data=fields).location == "/intake/tablet/done"
    assert form_of(clinic, form).state is FormState.ANSWERED


def test_a_database_that_does_not_answer_loses_nothing_of_what_staff_typed(desk, seen, clinic):
    form = started(desk, seen)
    post(desk, f"{form}/fill", f"{form}/fill", **CALM)
    fields = {"csrf_token": csrf_of(desk, f"{form}/fill/visit"), "chief-complaint": "kept words"}
    with gone(clinic):
        failed = desk.post(f"{form}/fill/visit", data=fields)
        signs = desk.post(f"{form}/fill", data={**fields, **CALM, "seizure": "yes"})
    assert failed.status_code == signs.status_code == 503
    assert "kept words" in failed.text
    assert re.search(r'id="seizure-yes" name="seizure" value="yes" checked', signs.text)
    assert desk.post(f"{form}/fill/visit", data=fields).location == form


def test_while_the_database_is_gone_every_page_of_the_tablet_says_so_to_the_patient(desk, tablet, seen, clinic):
    form = started(desk, seen)
    code = code_for(desk, form)
    token = csrf_of(tablet, "/intake/fill")
    with gone(clinic):
        pages = [tablet.get(f"/intake/fill/{code}"), tablet.get("/intake/tablet"), tablet.get("/intake/tablet/done")]
        pages.append(tablet.post("/intake/fill", data={"csrf_token": token, "code": code}))
    assert [page.status_code for page in pages] == [503] * 4
    assert all(EMERGENCY in page.text and "/review" not in page.text for page in pages)
    assert post(tablet, "/intake/fill", "/intake/fill", code=code).location == "/intake/tablet", "no code is used up"


def test_answers_are_not_taken_before_the_warning_signs(desk, tablet, seen, clinic):
    form = opened(desk, tablet, seen)
    skipped = post(tablet, "/intake/tablet/visit", "/intake/tablet", **{"chief-complaint": "cough"})
    assert skipped.location == "/intake/tablet"
    assert form_of(clinic, form).state is FormState.OPENED


def test_codes_cannot_be_tried_without_end(tablet, clinic):
    token, address = csrf_of(tablet, "/intake/fill"), {"REMOTE_ADDR": "192.0.2.77"}
    rate = clinic.settings.sign_ins_per_minute
    for _ in range(rate):
        tablet.post("/intake/fill", data={"csrf_token": token, "code": "23456789AB"}, environ_overrides=address)
    assert tablet.get("/intake/fill/23456789AB", environ_overrides=address).status_code == 429
    assert tablet.post("/intake/fill", data={"csrf_token": token}, environ_overrides=address).status_code == 429
    assert tablet.get("/intake/fill/23456789AB").status_code == 410, "another address is not held up"


def test_no_name_id_or_answer_is_in_log_or_chain(desk, tablet, seen, clinic, capsys):
    form = at_visit(desk, tablet, seen, **{"self-harm": "yes"})
    send(tablet, **{"chief-complaint": "Mauve thunder in the knee"})
    desk.get(form)
    said = capsys.readouterr()
    with clinic.recorder.database.transaction(write=False) as tx:
        chain = " ".join(repr(row) for row in tx.execute(select(audit_event)))
        rest = " ".join(repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table)))
    for text in (said.out + said.err, chain, rest):
        for word in ("Oakshott", "pat-1", "Mauve", "1970-03-04"):
            assert word not in text


def test_staff_who_come_second_overwrite_nothing_and_keep_what_they_typed(desk, seen, clinic):
    form = started(desk, seen)
    post(desk, f"{form}/fill", f"{form}/fill", **CALM)
    token = csrf_of(desk, f"{form}/fill/visit")
    post(desk, f"{form}/withdraw", form)
    late = desk.post(f"{form}/fill/visit", data={"csrf_token": token, "chief-complaint": "late words"})
    assert late.status_code == 410
    assert "late words" in late.text
    assert form_of(clinic, form).state is FormState.WITHDRAWN


# -- into the chart ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signs", "complaint", "rule", "least"),
    [
        ({"chest-pain": "yes"}, "I do not feel well", "red-flags", Priority.HIGH),
        ({}, "my left arm went numb and I cannot speak right since this morning", "red-flags", Priority.HIGH),
        ({"self-harm": "yes"}, "sleep", "red-flags", Priority.HIGH),
        ({}, "sore throat since yesterday", None, Priority.LOW),
    ],
)
def test_what_the_patient_told_reaches_the_floor(desk, tablet, seen, clinic, signs, complaint, rule, least):
    at_visit(desk, tablet, seen, **signs)
    send(tablet, **{"chief-complaint": complaint, "severity": "5", "pregnancy": "no"})
    call = hook_call(hook_body({"patient": PATIENT}), client=EHR)
    assert not sends_answers(call.request.prefetch)
    response = clinic.intake.newest(EHR, "pat-1", clinic.now())
    whole = hook_call(hook_body(with_answers(call.request.prefetch, response)), client=EHR)
    case = case_of(whole, {}, clinic.now() + timedelta(minutes=3), Limits())
    assert complaint in [c.text for c in case.complaints]
    assert {a.link_id: a.answer for a in case.intake}["severity"] == "5"
    assert not case.refused
    findings = clinical.evaluate(case, Setting.FAMILY_PRACTICE, stale_hours=24).findings
    assert (floor_of(findings) >= Priority.HIGH) == (least is Priority.HIGH), [f.title for f in findings]
    assert json.loads(json.dumps(response)) == response
