"""What every `GuidelineIndex` keeps: the same answers from memory and from Chroma on disk."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from cds_service.domain import Passage
from cds_service.retrieval.chroma import ChromaIndex, switch_pointer, write_store
from cds_service.retrieval.index import Entry, GuidelineIndex, MemoryIndex, Where
from cds_service.retrieval.population import Person, Population

POPULATIONS = {
    "all": Population(),
    "adults": Population(min_age=18),
    "children": Population(max_age=11),
    "women": Population(sex="female"),
    "pregnant": Population(min_age=12, pregnancy="only"),
    "not-pregnant": Population(pregnancy="exclude"),
}
PERSONS = [
    Person(age_years=age, sex=sex, pregnant=pregnant)
    for age in (None, 7 / 12, 11, 12, 67)
    for sex in (None, "female", "male", "other")
    for pregnant in (None, True, False)
]
ANYONE = Where(person=Person(age_years=30, sex="female"), unreviewed=True)


def _entry(name: str, population: Population, review: str, url: str | None) -> Entry:
    passage = Passage(
        id=f"{name}#section.1", guideline=name, version="2", title=name.title(), section="Section",
        text=f"Text of {name}.", source="Fictional (Nobody)", source_url=url, year=2024, licence="Apache-2.0",
        clinical_review=review,
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


@pytest.fixture(scope="module", params=["memory", "chroma"])
def index(request, tmp_path_factory) -> Iterator[GuidelineIndex]:
    if request.param == "memory":
        yield MemoryIndex(ENTRIES, VECTORS, embedder="random-1", version="v1")
        return
    folder: Path = tmp_path_factory.mktemp("index")
    write_store(folder / "versions" / "v1", ENTRIES, VECTORS, embedder="random-1", version="v1")
    switch_pointer(folder, "v1")
    chroma = ChromaIndex(folder)
    yield chroma
    chroma.close()


def test_it_knows_its_version_and_embedder(index):
    assert (index.version, index.embedder) == ("v1", "random-1")


def test_the_nearest_comes_first_with_its_cosine(index):
    query = _unit(VECTORS[3:4] + 0.1 * VECTORS[5:6])
    ((first, second, *_),) = index.search(query, k=5, where=ANYONE)
    assert first.id == ENTRIES[3].passage.id
    assert first.score == pytest.approx(float(query[0] @ VECTORS[3]), abs=1e-4)
    assert first.score >= second.score


def test_a_passage_comes_back_whole(index):
    for entry, vector in zip(ENTRIES[:2], VECTORS[:2], strict=True):
        ((found, *_),) = index.search(vector[None, :], k=1, where=ANYONE)
        assert {**vars(found), "score": 0} == {**vars(entry.passage), "score": 0}


def test_each_query_gets_its_own_answer(index):
    answers = index.search(VECTORS[:3], k=1, where=ANYONE)
    assert [a[0].id for a in answers] == [e.passage.id for e in ENTRIES[:3]]


def test_no_more_than_k_and_no_less_than_there_are(index):
    assert len(index.search(VECTORS[:1], k=2, where=ANYONE)[0]) == 2
    admitted = sum(ANYONE.admits(e) for e in ENTRIES)
    assert len(index.search(VECTORS[:1], k=99, where=ANYONE)[0]) == admitted


def test_no_query_gives_no_answer(index):
    assert index.search(np.zeros((0, 32), dtype=np.float32), k=3, where=ANYONE) == ()


@pytest.mark.parametrize("unreviewed", [True, False])
def test_exactly_those_admitted_are_found_for_every_kind_of_person(index, unreviewed):
    for person in PERSONS:
        where = Where(person=person, unreviewed=unreviewed)
        (found,) = index.search(VECTORS[:1], k=99, where=where)
        assert {p.id for p in found} == {e.passage.id for e in ENTRIES if where.admits(e)}, person


def test_a_filter_that_admits_nobody_gives_an_empty_answer(tmp_path):
    only = [_entry("women-draft", POPULATIONS["women"], "none", None)]
    where = Where(person=Person(age_years=30, sex="male"), unreviewed=True)
    assert MemoryIndex(only, VECTORS[:1], embedder="e").search(VECTORS[:2], k=1, where=where) == ((), ())
    write_store(tmp_path / "versions" / "v", only, VECTORS[:1], embedder="e", version="v")
    switch_pointer(tmp_path, "v")
    chroma = ChromaIndex(tmp_path)
    assert chroma.search(VECTORS[:2], k=1, where=where) == ((), ())
    chroma.close()


def test_threads_may_search_at_once(index):
    wrong: list[int] = []

    def search(row: int) -> None:
        for _ in range(20):
            if index.search(VECTORS[row : row + 1], k=1, where=ANYONE)[0][0].id != ENTRIES[row].passage.id:
                wrong.append(row)

    threads = [Thread(target=search, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
