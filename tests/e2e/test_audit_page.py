"""The audit trail in a browser: no fault that axe knows, and a filter used with the keyboard alone."""

import pytest

from cds_service.accounts.roles import Role
from cds_service.web.site.cookies import Cookies
from tests.support.audit_values import a_trail
from tests.support.browser import SMALL, WIDE, live, signed_in_page, violations
from tests.support.site import a_member, sign_in, site_app


@pytest.fixture(scope="module")
def page_of(browser, tmp_path_factory):
    clinic = a_trail(tmp_path_factory.mktemp("audit"))
    app = site_app(clinic)
    token = sign_in(app.test_client(), clinic, a_member(clinic, Role.COMPLIANCE, shown="Ona Fictiva"))
    with live(app) as base:
        yield lambda **context: signed_in_page(browser, base, Cookies(clinic.settings).session, token, **context)


def test_axe_finds_nothing_in_the_dark_on_a_small_screen(page_of):
    page = page_of(color_scheme="dark", viewport=SMALL)
    page.goto("/audit")
    page.get_by_text("A patient's history, by id in the EHR").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.faults == []
    page.context.close()


def test_the_trail_is_narrowed_with_the_keyboard_and_leads_to_one_patient(page_of):
    page = page_of(viewport=WIDE)
    page.goto("/audit")
    page.locator("#kind").focus()
    page.keyboard.type("Vault opened")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit?**kind=vault-read**")
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("link", name="History of the patient").click()
    page.wait_for_url("**subject=subj-**")
    assert page.get_by_role("heading", name="One patient's history").is_visible()
    assert page.faults == []
    page.context.close()
