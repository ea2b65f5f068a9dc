"""The packaged guidelines with the packaged MiniLM and Chroma: what a chart gets to read."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Finding, Priority
from cds_service.evaluation.retrieval.charts import figures, read_charts, show
from cds_service.offline import go_offline
from cds_service.retrieval import chroma
from cds_service.retrieval.build import build_index, entries_of
from cds_service.retrieval.chroma import ChromaIndex
from cds_service.retrieval.embedder import HashingEmbedder, MiniLmEmbedder
from cds_service.retrieval.index import Where, windows_of
from cds_service.retrieval.population import Person
from cds_service.retrieval.retriever import Retriever
from cds_service.retrieval.source import PACKAGED, read_sources
from cds_service.retrieval.vectors import key, known_vectors

go_offline()


@pytest.fixture(scope="module")
def embedder() -> MiniLmEmbedder:
    return MiniLmEmbedder(threads=1)


@pytest.fixture(scope="module")
def retriever(tmp_path_factory, packaged_index, embedder) -> Iterator[Retriever]:
    folder = shutil.copytree(packaged_index, tmp_path_factory.mktemp("index") / "copy")
    report = build_index(folder, [PACKAGED], embedder)
    assert report.unchanged
    assert report.refused == ()
    index = ChromaIndex(folder)
    made = Retriever(index, embedder, include_unreviewed=True)
    made.warm()
    yield made
    index.close()


def chart(
    *problems: str,
    complaint: str | None = None,
    age: str | None = "67",
    sex: str = "female",
    pregnant: bool | None = None,
) -> DeidentifiedCase:
    facts = [DeidentifiedFact(kind="problem", name=p, source=f"con-{i}") for i, p in enumerate(problems)]
    if complaint:
        facts.append(DeidentifiedFact(kind="complaint", name="complaint", text=complaint, source="enc-1"))
    return DeidentifiedCase(subject="s", age=age, sex=sex, pregnant=pregnant, facts=tuple(facts))


def finding(title: str, priority: Priority = Priority.HIGH) -> Finding:
    source = Citation(title="Fictional", publisher="Fictional", year=2024)
    return Finding(rule="x", version="1", priority=priority, title=title, reason="fixed words", citation=source)


def guidelines(passages) -> list[str]:
    return list(dict.fromkeys(p.guideline for p in passages))


CHRONIC = ("Essential hypertension (disorder)", "Diabetes mellitus type 2 (disorder)")


def test_no_window_is_longer_than_the_model_reads(embedder):
    entries = entries_of(read_sources([PACKAGED])[0])
    longest = sorted((window for e in entries for window in e.windows), key=len)[-40:]
    assert max(map(embedder.token_count, longest)) <= 256


def test_a_hypertensive_diabetic_gets_both_guidelines_with_their_goals(retriever):
    found = retriever.passages_for(chart(*CHRONIC), [])
    assert set(guidelines(found)) == {"hypertension", "type-2-diabetes"}
    assert "hypertension#blood-pressure-target-and-follow-up.1" in {p.id for p in found}


def test_chest_pain_comes_before_chronic_problems(retriever):
    found = retriever.passages_for(chart(*CHRONIC), [finding("Chest pain")])
    assert guidelines(found)[0] == "acute-chest-pain"
    assert len(guidelines(found)) == 3


def test_a_complaint_of_chest_pain_without_a_finding_comes_first_too(retriever):
    found = retriever.passages_for(chart(*CHRONIC, complaint="crushing chest pain since one hour, sweating"), [])
    assert guidelines(found)[0] == "acute-chest-pain"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("NEWS2 9: emergency response", "sepsis-and-deterioration"),
        ("Very low blood pressure", "sepsis-and-deterioration"),
        ("Slow heart rate", "sepsis-and-deterioration"),
        ("Severe hypertension with a symptom of organ damage", "hypertension"),
        ("Trouble speaking", "stroke-and-tia"),
        ("Sudden or worst headache", "headache"),
        ("Overdose or poisoning", "overdose-and-poisoning"),
        ("Spinal cord or cauda equina signs", "cauda-equina-and-back-emergencies"),
        ("Possible sepsis", "sepsis-and-deterioration"),
    ],
)
def test_an_urgent_finding_gets_its_guideline(retriever, title, expected):
    assert guidelines(retriever.passages_for(chart(), [finding(title)])) == [expected]


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        ("cough", "acute-respiratory-infection"),
        ("burning when urinating for 2 days", "urinary-tract-infection"),
        ("my sugar has been over 400", "diabetic-emergencies"),
        ("chets pian for an hour", "acute-chest-pain"),
        ("I have had pain in my chest since this morning, it goes into my left arm", "acute-chest-pain"),
    ],
)
def test_a_complaint_in_lay_words_gets_its_guideline(retriever, complaint, expected):
    assert guidelines(retriever.passages_for(chart(complaint=complaint), []))[:1] == [expected]


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ("Atrial fibrillation", "atrial-fibrillation"),
        ("Asthma", "asthma"),
        ("Chronic obstructive lung disease", "copd"),
        ("Congestive heart failure", "heart-failure"),
        ("Chronic kidney disease stage 3", "chronic-kidney-disease"),
    ],
)
def test_a_chronic_problem_gets_its_own_guideline(retriever, problem, expected):
    assert guidelines(retriever.passages_for(chart(problem), [])) == [expected]


@pytest.mark.parametrize(
    "words",
    [
        "Received higher education (finding)",
        "Ingrown toenail",
        "needs a form for the gym",
        "Acne",
        "Full-time employment",
    ],
)
def test_what_no_guideline_covers_gets_nothing(retriever, words):
    assert retriever.passages_for(chart(words, complaint=words), []) == ()


def test_an_infant_and_an_unknown_age_get_nothing_meant_for_adults(retriever):
    assert retriever.passages_for(chart(*CHRONIC, age="7 months"), [finding("Chest pain")]) == ()
    assert retriever.passages_for(chart(*CHRONIC, age=None), []) == ()


def test_a_teenager_gets_the_asthma_guideline_and_no_other(retriever):
    assert guidelines(retriever.passages_for(chart(*CHRONIC, "Asthma", age="14"), [])) == ["asthma"]


def test_in_pregnancy_guidelines_that_exclude_it_stay_away(retriever):
    pregnant = chart(*CHRONIC, age="31", pregnant=True)
    assert retriever.passages_for(pregnant, []) == ()
    assert guidelines(retriever.passages_for(pregnant, [finding("Chest pain")])) == ["acute-chest-pain"]


@pytest.mark.parametrize(("sex", "other"), [("female", "-in-men"), ("male", "-in-women")])
def test_a_section_for_the_other_sex_is_not_shown(retriever, sex, other):
    found = retriever.passages_for(chart("Cystitis", complaint="dysuria", sex=sex), [])
    assert guidelines(found) == ["urinary-tract-infection"]
    assert not any(other in p.id for p in found)


def test_unreviewed_guidelines_stay_off_until_the_clinic_switches_them_on(retriever, embedder):
    strict = Retriever(retriever._index, embedder)
    assert strict.passages_for(chart(*CHRONIC), []) == ()


@pytest.mark.parametrize("half", ["tuning", "held_out"])
def test_charts_of_our_own_see_what_belongs_to_them_and_seldom_what_misleads(retriever, half):
    got = figures(show(retriever, read_charts(half)))
    assert got["expected shown"] >= 0.85
    assert got["silent where nothing fits"] >= 0.9
    assert got["wrong cards"] <= 0.03


def test_the_vectors_made_beforehand_are_those_of_every_packaged_window(embedder):
    windows, _ = windows_of(entries_of(read_sources([PACKAGED])[0]))
    known = known_vectors(embedder.id)
    assert {key(w) for w in windows} == set(known), "write them: python -m cds_service.retrieval.vectors"
    some = windows[::300]
    cosines = (embedder.embed_passages(some) * np.stack([known[key(w)] for w in some])).sum(axis=1)
    assert cosines == pytest.approx(1, abs=1e-4)
    assert known_vectors("another embedder") == {}


def test_cached_queries_equal_fresh_ones(embedder):
    texts = ["cough", "fever", "cough"]
    first, again = embedder.embed_queries(texts), embedder.embed_queries(texts)
    assert (first == again).all()
    assert first @ embedder.embed_passages(texts).T == pytest.approx(first @ first.T, abs=1e-4)


BUILD = """
import sys
from pathlib import Path
from cds_service.retrieval.build import build_index
from cds_service.retrieval.embedder import HashingEmbedder
print(build_index(Path(sys.argv[1]), [Path(sys.argv[2])], HashingEmbedder()).version)
"""


def test_an_open_reader_sees_what_another_process_builds(tmp_path):
    sources = tmp_path / "guidelines"
    sources.mkdir()
    for name in ("asthma", "copd"):
        (sources / f"{name}.md").write_bytes((PACKAGED / f"{name}.md").read_bytes())

    def build_elsewhere() -> str:
        command = [sys.executable, "-c", BUILD, str(tmp_path / "index"), str(sources)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def served() -> set[str]:
        where = Where(person=Person(age_years=50), unreviewed=True)
        (hits,) = reader.search(["lung"], HashingEmbedder().embed_queries(["lung"]), k=99, where=where)
        return {hit.passage.guideline for hit in hits}

    first = build_elsewhere()
    reader = ChromaIndex(tmp_path / "index")
    assert (reader.version, served()) == (first, {"asthma", "copd"})
    (sources / "copd.md").unlink()
    (sources / "heart.md").write_bytes((PACKAGED / "heart-failure.md").read_bytes())
    second = build_elsewhere()
    assert second != first
    assert (served(), reader.version) == ({"asthma", "heart-failure"}, second)
    reader.close()


def test_chroma_answers_a_question_once_until_the_version_changes(tmp_path, monkeypatch):
    asked = []
    find = chroma._Store._find

    def counted(self, questions, *rest, **more):
        asked.extend(questions)
        return find(self, questions, *rest, **more)

    monkeypatch.setattr(chroma._Store, "_find", counted)
    monkeypatch.setattr(chroma, "KEPT", 2)
    index, embedder = ChromaIndex(tmp_path / "index"), HashingEmbedder()
    build_index(tmp_path / "index", [PACKAGED], embedder)

    def ask(*questions):
        where = Where(person=Person(age_years=50), unreviewed=True)
        asked.clear()
        index.search(questions, embedder.embed_queries(questions), k=3, where=where)
        return list(asked)

    assert ask("asthma", "gout") == ["asthma", "gout"]
    assert ask("gout", "asthma", "gout") == []
    assert ask("copd", "asthma") == ["copd"]
    assert ask("gout") == ["gout"]
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "gout.md").write_bytes((PACKAGED / "gout.md").read_bytes())
    build_index(tmp_path / "index", [sources], embedder)
    assert ask("gout") == ["gout"]
    index.close()
