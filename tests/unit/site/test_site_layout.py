"""The frame of all pages: vendored files, menu, times, priorities."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.web.site import layout
from cds_service.web.site.layout import STATIC, ago, badge, icon, lasting, when
from cds_service.web.site.vendor import subset
from tests.support.site import a_clinic, site_app, site_client

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TEMPLATES = STATIC.parent / "templates"


def test_every_vendored_file_is_the_one_that_the_list_names():
    listed = json.loads((STATIC / "vendor" / "VENDORED.json").read_text())
    found = {
        str(path.relative_to(STATIC / "vendor")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "vendor").rglob("*")
        if path.is_file() and path.name != "VENDORED.json"
    }
    assert found == listed["files"]
    assert all({"name", "version", "sha256", "licence"} <= package.keys() for package in listed["packages"])


def test_every_class_of_the_design_system_that_a_page_uses_is_among_its_styles():
    styles = (STATIC / "vendor" / "uswds.css").read_text() + (STATIC / "site.css").read_text()
    used = {
        name
        for page in TEMPLATES.rglob("*.html")
        for name in re.findall(r"\busa-[a-z0-9_-]*[a-z0-9](?![\w-]*\{)", page.read_text())
        if not name.endswith(("--", "__"))
    }
    missing = sorted(name for name in used if f".{name}" not in styles)
    assert missing == []


def test_no_page_holds_inline_style_or_script():
    for page in TEMPLATES.rglob("*.html"):
        text = page.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", text), page.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), page.name


def test_no_page_of_a_case_trusts_words_of_a_chart_or_model_as_markup():
    for page in (*(TEMPLATES / "review").iterdir(), *(TEMPLATES / "parts").iterdir(), TEMPLATES / "base.html"):
        assert not re.search(r"\|\s*safe\b|autoescape", page.read_text()), page.name


def test_a_subset_keeps_what_is_named_and_drops_the_rest():
    css = ".usa-button{a:b}.usa-banner{a:b}.usa-button:hover,.usa-banner a{c:d}"
    css += "@media print{.usa-modal{x:y}.usa-tag{e:f}}p{g:h}"
    assert subset(css) == ".usa-button{a:b}.usa-button:hover{c:d}@media print{.usa-tag{e:f}}p{g:h}"


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=3), "3 d ago"),
        (timedelta(minutes=-5), "in the future"),
    ],
)
def test_an_age_is_told_in_one_unit(passed, words):
    assert ago(NOW - passed, NOW) == words


def test_a_duration_is_told_in_one_unit():
    assert [lasting(s) for s in (30, 723 * 60, 50 * 3600)] == ["under 1 min", "12 h", "2 d"]


def test_a_time_is_written_for_people_and_for_machines():
    assert when(NOW) == '<time datetime="2026-05-04T12:00:00+00:00">04 May 2026, 12:00 UTC</time>'
    assert "no time" in when(None)


def test_every_priority_has_a_word_and_a_shape_of_its_own():
    badges = {priority: badge(priority) for priority in Priority}
    assert all(priority.label in text for priority, text in badges.items())
    assert len({re.search(r' d="([^"]+)"', text)[1] for text in badges.values()}) == len(Priority)
    assert 'aria-hidden="true"' in icon("error")


def test_the_menu_shows_a_person_only_the_places_of_their_role(tmp_path):
    app = site_app(a_clinic(tmp_path))
    with app.test_request_context("/review"):
        menus = {
            role: [p["path"] for p in layout.menu(layout.Member(account="acct-1", name="A", role=role), "/review")]
            for role in Role
        }
    assert "/review" in menus[Role.NURSE]
    assert "/review" not in menus[Role.ADMINISTRATOR]
    assert layout.menu(None, "/review") == []


def test_static_files_may_be_kept_and_pages_may_not(tmp_path):
    client, _ = site_client(tmp_path)
    page = client.get("/review")
    assert page.headers["Cache-Control"] == "no-store"
    asked = re.search(r'href="(/assets/site\.css\?v=[0-9a-f]{12})"', page.get_data(as_text=True))[1]
    assert "max-age" in client.get(asked).headers["Cache-Control"]
