"""Every figure comes from real counts, reads well at 100 columns, and no word of the measured texts gets out."""

import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from cds_service.evaluation.deid.charts import summarise_charts
from cds_service.evaluation.deid.figure import draw
from cds_service.evaluation.deid.gold import Document, GoldSet, Identifier
from cds_service.evaluation.deid.measure import Masked
from cds_service.evaluation.deid.report import Report, SetReport, write_faults
from cds_service.evaluation.deid.running import run_set, speed
from cds_service.evaluation.deid.systems import Answer
from cds_service.evaluation.deid.table import BEGIN, END, percent, sections, terminal_tables, write_markdown
from cds_service.evaluation.deid.terms import measure_terms, packaged_mentions
from cds_service.shares import wilson

SECRET = "Quill Featherstone"
GOLD = GoldSet(
    name="own/notes",
    form="JSON lines",
    documents=(
        Document(
            text=f"{SECRET} reports a cough.",
            identifiers=(Identifier(start=0, end=len(SECRET), kind="NAME", known=True),),
            bundle={"resourceType": "Bundle"},
        ),
        Document(text="No fever. " * 60),
    ),
)


class Upper:
    """Masks every word that starts with a capital letter; withholds what it is told to."""

    def __init__(self, name, *, withholds=()):
        self.name, self.version, self._withholds = name, f"{name} 1", withholds
        self.seen = []

    def mask(self, document):
        self.seen.append(document.text)
        if document.text in self._withholds:
            return Answer(masked=None, seconds=0.01)
        areas, at, out = [], 0, []
        for word in document.text.split(" "):
            if word[:1].isupper():
                areas.append((at, at + len(word)))
            out.append("[X]" if word[:1].isupper() else word)
            at += len(word) + 1
        return Answer(masked=Masked(text=" ".join(out), areas=tuple(areas)), seconds=0.01)


class Nothing(Upper):
    """Masks nothing, and is slow."""

    def mask(self, document):
        self.seen.append(document.text)
        return Answer(masked=Masked(text=document.text, areas=()), seconds=0.1)


@pytest.fixture
def report():
    systems = [Upper("gate"), Nothing("Presidio")]
    results = run_set(GOLD, systems, lambda *_: None)
    return Report(
        made=datetime(2025, 1, 2, tzinfo=UTC),
        systems={s.name: s.version for s in systems},
        sets=(SetReport(gold=GOLD, results=tuple(results)),),
        terms=measure_terms(packaged_mentions()[:8], systems, lambda *_: None),
        charts={"folder": summarise_charts([5.0, 7.0], {"leak": 1}, 0)},
    )


def rows(report):
    return {row.measure.strip(): row for section in sections(report) for row in section.rows}


def test_systems_take_turns_and_both_read_every_document():
    order = []

    class Noting(Nothing):
        def mask(self, document):
            order.append(self.name)
            return super().mask(document)

    run_set(GOLD, [Noting("a"), Noting("b")], lambda *_: None)
    assert order == ["a", "b", "b", "a"]


def test_a_withheld_document_takes_time_and_is_not_judged():
    system = Upper("gate", withholds=(GOLD.documents[0].text,))
    (result,) = run_set(GOLD, [system], lambda *_: None)
    assert (result.judgements[0], result.summary.withheld.hits) == (None, 1)
    assert result.speed.characters_per_second == pytest.approx(sum(len(d.text) for d in GOLD.documents) / 0.02)


def test_only_notes_speak_of_the_time_of_a_note():
    measured = speed(GOLD.documents, [0.001, 0.006])
    assert (measured.notes, measured.note_p50) == (1, pytest.approx(10.0))


def test_the_rows_say_what_was_counted_and_whether_the_aim_is_met(report):
    by_name = rows(report)
    assert by_name["documents without a leak"].cells[0].startswith("100.0 % (")
    assert by_name["documents without a leak"].cells[1].startswith("0.0 % (")
    assert (by_name["leaks of what stands in the chart"].cells, by_name["leaks of what stands in the chart"].met) == (
        ("0 of 1", "1 of 1"), True,
    )  # fmt: skip
    assert by_name["NAME (1)"].cells[1].startswith("0.0 %")
    assert by_name["PHI-free texts touched"].met is False
    assert by_name["clinical characters masked"].met is False
    assert (by_name["characters a second"].aim, by_name["characters a second"].met) == ("≥ 3 x", True)
    assert "(10.0 x)" in by_name["characters a second"].cells[0]
    assert by_name["charts refused"].cells[0].startswith("50.0 %")
    assert by_name["charts refused"].met is False
    assert "outputs that differ from their spans" not in by_name


def test_a_mixed_set_has_a_headline_for_texts_with_a_chart_and_one_for_those_without():
    bare = Document(text="Ann here.", identifiers=(Identifier(start=0, end=3, kind="NAME"),))
    gold = GoldSet(name="own/mixed", form="JSON lines", documents=(*GOLD.documents, bare, bare))
    (result,) = run_set(gold, [Nothing("gate")], lambda *_: None)
    summary = result.summary
    assert [(s.hits, s.of) for s in (summary.clean, summary.clean_with_chart, summary.clean_without_chart)] == [
        (0, 3), (0, 1), (0, 2),
    ]  # fmt: skip
    report = Report(
        made=datetime(2025, 1, 2, tzinfo=UTC), systems={"gate": "1"}, terms={}, charts={},
        sets=(SetReport(gold=gold, results=(result,)),),
    )  # fmt: skip
    by_name = rows(report)
    assert [by_name[name].aim for name in ("documents without a leak", "with a chart", "without a chart")] == [
        "", "≥ 98 %", "≥ 97 %",
    ]  # fmt: skip


def test_an_output_that_differs_from_its_spans_is_told():
    class Liar(Upper):
        def mask(self, document):
            masked = super().mask(document).masked
            return Answer(masked=Masked(text=document.text, areas=masked.areas), seconds=0.01)

    (result,) = run_set(GOLD, [Liar("gate")], lambda *_: None)
    report = Report(
        made=datetime(2025, 1, 2, tzinfo=UTC), systems={"gate": "1"}, terms={}, charts={},
        sets=(SetReport(gold=GOLD, results=(result,)),),
    )  # fmt: skip
    assert rows(report)["outputs that differ from their spans"].cells == ("2",)


def test_the_terminal_table_fits_100_columns_whole(report):
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(terminal_tables(report))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 100
    assert "own/notes: 2 documents (1 with a chart), 1 identifiers" in text
    assert "…" not in text


def test_no_word_of_the_texts_is_in_table_json_or_markdown(report, tmp_path):
    write_markdown(tmp_path / "page.md", report)
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(terminal_tables(report))
    written = json.dumps(report.as_json()) + (tmp_path / "page.md").read_text() + console.export_text()
    assert not any(word in written for word in ("Quill", "Featherstone", "cough", "fever"))


def test_json_holds_counts_intervals_and_versions(report):
    data = json.loads(json.dumps(report.as_json()))
    (first,) = data["sets"]
    assert (first["documents"], first["identifiers"], data["systems"]["Presidio"]) == (2, 1, "Presidio 1")
    ours = first["results"][0]["summary"]
    assert ours["clean"] == {"hits": 1, "of": 1, "value": 1.0, "low": wilson(1, 1).low, "high": 1.0}
    assert ours["kinds"]["NAME"]["spans"]["hits"] == 1
    assert data["terms"]["gate"]["masked"]["of"] == 8
    assert data["charts"]["folder"]["reasons"] == {"leak": 1}


def test_markdown_goes_between_the_marks_of_a_page_and_leaves_the_rest(report, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n{BEGIN}\nstale\n{END}\nafter\n")
    write_markdown(page, report)
    text = page.read_text()
    assert text.startswith(f"# Title\n{BEGIN}\nMeasured on 2025-01-02 with gate 1; Presidio 1")
    assert text.endswith(f"{END}\nafter\n")
    assert "stale" not in text
    write_markdown(page, report)
    assert page.read_text() == text


@pytest.mark.parametrize(
    ("hits", "of", "text"),
    [(0, 0, "–"), (0, 10, "0.0 % ("), (1, 5000, "<0.1 % ("), (4999, 5000, ">99.9 % ("), (10, 10, "100.0 % (")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(hits, of, text):
    assert percent(wilson(hits, of)).startswith(text)


def test_leaks_and_over_masking_are_written_with_their_text_on_request(report, tmp_path):
    count = write_faults(tmp_path / "faults.jsonl", report.sets)
    lines = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert count == len(lines) == 61
    leak = next(line for line in lines if line["fault"] == "leak")
    assert (leak["system"], leak["text"], leak["kind"], leak["document"]) == ("Presidio", SECRET, "NAME", 0)
    assert {line["text"] for line in lines if line["fault"] == "over-masking"} == {"No"}


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_figure_is_drawn_with_every_set_and_system(report, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    draw(path, report)
    assert path.stat().st_size > 5000
    if ending == "png":
        assert path.read_bytes().startswith(b"\x89PNG")
