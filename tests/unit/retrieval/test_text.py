"""How the indexes read text."""

import numpy as np
import pytest

from cds_service.retrieval.lexical import LexicalIndex
from cds_service.retrieval.naming import Names, as_name
from cds_service.retrieval.spelling import Speller
from cds_service.retrieval.text import phrases, pieces, sentence_pairs, stems


def test_stems_are_content_words_without_endings():
    assert stems("The patients were treated with anticoagulants") == ["patient", "treat", "anticoagulant"]
    assert stems("of the and") == []


def test_phrases_add_neighbours_and_pieces_add_runs_of_letters():
    assert phrases("chest pain") == ["chest", "pain", "chest_pain"]
    assert pieces("pain") == ["pain", "^pai", "pain", "ain$"]


def test_sentences_go_in_pairs():
    assert sentence_pairs("One is here. Two is here. Three is here.") == [
        "One is here. Two is here.",
        "Two is here. Three is here.",
    ]
    assert sentence_pairs("Only one.") == ["Only one."]
    assert sentence_pairs("Give 2.5 mg e.g. daily.") == ["Give 2.5 mg e.g. daily."]


def test_a_passage_counts_its_best_window():
    words = LexicalIndex.of(
        ["rest water", "fever"], ["rest in bed", "drink water", "fever"], np.asarray([0, 0, 1], dtype=np.int64)
    )
    water, fever = words.pieces("water"), words.pieces("fever")
    assert water[0] > water[1] == 0
    assert fever[1] > fever[0]


def test_a_question_of_stop_words_or_unknown_words_scores_nothing():
    words = LexicalIndex.of(["rest"], ["rest"], np.asarray([0], dtype=np.int64))
    for question in ("", "of the", "zebra"):
        assert not words.phrases(question).any()
        assert not words.pieces(question).any()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chets pain", "chest pain"), ("Diabtes", "diabetes"), ("stomache", "stomach"), ("brething", "breathing"),
        ("chest", "chest"), ("fite", "fite"), ("xylophone", "xylophone"), ("chests", "chests"), ("", ""),
        ("wrist", "wrist"), ("x" * 26, "x" * 26),
    ],
)  # fmt: skip
def test_one_slip_is_put_right_and_nothing_else_is_changed(typed, meant):
    speller = Speller(["Chest pain, diabetes and stomach pain.", "Trouble breathing; bite; waist.", "x" * 25])
    assert speller.correct(typed) == meant


def test_of_two_words_that_are_as_near_the_more_usual_is_taken():
    assert Speller(["rating", "dating dating dating"]).correct("mating") == "dating"


def test_a_name_is_called_where_it_stands_word_after_word():
    names = Names(["high blood pressure", "fainting"])
    assert names.called_in(as_name("has high blood pressures"))
    assert names.called_in(as_name("fainted"))
    assert not names.called_in(as_name("high pressure, blood"))
    assert not names.called_in(as_name(""))
