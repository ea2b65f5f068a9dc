"""What the clinical allow-list lets pass, and what it does not."""

import pytest

from anonymization.lexicon import packaged_lexicon

LEXICON = packaged_lexicon()


def _may_stay(text: str, word: str) -> bool:
    start = text.index(word)
    return LEXICON.may_stay(text, start, start + len(word))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Thomas test positive", "Thomas"),
        ("the Gerstmann-Straussler-Scheinker syndrome", "Gerstmann"),
        ("Wright's stain", "Wright"),
        ("Phillips and Thomas tests", "Phillips"),
        ("Romberg negative", "Romberg"),
        ("on Brukinsa since spring", "Brukinsa"),
        ("grew Klebsiella", "Klebsiella"),
        ("suspected Whitmore's disease", "Whitmore"),
        ("Mallampati III", "Mallampati"),
    ],
)
def test_clinical_language_may_stay(text: str, word: str) -> None:
    assert _may_stay(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Thomas came for a test", "Thomas"),
        ("Wright has a stain", "Wright"),
        ("Phillips and Thomas came", "Phillips"),
        ("Whitmore was seen", "Whitmore"),
        ("Winters called", "Winters"),
        ("Stone was seen", "Stone"),
    ],
)
def test_a_name_outside_its_phrase_may_not(text: str, word: str) -> None:
    assert not _may_stay(text, word) or LEXICON.is_word(word)


def test_everyday_words_are_english_and_rare_names_are_not() -> None:
    assert LEXICON.is_english("ambulating") or LEXICON.is_english("ambulate")
    assert LEXICON.is_english("winters")
    assert not LEXICON.is_english("smithson")
    assert not LEXICON.is_word("winters")


def test_given_names_are_no_words() -> None:
    assert not LEXICON.given_names & (LEXICON.words | LEXICON.common_names | LEXICON.places)


@pytest.mark.parametrize(
    ("text", "word"), [("Rome IV criteria", "Rome"), ("Ottawa ankle rules", "Ottawa"), ("Clark level IV", "Clark")]
)
def test_what_stands_before_a_firm_head_names_a_thing(text: str, word: str) -> None:
    assert LEXICON.names_a_thing(text, text.index(word) + len(word))


@pytest.mark.parametrize("text", ["Grace has Cowden syndrome", "Ottawa with a rule", "Clark has stage IV cancer"])
def test_a_verb_between_breaks_the_phrase(text: str) -> None:
    assert not LEXICON.names_a_thing(text, text.index(" "))
