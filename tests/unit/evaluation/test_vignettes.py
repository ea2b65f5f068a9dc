"""The project's own vignettes: whole, balanced, and turned into the requests that they describe."""

import re
from collections import Counter

import pytest
from click.testing import CliRunner

from cds_service.commands.evaluate_triage import vignettes
from cds_service.domain import Priority
from cds_service.evaluation.triage.visits import hook_call
from cds_service.evaluation.vignettes.reading import Part, packaged, read
from cds_service.evaluation.vignettes.requests import NOW, request_for
from cds_service.settings import Setting
from fhir_mappers.mapping import map_case

ONE = """
[[vignette]]
id = "x1"
age_months = 8
sex = "female"
complaint = "feverish since yday"
note = "no rash"
problems = ["eczema"]
medicines = ["paracetamol"]
allergies = ["penicillin"]
priority = "High"
ed_priority = "Medium"
label_source = "A guideline 2019"
label_reason = "a reason"
[vignette.vitals]
heart_rate = 160
temperature_c = 39.4
oxygen = "air"
consciousness = "alert"
systolic = 90
"""


def case_of(vignette, setting=Setting.ED):
    call = hook_call(request_for(vignette, setting))
    return map_case(
        call.request.prefetch, patient_id=call.context.patient_id, encounter_id=call.context.encounter_id, now=NOW,
        declared=tuple(call.service.prefetch),
    )  # fmt: skip


def test_both_parts_are_balanced_over_the_four_priorities_and_share_no_id():
    parts = {part: packaged(part) for part in Part}
    assert sum(map(len, parts.values())) >= 150
    for found in parts.values():
        counts = Counter(v.priorities[Setting.FAMILY_PRACTICE] for v in found)
        assert len(set(counts.values())) == 1
        assert set(counts) == set(Priority)
    names = [v.id for found in parts.values() for v in found]
    assert len(set(names)) == len(names)


def test_no_complaint_stands_in_both_parts():
    written = [{v.complaint.casefold() for v in packaged(part)} for part in Part]
    assert not written[0] & written[1]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('sex = "female"', 'sex = "f"', "sex or age"),
        ("age_months = 8", "age_months = 8\nage = 1", "either age or age_months"),
        ("heart_rate = 160", "pulse = 160", "vitals.pulse"),
        ("heart_rate = 160", 'heart_rate = "160"', "vitals.heart_rate"),
        ('oxygen = "air"', 'oxygen = "mask"', "vitals.oxygen"),
        ('priority = "High"', 'priority = "Urgent"', "priority must be"),
        ('note = "no rash"', 'remark = "no rash"', "unknown fields remark"),
        ('problems = ["eczema"]', 'problems = "eczema"', "lists of names"),
        ('label_source = "A guideline 2019"', 'label_source = ""', "source and reason"),
    ],
)
def test_a_wrong_vignette_is_refused_by_name(before, after, said):
    assert len(read(ONE)) == 1
    with pytest.raises(ValueError, match=f"vignette x1: .*{said}"):
        read(ONE.replace(before, after, 1))


def test_a_vignette_becomes_the_chart_that_it_describes():
    case = case_of(read(ONE)[0])
    assert (case.demographics.sex, case.age, case.refused) == ("female", 0, ())
    assert [c.text for c in case.complaints] == ["feverish since yday"]
    assert [p.concept.label for p in case.problems] == ["eczema"]
    assert [m.concept.label for m in case.medications] == ["paracetamol"]
    assert [a.concept.label for a in case.allergies] == ["penicillin"]
    assert [d.text for d in case.documents] == ["no rash"]
    measured = {name: float(m.value) for name, m in case.vitals[0].values.items()}
    assert measured == {"heart_rate": 160.0, "temperature": 39.4, "systolic": 90.0}


def test_every_packaged_vignette_is_mapped_whole():
    for part in Part:
        for vignette in packaged(part)[::4]:
            case = case_of(vignette)
            assert (case.refused, len(case.complaints)) == ((), 1), vignette.id
            assert bool(case.demographics.pregnant) is vignette.pregnant, vignette.id
            if case.age is not None:
                assert case.age == vignette.age_months // 12, vignette.id
            if vignette.vitals:
                assert case.vitals or case.labs, vignette.id


def test_the_vignettes_kept_out_of_tuning_are_counted_and_never_listed(tmp_path):
    result = CliRunner().invoke(vignettes, ["--setting", "family-practice", "--part", "kept-out"])
    assert result.exit_code == 0, result.output
    assert f"vignettes, family-practice, kept-out: {len(packaged(Part.KEPT_OUT))} visits" in result.output
    assert re.search(
        r"urgent visits that were missed \(family-practice\): 0, and \d+ that are not listed", result.output
    )
    assert "k0" not in result.output
    arguments = ["--setting", "ed", "--part", "kept-out", "--verbose-cases", str(tmp_path / "c.jsonl")]
    assert CliRunner().invoke(vignettes, arguments).exit_code == 2
