"""The survey of FHIR folders counts every file and lets no exception out."""

import json
import lzma

import pytest

from cds_service.evaluation.mapping import Row, render, survey, survey_files
from fhir_mappers.case import REFUSAL_REASONS
from tests.support.fhir_values import bundle, condition, observation, patient


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "charts").mkdir()
    (tmp_path / "parts").mkdir()
    (tmp_path / "charts" / "bundle.json").write_text(
        json.dumps(bundle(patient(), condition(), condition(clinical="resolved")))
    )
    with lzma.open(tmp_path / "charts" / "packed.json.xz", "wt") as out:
        json.dump(bundle(patient(), condition()), out)
    lines = [patient(), condition(), {"resourceType": "Claim"}]
    (tmp_path / "charts" / "lines.ndjson").write_text("\n".join(map(json.dumps, lines)))
    call = {
        "hook": "patient-view",
        "context": {"patientId": "p1"},
        "prefetch": {"patient": patient(), "c": condition()},
    }
    (tmp_path / "charts" / "request.json").write_text(json.dumps(call))
    (tmp_path / "parts" / "alone.json").write_text(json.dumps(observation("8867-4", 88, "/min", ucum="/min")))
    (tmp_path / "parts" / "nobody.json").write_text(json.dumps({"resourceType": "Practitioner"}))
    (tmp_path / "parts" / "broken.json").write_text("{")
    (tmp_path / "parts" / "cut.json.xz").write_bytes(b"\xfd7zXZ\x00")
    return tmp_path


def test_every_kind_of_file_is_counted(folder):
    charts, parts = survey(folder)
    assert (charts.folder, charts.files, charts.cases, charts.read, charts.used) == ("charts", 4, 4, 9, 8)
    assert dict(charts.refused) == {"inactive": 1, "unsupported-type": 1}
    assert charts.facts["problems"] == 4
    assert (parts.files, parts.unreadable, parts.without_patient, parts.bare_patients, parts.cases) == (4, 2, 1, 1, 1)
    assert parts.facts["rounds"] == 1


def test_the_table_names_each_folder_and_reason(folder):
    written = []
    render(survey(folder), written.append)
    assert written[2].startswith("| charts | 4 | 0 | 0 | 4 | 0 | 9 | 8 | 2 |")
    assert "inactive 1" in written[2]
    assert len(written) == 5 + len(REFUSAL_REASONS)


def test_an_empty_row_takes_no_time_per_resource():
    assert Row(folder="x").ms_per_resource == 0


@pytest.mark.parametrize(
    "name", ["edge_fhir_test_cases", "edge_google_primitives", "edge_microsoft_fhir_server", "edge_wrong_version"]
)
def test_no_file_of_the_edge_cases_raises(shared_data, name):
    row = survey_files(name, sorted(p for p in (shared_data / "fhir" / name).rglob("*") if p.is_file()))
    assert row.files > 40
    assert row.refused.keys() <= REFUSAL_REASONS.keys()
