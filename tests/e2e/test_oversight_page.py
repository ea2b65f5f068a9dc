"""The monitoring in a browser: no fault that axe knows, in both colour schemes, and nothing that runs over the edge."""

from datetime import timedelta

import pytest

from cds_service.accounts.roles import Role
from cds_service.web.site.cookies import Cookies
from tests.support.browser import SMALL, WIDE, live, signed_in_page, violations
from tests.support.oversight_values import MONDAY, a_busy_time
from tests.support.site import a_clinic, site_app, site_client


@pytest.fixture(scope="module")
def page_of(browser, tmp_path_factory):
    """A page of a physician's browser, with four months of a small clinic behind it."""
    clinic = a_clinic(tmp_path_factory.mktemp("monitored"), now=lambda: MONDAY)
    a_busy_time(clinic.recorder.database, MONDAY - timedelta(days=120), 120, 4)
    clinic.oversight.check(MONDAY)
    app = site_app(clinic)
    client, _ = site_client(None, Role.PHYSICIAN, clinic=clinic, app=app)
    cookie = Cookies(clinic.settings).session
    token = client.get_cookie(cookie).value
    with live(app) as base:
        yield lambda **context: signed_in_page(browser, base, cookie, token, **context)


@pytest.mark.parametrize(
    ("scheme", "size", "paths"),
    [
        ("light", WIDE, ("/monitoring",)),
        ("dark", SMALL, ("/monitoring/report", "/monitoring/reviews")),
    ],
)
def test_axe_finds_nothing_and_nothing_runs_over_the_edge(page_of, scheme, size, paths):
    page = page_of(color_scheme=scheme, viewport=size)
    for path in paths:
        page.goto(path)
        page.evaluate("document.querySelector('details')?.toggleAttribute('open', true)")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.faults == []
    page.context.close()
