"""Texts made to be slow: reading stays linear, and what stands at the end is still read."""

import time

from cds_service.clinical.red_flags.mention import Origin, Statement
from cds_service.clinical.red_flags.reading import read
from cds_service.clinical.red_flags.text import LONGEST, sentences


def test_a_text_without_full_stops_is_read_in_pieces():
    pieces = sentences("chest pain and no fever , denies shortness of breath , " * 200)
    assert len(pieces) > 20
    assert all(len(piece.split()) <= LONGEST for piece in pieces)


def test_a_short_sentence_stays_whole():
    assert len(sentences("no chest pain, no fever, no cough and no headache")) == 1


def test_nothing_is_lost_at_a_cut():
    words = [f"word{n}" for n in range(500)]
    assert " ".join(sentences(" ".join(words))).split() == words


def test_reading_grows_with_the_text_and_not_faster():
    def seconds(times):
        start = time.process_time()
        sentences("chest pain and no fever , denies shortness of breath , " * times)
        return time.process_time() - start

    seconds(10)
    assert seconds(2000) < 60 * max(seconds(100), 0.001)


def test_one_endless_word_costs_no_more_than_its_length():
    start = time.process_time()
    found = list(read(Statement(text="a" * 200_000 + " chest pain", origin=Origin.COMPLAINT, source="s")))
    assert time.process_time() - start < 1
    assert any(m.flag == "chest-pain" for m in found)
