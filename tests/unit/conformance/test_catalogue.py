"""The conformance table: every requirement is proven or explained, and the page says so."""

import re
from pathlib import Path

import pytest

from cds_service.conformance import page
from cds_service.conformance.catalogue import Level, Requirement, catalogue
from cds_service.conformance.page import conformance_page, proofs

ROOT = Path(__file__).parents[3]
ROWS = catalogue()
PROVEN = proofs(ROOT / "tests")


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_requirement_is_proven_or_explained_and_never_both(row):
    assert (row.id in PROVEN) != (row.not_applicable is not None)


def test_each_marker_names_a_requirement_of_the_catalogue():
    assert set(PROVEN) <= set(ROWS)


def test_the_ids_are_those_of_the_checklist(shared_data):
    checklist = shared_data.parent / "cds-hooks-checklist.md"
    if not checklist.exists():
        pytest.skip("needs the checklist beside the evaluation data")
    ids, section = [], ""
    for line in checklist.read_text().splitlines():
        if heading := re.match(r"#{2,3} ([A-Z](?:-[a-d])?)[. ]", line):
            section = heading[1]
        first = line.split("|")[1].strip() if line.count("|") > 3 else ""
        if re.fullmatch(r"[A-Z]{1,2}[0-9]+", first):
            ids.append((first, section))
        elif section == "H" and re.fullmatch(r"[a-z]+(-[a-z]+)+", first):
            ids.append((f"H-{first}", section))
    assert [(row.id, row.section) for row in ROWS.values()] == ids


def test_the_page_has_a_row_for_each_requirement_and_links_that_lead_somewhere():
    text = conformance_page(ROOT)
    assert re.findall(r"^\| ([A-Z][A-Za-z0-9-]*) \|", text, re.MULTILINE) == list(ROWS)
    linked = set(re.findall(r"\]\((\.\./[^)]+)\)", text))
    assert linked
    assert all((ROOT / "docs" / "reference" / path).resolve().is_file() for path in linked)


def test_the_page_in_the_docs_is_current():
    written = (ROOT / "docs" / "reference" / "conformance.md").read_text()
    assert written.split("\n", 1)[1].strip() == conformance_page(ROOT).strip()


# -- how proofs are found ------------------------------------------------------------------------------------------


def found(tmp_path, source):
    folder = tmp_path / "tests" / "spec"
    folder.mkdir(parents=True)
    (folder / "test_x.py").write_text(source)
    (folder / "helper.py").write_text('@pytest.mark.requirement("F9")\ndef test_y(): ...\n')
    return dict(proofs(tmp_path / "tests"))


def test_a_marked_function_proves_its_ids(tmp_path):
    source = '@pytest.mark.requirement("A1", "B2")\n@pytest.mark.parametrize("a", [1])\ndef test_y(a): ...\n'
    test = ("tests/spec/test_x.py::test_y",)
    assert found(tmp_path, source) == {"A1": test, "B2": test}


@pytest.mark.parametrize("mark", ["pytest.mark.requirement('A1')", "[pytest.mark.slow, pytest.mark.requirement('A1')]"])
def test_a_marked_file_proves_its_ids(tmp_path, mark):
    assert found(tmp_path, f"pytestmark = {mark}\ndef test_y(): ...\n") == {"A1": ("tests/spec/test_x.py",)}


def test_a_file_may_name_the_marker_for_itself(tmp_path):
    source = 'requirement = pytest.mark.requirement\n@requirement("A1")\ndef test_y(): ...\n'
    assert list(found(tmp_path, source)) == ["A1"]


@pytest.mark.parametrize("source", ["def test_y(): ...", '@pytest.mark.requirement("A1")\ndef helper(): ...'])
def test_what_is_no_marked_test_proves_nothing(tmp_path, source):
    assert found(tmp_path, source) == {}


@pytest.mark.parametrize("mark", ["skip", "skip(reason='later')", "xfail"])
def test_a_test_that_does_not_run_or_may_fail_proves_nothing(tmp_path, mark):
    assert found(tmp_path, f'@pytest.mark.{mark}\n@pytest.mark.requirement("A1")\ndef test_y(): ...\n') == {}


def test_an_id_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="plain strings"):
        found(tmp_path, "@pytest.mark.requirement(ID)\ndef test_y(): ...\n")


# -- rows ----------------------------------------------------------------------------------------------------------

GOOD = {"id": "A1", "section": "A", "level": Level.MUST, "text": "JSON", "source": "v2"}


@pytest.mark.parametrize("field", ["id", "section", "text", "source", "not_applicable"])
def test_a_row_has_no_empty_field(field):
    assert Requirement(**GOOD)
    with pytest.raises(ValueError, match="empty"):
        Requirement(**(GOOD | {field: ""}))


def test_what_is_open_is_said_in_the_table(tmp_path):
    (tmp_path / "tests").mkdir()
    reasons = sum(row.not_applicable is not None for row in ROWS.values())
    text = conformance_page(tmp_path)
    assert f"| {len(ROWS)} | 0 | {reasons} | {len(ROWS) - reasons} |" in text
    assert text.count("**open**") == len(ROWS) - reasons


def test_each_section_has_a_name():
    assert {row.section for row in ROWS.values()} == set(page.SECTIONS)
