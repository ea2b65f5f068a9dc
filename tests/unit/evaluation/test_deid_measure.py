"""The measures of de-identification, each on a case that can be counted by hand."""

import pytest

from cds_service.evaluation.deid.gold import Document, GoldSet, Identifier
from cds_service.evaluation.deid.intervals import bootstrap
from cds_service.evaluation.deid.measure import Masked, judge, speaks_true, summarise
from cds_service.shares import percentile, wilson

TEXT = "Ann Lee called 555-0100 on Monday."
NAME, PHONE = Identifier(start=0, end=7, kind="NAME", known=True), Identifier(start=15, end=23, kind="PHONE")
NOTE = Document(text=TEXT, identifiers=(NAME, PHONE))
FREE = Document(text="No fever, no cough.")


def of(share):
    return share.hits, share.of


def test_perfect_masks_leak_nothing_and_take_nothing():
    summary = summarise([judge(NOTE, [(0, 7), (15, 23)])])
    assert of(summary.clean) == (1, 1)
    assert of(summary.spans) == (2, 2)
    assert of(summary.characters) == (13, 13)  # AnnLee, 5550100: blanks and hyphens tell nothing
    assert of(summary.precision) == (13, 13)
    assert of(summary.taken) == (0, 14)
    assert of(summary.known_leaks) == (0, 1)


def test_without_masks_everything_leaks():
    judgement = judge(NOTE, [])
    assert [o.identifier for o in judgement.leaks] == [NAME, PHONE]
    summary = summarise([judgement])
    assert (of(summary.clean), of(summary.spans), summary.partly) == ((0, 1), (0, 2), 0)
    assert (of(summary.characters), of(summary.known_leaks)) == ((0, 13), (1, 1))
    assert summary.precision.value is None


def test_one_letter_left_open_is_a_leak():
    judgement = judge(NOTE, [(0, 6), (15, 23)])
    assert [(o.open, o.characters, o.partly) for o in judgement.leaks] == [(1, 6, True)]
    summary = summarise([judgement])
    assert (of(summary.clean), of(summary.spans), summary.partly) == ((0, 1), (1, 2), 1)
    assert of(summary.kinds["NAME"].spans) == (0, 1)
    assert of(summary.kinds["NAME"].characters) == (5, 6)
    assert of(summary.kinds["PHONE"].spans) == (1, 1)


def test_blanks_and_hyphens_may_stay():
    assert not judge(NOTE, [(0, 3), (4, 7), (15, 18), (19, 23)]).leaks


def test_masks_that_overlap_or_reach_too_far_count_each_character_once():
    judgement = judge(NOTE, [(0, 5), (3, 7), (3, 7), (15, 23), (20, 99), (-4, 2)])
    assert not judgement.leaks
    assert (judgement.hidden, judgement.gold) == (13, 13)
    assert (judgement.taken, judgement.clinical) == (8, 14)  # "on Monday"


def test_masked_clinical_text_is_counted_and_named():
    judgement = judge(NOTE, [(0, 7), (8, 14), (15, 26)])
    assert (judgement.taken, judgement.wrong) == (8, ((8, 14),))
    assert of(summarise([judgement]).precision) == (13, 21)


def test_neutral_text_is_neither_missed_nor_over_masked():
    neutral = Document(text=TEXT, identifiers=(NAME, PHONE), neutral=((27, 33),))
    for masks in ([(0, 7), (15, 23)], [(0, 7), (15, 23), (27, 33)]):
        judgement = judge(neutral, masks)
        assert (judgement.taken, judgement.clinical, judgement.wrong, judgement.leaks) == (0, 8, (), ())


def test_the_neutral_part_of_an_identifier_may_stay():
    address = Document(
        text="12 Elm St, Ohio", identifiers=(Identifier(start=0, end=15, kind="ADDRESS"),), neutral=((11, 15),)
    )
    assert not judge(address, [(0, 9)]).leaks
    assert judge(address, [(3, 15)]).leaks


def test_an_identifier_without_a_letter_or_digit_asks_for_nothing():
    assert judge(Document(text="x - y", identifiers=(Identifier(start=2, end=3, kind="ID"),)), []).outcomes == ()


def test_a_text_free_of_phi_is_touched_by_a_masked_letter_and_not_by_a_masked_full_stop():
    clean, touched = judge(FREE, [(18, 19)]), judge(FREE, [(3, 8)])
    summary = summarise([clean, touched])
    assert (of(summary.touched), of(summary.taken_free)) == ((1, 2), (5, 28))
    assert of(summary.clean) == (0, 0)


def test_a_document_with_incomplete_labels_is_never_called_free_of_phi():
    unsure = Document(text=FREE.text, complete=False)
    assert of(summarise([judge(unsure, [(0, 2)])]).touched) == (0, 0)


def test_an_empty_text_counts_as_a_document_and_divides_nothing_by_zero():
    summary = summarise([judge(Document(text=""), [(0, 5)])])
    assert (summary.documents, summary.taken.value, of(summary.touched)) == (1, None, (0, 1))


def test_what_is_withheld_counts_there_alone():
    summary = summarise([None, judge(NOTE, [(0, 7), (15, 23)])])
    assert (summary.documents, of(summary.withheld), of(summary.clean)) == (2, (1, 2), (1, 1))


def test_no_document_at_all_gives_no_share():
    summary = summarise([])
    assert (summary.withheld.value, summary.clean.value, summary.kinds) == (None, None, {})


@pytest.mark.parametrize("area", [(-1, 2), (2, 2), (3, 2), (0, 99)])
def test_labels_outside_the_text_are_refused(area):
    with pytest.raises(ValueError, match="outside its text"):
        Document(text="short", identifiers=(Identifier(start=area[0], end=area[1], kind="NAME"),))
    with pytest.raises(ValueError, match="outside its text"):
        Document(text="short", neutral=(area,))


def test_an_output_whose_text_is_not_what_its_spans_say_is_noticed():
    good = Masked(text="[PATIENT_1] called <PHONE_NUMBER> on Monday.", areas=((0, 7), (15, 23)))
    assert speaks_true(NOTE, good)
    assert not speaks_true(NOTE, Masked(text="[PATIENT_1] called 555-0100 on Monday.", areas=good.areas))
    assert not speaks_true(NOTE, Masked(text="[PATIENT_1] on Monday.", areas=good.areas))


def test_an_output_in_plain_characters_speaks_as_its_input_does():
    wide = Document(text="\uff21nn is 90+")
    assert speaks_true(wide, Masked(text="Ann is 90+", areas=()))


def test_a_limited_set_is_spread_over_the_file():
    gold = GoldSet(name="n", form="f", documents=tuple(Document(text=str(n)) for n in range(10)))
    assert [d.text for d in gold.limited(4).documents] == ["0", "2", "5", "7"]
    assert gold.limited(None) is gold
    assert gold.limited(10) is gold


def test_wilsons_interval_is_the_published_one():
    share = wilson(81, 263)  # Newcombe, Stat Med 1998;17:857-872, table I: 0.2553 to 0.3662
    assert (round(share.low, 4), round(share.high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 20).low == 0
    assert round(wilson(0, 20).high, 4) == 0.1611  # ibid.
    assert wilson(20, 20).high == 1
    assert wilson(0, 0).value is None


def test_the_bootstrap_holds_the_share_and_repeats_itself():
    pairs = [(9, 10), (1, 10), (5, 10), (5, 10)]
    share = bootstrap(pairs)
    assert share.value == 0.5
    assert 0.1 <= share.low < 0.5 < share.high <= 0.9
    assert bootstrap(pairs) == share


def test_the_bootstrap_of_everything_is_as_unsure_as_its_number_of_documents():
    share = bootstrap([(5, 5)] * 20 + [(0, 0)])
    assert (share.low, share.high) == (wilson(20, 20).low, 1)
    assert bootstrap([(0, 5)] * 20).high == wilson(0, 20).high
    assert bootstrap([(0, 0)]).value is None


def test_the_percentile_of_nothing_is_nothing():
    assert percentile([], 95) is None
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
