"""Beside intervals no year stands that could date an entry: New Year lies between "2025" and "2026"."""

from datetime import UTC, datetime

import pytest

from anonymization.gate import Gate
from anonymization.known import KnownMatcher
from anonymization.near_years import ChartMatcher, near_years, years_near
from anonymization.policy import packaged_policy, template
from cds_service.deid_view import Way, view
from fhir_mappers.case import Document
from tests.support.fhir_values import bundle, document, patient
from tests.unit.anonymization.conftest import ago

YEARS = range(2024, 2029)


@pytest.fixture(scope="module")
def gate():
    made = Gate()
    made.warm()
    return made


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("Last visit of 2025.", "2025"), ("First seen in 2026", "2026"), ("FY2025 budget", "2025"), ("2025/26", "2025"),
        ("since '25", "'25"), ("2024-2025, then well", "2024"), ("in 2025, 2026", "2026"), ("(2026)", "2026"),
        ("Twenty twenty-five was hard", "Twenty twenty-five"),
        ("two thousand and twenty five", "two thousand and twenty five"),
    ],
)  # fmt: skip
def test_a_near_year_is_found_in_any_writing(text, year):
    assert year in {text[h.start : h.end] for h in ChartMatcher((), years=YEARS).find(text)}


@pytest.mark.parametrize(
    "text",
    [
        "CABG in 2019",
        "since '98",
        "WBC 2025.5",
        "2025 mL over 24 h",
        "2,025 and 12,2025",
        "20251",
        "5'25",
        "at 20:25",
        "$2025",
    ],
)
def test_older_years_and_amounts_are_none(text):
    assert ChartMatcher((), years=YEARS).find(text) == []


def test_without_years_it_is_the_matcher_of_the_request():
    assert ChartMatcher(()).find("2025") == KnownMatcher(()).find("2025") == []


def test_near_are_two_years_around_the_newest_entry_and_around_now(chart):
    case = chart()
    years = near_years(case, packaged_policy())
    assert years == years_near({case.now.year, 2026})
    assert {2024, 2028} <= years
    assert 2023 not in years


@pytest.mark.parametrize("profile", ["safe-harbor-exports", "expert-determination"])
def test_a_policy_without_intervals_leaves_years(chart, profile):
    assert near_years(chart(), template(profile)) == frozenset()


def test_no_year_in_two_notes_tells_on_which_side_of_a_new_year_they_lie(gate, chart):
    notes = (
        Document(title="Seen 2026", text="Seen first time in 2026. CABG 2011.", when=ago(hours=1), source="doc-1"),
        Document(title="Note", text="Last visit of 2025.", when=ago(days=5), source="doc-2"),
    )
    told = gate.deidentify(chart(documents=notes), subject="s-1", timeout_s=60).to_json()
    assert "2025" not in told
    assert "2026" not in told
    assert "2011" in told


@pytest.mark.parametrize("way", Way)
def test_a_text_that_is_shown_beside_its_chart_has_no_near_year_either(gate, way):
    now = datetime(2026, 1, 2, 12, tzinfo=UTC)
    record = {"bundle": bundle(patient(), document("Seen in 2026.")), "text": "Seen 12/30/2025, and in 2025."}
    seen = view(gate, record, way=way, now=now).to_json().replace(gate.policy.version, "")
    assert "2025" not in seen
    assert "2026" not in seen


def test_a_text_alone_keeps_its_years(gate):
    assert gate.scrub("Last seen in 2025.").text == "Last seen in 2025."
