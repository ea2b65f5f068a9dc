"""Ways up from a condition."""

import tomllib
from importlib.resources import files
from itertools import pairwise

import pytest

from cds_service.export.risk.ages import AGE_LEVELS, PLACE_LEVELS, age_at, place_at
from cds_service.export.risk.hierarchy import OTHER_CONDITION, classification, path, sensitive_groups
from fhir_mappers.fields import ICD10CM, SNOMED


@pytest.mark.parametrize(
    ("code", "block", "chapter"),
    [
        ("I50.9", "I30-I5A", "I00-I99"),
        ("I5A", "I30-I5A", "I00-I99"),
        ("M1A.00", "M05-M14 M1A-M1A", "M00-M99"),
        ("C7A.1", "C7A-C7A", "C00-D49"),
        ("D3A.0", "D3A-D3A", "C00-D49"),
        ("C79.9", "C76-C80", "C00-D49"),
        ("Z3A.10", "Z30-Z39 Z3A-Z3A", "Z00-Z99"),
        ("O9A.2", "O94-O9A", "O00-O9A"),
        ("U07.1", "U00-U49", "U00-U85"),
    ],
)
def test_an_icd_code_goes_up_by_block_and_chapter(code, block, chapter):
    ids = [node.id for node in path(f"{ICD10CM}|{code}")]
    assert ids[-3:] == [f"block {block}", f"chapter {chapter}", OTHER_CONDITION.id]
    assert [n.level for n in path(f"{ICD10CM}|{code}")] == sorted({n.level for n in path(f"{ICD10CM}|{code}")})


def test_a_category_that_is_a_code_by_itself_is_told_as_coded_too():
    ids = [node.id for node in path(f"{ICD10CM}|I10")]
    assert len(ids) == len(set(ids)) == 5


def test_a_snomed_code_goes_up_by_the_groups_of_the_rules():
    names = [node.name for node in path(f"{SNOMED}|195967001")]
    assert names[1:] == ["asthma", "chronic lower respiratory disease", "disease of the respiratory system",
                         "other condition"]  # fmt: skip
    assert [node.name for node in path(f"{SNOMED}|55464009")][1:] == ["other condition"]


def test_words_without_a_code_are_only_some_condition():
    assert path("text|my own words") == (OTHER_CONDITION,)


def test_every_block_lies_in_its_chapter_and_no_two_overlap():
    table = tomllib.loads(files("cds_service.export.risk").joinpath("icd10cm.toml").read_text("utf-8"))
    spans = []
    for chapter in table["chapter"]:
        first, last = chapter["range"].split("-")
        for ranges, name in chapter["blocks"]:
            assert name
            for low, high in (r.split("-") for r in ranges.split()):
                assert first <= low <= high <= last
                spans.append((low, high))
    wide = sorted(s for s in spans if s[0] != s[1])
    assert all(a[1] < b[0] for a, b in pairwise(wide))


def test_a_node_has_one_way_up():
    """Else opening a node would mean different things for different codes."""
    from cds_service.export.risk import hierarchy

    above = {}
    for code in hierarchy._by_snomed():
        way = path(f"{SNOMED}|{code}")
        for node, up in pairwise(way):
            assert above.setdefault(node.id, up) == up


def test_what_is_sensitive_is_told_by_block():
    assert sensitive_groups(f"{ICD10CM}|F11.20") == ("substance use",)
    assert sensitive_groups(f"{SNOMED}|370143000") == ("mental health",)
    assert sensitive_groups(f"{ICD10CM}|I10") == ()
    blocks = {block.node.id for block in classification().blocks}
    assert all(ids <= blocks for ids in classification().sensitive.values())


@pytest.mark.parametrize("age", ["0 months", "7 months", "under 2 years", *map(str, range(2, 90)), "90+"])
def test_ages_are_nested(age):
    told = [age_at(age, level) for level in range(len(AGE_LEVELS))]
    assert told[0] == age
    assert told[-1] is None
    assert None not in told[:-1]
    same = [a for a in (*map(str, range(2, 90)), "90+") if age_at(a, 1) == told[1]]
    assert all({age_at(a, level) for a in same} <= {told[level]} for level in (1, 2, 3))


def test_an_age_told_as_a_band_goes_up_where_it_fits():
    assert age_at("65 to 74", 2) == "65 and over"
    assert age_at("60 to 69", 1) is None
    assert age_at("60 to 69", 3) == "18 and over"
    assert age_at(None, 1) is None


def test_places_lose_their_digits():
    assert [place_at("606", level) for level in range(len(PLACE_LEVELS))] == ["606", "6xx", None]
    assert place_at("000", 1) is None
