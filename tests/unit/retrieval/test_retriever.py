"""Ranking and filtering, on an index small enough to see through: each passage and question is a known vector."""

import numpy as np
import pytest

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Finding, Passage, Priority
from cds_service.errors import IndexUnavailable
from cds_service.retrieval.index import Entry, MemoryIndex
from cds_service.retrieval.population import Population
from cds_service.retrieval.retriever import Retriever

TOPICS = ("chest", "fever", "asthma", "toe")


class TopicEmbedder:
    """Cosine 1 for texts of one topic, 0 otherwise; 'maybe' turns a vector 60 degrees away from its topic."""

    id = "topics-1"

    def embed_passages(self, texts):
        rows = np.zeros((len(texts), len(TOPICS) + 1), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for i, topic in enumerate(TOPICS):
                row[i] = topic in text.lower()
            row[-1] = 3**0.5 * row.max() if "maybe" in text else 0
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows

    embed_queries = embed_passages

    def warm(self):
        pass


def entry(guideline: str, section: str, text: str, *, review: str = "none", **population) -> Entry:
    passage = Passage(
        id=f"{guideline}#{section}.1", guideline=guideline, version="1", title=guideline, section=section, text=text,
        source="Fictional", year=2024, licence="Apache-2.0", clinical_review=review,
    )  # fmt: skip
    return Entry(passage=passage, population=Population(**population))


def retriever(*entries: Entry, unreviewed: bool = True, embedder=None) -> Retriever:
    vectors = TopicEmbedder().embed_passages([e.passage.text for e in entries])
    index = MemoryIndex(entries, vectors, embedder="topics-1", version="v1")
    return Retriever(index, embedder or TopicEmbedder(), include_unreviewed=unreviewed, least=0.4)


def chart(complaint: str | None = None, *problems: str, age: str | None = "67", pregnant: bool | None = None):
    facts = [DeidentifiedFact(kind="problem", name=p, source=f"con-{i}") for i, p in enumerate(problems)]
    if complaint:
        facts.append(DeidentifiedFact(kind="complaint", name="complaint", text=complaint, source="enc-1"))
    return DeidentifiedCase(subject="s", age=age, sex="female", pregnant=pregnant, facts=tuple(facts))


def urgent(title: str) -> Finding:
    source = Citation(title="Fictional", publisher="Fictional", year=2024)
    return Finding(rule="x", version="1", priority=Priority.HIGH, title=title, reason="fixed words", citation=source)


def ids(passages) -> list[str]:
    return [p.id for p in passages]


FEVER, CHEST, ASTHMA = entry("fever", "a", "fever"), entry("chest", "a", "chest"), entry("asthma", "a", "asthma")


def test_of_two_urgent_findings_the_first_is_answered_first_although_another_is_nearer():
    found = retriever(entry("fever", "a", "fever maybe"), CHEST)
    assert ids(found.passages_for(chart(), [urgent("fever"), urgent("chest")])) == ["fever#a.1", "chest#a.1"]
    assert ids(found.passages_for(chart(), [urgent("chest"), urgent("fever")])) == ["chest#a.1", "fever#a.1"]


def test_urgent_findings_come_before_complaints_and_these_before_problems_whatever_the_cosine():
    found = retriever(FEVER, entry("chest", "a", "chest maybe"), ASTHMA).passages_for(
        chart("fever", "Asthma"), [urgent("Chest")]
    )
    assert ids(found) == ["chest#a.1", "fever#a.1", "asthma#a.1"]
    assert found[0].score == pytest.approx(0.5)


def test_nothing_near_enough_gives_nothing():
    assert retriever(FEVER, CHEST).passages_for(chart("toe", "toe"), []) == ()


def test_a_chart_without_anything_to_ask_gives_nothing():
    assert retriever(FEVER).passages_for(chart(), []) == ()


def test_every_guideline_gets_its_first_passage_before_any_gets_a_second():
    index = retriever(FEVER, entry("fever", "b", "fever"), entry("fever", "c", "fever"), ASTHMA)
    assert ids(index.passages_for(chart("fever", "Asthma"), [], k=2)) == ["fever#a.1", "asthma#a.1"]
    assert ids(index.passages_for(chart("fever", "Asthma"), [], k=3)) == ["fever#a.1", "fever#b.1", "asthma#a.1"]


def test_a_guideline_never_gets_a_third_passage():
    index = retriever(*(entry("fever", s, "fever") for s in "abcd"))
    assert len(index.passages_for(chart("fever"), [], k=5)) == 2


def test_a_question_is_answered_by_one_guideline():
    index = retriever(FEVER, entry("other", "a", "fever maybe"))
    assert ids(index.passages_for(chart("fever"), [])) == ["fever#a.1"]


def test_unreviewed_guidelines_are_shown_only_when_allowed():
    signed = entry("signed", "a", "fever", review="family physician, 2026-03-01")
    assert ids(retriever(FEVER, signed, unreviewed=False).passages_for(chart("fever"), [])) == ["signed#a.1"]
    assert ids(retriever(FEVER).passages_for(chart("fever"), [])) == ["fever#a.1"]


def test_a_guideline_for_others_is_not_shown():
    adults = retriever(entry("fever", "a", "fever", min_age=18, pregnancy="exclude"))
    assert ids(adults.passages_for(chart("fever"), [])) == ["fever#a.1"]
    assert adults.passages_for(chart("fever", age="7 months"), []) == ()
    assert adults.passages_for(chart("fever", pregnant=True), []) == ()


def test_an_unknown_age_is_said():
    index = retriever(entry("fever", "a", "fever", min_age=18))
    assert index.passages_for(chart("fever", age=None), []) == ()
    assert "age" in index.not_evaluated(chart("fever", age=None))[0].reason
    assert index.not_evaluated(chart("fever")) == ()


def test_an_index_of_another_embedder_is_refused():
    other = TopicEmbedder()
    other.id = "topics-2"
    index = retriever(FEVER, embedder=other)
    with pytest.raises(IndexUnavailable, match="cds-service index"):
        index.passages_for(chart("fever"), [])
    with pytest.raises(IndexUnavailable):
        index.warm()


def test_the_version_is_that_of_the_index():
    assert retriever(FEVER).version == "v1"
