"""The review pages in a browser: what a nurse sees and does, in both colour schemes and on a small screen."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from cds_service.accounts.roles import Role
from cds_service.errors import StoreError
from cds_service.ledger.tables import audit_event
from cds_service.web.site.cookies import Cookies
from tests.support.browser import SCHEMES, SMALL, WIDE, live, signed_in_page, violations
from tests.support.review_scene import Scene, body_of, three_patients
from tests.support.site import a_member, csrf_of, sign_in

ASK_NOW = """htmx.ajax("GET", document.querySelector("#changed").getAttribute("hx-get"),
{source: "#changed", target: "#changed"})"""
"""What the page does every ten seconds."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory, built):
    """Three fictional patients."""
    return three_patients(Scene(tmp_path_factory.mktemp("scene"), built, now=datetime.now(UTC)))


@pytest.fixture(scope="module")
def base(scene):
    """Where the pages answer."""
    with live(scene.app) as address:
        yield address


@pytest.fixture
def open_page(browser, base, scene):
    """Opens pages as somebody who is signed in, and closes them at the end."""
    opened = []

    def opener(member, **context):
        cookies = Cookies(scene.clinic.settings).session
        token = sign_in(scene.app.test_client(), scene.clinic, member)
        page = signed_in_page(browser, base, cookies, token, **({"viewport": WIDE} | context))
        opened.append(page)
        return page

    yield opener
    for page in opened:
        page.context.close()


def of(scene, name, show="all"):
    """The case whose patient has that family name."""
    charts = scene.clinic.reviews.charts(scene.cases(show), scene.nurse, scene.at)
    named = {"kind": "family", "value": name, "role": "patient"}
    return next(case for case in scene.cases(show) if named in charts[case.id]["identifiers"])


def new_patient(scene, patient, name, **more):
    """One more Critical case."""
    scene.worker_lives()
    scene.hook(body_of(scene.at, patient=patient, name=name, **more))
    return of(scene, name[0])


def fill(page, *, name="Nora Quill"):
    """What the form asks for beside what it offers."""
    page.check("#verdict-confirm")
    page.fill("#justification", "NEWS2 and the look of the patient agree.")
    for n, row in enumerate(page.locator(".symptom").all()):
        if row.locator("input").first.input_value():
            page.fill(f"#symptom-{n}-duration", "since yesterday")
            page.fill(f"#symptom-{n}-severity", "7")
    page.fill("#assessment", "Likely pneumonia, septic. Emergency response called.")
    page.fill("#confidence", "80")
    if not page.locator("#risk_factors").input_value():
        page.locator("#risk_factors").evaluate("e => { e.value = 'none known' }")
    page.fill("#signature", name)


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": SMALL}])
def test_the_sign_in_page_has_no_accessibility_fault(browser, base, look):
    context = browser.new_context(base_url=base, **look)
    page = context.new_page()
    page.goto("/sign-in")
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_queue_and_case_have_no_accessibility_fault(open_page, scene, scheme):
    page = open_page(scene.nurse, color_scheme=scheme)
    for address in ("/review", f"/review/cases/{of(scene, 'Fictiva').id}"):
        page.goto(address)
        assert violations(page) == []
    assert page.faults == []


@pytest.mark.parametrize("role", ["nurse", "physician"])
def test_a_screen_of_320_pixels_needs_no_sideways_scrolling_and_has_no_accessibility_fault(open_page, scene, role):
    page = open_page(getattr(scene, role), viewport=SMALL)
    for address in ("/review", f"/review/cases/{of(scene, 'Fictiva').id}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
        assert violations(page) == []


def test_a_case_tells_who_why_what_and_on_what_it_rests(open_page, scene):
    page = open_page(scene.nurse)
    page.goto(f"/review/cases/{of(scene, 'Fictiva').id}")
    assert page.title() == "Case · Clinical decision support"  # no name where a window shows its title
    assert page.locator(".who h1").inner_text() == "Fictiva, Rosalind"
    assert "1954" in page.locator(".who").inner_text()
    assert page.locator(".finding--critical").count() >= 1
    assert "AI-made. Preliminary, requires clinician review." in page.locator(".ai").inner_text()
    link = page.locator(".ai .rests a").first
    target = link.get_attribute("href")
    link.click()
    assert page.locator(target).is_visible()
    assert page.locator("svg.trend").first.get_attribute("aria-label").startswith("Breathing rate: up from")


def test_a_nurse_signs_with_the_keyboard_and_is_back_in_the_queue(open_page, scene):
    case = new_patient(scene, "demo-11", ("Imaginata", "Cosima"))
    page = open_page(scene.nurse)
    page.goto(f"/review/cases/{case.id}")
    page.keyboard.press("c")
    assert page.locator("#verdict-confirm").is_checked()
    fill(page)
    page.locator("#signature").press("Enter")
    page.wait_for_url("**/review")
    assert "confirmed and signed" in page.locator(".usa-alert--success").inner_text()
    assert scene.clinic.reviews.get(case.id).reviewing.value == "confirmed"


def test_shortcuts_are_silent_while_one_types_and_can_be_switched_off(open_page, scene):
    page = open_page(scene.nurse)
    page.goto(f"/review/cases/{of(scene, 'Fictiva').id}")
    page.locator("#note").press("d")
    assert not page.locator("#verdict-dismiss").is_checked()
    page.locator("summary", has_text="Keyboard shortcuts").click()
    page.locator("label[for=shortcuts]").click()
    page.locator("#main").press("d")
    assert not page.locator("#verdict-dismiss").is_checked()


def test_an_incomplete_form_comes_back_with_what_was_typed_and_the_focus_on_what_is_missing(open_page, scene):
    page = open_page(scene.nurse)
    page.goto(f"/review/cases/{of(scene, 'Fictiva').id}")
    page.check("#verdict-confirm")
    page.fill("#note", "typed with care")
    page.locator("button", has_text="Sign the decision").click()
    page.wait_for_selector("[data-focus]")
    assert page.evaluate("document.activeElement.matches('[data-focus]')")
    assert page.locator("#note").input_value() == "typed with care"
    assert page.locator("#signature").get_attribute("aria-invalid") == "true"
    assert violations(page) == []


def test_two_people_on_one_case_see_each_other_and_the_second_loses_no_word(open_page, scene):
    case = new_patient(scene, "demo-12", ("Utopia", "Bartholomew"))
    first, second = open_page(scene.nurse), open_page(scene.second)
    first.goto(f"/review/cases/{case.id}")
    second.goto(f"/review/cases/{case.id}")
    assert "Nora Quill" in second.locator("#presence").inner_text()
    fill(second, name="Ada Fennimore")
    fill(first)
    first.locator("button", has_text="Sign the decision").click()
    first.wait_for_url("**/review")
    second.locator("button", has_text="Sign the decision").click()
    second.wait_for_selector("[data-focus]")
    shown = second.locator("main").inner_text()
    assert "Nothing was signed" in shown
    assert "Emergency response called." in shown
    assert "confirmed" in second.locator("[data-focus]").inner_text()


def test_without_scripts_a_physician_acknowledges_and_dismisses(open_page, scene):
    case = new_patient(scene, "demo-13", ("Atlantis", "Yevgenia"))
    page = open_page(scene.physician, java_script_enabled=False)
    page.goto(f"/review/cases/{case.id}")
    page.locator("button", has_text="Acknowledge").click()
    assert scene.clinic.reviews.get(case.id).informing.value == "acknowledged"
    page.check("#verdict-dismiss")
    page.select_option("#reason", "data-wrong")
    page.fill("#signature", "Pia Marlowe")
    page.locator("button", has_text="Sign the decision").click()
    page.wait_for_url("**/review")
    assert scene.clinic.reviews.get(case.id).reviewing.value == "dismissed"


def test_an_open_queue_says_what_is_new_redraws_what_changed_and_moves_nothing(open_page, scene):
    old = of(scene, "Nemosdottir")
    page = open_page(scene.nurse)
    page.goto("/review")
    before, top = page.locator("#cases tbody tr").count(), page.locator("#cases").bounding_box()["y"]
    new_patient(scene, "demo-14", ("Erewhon", "Ottoline"))
    scene.clinic.reviews.acknowledged(old.id, scene.physician, scene.at)
    page.evaluate(ASK_NOW)
    page.wait_for_selector("#changed a")
    assert "1 case is new" in page.locator("#changed").inner_text()
    assert "acknowledged" in page.locator(f"#row-{old.id}").inner_text()
    assert page.locator("#cases tbody tr").count() == before
    assert page.locator("#cases").bounding_box()["y"] == top
    assert violations(page) == []
    page.locator("#changed a").click()
    page.wait_for_load_state()
    assert page.locator("#cases tbody tr").count() == before + 1


def test_the_bell_of_an_open_page_rings_leads_to_the_case_and_falls_silent(open_page, scene):
    page = open_page(scene.physician)
    page.goto("/monitoring")
    before = page.locator("#bell").inner_text()
    case = new_patient(scene, "demo-16", ("Ruritania", "Wilhelmina"))
    page.evaluate('htmx.ajax("GET", "/review/bell", {source: "#bell", target: "#bell"})')
    page.wait_for_function("before => document.querySelector('#bell').innerText !== before", arg=before)
    assert violations(page) == []
    page.locator("#bell a").click()
    page.locator(f"#row-{case.id} a").click()
    ringing = page.locator("#bell").inner_text()
    page.locator("button", has_text="Acknowledge").click()
    page.wait_for_load_state()
    assert page.locator("#bell").inner_text() != ringing
    page.goto("/review?show=called")
    assert page.locator(f"#row-{case.id}").count() == 0


def test_a_bell_that_rings_as_before_is_not_said_again_and_is_for_clinicians(scene):
    client = scene.client(scene.physician)
    rung = re.search(r'name="rung" value="([^"]+)"', client.get("/review").text)[1]
    assert client.get("/review/bell", query_string={"rung": rung}).status_code == 204
    assert "unanswered call" in client.get("/review/bell").text
    officer = scene.client(a_member(scene.clinic, Role.COMPLIANCE, name="officer2"))
    assert officer.get("/review/bell").status_code == 403
    assert 'id="bell"' not in officer.get("/monitoring").text


def test_a_case_without_answers_before_the_visit_offers_to_ask_for_them(open_page, scene):
    case = of(scene, "Nemosdottir")
    page = open_page(scene.nurse)
    page.goto(f"/review/cases/{case.id}")
    page.get_by_role("button", name="Start an intake form").click()
    page.wait_for_url("**/intake/forms/**")
    assert "Nemosdottir" in page.inner_text("main")


def test_script_in_a_chart_is_shown_as_text(open_page, scene):
    words = "chest pain <script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    case = new_patient(scene, "demo-15", ("Lilliput", "Marisol"), complaint=words)
    page = open_page(scene.nurse)
    page.goto(f"/review/cases/{case.id}")
    assert page.title() == "Case · Clinical decision support"
    assert "<script>" in page.locator("section[aria-labelledby=why]").inner_text()


def post(scene, member, case, **form):
    """The answer to a form, sent without a browser."""
    client = scene.client(member)
    token = csrf_of(client, f"/review/cases/{case.id}")
    return client.post(f"/review/cases/{case.id}/decision", data={"csrf_token": token} | form)


def test_a_form_of_another_site_changes_nothing(scene):
    case = of(scene, "Fictiva")
    answer = scene.client(scene.nurse).post(f"/review/cases/{case.id}/decision", data={"verdict": "dismiss"})
    assert answer.status_code == 400
    assert scene.clinic.reviews.get(case.id) == case


def test_a_nurse_may_not_dismiss_a_critical_case_and_reads_why(scene):
    case = of(scene, "Fictiva")
    form = {
        "verdict": "dismiss",
        "reason": "data-wrong",
        "signature": "Nora Quill",
        "note": "kept",
        "seen": case.version,
    }
    answer = post(scene, scene.nurse, case, **form)
    assert answer.status_code == 403
    assert "Only a physician may lower or dismiss" in answer.text
    assert ">\nkept</textarea>" in answer.text


def test_those_who_see_no_charts_are_led_elsewhere_and_get_no_case(scene):
    officer = scene.client(a_member(scene.clinic, Role.COMPLIANCE))
    assert officer.get("/review").headers.get("Location") != "/review"
    assert "Fictiva" not in officer.get("/review", follow_redirects=True).text
    assert officer.get(f"/review/cases/{of(scene, 'Fictiva').id}").status_code == 403
    assert officer.get("/review/changes").status_code == 403


def test_a_database_that_is_gone_costs_no_typed_word(scene, monkeypatch):
    def gone(*_):
        raise StoreError("the database did not answer")

    case = of(scene, "Fictiva")
    monkeypatch.setattr(type(scene.clinic.reviews), "decide", gone)
    form = {"verdict": "confirm", "signature": "Nora Quill", "note": "typed <b>once</b>", "seen": case.version}
    answer = post(scene, scene.nurse, case, **form)
    assert answer.status_code == 503
    assert 'name="note" value="typed &lt;b&gt;once&lt;/b&gt;"' in answer.text
    assert "Send it again" in answer.text


def test_an_unchanged_queue_costs_no_look_into_the_vault(scene):
    client = scene.client(scene.nurse)
    known = re.findall(r'name="known" value="([^"]+)"', client.get("/review").text)
    with scene.recorder.database.transaction(write=False) as tx:
        before = tx.execute(select(func.count()).select_from(audit_event)).scalar()
    assert client.get("/review/changes", query_string={"known": known}).status_code == 204
    with scene.recorder.database.transaction(write=False) as tx:
        assert tx.execute(select(func.count()).select_from(audit_event)).scalar() == before


def test_a_case_that_is_not_there_is_a_page_that_says_so(scene):
    answer = scene.client(scene.nurse).get("/review/cases/case-nothing")
    assert answer.status_code == 404
    assert "There is no such" in answer.text
