"""Every guideline that comes with the service keeps the schema and cites its sources."""

import re

import pytest

from cds_service.retrieval.chunk import MAX_CHARS, chunk
from cds_service.retrieval.page import guidelines_page
from cds_service.retrieval.schema import slugify
from cds_service.retrieval.source import PACKAGED, read_sources

GUIDELINES, REFUSED = read_sources([PACKAGED])
BY_ID = {g.id: g for g in GUIDELINES}
DOSE = re.compile(r"\d (?:mg|micrograms|units)(?:/kg)?\b(?!/(?:dL|L|g|mmol))")
EATEN = ("Lifestyle measures for high blood pressure", "Exercise, falls, calcium and vitamin D")
"""Sections whose amounts are of food."""


def test_all_are_taken_and_each_file_has_the_name_of_its_guideline():
    assert REFUSED == ()
    assert len(GUIDELINES) == 47
    assert all(g.file == f"{g.id}.md" for g in GUIDELINES)


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda g: g.id)
def test_each_section_is_one_passage_that_is_graded_and_names_its_source(guideline):
    passages = chunk(guideline)
    assert 8 <= len(passages) <= 11
    assert len({slugify(p.section) for p in passages}) == len(passages)
    for passage in passages:
        assert passage.id.endswith(".1"), "a section is one passage"
        assert 350 <= len(passage.text) <= MAX_CHARS, passage.id
        assert passage.strength, passage.id
        assert passage.source
        assert passage.licence == "Apache-2.0"


def test_a_section_shows_no_year_only_where_its_own_source_has_none():
    undated = [p for g in GUIDELINES for p in chunk(g) if p.year is None]
    assert undated
    assert all(p.source != BY_ID[p.guideline].source for p in undated)


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda g: g.id)
def test_none_claims_a_review_that_nobody_made(guideline):
    assert guideline.clinical_review == "none"
    assert guideline.source_licence


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda g: g.id)
def test_doses_are_left_to_a_physician_and_text_is_plain(guideline):
    for passage in chunk(guideline):
        eaten = passage.section in EATEN
        assert eaten or "physician" in passage.text.lower() or not DOSE.search(passage.text), passage.id
        assert not re.search(r"https?://|\*\*|<[a-z]+>", passage.text)
        assert passage.text.endswith("."), passage.id


def test_newborn_advice_is_for_newborns_alone():
    fever = BY_ID["fever-in-children"]
    assert fever.section("Fever under 3 months is urgent").population.max_months == 2
    assert fever.section("Febrile infant of 8 to 21 days").population.max_months == 0


def test_the_page_lists_every_guideline_with_source_and_population():
    page = guidelines_page()
    for guideline in GUIDELINES:
        assert f"`{guideline.id}` {guideline.version}" in page
        assert guideline.source in page
    assert page.count("| none |") == len(GUIDELINES)
    assert "GOLD 2026 Report" in page
    assert "| class 1 (two first-line classes in stage 2)" in page
    assert "| under 3 months of age |" in page


def test_the_page_says_what_is_not_covered():
    page = guidelines_page()
    assert "Not covered" in page
    assert "no clinician has signed" in page
    assert "not written by clinicians" in page
