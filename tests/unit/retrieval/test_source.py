"""Guideline files: what is taken, and how a refusal speaks."""

from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.retrieval import source
from cds_service.retrieval.formats import MAX_TEXT_BYTES
from cds_service.retrieval.population import Person
from cds_service.retrieval.schema import SourceError
from cds_service.retrieval.source import PACKAGED, read_guideline, read_sources

GROUP = {"min_age": 9, "max_age": None, "sex": "any", "pregnancy": "any", "conditions": ["x"]}


def test_a_complete_file_is_taken_with_all_its_fields(write):
    guideline = read_guideline(write(source_url="https://example.org/swamp", newer_edition="2026"))
    assert (guideline.id, guideline.year, guideline.newer_edition) == ("swamp-fever", 2024, "2026")
    assert guideline.population.min_age == 18
    assert guideline.clinical_review == "none"
    assert guideline.parts[0].blocks == ("Swamp fever shows green spots.",)


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
        (b"x" * (MAX_TEXT_BYTES + 1), "larger than"),
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


def test_an_id_of_a_packaged_guideline_is_refused_as_such(write):
    folder = write("asthma.md", id="asthma").parent
    _, refused = read_sources([PACKAGED, folder])
    assert [str(r) for r in refused] == [
        "asthma.md: field 'id': 'asthma' is already used by the packaged asthma.md; choose another id"
    ]


def test_a_misspelled_field_is_told_in_plain_words(write):
    with pytest.raises(SourceError, match=r"field 'year': is missing; field 'yaer': is not known"):
        read_guideline(write(year=None, yaer=2020))


def test_a_section_that_no_heading_matches_is_refused_with_the_headings_there_are(write):
    with pytest.raises(SourceError, match=r"no heading has the slug treatmnt; the headings are .*treatment"):
        read_guideline(write(sections={"treatmnt": {"strength": "class 1"}}))


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
    narrow = guideline.section("Treatment").population
    assert (narrow.sex, narrow.min_age, narrow.max_age) == ("female", 18, 60)
    assert guideline.section("Recognition").population == guideline.population


def test_a_section_may_be_for_more_people_than_its_guideline(write):
    group = GROUP | {"pregnancy": "only", "min_age": None}
    guideline = read_guideline(write(population=group, sections={"treatment": {"pregnancy": "any", "sex": "female"}}))
    wide = guideline.section("Treatment").population
    assert (wide.pregnancy, wide.sex, wide.conditions) == ("any", "female", ("x",))


def test_a_section_for_infants_ends_with_a_month(write):
    group = GROUP | {"min_age": None}
    guideline = read_guideline(write(population=group, sections={"treatment": {"max_months": 2}}))
    infants = guideline.section("Treatment").population
    assert infants.admits(Person(age_years=2 / 12))
    assert not infants.admits(Person(age_years=3 / 12))


def test_a_section_with_its_own_source_shows_its_own_year_and_address_or_none(write):
    own = {"strength": "grade B", "source": "Bog Statement"}
    guideline = read_guideline(write(source_url="https://example.org/swamp", sections={"treatment": own}))
    treatment, recognition = guideline.section("Treatment"), guideline.section("Recognition")
    assert (treatment.source, treatment.year, treatment.source_url, treatment.strength) == (
        "Bog Statement", None, None, "grade B",
    )  # fmt: skip
    assert (recognition.source, recognition.year) == ("Fictional Swamp Guideline (Fictional Society)", 2024)
    dated = read_guideline(write(sections={"treatment": own | {"year": 2019}}))
    assert dated.section("Treatment").year == 2019


def test_a_strength_alone_keeps_source_and_year(write):
    section = read_guideline(write(sections={"treatment": {"strength": "class 1"}})).section("Treatment")
    assert (section.year, section.strength) == (2024, "class 1")


def test_sections_without_a_strength_are_named(write):
    assert read_guideline(write(sections={"treatment": {"strength": "class 1"}})).ungraded == ("Recognition",)


def test_a_packaged_guideline_states_the_strength_of_every_section(write, monkeypatch):
    path = write(sections={"treatment": {"strength": "class 1"}})
    monkeypatch.setattr(source, "PACKAGED", path.parent)
    with pytest.raises(SourceError, match="no strength for Recognition"):
        read_guideline(path)


@pytest.mark.parametrize(
    "sections", [{"treatmnt": {"sex": "male"}}, {"treatment": {"max_age": 3}}, {"treatment": {"max_months": 3}}]
)
def test_a_section_that_does_not_exist_or_holds_nobody_is_refused(write, sections):
    with pytest.raises(SourceError, match="field 'sections'"):
        read_guideline(write(sections=sections))


def beside(write, name: str, content: bytes, **changes) -> Path:
    """A document with its metadata in a file beside it."""
    markdown = write(**changes)
    fields = markdown.read_text().split("---")[1]
    markdown.unlink()
    path = markdown.with_name(name)
    path.write_bytes(content)
    path.with_name(path.stem + ".meta.yaml").write_text(fields)
    return path


@pytest.mark.parametrize("name", ["swamp.md", "swamp.txt", "swamp.html", "swamp.HTM"])
def test_metadata_may_lie_beside_the_document(write, name):
    path = beside(write, name, b"<p>Swamp fever shows green spots.</p>\n\nMore of it.\n")
    (guideline,), refused = read_sources([path.parent])
    assert refused == ()
    assert (guideline.id, guideline.file) == ("swamp-fever", name)


def test_the_digest_follows_the_metadata_beside_it(write):
    first = read_guideline(beside(write, "swamp.txt", b"Rest.\n\nMore.")).digest
    assert read_guideline(beside(write, "swamp.txt", b"Rest.\n\nMore.", year=2023)).digest != first


def test_metadata_that_stand_twice_are_refused(write):
    path = write()
    path.with_name("swamp.meta.yaml").write_text("id: other")
    with pytest.raises(SourceError, match="stand twice"):
        read_guideline(path)


@pytest.mark.parametrize(
    ("metadata", "says"),
    [(None, r"put swamp\.meta\.yaml beside it"), ("- a list", "named fields"), ("id: [", "not valid YAML")],
)
def test_a_document_without_usable_metadata_is_refused_with_what_to_do(write, metadata, says):
    path = beside(write, "swamp.txt", b"Rest in a dry place.\n\nMore.")
    path.with_name("swamp.meta.yaml").unlink()
    if metadata is not None:
        path.with_name("swamp.meta.yaml").write_text(metadata)
    with pytest.raises(SourceError, match=says):
        read_guideline(path)


def test_files_that_are_no_documents_are_refused_and_said(write):
    folder = write().parent
    (folder / "letter.docx").write_bytes(b"PK")
    (folder / "lost.meta.yaml").write_text("id: lost")
    (folder / "short.meta.yml").write_text("id: short")
    (folder / ".hidden").write_text("not looked at")
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    taken, refused = read_sources([folder])
    assert [g.id for g in taken] == ["swamp-fever"]
    assert {r.file: r.reason.split(";")[0] for r in refused} == {
        "letter.docx": "this kind of file is not read",
        "lost.meta.yaml": "there is no document beside this metadata file",
        "short.meta.yml": "the name of a metadata file ends in .meta.yaml",
        "passwd.txt": "the file is a link that leads out of the folder",
    }
