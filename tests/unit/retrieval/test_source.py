"""Guideline files: what is taken, and how a refusal speaks."""

from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.retrieval.source import MAX_BYTES, SourceError, read_guideline, read_sources

GROUP = {"min_age": 9, "max_age": None, "sex": "any", "pregnancy": "any", "conditions": ["x"]}


def test_a_complete_file_is_taken_with_all_its_fields(write):
    guideline = read_guideline(write(source_url="https://example.org/swamp", newer_edition="2026"))
    assert (guideline.id, guideline.year, guideline.newer_edition) == ("swamp-fever", 2024, "2026")
    assert guideline.population.min_age == 18
    assert guideline.clinical_review == "none"
    assert "green spots" in guideline.body


def test_a_review_is_a_role_and_a_date(write):
    reviewed = read_guideline(write(clinical_review={"role": "family physician", "date": "2026-03-01"}))
    assert reviewed.clinical_review == "family physician, 2026-03-01"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": None}, "title"),
        ({"licence": None}, "licence"),
        ({"year": "last year"}, "year"),
        ({"year": 1066}, "year"),
        ({"id": "Swamp Fever"}, "id"),
        ({"clinical_review": "yes"}, "clinical_review"),
        ({"clinical_review": {"role": "nurse"}}, "clinical_review.date"),
        ({"source_url": "ftp://example.org"}, "source_url"),
        ({"population": {"min_age": 1}}, "population.sex"),
        ({"population": GROUP | {"max_age": 3}}, "population"),
        ({"population": GROUP | {"conditions": []}}, "conditions"),
        ({"colour": "green"}, "colour"),
    ],
)  # fmt: skip
def test_a_broken_field_is_refused_by_its_name(write, changes, field):
    with pytest.raises(SourceError, match=rf"field '[a-z._]*{field}"):
        read_guideline(write(**changes))


def test_every_broken_field_is_named_at_once(write):
    with pytest.raises(SourceError) as caught:
        read_guideline(write(title=None, year="soon"))
    assert "field 'title'" in str(caught.value)
    assert "field 'year'" in str(caught.value)


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "x.md"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"# Just text\n\nwithout metadata", "no front matter"),
        (b"---\nid: [unclosed\n---\ntext", "not valid YAML"),
        (b"---\n---\ntext", "no front matter"),
        (b"\xff\xfe\x00binary", "not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_is_no_guideline_is_refused_with_what_to_do(tmp_path, content, says):
    with pytest.raises(SourceError, match=says):
        read_guideline(_file(tmp_path, content))


def test_metadata_without_text_is_refused(write):
    with pytest.raises(SourceError, match="no text"):
        read_guideline(write(body="  \n"))


def test_the_second_file_with_an_id_is_refused_and_names_the_first(write):
    folder = write("a.md").parent
    write("b.md")
    taken, refused = read_sources([folder])
    assert [g.file for g in taken] == ["a.md"]
    assert str(refused[0]).startswith("b.md: field 'id': 'swamp-fever' is already used by a.md")


def test_a_bad_file_does_not_stop_a_good_one(write):
    folder = write("good.md").parent
    (folder / "bad.md").write_text("no metadata")
    (folder / "README.md").write_text("not a guideline, and not reported")
    taken, refused = read_sources([folder])
    assert [g.id for g in taken] == ["swamp-fever"]
    assert [r.file for r in refused] == ["bad.md"]


def test_a_missing_folder_names_the_setting(tmp_path):
    with pytest.raises(ConfigurationError, match="CDS_GUIDELINES_DIR"):
        read_sources([tmp_path / "nowhere"])


def test_the_digest_follows_the_content(write):
    first = read_guideline(write()).digest
    assert read_guideline(write()).digest == first
    assert read_guideline(write(version="2")).digest != first


def test_a_section_may_be_for_fewer_people_than_its_guideline(write):
    guideline = read_guideline(write(sections={"treatment": {"sex": "female", "max_age": 60}}))
    narrow = guideline.sections["treatment"]
    assert (narrow.sex, narrow.min_age, narrow.max_age) == ("female", 18, 60)
    assert guideline.population.sex == "any"


@pytest.mark.parametrize("sections", [{"treatmnt": {"sex": "male"}}, {"treatment": {"max_age": 3}}])
def test_a_section_that_does_not_exist_or_holds_nobody_is_refused(write, sections):
    with pytest.raises(SourceError, match="field 'sections'"):
        read_guideline(write(sections=sections))
