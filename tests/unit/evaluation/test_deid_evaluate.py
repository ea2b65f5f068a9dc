"""The whole evaluation on the real gate, from the command line."""

import json

import pytest
from click.testing import CliRunner

from cds_service.commands.evaluate_deid import deid
from cds_service.evaluation.deid.charts import measure_charts
from cds_service.evaluation.deid.gold import Document
from cds_service.evaluation.deid.presidio import PresidioDefaults
from tests.support.fhir_values import bundle, condition, patient

WHO = patient(name=[{"family": "Featherstone", "given": ["Quilla"]}])


def line(text, *marks, **more):
    spans = [[text.index(value), text.index(value) + len(value), label] for value, label in marks]
    return json.dumps({"text": text, "spans": spans, **more})


LINES = [
    line("Quilla Featherstone was seen for asthma.", ("Quilla Featherstone", "NAME.k"), bundle=bundle(WHO)),
    line("Ms. Featherstone 617-555-0142", ("Featherstone", "NAME.k"), ("617-555-0142", "PHONE.u"), bundle=bundle(WHO)),
    line("Seen on 03/14/2021, MRN: 7781234.", ("03/14/2021", "DATE.u"), ("7781234", "ID.u")),
    line("Reach me at quilla@clinic.example today.", ("quilla@clinic.example", "EMAIL.u")),
    line("No fever, no cough. Continue metformin 500 mg."),
    line("Crohn disease, stable."),
]  # fmt: skip


@pytest.fixture
def notes(tmp_path):
    path = tmp_path / "six.jsonl"
    path.write_text("\n".join(LINES), "utf-8")
    return path


def test_the_command_measures_the_real_gate_and_writes_everything(notes, tmp_path):
    charts = tmp_path / "charts"
    charts.mkdir()
    (charts / "one.json").write_text(json.dumps(bundle(WHO, condition())))
    out = {name: tmp_path / name for name in ("o.json", "o.md", "o.png", "o.jsonl")}
    result = CliRunner().invoke(
        deid,
        [str(notes), "--no-baseline", "--limit", "6", "--charts", str(charts), "--json", str(out["o.json"]),
         "--markdown", str(out["o.md"]), "--figure", str(out["o.png"]), "--verbose-leaks", str(out["o.jsonl"])],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    data = json.loads(out["o.json"].read_text())
    summary = data["sets"][0]["results"][0]["summary"]
    assert (summary["documents"], summary["withheld"]["hits"], summary["untrue"]) == (6, 0, 0)
    assert (summary["clean"]["of"], summary["known_leaks"]["hits"], summary["known_leaks"]["of"]) == (4, 0, 2)
    assert (summary["spans"]["hits"], summary["spans"]["of"]) == (6, 6)
    assert (summary["touched"]["hits"], summary["touched"]["of"]) == (0, 2)
    assert data["terms"]["gate"]["masked"]["of"] == 6
    assert [(c["refused"]["of"], c["refused"]["hits"]) for c in data["charts"].values()] == [(1, 0)]
    assert "documents without a leak" in result.output
    assert "six: 6 documents (2 with a chart), 6 identifiers" in out["o.md"].read_text()
    assert out["o.png"].read_bytes().startswith(b"\x89PNG")
    assert out["o.jsonl"].read_text() == ""


def test_a_wrong_file_ends_with_one_clear_line(tmp_path):
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"text": 1}')
    result = CliRunner().invoke(deid, [str(path)])
    assert result.exit_code == 1
    assert result.output == "Error: wrong.jsonl: entry 1 is no labelled text of a known format\n"


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [("--figure", "x.gif", ".png, .svg, .pdf"), ("--figure", "no/x.png", "folder"), ("--json", "no/x.json", "folder")],
)
def test_what_could_not_be_written_is_refused_before_anything_is_measured(notes, tmp_path, option, name, said):
    result = CliRunner().invoke(deid, [str(notes), option, str(tmp_path / name)])
    assert (result.exit_code, said in result.output) == (2, True)


def test_charts_without_a_patient_are_not_counted_and_withheld_ones_are_with_their_reason(tmp_path):
    from anonymization.gate import Gate

    restricted = patient(
        meta={"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    )
    for name, content in {
        "open": bundle(WHO, condition()), "labelled": bundle(restricted), "nobody": bundle(condition()), "loose": WHO,
    }.items():  # fmt: skip
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    summary = measure_charts(tmp_path, Gate(), lambda *_: None)
    assert (summary.refused.hits, summary.refused.of, summary.reasons) == (1, 2, {"policy": 1})


def test_presidio_runs_with_its_own_recognizers_though_ours_are_loaded():
    import anonymization.scrubber  # noqa: F401 - its recognizers bear the class names that Presidio looks up

    with PresidioDefaults() as presidio:
        answer = presidio.mask(Document(text="Email quilla@clinic.com, Boston, since 2019."))
        words = {"Email quilla@clinic.com, Boston, since 2019."[start:end] for start, end in answer.masked.areas}
    assert {"quilla@clinic.com", "2019"} <= words  # our gate lets a year stay
    assert "<EMAIL_ADDRESS>" in answer.masked.text


@pytest.mark.parametrize(
    "name", ["deid/notes_dev.jsonl", "deid/presidio_research/synth_dataset_v2.json", "deid/aci_bench/valid.csv"]
)
def test_ten_documents_of_each_shared_set_are_measured(shared_data, tmp_path, name):
    arguments = ["--no-baseline", "--no-terms", "--limit", "10", "--json", str(tmp_path / "o.json")]
    result = CliRunner().invoke(deid, [str(shared_data / name), *arguments])
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "o.json").read_text())["sets"][0]["results"][0]["summary"]
    assert (summary["documents"], summary["untrue"]) == (10, 0)
    assert summary["spans"]["of"] > 0
