"""Passages: stable ids, bounded length, plain text."""

import pytest

from cds_service.retrieval.chunk import MAX_CHARS, chunk
from cds_service.retrieval.schema import slugify
from cds_service.retrieval.source import read_guideline


def passages(write, body: str):
    return chunk(read_guideline(write(body=body)))


def test_each_section_is_a_passage_that_carries_its_citation(write):
    first, second = passages(write, "## One\n\nAlpha.\n\n## Two words\n\nBeta.\n")
    assert (first.id, second.id) == ("swamp-fever#one.1", "swamp-fever#two-words.1")
    assert (first.section, first.text) == ("One", "Alpha.")
    assert first.source == "Fictional Swamp Guideline (Fictional Society)"
    assert (first.year, first.licence, first.clinical_review, first.strength) == (2024, "Apache-2.0", "none", "")


def test_a_passage_carries_the_strength_source_and_year_of_its_section(write):
    own = {"treatment": {"strength": "grade B", "source": "Bog Statement", "year": 2019}}
    _, passage = chunk(read_guideline(write(sections=own)))
    assert (passage.strength, passage.source, passage.year) == ("grade B", "Bog Statement", 2019)


def test_the_id_of_a_section_stays_when_another_section_is_added(write):
    before = {p.id for p in passages(write, "## One\n\nAlpha.\n\n## Two\n\nBeta.\n")}
    after = {p.id for p in passages(write, "## Zero\n\nNew.\n\n## One\n\nAlpha.\n\n## Two\n\nBeta.\n")}
    assert before < after


def test_two_sections_of_one_name_get_different_ids(write):
    assert [p.id for p in passages(write, "## A\n\nx\n\n## A\n\ny\n")] == ["swamp-fever#a.1", "swamp-fever#a.2"]


def test_text_before_the_first_heading_is_kept_under_the_title(write):
    (only,) = passages(write, "Only a paragraph.\n")
    assert only.section == "Swamp fever in adults"


def test_a_heading_without_text_makes_no_passage(write):
    assert [p.section for p in passages(write, "## Empty\n\n## Full\n\nText.\n")] == ["Full"]


def test_markup_links_and_html_do_not_reach_the_text(write):
    (only,) = passages(
        write, "## A\n\n**Bold** [link](https://example.org) <b onclick=x>tag</b> `code`\n\n- item one\n- item two\n"
    )
    assert only.text == "Bold link tag code item one item two"


@pytest.mark.parametrize(
    "body",
    [
        "## A\n\n" + "\n\n".join(f"Paragraph {i} is about rest and water and more." for i in range(80)),
        "## A\n\n" + " ".join(f"Sentence {i} is about rest and water." for i in range(120)),
        "## A\n\n" + "word " * 900,
        "## A\n\n" + "x" * 3000,
    ],
)
def test_long_sections_are_cut_and_no_word_is_lost(write, body):
    cut = passages(write, body)
    assert len(cut) > 1
    assert max(len(p.text) for p in cut) <= MAX_CHARS
    assert "".join("".join(p.text.split()) for p in cut) == "".join(body.removeprefix("## A").split())
    assert [p.id for p in cut] == [f"swamp-fever#a.{n}" for n in range(1, len(cut) + 1)]


def test_slugs_are_plain_ascii():
    assert slugify("Gewicht & Größe: 180/120 mm Hg") == "gewicht-groe-180-120-mm-hg"
    assert slugify("–") == "section"
