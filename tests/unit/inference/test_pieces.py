"""The list of pieces that the default model serves with, and how it is chosen."""

import json

import pytest
from tokenizers import Tokenizer, models, normalizers

from cds_service.inference.pieces import as_runs, kept_pieces
from cds_service.inference.pieces.build import choose

MERGES = [("▁", "p"), ("a", "i"), ("ai", "n"), ("▁p", "ain"), ("i", "n"), ("o", "l"), ("Б", "о"), ("ol", "d")]
MERGES += [("O", "ld"), ("l", "d"), ("▁", "Old")]
LETTERS = list("▁painolOdБ≥о")
WHOLE = ["<pad>", "<unused7>", "<0x0A>", *LETTERS, *("".join(pair) for pair in MERGES)]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    bpe = models.BPE({piece: n for n, piece in enumerate(WHOLE)}, MERGES)
    made = Tokenizer(bpe)
    made.normalizer = normalizers.Replace(" ", "▁")
    made.add_special_tokens(["<pad>", "<unused7>"])
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made.save(str(path))
    return path


def chosen(tokenizer, *texts, frequent=0):
    return {WHOLE[n] for n in choose(tokenizer, texts, frequent=frequent)}


def test_what_a_text_needs_is_kept_with_every_piece_on_the_way(tokenizer):
    made = chosen(tokenizer, "a pain")
    assert made >= {"▁pain", "▁p", "ai", "ain"}
    assert "in" not in made  # the other way to "ain", which merging never takes


def test_what_no_text_needs_is_left_out(tokenizer):
    assert not chosen(tokenizer, "a pain") & {"old", "ol", "Бо", "Б", "<unused7>"}


def test_a_piece_of_another_script_is_left_out_even_if_a_text_has_it(tokenizer):
    assert not chosen(tokenizer, "a pain ≥ Бо") & {"Бо", "Б", "≥"}


def test_control_pieces_bytes_and_letters_stay_without_a_text(tokenizer):
    assert chosen(tokenizer) == {"<pad>", "<0x0A>", *"▁painolOd"}


def test_a_word_is_kept_with_and_without_the_space_before_it(tokenizer):
    assert chosen(tokenizer, "/pain") >= {"▁pain", "ain"}


def test_a_word_is_kept_with_another_first_letter(tokenizer):
    assert chosen(tokenizer, "old") >= {"old", "▁Old"}
    assert "▁Old" not in chosen(tokenizer, "ol")


def test_frequent_pieces_are_kept_if_they_are_latin(tokenizer):
    assert chosen(tokenizer, frequent=len(WHOLE)) == set(WHOLE) - {"<unused7>", "Б", "о", "Бо", "≥"}


def test_a_text_of_kept_pieces_is_cut_as_before(tokenizer):
    """The promise of the module: merging among the kept alone takes the same way."""
    whole = Tokenizer.from_file(str(tokenizer))
    kept = chosen(tokenizer, "a pain")
    model = json.loads(tokenizer.read_text())["model"]
    merges = [tuple(m) for m in model["merges"] if {*m, "".join(m)} <= kept]
    trimmed = Tokenizer(models.BPE({p: n for n, p in enumerate(sorted(kept))}, merges))
    trimmed.normalizer = normalizers.Replace(" ", "▁")
    for text in ("a pain", "pain pain", "old pain"):
        same = whole.encode(text).tokens == trimmed.encode(text).tokens
        assert same is ("old" not in text)


def test_runs_are_read_as_they_are_written(tmp_path):
    numbers = [0, 1, 2, 5, 7, 8, 262_143]
    file = tmp_path / "pieces.txt"
    file.write_text("# a comment\n" + "\n".join(as_runs(numbers)) + "\n")
    assert as_runs(numbers) == ["0-2", "5", "7-8", "262143"]
    assert kept_pieces(file) == numbers


def test_the_packaged_list_rises_and_has_a_sixth_of_the_vocabulary():
    kept = kept_pieces()
    assert kept == sorted(set(kept))
    assert 35_000 < len(kept) < 45_000
    assert kept[:4] == [0, 1, 2, 3]
    assert kept[-1] < 262_144
