"""The auditor's pages: what they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "explanation"
NAMED = ("hazards.md", "safety-properties.md")


def named(page):
    """File and test function (or empty) of each back-quoted path of the repository on a page."""
    words = re.findall(r"`([\w./-]+?)(?:::(\w+))?`", (PAGES / page).read_text())
    return [(path, test) for path, test in words if "/" in path]


@pytest.mark.parametrize("page", NAMED)
def test_every_file_and_test_that_a_page_names_is_there(page):
    found = named(page)
    assert len(found) > 20
    for path, test in found:
        assert (ROOT / path).exists(), path
        assert not test or re.search(rf"^(?:async )?def {test}\(", (ROOT / path).read_text(), re.M), f"{path}::{test}"


@pytest.mark.parametrize("page", NAMED)
def test_every_row_names_a_test(page):
    rows = [
        r for r in (PAGES / page).read_text().splitlines() if r.startswith("| ") and not r.startswith(("| id", "| pro"))
    ]
    assert len(rows) > 15
    for row in rows:
        assert "`tests/" in row, row[:60]


def test_every_source_attribute_is_answered():
    text = (PAGES / "source-attributes.md").read_text()
    evidence, model = text.split("## The model")
    assert re.findall(r"^\| (\d+) \|", evidence, re.M) == [str(n) for n in range(1, 14)]
    counts = {1: 4, 2: 4, 3: 2, 4: 4, 5: 2, 6: 4, 7: 5, 8: 4, 9: 2}
    wanted = [f"{n}.{['i', 'ii', 'iii', 'iv', 'v'][k]}" for n, most in counts.items() for k in range(most)]
    assert re.findall(r"^\| (\d\.\w+) \|", model, re.M) == wanted
    assert len(wanted) == 31
    assert not re.search(r"\|\s*\|\s*$", text, re.M)


@pytest.mark.parametrize("page", [p.name for p in PAGES.glob("*.md")])
def test_every_link_of_an_explanation_leads_somewhere(page):
    for target in re.findall(r"\]\(((?!http)[^)#]+)", (PAGES / page).read_text()):
        assert (PAGES / target).exists(), target
