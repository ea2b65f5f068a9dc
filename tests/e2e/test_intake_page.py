"""The intake in a browser: a tablet without scripts, on a small screen, in both colour schemes, and the desk."""

import re
from datetime import UTC, datetime

import pytest

from cds_service.web.site.cookies import Cookies
from fhir_mappers.intake_form import SIGNS
from tests.support.browser import SCHEMES, SMALL, WIDE, live, signed_in_page, violations
from tests.support.site import a_clinic, a_member, sign_in, site_app

EHR = "https://ehr.example"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return a_clinic(tmp_path_factory.mktemp("intake"))


@pytest.fixture(scope="module")
def nurse(clinic):
    return a_member(clinic)


@pytest.fixture(scope="module")
def app(clinic):
    return site_app(clinic)


@pytest.fixture(scope="module")
def base(app):
    with live(app) as address:
        yield address


@pytest.fixture
def form(clinic, nurse):
    return clinic.intake.start(EHR, f"pat-{datetime.now(UTC).timestamp()}", nurse, clinic.now())


def begun(context, clinic, nurse, form):
    """A tablet at the first step."""
    page = context.new_page()
    page.set_default_timeout(8000)
    page.goto(f"/intake/fill/{clinic.intake.new_code(form.id, nurse, clinic.now())}")
    page.get_by_role("button", name="Start").click()
    return page


def answer_signs(page, **yes):
    for question in SIGNS.questions:
        value = "yes" if yes.get(question.link_id.replace("-", "_")) else "no"
        page.locator(f'label[for="{question.link_id}-{value}"]').click()
    page.get_by_role("button", name="Next").click()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_of_the_patient_are_accessible_on_a_small_screen(browser, base, clinic, nurse, form, scheme):
    context = browser.new_context(base_url=base, color_scheme=scheme, viewport=SMALL)
    page = begun(context, clinic, nurse, form)
    page.get_by_role("button", name="Next").click()
    faults = {"signs, not answered": violations(page)}
    assert page.locator("a[href='#chest-pain']").count() == 1
    answer_signs(page)
    faults["visit"] = violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
    page.get_by_label("Why do you come").fill("sore throat")
    page.get_by_role("button", name="Send my answers").click()
    faults["done"] = violations(page)
    assert "give the tablet back" in page.inner_text("main")
    context.close()
    assert {name: found for name, found in faults.items() if found} == {}


def test_it_works_without_scripts_and_the_desk_hears_of_a_sign_without_a_reload(
    browser, base, clinic, nurse, form, app
):
    token = sign_in(app.test_client(), clinic, nurse)
    desk = signed_in_page(browser, base, Cookies(clinic.settings).session, token, viewport=WIDE)
    desk.context.clock.install()
    desk.goto("/intake")
    context = browser.new_context(base_url=base, java_script_enabled=False)
    page = begun(context, clinic, nurse, form)
    answer_signs(page, hard_to_breathe=True)
    desk.context.clock.run_for(11_000)  # it asks every ten seconds
    desk.get_by_role("heading", name="go and see them now").wait_for()
    assert "Trouble breathing" in desk.inner_text("#warnings")
    page.get_by_label("Why do you come").fill("I cannot climb the stairs")
    page.get_by_text("Today", exact=True).click()
    page.get_by_role("button", name="Send my answers").click()
    assert "Your answers were sent" in page.inner_text("main")
    page.go_back()
    assert "I cannot climb" not in page.content()
    found = violations(desk)
    desk.goto(f"/intake/forms/{form.id}")
    found += violations(desk)
    assert "I cannot climb the stairs" in desk.inner_text("main")
    assert not re.search("pat-", desk.title() + desk.url)
    assert desk.faults == []
    assert found == []
    context.close()
    desk.context.close()


def test_a_patient_is_warned_before_the_time_is_over(browser, base, clinic, nurse, form):
    context = browser.new_context(base_url=base)
    context.clock.install()
    page = begun(context, clinic, nurse, form)
    warning = page.locator("#time-warning")
    context.clock.run_for(40 * 60_000)
    assert not warning.is_visible()
    context.clock.run_for(3 * 60_000)
    assert warning.is_visible()
    page.locator('label[for="seizure-no"]').click()
    page.get_by_role("button", name="I need more time").click()
    assert page.locator("#seizure-no").is_checked()
    assert not warning.is_visible()
    context.close()
