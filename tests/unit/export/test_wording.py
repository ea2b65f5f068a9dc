"""A clinician's words as a note may hold them: nothing that carries meaning is lost on the way."""

import pytest

from cds_service.export.wording import listed, plain, sentence, term


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("SpO2 <90 % \u2014 call 911!", "SpO2 less than 90 % - call 911."),
        ("BP >= 180/110; pain \u226424 h", "BP at least 180/110, pain at most 24 h"),
        ("M\u00e9ni\u00e8re: \u201cspinning\u201d at 38 \u00b0C", "Meniere, 'spinning' at 38 C"),
    ],
)
def test_signs_are_said_in_words(written, said):
    assert plain(written) == said


@pytest.mark.parametrize(
    "written", ["?pneumonia", "50 \u00b5g", "10\u00b3 cells", "1:200", "a \u2192 b", "#1", "\u00bd tablet"]
)
def test_what_cannot_be_said_otherwise_is_not_dropped(written):
    assert plain(written) is None


def test_a_text_that_is_too_long_is_not_cut():
    assert sentence("Call 911", 9) == "Call 911."
    assert sentence("Call 911", 8) is None
    assert sentence(" . ", 9) == ""


def test_titles_are_listed_whole_and_abbreviations_stay_as_they_are():
    titles = ("Possible adrenal crisis", "NEWS2 at least 6", "Sodium critically low")
    assert listed(titles, 66) == "possible adrenal crisis, NEWS2 at least 6, sodium critically low"
    assert listed(titles, 60) == "possible adrenal crisis, NEWS2 at least 6"
    assert listed(titles, 20) == "possible adrenal"


@pytest.mark.parametrize(
    ("written", "said"), [("Cough.", "Cough"), (" fever, rash, ", "fever, rash"), ("-", ""), ("?stroke", "")]
)
def test_a_term_ends_with_its_last_word(written, said):
    assert term(written) == said
