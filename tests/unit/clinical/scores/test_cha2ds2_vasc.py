"""CHA2DS2-VASc: each part by its codes, ages from both sides, whom it is for."""

from dataclasses import replace

import pytest

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores import NotComputed, Score, cha2ds2_vasc
from cds_service.clinical.scores.cha2ds2_vasc import age_points
from cds_service.clinical.scores.conditions import GROUPS
from cds_service.settings import Setting
from fhir_mappers.case import Missing
from tests.unit.clinical.build import case, person, problem
from tests.unit.clinical.scores.test_kidney import ICD, SNOMED, reference

FIBRILLATION = problem("", (ICD, "I48.0"))


def of(*problems, who=None, **fields):
    chart = case(who=who or person(50, sex="male"), problems=(FIBRILLATION, *problems), **fields)
    return cha2ds2_vasc(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE))


@pytest.mark.parametrize(("age", "points"), [(64, 0), (65, 1), (74, 1), (75, 2)])
def test_age_from_both_sides(age, points):
    assert age_points(age) == points
    assert of(who=person(age, 6, sex="male")).value == points


@pytest.mark.parametrize(
    ("system", "code", "part", "points"),
    [
        (ICD, "I50.22", "heart_failure", 1),
        (SNOMED, "88805009", "heart_failure", 1),
        (ICD, "I10", "hypertension", 1),
        (ICD, "I11.0", "heart_failure", 1),
        (SNOMED, "59621000", "hypertension", 1),
        (ICD, "E11.9", "diabetes", 1),
        (SNOMED, "44054006", "diabetes", 1),
        (ICD, "I63.9", "stroke_or_embolism", 2),
        (ICD, "G45.9", "stroke_or_embolism", 2),
        (ICD, "Z86.73", "stroke_or_embolism", 2),
        (SNOMED, "230690007", "stroke_or_embolism", 2),
        (ICD, "I25.2", "vascular_disease", 1),
        (SNOMED, "22298006", "vascular_disease", 1),
    ],
)
def test_each_condition_counts_by_code(system, code, part, points):
    score = of(problem("", (system, code)))
    assert score.inputs[part] == points
    assert score.value >= points
    assert of().inputs[part] == 0


@pytest.mark.parametrize(
    ("system", "code"),
    [(ICD, "I61.9"), (ICD, "G45.4"), (ICD, "R73.03"), (ICD, "I26.99"), (ICD, "I25.10"), (SNOMED, "I10"), (ICD, "I14")],
)
def test_what_does_not_count(system, code):
    assert of(problem("", (system, code))).value == 0


def test_two_codes_of_one_part_count_once_and_everything_is_nine():
    codes = ("I50.9", "I10", "I13.0", "E11.9", "I63.9", "G45.9", "I25.2")
    score = of(*(problem("", (ICD, c)) for c in codes), who=person(80))
    assert (score.value, score.inputs["without_sex"], score.at_least) == (9, 8, False)


def test_below_nine_the_total_is_a_least_since_a_condition_may_stand_elsewhere():
    assert of().at_least


def test_a_suspicion_does_not_count():
    suspected = replace(problem("", (ICD, "I63.9")), verification="provisional")
    assert of(suspected).value == 0


def test_it_is_for_adults_with_fibrillation_and_without_valve_disease():
    chart = case(who=person(70), problems=(problem("", (ICD, "I10")),))
    context = RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)
    assert cha2ds2_vasc(context).reason == "no atrial fibrillation is coded"
    assert "mitral stenosis" in of(problem("", (ICD, "I05.0"))).reason
    assert isinstance(of(who=person(17, 11)), NotComputed)
    assert isinstance(of(who=person(18, 1)), Score)


def test_what_is_missing_is_named():
    assert of(who=person(sex=None, birth=None)).missing == ("birth date", "sex")
    unread = case(missing=(Missing(what="conditions", reason="not sent"),))
    assert cha2ds2_vasc(RuleContext(case=unread, setting=Setting.ED)).missing == ("problems",)


def test_agrees_with_a_worked_case_of_the_reference_set(shared_data):
    row = reference(shared_data, "4")  # a man of 62 with a stroke
    assert of(problem("", (ICD, "I63.9")), who=person(62, sex="male")).value == int(row["Ground Truth Answer"])


def test_the_groups_of_conditions_have_names_and_codes():
    for group in GROUPS.values():
        assert group.name
        assert group.icd10.pattern
        assert all(code.isdigit() for code in group.snomed)
