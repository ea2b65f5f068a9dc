"""Measuring retrieval: which questions count, what the figures mean, and what is printed."""

import gzip
import json

import numpy as np
import pytest
from click.testing import CliRunner

from cds_service.commands.evaluate_retrieval import retrieval
from cds_service.errors import ConfigurationError
from cds_service.evaluation.retrieval import measure as measuring
from cds_service.evaluation.retrieval.beir import read_judged
from cds_service.evaluation.retrieval.charts import PARTS, Shown, figures, read_charts
from cds_service.evaluation.retrieval.measure import measure
from cds_service.evaluation.retrieval.report import as_json, draw, table
from cds_service.retrieval.chunk import chunk
from cds_service.retrieval.embedder import HashingEmbedder
from cds_service.retrieval.index import MemoryIndex, windows_of
from cds_service.retrieval.ranking import LEXICAL
from cds_service.retrieval.source import PACKAGED, read_sources

TEXTS = {"d1": "Swamp fever shows green spots.", "d2": "Dragon pox is itchy.", "d3": "Rest in a dry place."}
ASKED = {"q1": "green spots", "q2": "itchy pox", "q3": "never judged", "q4": "judged for a document that is not there"}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq2\td2\t1\nq2\td3\t0\nq4\tlost\t1\nq9\td1\t1\n"


@pytest.fixture
def files(tmp_path):
    corpus, queries, qrels = tmp_path / "corpus.jsonl.gz", tmp_path / "queries.jsonl", tmp_path / "qrels.tsv"
    rows = [{"_id": i, "title": "Moor", "text": text} for i, text in TEXTS.items()]
    corpus.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    queries.write_text("\n".join(json.dumps({"_id": i, "text": text}) for i, text in ASKED.items()))
    qrels.write_text(QRELS)
    return corpus, queries, qrels


def test_only_given_questions_with_an_answer_count(files):
    judged = read_judged(*files)
    assert dict(judged.questions) == {"q1": "green spots", "q2": "itchy pox"}
    assert judged.relevant == {"q1": {"d1": 2}, "q2": {"d2": 1}}
    assert judged.unanswered == 2


def test_files_without_anything_usable_are_named(files):
    corpus, queries, qrels = files
    qrels.write_text("q1 d1 1\n")
    with pytest.raises(ConfigurationError, match=r"qrels\.tsv"):
        read_judged(corpus, queries, qrels)
    corpus.write_text("not JSON")
    with pytest.raises(ConfigurationError, match=r"corpus\.jsonl\.gz"):
        read_judged(corpus, queries, qrels)


def test_gain_falls_with_the_place_and_grows_with_the_grade():
    assert measuring._ndcg(["a", "b"], {"a": 1}) == 1
    assert measuring._ndcg(["b", "a"], {"a": 1}) == pytest.approx(1 / np.log2(3))
    assert measuring._ndcg(["b", "a"], {"a": 1, "b": 2}) > measuring._ndcg(["a", "b"], {"a": 1, "b": 2})
    assert measuring._ndcg(["x"] * 10 + ["a"], {"a": 1}) == 0


def test_every_variant_is_measured_and_the_one_that_serves_is_named(files, tmp_path):
    judged = read_judged(*files)
    results = measure(judged, HashingEmbedder(), lambda step, share: None)
    told = as_json(judged, results, {})
    assert told["default"] == "hybrid"
    assert set(told["variants"]) == {"bm25", "lexical", "dense", "hybrid"}
    assert told["queries"] == 2
    for figures_ in told["variants"].values():
        assert (figures_["ndcg@10"], figures_["recall@5"], figures_["mrr"]) == (1, 1, 1)
        assert 0 < figures_["ms_per_query_p50"] <= figures_["ms_per_query_p95"]
    assert "| **hybrid** | 1.000 |" in table(judged, results, {"final": {"charts": 3}})
    draw(tmp_path / "figure.svg", results)
    assert (tmp_path / "figure.svg").read_bytes().startswith(b"<?xml")


def test_the_figures_are_printed_as_json_or_written_beside_the_table(files, tmp_path):
    corpus, queries, qrels = files
    asked = ["--corpus", str(corpus), "--queries", str(queries), "--qrels", str(qrels)]
    printed = CliRunner().invoke(retrieval, ["--json", *asked])
    assert json.loads(printed.stdout)["default"] == "hybrid"
    told = CliRunner().invoke(retrieval, [*asked, "--json", str(tmp_path / "figures.json")])
    assert "| **hybrid** |" in told.stdout
    assert set(json.loads((tmp_path / "figures.json").read_text())["variants"]["bm25"]) >= {
        "ndcg@10",
        "recall@5",
        "mrr",
    }


def test_words_alone_do_what_the_page_says_on_the_public_questions(shared_data):
    folder = shared_data / "retrieval" / "cpgqa_dev"
    judged = read_judged(folder / "corpus.jsonl.gz", folder / "queries.jsonl", folder / "qrels.tsv")
    vectors = np.zeros((len(windows_of(judged.entries)[0]), 1), dtype=np.float32)
    index = MemoryIndex(judged.entries, vectors, embedder="none")
    texts = list(judged.questions.values())
    answers = index.search(texts, vectors[:0], k=10, where=measuring.EVERYONE, mix=LEXICAL)
    gains = [
        measuring._ndcg([hit.passage.id for hit in hits], judged.relevant[query])
        for query, hits in zip(judged.questions, answers, strict=True)
    ]
    assert sum(gains) / len(gains) >= 0.92


def test_what_the_charts_expect_exists_among_the_packaged_guidelines():
    guidelines, _ = read_sources([PACKAGED])
    known = {p.id.rsplit(".", 1)[0] for g in guidelines for p in chunk(g)} | {g.id for g in guidelines}
    charts = [chart for part in PARTS for chart in read_charts(part)]
    assert len({chart.id for chart in charts}) == len(charts) >= 160
    for chart in charts:
        assert known.issuperset((*chart.expect, *chart.fits)), chart.id
        assert not chart.expect or chart.fits, chart.id


def test_the_figures_of_charts_tell_right_wrong_and_silent_apart():
    asked, quiet = read_charts("tuning")[0], next(c for c in read_charts("tuning") if not c.expect and not c.fits)
    hypertension, asthma = (
        next(p for g in read_sources([PACKAGED])[0] if g.id == name for p in chunk(g) if p.section.startswith(section))
        for name, section in (("hypertension", "Blood pressure target"), ("asthma", "Diagnosing"))
    )
    good = figures([Shown(chart=asked, passages=(hypertension,)), Shown(chart=quiet, passages=())])
    bad = figures([Shown(chart=asked, passages=(asthma,)), Shown(chart=quiet, passages=(asthma,))])
    names = ("expected shown", "expected first", "silent where nothing fits", "wrong cards")
    assert [good[n] for n in names] == [1, 1, 1, 0]
    assert [bad[n] for n in names] == [0, 0, 0, 1]
