"""Files are read byte by byte, and what stands across two pieces is found too."""

import os

import pytest

from cds_service.rights import scanning
from cds_service.rights.scanning import MARK_EVERY, marks_in, marks_of, words_in


@pytest.mark.parametrize("piece", [10, 64, 4096])
def test_what_stands_across_two_pieces_is_found(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(scanning, "_CHUNK", piece)
    file = tmp_path / "f"
    for at in range(60):
        file.write_bytes(b"." * at + b"canary-1" + b"." * 70)
        assert marks_in(file, [b"canary-1", b"canary-2"]) == 1, at
        assert words_in(file, [b"canary-1", b"nary-", b"canary-2"]) == 2, at


def test_thousands_of_marks_are_told_from_as_many_others(tmp_path):
    values, others = ([os.urandom(2 * MARK_EVERY + 20) for _ in range(500)] for _ in range(2))
    file = tmp_path / "f"
    file.write_bytes(b"x".join(value[MARK_EVERY // 2 :] for value in values))  # each without its beginning
    assert marks_in(file, [mark for value in others for mark in marks_of(value)]) == 0
    assert marks_in(file, [mark for value in values for mark in marks_of(value)]) == 2 * 500


def test_nothing_is_found_in_nothing(tmp_path):
    file = tmp_path / "f"
    for content in (b"", b"x", b"x" * 7):
        file.write_bytes(content)
        assert marks_in(file, [b"canary-1"]) == words_in(file, [b"canary-1"]) == 0
    assert marks_in(file, []) == words_in(file, []) == 0
    assert list(marks_of(b"short")) == []
