"""Three digits of a ZIP code, where enough people live: 45 CFR 164.514(b)(2)(i)(B)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymization.zip3 import vintages, zip3

HHS_2012 = [
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890",
    "893",
]  # fmt: skip


@pytest.mark.parametrize("code", ["60601", "60601-1234", "606011234", " 60601 "])
def test_a_zip_code_keeps_three_digits(code):
    assert zip3(code) == "606"


@pytest.mark.parametrize("prefix", [*HHS_2012, "205", "369", "202", "204", "753", "772"])
def test_a_prefix_with_too_few_people_by_any_count_becomes_000(prefix):
    assert zip3(f"{prefix}01") == "000"


def test_the_list_of_the_guidance_is_whole():
    assert vintages()[0].prefixes == set(HHS_2012)
    assert [len(v.prefixes) for v in vintages()] == [17, 14, 18]
    assert all(v.source and v.vintage.startswith("Census") for v in vintages())


@pytest.mark.parametrize(
    "code",
    [None, "", "606", "6060", "606O1", "SW1A 1AA", "K1A 0B1", "60601-12", "6060112345", "00000", "09012", "34001",
     "96201", "00801", "96910", "99901x", "٦٠٦٠١", "12345 Anna"],
)  # fmt: skip
def test_foreign_broken_military_and_unassigned_codes_give_nothing(code):
    assert zip3(code) is None


@given(st.text(max_size=12) | st.from_regex(r"\d{5}(-\d{4})?", fullmatch=True))
def test_nothing_but_three_digits_comes_out(code):
    out = zip3(code)
    assert out is None or out == "000" or (len(out) == 3 and code.strip().startswith(out))
