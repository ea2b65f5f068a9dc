"""Cases from a file of synthetic ones and from the package, and what a broken line or a refused chart costs."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from cds_service.assessor import AssessmentTask
from cds_service.domain import Priority
from cds_service.evaluation.assessment.cases import UnreadableCases, synthetic, vignettes, walk
from cds_service.settings import Setting
from fhir_mappers.errors import MappingError
from tests.support.charts import BREATHLESS, finding
from tests.support.fhir_values import patient

FP, ED = Setting.FAMILY_PRACTICE, Setting.ED
AT = "2026-03-01T10:00:00+00:00"


def line(name, *, part="test", setting="ed", gold="High", at=AT):
    request = {
        "hook": "patient-view",
        "hookInstance": "00000000-0000-4000-8000-000000000001",
        "context": {"userId": "Practitioner/n", "patientId": name},
        "prefetch": {"patient": patient(id=name)},
    }
    return {"id": name, "part": part, "setting": setting, "at": at, "gold": {"priority": gold}, "request": request}


@pytest.fixture
def file(tmp_path):
    def write(*lines):
        path = tmp_path / "cases.jsonl"
        path.write_text("\n".join(entry if isinstance(entry, str) else json.dumps(entry) for entry in lines))
        return path

    return write


def test_only_held_out_cases_of_the_chosen_settings_are_taken(file):
    path = file(line("a"), line("b", part="train"), line("c", setting="family-practice"), line("d", part="validation"))
    assert [(s.name, [c.id for c in s.cases]) for s in synthetic(path, [ED])] == [("synthetic ed", ["a"])]
    assert [s.setting for s in synthetic(path, [FP, ED])] == [FP, ED]


def test_a_broken_case_costs_itself_and_is_counted(file):
    path = file(line("a"), "{no json", line("b", gold="Soon"), line("c", at="2026-03-01T10:00:00"), {"part": "test"})
    (found,) = synthetic(path, [ED])
    assert [c.id for c in found.cases] == ["a"]
    assert sum(found.left_out.values()) == 3


def test_a_file_without_a_held_out_case_is_refused(file):
    with pytest.raises(UnreadableCases, match="held-out"):
        synthetic(file(line("a", part="train")), [ED])


def test_the_hash_of_a_set_is_that_of_what_is_asked_and_expected(file):
    (one,) = synthetic(file(line("a"), line("b")), [ED])
    (same,) = synthetic(file(line("a"), line("b"), line("c", part="train")), [ED])
    (other,) = synthetic(file(line("a"), line("b", gold="Low")), [ED])
    assert one.sha256 == same.sha256 != other.sha256


def test_the_packaged_vignettes_come_part_by_part_and_may_be_limited():
    sets = vignettes("all", ED)
    assert [s.name for s in sets] == ["vignettes tuning ed", "vignettes kept-out ed"]
    assert len(sets[0].limited(7).cases) == 7


@dataclass
class Road:
    """Stations that refuse the chart of `b` and cannot use that of `c`."""

    index_version: str = "i1"

    def walk(self, call, at):
        name = call.context.patient_id
        if name == "c":
            raise MappingError("no patient")
        found = (finding(Priority.HIGH),)
        task = AssessmentTask(case=BREATHLESS, findings=found, passages=(), not_evaluated=(), versions={})
        return SimpleNamespace(findings=found, task=lambda versions: None if name == "b" else task)


def test_a_refused_chart_keeps_its_floor_and_is_not_asked_about(file):
    (chosen,) = synthetic(file(line("a"), line("b"), line("c")), [ED])
    asked = walk(chosen, Road(), {"prompt": "4"}, lambda share: None)
    assert [(q.id, q.floor, q.task is None) for q in asked.questions] == [
        ("a", Priority.HIGH, False), ("b", Priority.HIGH, True),
    ]  # fmt: skip
    assert [q.id for q in asked.asked] == ["a"]
    assert asked.left_out == {"no usable patient": 1}


def test_a_set_without_a_usable_patient_is_refused(file):
    (chosen,) = synthetic(file(line("c")), [ED])
    with pytest.raises(UnreadableCases, match="synthetic ed"):
        walk(chosen, Road(), {}, lambda share: None)
