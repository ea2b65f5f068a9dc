"""What every `GuidelineIndex` keeps: the same answers from memory and from Chroma on disk."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from cds_service.domain import Passage
from cds_service.retrieval.chroma import ChromaIndex, switch_pointer, write_store
from cds_service.retrieval.index import Entry, GuidelineIndex, MemoryIndex, Where
from cds_service.retrieval.population import Person, Population
from cds_service.retrieval.ranking import DENSE, HYBRID, LEXICAL

POPULATIONS = {
    "all": Population(),
    "adults": Population(min_age=18),
    "children": Population(max_age=11),
    "infants": Population(max_months=6),
    "women": Population(sex="female"),
    "pregnant": Population(min_age=12, pregnancy="only"),
    "not-pregnant": Population(pregnancy="exclude"),
}
PERSONS = [
    Person(age_years=age, sex=sex, pregnant=pregnant)
    for age in (None, 6 / 12, 7 / 12, 11, 12, 67)
    for sex in (None, "female", "male", "other")
    for pregnant in (None, True, False)
]
ANYONE = Where(person=Person(age_years=30, sex="female"), unreviewed=True)


def _entry(name: str, population: Population, review: str, url: str | None) -> Entry:
    passage = Passage(
        id=f"{name}#section.1", guideline=name, version="2", title=name.title(), section="Section",
        text=f"Text of {name}.", source="Fictional (Nobody)", source_url=url, year=2024 if url else None,
        licence="Apache-2.0", clinical_review=review, strength="class 1" if url else "",
    )  # fmt: skip
    return Entry(passage=passage, population=population)


ENTRIES = [
    _entry(f"{name}-{'signed' if signed else 'draft'}", population, "physician, 2026-01-02" if signed else "none", url)
    for name, population in POPULATIONS.items()
    for signed, url in ((True, "https://example.org"), (False, None))
]
RANDOM = np.random.default_rng(7)


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


VECTORS = _unit(RANDOM.normal(size=(len(ENTRIES), 32)))


def adapters(folder: Path, entries: list[Entry], vectors: np.ndarray) -> Iterator[GuidelineIndex]:
    """Every adapter with these entries in it."""
    yield MemoryIndex(entries, vectors, embedder="random-1", version="v1")
    write_store(folder / "versions" / "v1", entries, vectors, embedder="random-1", version="v1")
    switch_pointer(folder, "v1")
    chroma = ChromaIndex(folder)
    yield chroma
    chroma.close()


@pytest.fixture(scope="module", params=["memory", "chroma"])
def index(request, tmp_path_factory) -> GuidelineIndex:
    memory, chroma = adapters(tmp_path_factory.mktemp("index"), ENTRIES, VECTORS)
    return memory if request.param == "memory" else chroma


def test_it_knows_its_version_and_embedder(index):
    assert (index.version, index.embedder) == ("v1", "random-1")


def ask(index: GuidelineIndex, vectors: np.ndarray, *texts: str, k: int = 1, where: Where = ANYONE, mix=DENSE):
    """The index's answers to questions with these vectors; without texts the words say nothing."""
    texts = texts or ("",) * len(vectors)
    return index.search(texts, vectors, k=k, where=where, mix=mix)


def test_the_nearest_comes_first_with_its_cosine(index):
    query = _unit(VECTORS[3:4] + 0.1 * VECTORS[5:6])
    ((first, second, *_),) = ask(index, query, k=5)
    assert first.passage.id == ENTRIES[3].passage.id
    assert first.cosine == first.passage.score == pytest.approx(float(query[0] @ VECTORS[3]), abs=1e-4)
    assert first.cosine >= second.cosine


@pytest.mark.parametrize("mix", [DENSE, HYBRID])
def test_a_passage_comes_back_whole(index, mix):
    for entry, vector in zip(ENTRIES[:2], VECTORS[:2], strict=True):
        ((found, *_),) = ask(index, vector[None, :], mix=mix)
        assert {**vars(found.passage), "score": 0} == {**vars(entry.passage), "score": 0}


def test_each_question_gets_its_own_answer(index):
    answers = ask(index, VECTORS[:3])
    assert [a[0].passage.id for a in answers] == [e.passage.id for e in ENTRIES[:3]]


def test_what_was_asked_before_changes_no_answer(tmp_path):
    """Questions in common, in another order, of another person, and with other words to the same vector."""
    child = Where(person=Person(age_years=8), unreviewed=True)
    rounds = [
        {"texts": ("adults", "women"), "vectors": VECTORS[[1, 2]], "where": ANYONE},
        {"texts": ("women", "infants", "adults", "women"), "vectors": VECTORS[[2, 3, 1, 2]], "where": ANYONE},
        {"texts": ("adults", "women"), "vectors": VECTORS[[1, 2]], "where": child},
        {"texts": ("women", "adults"), "vectors": VECTORS[[1, 2]], "where": ANYONE},
        {"texts": ("adults", "women"), "vectors": VECTORS[[1, 2]], "where": ANYONE, "k": 3},
        {"texts": ("adults", "women"), "vectors": VECTORS[[1, 2]], "where": ANYONE, "mix": LEXICAL},
    ]
    used = list(adapters(tmp_path / "used", ENTRIES, VECTORS))
    for number, asked in enumerate(rounds):
        given = {"k": 5, "mix": HYBRID} | {k: v for k, v in asked.items() if k != "texts"}
        fresh = adapters(tmp_path / str(number), ENTRIES, VECTORS)
        for old, new in zip(used, fresh, strict=True):
            assert old.search(asked["texts"], **given) == new.search(asked["texts"], **given)
    used[1].close()


def test_words_alone_find_the_passage_that_holds_them(index):
    where = Where(person=Person(age_years=0.25), unreviewed=True)
    ((first, *_),) = ask(index, VECTORS[:1], "text of infants signed", where=where, mix=LEXICAL)
    assert first.passage.id == "infants-signed#section.1"
    assert first.passage.score == 1


def test_a_word_that_was_mistyped_is_found_by_its_pieces(index):
    where = Where(person=Person(age_years=8), unreviewed=True)
    ((first, *_),) = ask(index, VECTORS[:1], "chilldren", where=where, mix=LEXICAL)
    assert first.passage.guideline.startswith("children")


def test_a_mistyped_word_is_put_right_by_the_words_of_the_passages(index):
    assert index.respell("Pregannt, and so on") == "pregnant, and so on"
    assert index.respell("pregnant xylophone") == "pregnant xylophone"


def test_words_and_vectors_together_outweigh_either(index):
    """Row 0 is nearest by vector, the words name row 2's guideline, and row 3 has a bit of both."""
    query = _unit(VECTORS[0:1] + 0.9 * VECTORS[3:4])
    ((first, *_),) = ask(index, query, "adults draft", mix=HYBRID)
    assert first.passage.id == "adults-draft#section.1"


def test_a_question_that_calls_a_condition_by_name_says_so(tmp_path):
    entries = [replace(ENTRIES[0], population=Population(conditions=("swamp fever",)))]
    for made in adapters(tmp_path, entries, VECTORS[:2]):
        ((named,), (other,)) = ask(made, VECTORS[:2], "has had swamp fever before", "has had a fever before")
        assert (named.named, other.named) == (True, False)


def test_the_best_window_of_a_passage_counts(tmp_path):
    long = replace(ENTRIES[0].passage, text="First part. Second part. Third part.")
    entries = [Entry(passage=long, population=Population()), ENTRIES[2]]
    vectors = VECTORS[:3]
    for made in adapters(tmp_path, entries, vectors):
        answers = ask(made, vectors[:2])
        assert [a[0].passage.id for a in answers] == [long.id] * 2
        assert [a[0].cosine for a in answers] == pytest.approx([1, 1], abs=1e-4)


def test_no_more_than_k_and_no_less_than_there_are(index):
    assert len(ask(index, VECTORS[:1], k=2)[0]) == 2
    admitted = sum(ANYONE.admits(e) for e in ENTRIES)
    assert len(ask(index, VECTORS[:1], k=99)[0]) == admitted


def test_no_question_gives_no_answer(index):
    assert index.search([], np.zeros((0, 32), dtype=np.float32), k=3, where=ANYONE) == ()


@pytest.mark.parametrize("unreviewed", [True, False])
def test_exactly_those_admitted_are_found_for_every_kind_of_person(index, unreviewed):
    for person in PERSONS:
        where = Where(person=person, unreviewed=unreviewed)
        (found,) = ask(index, VECTORS[:1], "text of women", k=99, where=where, mix=HYBRID)
        assert {h.passage.id for h in found} == {e.passage.id for e in ENTRIES if where.admits(e)}, person


def test_a_filter_that_admits_nobody_gives_an_empty_answer(tmp_path):
    only = [_entry("women-draft", POPULATIONS["women"], "none", None)]
    where = Where(person=Person(age_years=30, sex="male"), unreviewed=True)
    for made in adapters(tmp_path, only, VECTORS[:1]):
        assert ask(made, VECTORS[:2], where=where) == ((), ())


def test_threads_may_search_at_once(index):
    wrong: list[int] = []

    def search(row: int) -> None:
        for _ in range(20):
            if ask(index, VECTORS[row : row + 1])[0][0].passage.id != ENTRIES[row].passage.id:
                wrong.append(row)

    threads = [Thread(target=search, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
