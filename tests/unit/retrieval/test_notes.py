"""Passages of the patient's own earlier notes."""

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Finding, Priority
from cds_service.retrieval.embedder import HashingEmbedder
from cds_service.retrieval.notes import MAX_CHARS, MAX_PASSAGES, best_of_notes
from cds_service.retrieval.retriever import Retriever

FILLER = "The weather was discussed at some length. "


class NoGuidelines:
    """An index that may not be asked."""

    version, embedder = "v1", "none"

    def search(self, questions, vectors, *, k, where, mix=None):
        raise AssertionError("notes are not looked for among the guidelines")


def case(*notes: str, complaint: str | None = None) -> DeidentifiedCase:
    facts = [
        DeidentifiedFact(kind="note", name="note", text=text, source=f"doc-{n}", interval="1 to 7 days before")
        for n, text in enumerate(notes, 1)
    ]
    if complaint:
        facts.append(DeidentifiedFact(kind="complaint", name="complaint", text=complaint, source="enc-1"))
    return DeidentifiedCase(subject="s", age="67", sex="female", facts=tuple(facts))


def test_the_passage_that_speaks_of_the_question_is_found_with_handle_time_and_source():
    long = FILLER * 8 + "Chest pain on exertion since spring, relieved by rest. " + FILLER * 8
    (found,) = best_of_notes(case("Knee is better.", long), ["chest pain"], k=1)
    assert found.id == "note:doc-2#2"
    assert "Chest pain on exertion" in found.text
    assert (found.section, found.source, found.year) == ("1 to 7 days before", "this patient's chart", None)


def test_a_note_about_something_else_is_not_found():
    assert best_of_notes(case("Knee is better. Gel helps."), ["chest pain", "asthma"], k=2) == ()
    assert best_of_notes(case("Reports pain in the knee."), ["severe crushing chest pain"], k=2) == ()


def test_each_note_gives_one_passage_before_any_gives_a_second():
    much = "Chest pain in March. " + FILLER * 8 + "Chest pain in April, more chest pain in May. " + FILLER * 8
    found = best_of_notes(case(much, "Chest pain once."), ["chest pain"], k=2)
    assert {p.guideline for p in found} == {"note:doc-1", "note:doc-2"}


def test_a_note_without_end_is_cut_and_bounded():
    found = best_of_notes(case("chest " * 60_000, "x" * 5_000), ["chest"], k=MAX_PASSAGES + 5)
    assert len(found) == MAX_PASSAGES
    assert max(len(p.text) for p in found) <= MAX_CHARS


def test_nothing_asked_or_nothing_noted_gives_nothing():
    assert best_of_notes(case("Chest pain."), [], k=2) == ()
    assert best_of_notes(case("Chest pain."), ["chest pain"], k=0) == ()
    assert best_of_notes(case("…", ""), ["chest pain"], k=2) == ()


def test_the_retriever_asks_the_notes_what_it_asks_the_guidelines_and_keeps_nothing_of_them():
    retriever = Retriever(NoGuidelines(), HashingEmbedder())
    source = Citation(title="Fictional", publisher="Fictional", year=2024)
    finding = Finding(
        rule="x", version="1", priority=Priority.HIGH, title="Chest pain", reason="fixed words", citation=source
    )
    assert [p.id for p in retriever.notes_for(case("Had chest pain."), [finding])] == ["note:doc-1#1"]
    assert [p.id for p in retriever.notes_for(case("Cough.", complaint="cough"), [])] == ["note:doc-1#1"]
    assert retriever.notes_for(case("Knee is better.", complaint="cough"), [finding]) == ()
