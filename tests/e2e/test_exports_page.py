"""Exports in a browser: no fault that axe knows, and an approval given with the keyboard alone."""

import threading

import pytest

from cds_service.export.runner import Runner
from cds_service.export.states import State
from cds_service.web.site.cookies import Cookies
from tests.support.browser import SMALL, WIDE, live, signed_in_page, violations
from tests.support.export_values import NOW, SmallWriter, asked, officers
from tests.support.site import a_clinic, sign_in, site_app


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return a_clinic(tmp_path_factory.mktemp("exports"), now=lambda: NOW)


@pytest.fixture(scope="module")
def two(clinic):
    return officers(clinic)


@pytest.fixture(scope="module")
def page_of(browser, clinic, two):
    app = site_app(clinic)
    cookie = Cookies(clinic.settings).session
    token = sign_in(app.test_client(), clinic, two[1])
    with live(app) as base:
        yield lambda **context: signed_in_page(browser, base, cookie, token, **context)


def awaiting(clinic, member):
    ordered = clinic.exports.order(asked(), member, NOW)
    assert Runner(clinic.exports, SmallWriter, now=lambda: NOW).once(threading.Event())
    return clinic.exports.get(ordered.id)


def test_axe_finds_nothing_in_the_dark_on_a_small_screen(page_of, clinic, two):
    awaiting(clinic, two[0])
    page = page_of(color_scheme="dark", viewport=SMALL)
    for path in ("/exports", "/exports/new"):
        page.goto(path)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert page.faults == []
    page.context.close()


def test_an_export_is_approved_with_the_keyboard_and_the_page_follows_it(page_of, clinic, two):
    ordered = awaiting(clinic, two[0])
    page = page_of(viewport=WIDE)
    page.goto(f"/exports/{ordered.id}")
    page.locator("#signature").focus()
    page.keyboard.press("Enter")
    assert "2 things need your attention" in page.get_by_role("alert").inner_text()
    assert violations(page) == []
    page.locator("#no-actual-knowledge").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type(two[1].name)
    page.keyboard.press("Enter")
    page.get_by_text("Approved, to be written").wait_for()
    assert clinic.exports.get(ordered.id).state is State.APPROVED
    assert Runner(clinic.exports, SmallWriter, now=lambda: NOW).once(threading.Event())
    page.get_by_role("heading", name="Result").wait_for()
    page.context.close()
