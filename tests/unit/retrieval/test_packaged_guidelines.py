"""Every guideline that comes with the service keeps the schema and cites its sources."""

import re

import pytest

from cds_service.retrieval.chunk import MAX_CHARS, chunk
from cds_service.retrieval.page import guidelines_page
from cds_service.retrieval.source import PACKAGED, read_sources

GUIDELINES, REFUSED = read_sources([PACKAGED])
CITED = re.compile(r"\([^()]*\b(?:19|20)\d\d\b[^()]*\)|\([^()]*CDC[^()]*\)")


def test_all_twelve_are_taken():
    assert REFUSED == ()
    assert len(GUIDELINES) == 12
    assert all(g.file == f"{g.id}.md" for g in GUIDELINES)


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda g: g.id)
def test_each_passage_is_short_stands_alone_and_names_source_and_year(guideline):
    passages = chunk(guideline)
    assert 6 <= len(passages) <= 10
    for passage in passages:
        assert passage.id.endswith(".1"), "a section is one passage"
        assert len(passage.text) <= MAX_CHARS
        assert 40 <= len(passage.text.split()) <= 120, passage.id
        assert CITED.search(passage.text), f"{passage.id} cites no source with a year"
        assert passage.source
        assert passage.source_url
        assert passage.licence == "Apache-2.0"


@pytest.mark.parametrize("guideline", GUIDELINES, ids=lambda g: g.id)
def test_none_claims_a_review_that_nobody_made(guideline):
    assert guideline.clinical_review == "none"
    assert guideline.source_licence
    assert guideline.population.min_age >= 12


def test_the_page_lists_every_guideline_with_source_and_population():
    page = guidelines_page()
    for guideline in GUIDELINES:
        assert f"`{guideline.id}` {guideline.version}" in page
        assert guideline.source in page
    assert page.count("| none |") == 12
    assert "GOLD 2026 Report" in page
