"""None of the eighteen clauses is without something that serves it."""

import pytest

from anonymization.coverage import CLAUSES, KNOWN_KINDS, LABELS, coverage, packaged_recognizers
from anonymization.labels import KINDS
from anonymization.page import policy_page, profile_page
from anonymization.policy import LETTERS, PROFILES, Action, packaged_policy, template
from fhir_mappers.case import IDENTIFIER_KINDS

NOT_IN_TEXT = set("PQ")
ONLY_IN_TEXT = set("LO")  # no element that is read holds a number plate or an IP address
NOT_KNOWN = set("LOP")


@pytest.mark.parametrize("name", PROFILES)
def test_no_clause_is_without_a_line_a_recognizer_or_a_known_identifier(name):
    rows = {row.letter: row for row in coverage(template(name), packaged_recognizers())}
    assert "".join(rows) == LETTERS == "".join(CLAUSES)
    assert {c for c, row in rows.items() if not row.lines} == ONLY_IN_TEXT
    assert {c for c, row in rows.items() if set(row.recognizers) <= {"EncodedData"}} == NOT_IN_TEXT
    assert {c for c, row in rows.items() if not row.known} == NOT_KNOWN
    assert all(row.texts > 15 for row in rows.values())


def test_every_label_and_every_kind_of_known_identifier_names_its_clause():
    assert set(LABELS) == set(KINDS)
    assert set(KNOWN_KINDS) == set(IDENTIFIER_KINDS)


def test_a_recognizer_of_a_label_without_a_clause_is_not_passed_over():
    with pytest.raises(KeyError):
        coverage(packaged_policy(), {"New": ["SOMETHING"]})


def test_the_page_tells_every_profile_every_clause_and_every_line():
    page = policy_page()
    for name in PROFILES:
        assert f"`{name}`" in page
        assert template(name).name in page
    for path, line in packaged_policy().lines.items():
        assert f"| `{path}` | {line.action} |" in page
        assert line.why in page
    assert all(f"| ({letter}) |" in page for letter in LETTERS)
    assert "Census 2020" in page
    kept = [line for line in packaged_policy().lines.values() if line.action is Action.KEEP]
    assert profile_page(packaged_policy()).count("| keep |") == len(kept)
