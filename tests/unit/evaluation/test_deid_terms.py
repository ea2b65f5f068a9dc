"""The list of clinical terms is long, varied and free of identifiers, and a masked term is counted."""

from collections import Counter

from cds_service.evaluation.deid.gold import Document
from cds_service.evaluation.deid.measure import Masked
from cds_service.evaluation.deid.systems import Answer
from cds_service.evaluation.deid.terms import Mention, measure_terms, packaged_mentions, summarise_terms, touches

MENTIONS = packaged_mentions()


def test_there_are_300_drugs_and_150_eponyms_each_in_three_sentences():
    terms = Counter(m.term.lower() for m in MENTIONS if m.kind == "drugs")
    others = Counter((m.kind, m.term.lower()) for m in MENTIONS if m.kind != "drugs")
    assert len(terms) >= 300
    assert len(others) >= 150
    assert min((*terms.values(), *others.values())) >= 3
    assert max(terms.values()) == 4  # no drug stands twice in the list
    assert max(others.values()) == 3


def test_every_mention_marks_its_term_and_a_sentence_starts_with_a_capital():
    for mention in MENTIONS:
        start, end = mention.area
        assert mention.document.text[start:end].lower() == mention.term.lower()
        assert mention.document.text[0].isupper() or not mention.document.text[0].isalpha()
        assert mention.document.phi_free


def test_a_term_counts_as_masked_from_its_first_letter():
    mention = Mention(kind="signs", term="Murphy sign", area=(5, 16), document=Document(text="Exam Murphy sign today"))
    assert touches(mention, (0, 6))
    assert touches(mention, (10, 13))
    assert not touches(mention, (0, 5))
    assert not touches(mention, (11, 12))  # the blank inside
    assert not touches(mention, (17, 22))


class Picky:
    name, version = "picky", "1"

    def mask(self, document):
        if document.text.startswith("MEDS"):
            return Answer(masked=None, seconds=0.0)
        return Answer(masked=Masked(text=document.text, areas=((0, 5),)), seconds=0.0)


def test_a_withheld_sentence_counts_as_masked_and_masked_terms_are_listed():
    mentions = [m for m in MENTIONS if m.term in ("warfarin", "Foley")]
    summary = measure_terms(mentions, [Picky()], lambda *_: None)["picky"]
    # warfarin: at the start of one sentence, and one withheld; Foley: at the start of one sentence
    assert (summary.terms, summary.masked.hits, summary.masked.of) == (2, 3, 7)
    assert (summary.kinds["drugs"].hits, summary.kinds["devices"].hits) == (2, 1)
    assert set(summary.lost) == {"warfarin", "Foley"}


def test_nothing_masked_loses_no_term():
    summary = summarise_terms(MENTIONS[:12], [False] * 12)
    assert (summary.masked.value, summary.lost) == (0, ())
