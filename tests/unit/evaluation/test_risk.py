"""Uniqueness of patients, on the project's own synthetic cases and on public test patients."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from cds_service.commands.evaluate_risk import risk
from cds_service.evaluation.risk import people_of
from cds_service.export.risk import Generaliser
from cds_service.export.risk.classes import by, measure, sizes
from cds_service.settings import Setting
from cds_service.training.synth.write import write_cases


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("synth") / "cases.jsonl"
    write_cases(path, count=40, seed=1, setting=Setting.FAMILY_PRACTICE, part=None, show=lambda *_: None)
    return path


def test_most_synthetic_patients_are_unique_when_kept_raw_and_none_once_generalised(file):
    """The command says it of more of them: 71.6 % of 2,000, and 28.2 % by the set of conditions alone."""
    people = list(people_of(file))
    raw = measure(sizes(people, by()), 11)
    assert raw.unique / raw.subjects > 0.8
    without = measure(sizes(people, by(["age_band", "sex", "zip3", "year"])), 11)
    assert without.classes < raw.classes
    plan = Generaliser().plan(people, 5)
    assert len(plan.suppressed) <= 2
    assert min(Counter(plan.cells.values()).values()) >= 5


def test_every_public_test_patient_is_unique_and_most_by_their_conditions_alone(shared_data, tmp_path):
    """Patients whose whole life stands in the chart; of all 36 the command finds 34 by the conditions alone."""
    few = tmp_path / "few"
    few.mkdir()
    files = sorted(
        (shared_data / "fhir" / "synthea2021_uscore_notes").glob("*.json.xz"), key=lambda p: p.stat().st_size
    )
    for path in files[:3]:
        (few / path.name).symlink_to(path)
    found = list(people_of(few))
    assert len(found) == 3
    assert measure(sizes(found, by()), 11).unique == 3
    assert measure(sizes(found, by(["conditions"])), 11).unique >= 2


def test_the_command_writes_the_report(file, tmp_path):
    files = [tmp_path / name for name in ("risk.json", "risk.md", "risk.png")]
    options = [part for option, path in zip(("--json", "--markdown", "--figure"), files, strict=True)
               for part in (option, str(path))]  # fmt: skip
    result = CliRunner().invoke(risk, [str(file), "--k", "3", *options])
    assert result.exit_code == 0, result.output
    assert json.loads(files[0].read_text())["threshold"] == 3
    assert files[1].read_text().startswith("# Risk of re-identification")
    assert files[2].read_bytes().startswith(b"\x89PNG")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert CliRunner().invoke(risk, [str(empty)]).exit_code == 2
