"""The roll-out in a browser: no fault that axe knows, and a change made with the keyboard alone."""

from datetime import UTC, datetime

import pytest

from cds_service.accounts.roles import Role
from cds_service.rollout.change import Change, NewPlace
from cds_service.rollout.stages import MODEL, SERVICE, Stage, rule_part
from cds_service.web.site.cookies import Cookies
from tests.support.browser import SMALL, WIDE, live, signed_in_page, violations
from tests.support.site import a_clinic, site_app, site_client

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
WARD = NewPlace(reference="Location/7", label="east-wing")
WHY = "the board decided on the figures of the shadow week"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    made = a_clinic(tmp_path_factory.mktemp("rollout"), now=lambda: NOW)
    for part, stage, add in (
        (SERVICE, Stage.PILOT, [WARD]),
        (MODEL, Stage.SHADOW, []),
        (rule_part("news2"), Stage.SHADOW, []),
    ):
        change = Change(part=part, stage=stage, why=WHY, add=add, confirmed=True)
        made.roll_out.change(change, actor="operator", now=NOW)
    return made


@pytest.fixture(scope="module")
def page_of(browser, clinic):
    app = site_app(clinic)
    client, _ = site_client(None, Role.ADMINISTRATOR, clinic=clinic, app=app)
    cookie = Cookies(clinic.settings).session
    token = client.get_cookie(cookie).value
    with live(app) as base:
        yield lambda **context: signed_in_page(browser, base, cookie, token, **context)


@pytest.mark.parametrize(("scheme", "size"), [("light", WIDE), ("dark", SMALL)])
def test_axe_finds_nothing_and_nothing_runs_over_the_edge(page_of, scheme, size):
    page = page_of(color_scheme=scheme, viewport=size)
    page.goto("/roll-out")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.faults == []
    page.context.close()


def test_a_stage_is_changed_with_the_keyboard_and_a_mistake_is_told_first(page_of, clinic):
    page = page_of(viewport=WIDE)
    page.goto("/roll-out")
    page.locator("#part").select_option(rule_part("critical-vitals"))
    page.locator("#stage-shadow").focus()
    page.keyboard.press("Space")
    page.locator("#why").focus()
    page.keyboard.type("too many on our charts")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "Confirm" in page.get_by_role("alert").inner_text()
    assert violations(page) == []
    page.locator("#confirmed").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "shadow" in page.get_by_role("status").inner_text()
    assert clinic.roll_out.read().stage(rule_part("critical-vitals")) is Stage.SHADOW
    page.context.close()


def test_the_form_asks_for_places_and_a_confirmation_only_where_they_apply(page_of):
    page = page_of(viewport=WIDE)
    page.goto("/roll-out")
    places, sure = page.locator("#add"), page.locator("label[for=confirmed]")
    assert not places.is_visible()
    page.locator("label[for=stage-pilot]").click()
    assert places.is_visible()
    assert not sure.is_visible()  # the whole service is no rule
    page.locator("#part").select_option(rule_part("critical-vitals"))
    assert sure.is_visible()
    page.locator("label[for=stage-full]").click()
    assert not places.is_visible()
    assert not sure.is_visible()
    page.context.close()


def test_without_scripts_every_field_is_there(page_of):
    page = page_of(java_script_enabled=False)
    page.goto("/roll-out")
    assert page.locator("#add").is_visible()
    assert page.locator("label[for=confirmed]").is_visible()
    page.context.close()
