"""Bad input from the FHIR resource to the findings: each kind has one stated behaviour.

The behaviours are told in docs/explanation/vital-signs.md.
"""

import pytest

from cds_service.clinical import critical_labs, critical_vitals, news2
from cds_service.clinical.rule import RuleContext, RuleResult
from cds_service.clinical.scores import Score, bmi, egfr
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.mapping import map_case
from tests.support.fhir_values import LOINC, NOW, SNOMED, bundle, coded, condition, observation, patient, quantity

RULES = (news2.RULE, *critical_vitals.RULES, critical_labs.RULE)


def chart(*resources, person=None):
    prefetch = {"patient": person or patient(), "rest": bundle(*resources)}
    return map_case(prefetch, patient_id="p1", encounter_id=None, now=NOW)


def run(*resources, person=None):
    case = chart(*resources, person=person)
    context = RuleContext(case=case, setting=Setting.FAMILY_PRACTICE)
    results = [rule.evaluate(context) for rule in RULES]
    return RuleResult(
        findings=tuple(f for r in results for f in r.findings),
        not_evaluated=tuple(n for r in results for n in r.not_evaluated),
    )


def scored(score, *resources, person=None):
    return score(RuleContext(case=chart(*resources, person=person), setting=Setting.FAMILY_PRACTICE))


def at(clock):
    return f"2031-05-06T{clock}Z"


def vital(code, value, unit, **more):
    return observation(code, value, unit, ucum=unit, **more)


def lab(code, value, unit, **more):
    return observation(code, value, unit, ucum=unit, category="laboratory", **more)


def pressure(systolic, diastolic, unit="mm[Hg]", **more):
    parts = [
        {"code": coded(LOINC, code), "valueQuantity": quantity(value, unit, unit)}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return observation("85354-9", component=parts, **more)


def whole(**changes):
    """A whole, normal set of vital signs at 11:30."""
    values = {"rate": 16, "spo2": 97, "pulse": 76, "temperature": 37.0, "systolic": 124} | changes
    given = (
        ("9279-1", values["rate"], "/min"),
        ("59408-5", values["spo2"], "%"),
        ("8867-4", values["pulse"], "/min"),
        ("8310-5", values["temperature"], "Cel"),
    )
    made = [vital(code, value, unit, id=f"o{code}") for code, value, unit in given if value is not None]
    alert = observation("80288-4", valueCodeableConcept={"text": values.get("level", "Alert")}, id="oa")
    air = observation("107117-4", valueCodeableConcept={"text": "Room air"}, id="ox")
    return (*made, pressure(values["systolic"], 80, id="op"), alert, air)


def total(result):
    (found,) = (f for f in result.findings if f.rule == "news2")
    return found


def note(result, what):
    return " ".join(n.reason for n in result.not_evaluated if n.what == what)


IMPOSSIBLE = [
    ("a Fahrenheit figure called Celsius", vital("8310-5", 98.6, "Cel"), "temperature", "98.6 °C"),
    ("a Celsius figure called Fahrenheit", vital("8310-5", 37, "[degF]"), "temperature", "2.78 °C"),
    ("a share called per cent", vital("59408-5", 0.97, "%"), "oxygen saturation", "0.97 %"),
    ("a saturation over a hundred", vital("59408-5", 101, "%"), "oxygen saturation", "101 %"),
    ("a typing error", vital("8867-4", 760, "/min"), "heart rate", "760 per minute"),
    ("kilopascals called mmHg", pressure(16.3, 10.6), "systolic blood pressure", "16.3 mmHg"),
    ("more kilopascals called mmHg", pressure(24.7, 14.5), "systolic blood pressure", "24.7 mmHg"),
]


@pytest.mark.parametrize(("_", "resource", "what", "shown"), IMPOSSIBLE, ids=[row[0] for row in IMPOSSIBLE])
def test_an_impossible_vital_sign_is_shown_as_such_and_never_scored(_, resource, what, shown):
    result = run(resource)
    assert [f for f in result.findings if f.priority > Priority.LOW] == []
    assert f"recorded as {shown}, which is not possible" in note(result, what)


def test_a_number_too_long_for_a_vital_sign_is_not_repeated():
    result = run(vital("8867-4", 5551234567, "/min"))
    assert "not possible" in note(result, "heart rate")
    assert "555" not in note(result, "heart rate")


def test_an_impossible_value_of_a_labelled_resource_is_not_repeated():
    label = {"security": [coded("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R")["coding"][0]]}
    result = run(vital("8867-4", 760, "/min", meta=label))
    assert "not possible" in note(result, "heart rate")
    assert "760" not in note(result, "heart rate")


@pytest.mark.parametrize(
    ("code", "value", "unit", "shown"),
    [
        ("2160-0", 88, "mg/dL", "88 mg/dL"),  # micromoles called milligrams
        ("2160-0", 45, "mg/dL", "45 mg/dL"),
        ("2160-0", 5, "umol/L", "0.06 mg/dL"),  # milligrams called micromoles
        ("2823-3", 45, "mmol/L", "45 mmol/L"),
    ],
)
def test_an_impossible_laboratory_result_is_shown_as_such_and_raises_no_alarm(code, value, unit, shown):
    result = run(lab(code, value, unit))
    assert not result.findings
    what = "creatinine" if code == "2160-0" else "potassium"
    assert f"recorded as {shown}, which is not possible" in note(result, what)


def test_right_units_of_another_kind_are_converted():
    kilopascals = run(pressure(11.3, 7.3, "kPa"))
    assert any(f.values.get("limit") == "adult-systolic-low" for f in kilopascals.findings)
    score = scored(egfr, lab("2160-0", 88.4, "umol/L"))
    assert score.inputs["creatinine_mg_dl"] == pytest.approx(1.0, abs=0.01)
    pounds = (vital("29463-7", 150, "[lb_av]", id="w"), vital("8302-2", 170, "cm", id="h"))
    assert scored(bmi, *pounds).value == 23.5


def test_pounds_called_kilograms_give_no_index_when_an_earlier_weight_tells():
    height = vital("8302-2", 170, "cm", id="h")
    now, before = vital("29463-7", 150, "kg", id="w"), vital("29463-7", 68, "kg", id="v", at="2031-03-01T10:00:00Z")
    assert "pounds or kilograms" in scored(bmi, now, before, height).reason
    assert isinstance(scored(bmi, now, height), Score)  # alone it cannot be told from a heavy person


def test_a_unit_that_does_not_fit_is_refused_and_counted():
    made = chart(vital("8867-4", 76, "kg"))
    assert [r.reason for r in made.refused] == ["no-unit"]
    assert not made.vitals


def test_swapped_pressures_are_named_and_neither_is_used():
    result = run(*whole()[:-3], pressure(80, 124, id="op"))
    assert total(result).values["systolic"] is None
    assert total(result).at_least
    assert "swapped" in note(result, "systolic blood pressure")
    assert "swapped" in note(result, "diastolic blood pressure")


def test_two_rounds_seconds_apart_are_not_mixed():
    first = [r | {"effectiveDateTime": at("11:30:00")} for r in whole(pulse=132)]
    second = [r | {"effectiveDateTime": at("11:30:20"), "id": r["id"] + "b"} for r in whole(rate=26)]
    found = total(run(*first, *second))
    assert (found.values["respiratory_rate"], found.values["heart_rate"]) == (3, 0)
    assert found.values["score"] == 3


def test_single_values_seconds_apart_are_one_round():
    spread = [r | {"effectiveDateTime": at(f"11:30:{10 * i:02d}")} for i, r in enumerate(whole()[:5])]
    found = total(run(*spread, *(r | {"effectiveDateTime": at("11:30:55")} for r in whole()[5:])))
    assert (found.values["score"], found.at_least) == (0, False)


@pytest.mark.parametrize(("rate", "points"), [(20.4, 0), (20.5, 2), (24.4, 2), (24.5, 3)])
def test_decimals_are_rounded_half_up_to_the_steps_of_the_score(rate, points):
    assert total(run(*whole(rate=rate))).values["respiratory_rate"] == points


def test_a_missing_saturation_makes_a_least_that_does_not_reassure():
    found = total(run(*whole(spo2=None)))
    assert found.at_least
    assert "does not reassure" in found.title


def test_stale_vital_signs_are_not_as_of_now():
    old = [r | {"effectiveDateTime": "2031-05-05T11:00:00Z"} for r in whole(spo2=80)]
    result = run(*old)
    assert not result.findings
    assert "older than 24 hours" in note(result, "oxygen saturation")


def test_a_round_dated_hours_ahead_is_not_scored_and_not_called_old():
    ahead = [r | {"effectiveDateTime": "2031-05-06T17:00:00Z"} for r in whole(spo2=80)]
    result = run(*ahead)
    assert not result.findings
    assert "dated in the future" in note(result, "vital signs")


def test_children_and_pregnant_people_have_limits_of_their_own():
    child = run(*whole(pulse=128, rate=30), person=patient(birthDate="2029-05-01"))
    assert not child.findings
    pregnant = condition(
        "Pregnancy", code={**coded(SNOMED, "77386006"), "text": "Pregnancy"}, recordedDate="2031-04-01"
    )
    found = run(*whole()[:-3], pressure(164, 96, id="op"), pregnant).findings
    assert {f.rule for f in found} == {"critical-vitals-pregnancy"}


@pytest.mark.parametrize(("born", "judged"), [("1960", True), ("2015", False), ("2020", False)])
def test_a_birth_year_counts_where_it_leaves_no_doubt(born, judged):
    result = run(*whole(), person=patient(birthDate=born))
    assert any(f.rule == "news2" for f in result.findings) is judged
    if born == "2015":
        assert "too coarse" in note(result, "NEWS2")


def test_a_code_goes_before_the_words_beside_it():
    voice = {**coded(SNOMED, "300202002"), "text": "Alert"}
    found = total(run(*whole()[:-2], observation("80288-4", valueCodeableConcept=voice, id="oa")))
    assert found.values["consciousness"] == 3


@pytest.mark.parametrize(("gcs", "points"), [(15, 0), (14, 0), (13, 3), (9, 3)])
def test_alert_with_a_coma_scale_that_says_otherwise_counts_as_not_alert(gcs, points):
    found = total(run(*whole(), observation("9269-2", gcs, "{score}", ucum="{score}", id="og")))
    assert found.values["consciousness"] == points


def test_a_code_of_another_system_or_words_alone_make_no_coded_condition():
    words = condition("On dialysis", code={"text": "On dialysis"})
    foreign = condition("x", code={**coded("http://example.org", "Z99.2"), "text": "x"})
    assert isinstance(scored(egfr, lab("2160-0", 1.0, "mg/dL"), words, foreign), Score)
