"""From fields to answers: bad input is told by question, and nothing that was typed is dropped."""

import pytest

from cds_service.intake.answers import NEEDED, NOT_OFFERED, TOO_LONG, read
from fhir_mappers.intake_form import HEALTH, MAX_TEXT, PARTS, SIGNS, VISIT

GOOD = {
    **{q.link_id: "no" for q in SIGNS.questions},
    "chief-complaint": "sore throat",
    "severity": "4",
    "started": "today",
}


def test_good_fields_become_typed_answers():
    given = read(PARTS, GOOD)
    assert not given.problems
    assert given.answers["severity"] == 4
    assert given.answers["chest-pain"] is False
    assert given.answers["chief-complaint"] == "sore throat"
    assert "medicines" not in given.answers


def test_only_the_reason_and_the_warning_signs_must_be_answered():
    missing = dict.fromkeys((*(q.link_id for q in SIGNS.questions), "chief-complaint"), NEEDED)
    assert read(PARTS, {}).problems == missing


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("severity", "11", NOT_OFFERED),
        ("severity", "-1", NOT_OFFERED),
        ("severity", "٣", NOT_OFFERED),
        ("severity", "7.5", NOT_OFFERED),
        ("chest-pain", "maybe", NOT_OFFERED),
        ("started", "Today", NOT_OFFERED),
        ("pregnancy", "<script>", NOT_OFFERED),
        ("chief-complaint", "   \t ", NEEDED),
        ("chief-complaint", "\x00\x07", NEEDED),
        ("medicines", "x" * (MAX_TEXT + 1), TOO_LONG),
        ("medicines", "x" * 100_000, TOO_LONG),
    ],
)
def test_a_bad_field_is_told_and_comes_back_as_it_was_typed(field, value, problem):
    given = read(PARTS, {**GOOD, field: value})
    assert given.problems == {field: problem}
    assert given.typed[field] == value
    assert field not in given.answers


def test_signs_that_fhir_forbids_become_spaces_and_lines_stay():
    given = read((VISIT,), {"chief-complaint": "tight\x0bchest\nand \ud800 cough"})
    assert given.answers["chief-complaint"] == "tight chest\nand   cough"


def test_unknown_fields_are_nobodys_answer():
    assert set(read((HEALTH,), {"priority": "Low", "chest-pain": "yes"}).answers) == set()
