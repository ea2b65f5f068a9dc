"""Vital signs, rounds, laboratory results, coded results, units."""

from decimal import Decimal

import pytest

from tests.support.fhir_values import LOINC, SNOMED, TODAY, coded, observation, quantity


def at(clock):
    return f"2031-05-06T{clock}Z"


def vital(chart, *resources):
    return chart(*resources).vitals[0].values


@pytest.mark.parametrize(
    ("code", "value", "unit", "ucum", "kind", "expected"),
    [
        ("8310-5", 98.6, "F", "[degF]", "temperature", "37"),
        ("8310-5", 98.6, "degF", None, "temperature", "37"),
        ("8331-1", 38.5, "°C", None, "temperature", "38.5"),
        ("75539-7", 38.5, "°C", None, "temperature", "38.5"),
        ("29463-7", 150, "lb", "[lb_av]", "weight", "68.0389"),
        ("8302-2", 70, "in", "[in_i]", "height", "177.8"),
        ("8867-4", 88, "bpm", None, "heart_rate", "88"),
        ("8867-4", 88, "beats/minute", "{beats}/min", "heart_rate", "88"),
        ("8480-6", 16, "kPa", "kPa", "systolic", "120.01"),
        ("8480-6", 120, "mmHg", None, "systolic", "120"),
        ("59408-5", 0.97, "1", "1", "spo2", "97"),
        ("72514-3", 4, "{score}", "{score}", "pain", "4"),
        ("9269-2", 14, None, None, "gcs", "14"),
    ],
)
def test_a_vital_sign_is_converted_to_its_canonical_unit(chart, code, value, unit, ucum, kind, expected):
    measured = vital(chart, observation(code, value, unit, ucum=ucum))[kind]
    assert measured.value == Decimal(expected)
    assert measured.plausible


@pytest.mark.parametrize(("unit", "ucum"), [(None, None), ("furlong", None), ("kg", "kg")])
def test_a_heart_rate_without_a_fitting_unit_is_refused(reasons, unit, ucum):
    assert reasons(observation("8867-4", 88, unit, ucum=ucum)) == ["no-unit"]


def test_a_fahrenheit_figure_called_celsius_is_kept_and_called_implausible(chart):
    assert not vital(chart, observation("8310-5", 98.6, "Cel", ucum="Cel"))["temperature"].plausible


def test_the_value_as_written_is_kept(chart):
    assert vital(chart, observation("8310-5", 98.6, "F", ucum="[degF]"))["temperature"].as_written == "98.6 F"


def panel(systolic, diastolic, **more):
    parts = [
        {"code": coded(LOINC, code), "valueQuantity": quantity(value, "mmHg", "mm[Hg]")}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return observation("85354-9", component=parts, **more)


def test_a_blood_pressure_panel_is_read_from_its_components(chart):
    case = chart(panel(130, 80))
    assert {k: v.value for k, v in case.vitals[0].values.items()} == {"systolic": 130, "diastolic": 80}
    assert case.refused == ()


def test_swapped_pressures_are_implausible(chart):
    assert [v.plausible for v in vital(chart, panel(80, 130)).values()] == [False, False]


def test_an_absent_component_costs_itself_alone(chart):
    resource = panel(130, 80)
    del resource["component"][1]["valueQuantity"]
    resource["component"][1]["dataAbsentReason"] = {"text": "not tried"}
    case = chart(resource)
    assert list(case.vitals[0].values) == ["systolic"]
    assert [(r.reason, r.where) for r in case.refused] == [("absent", "Observation.component")]


def test_pulse_oximetry_with_two_codings_is_one_saturation_with_its_oxygen(chart):
    resource = observation("59408-5", 92, "%", ucum="%")
    resource["code"]["coding"].append({"system": LOINC, "code": "2708-6"})
    resource["component"] = [
        {"code": coded(LOINC, "3151-8"), "valueQuantity": quantity(6, "L/min", "L/min")},
        {"code": coded(LOINC, "107117-4"), "valueString": "nasal_cannula"},
    ]
    (only,) = chart(resource).vitals
    assert {k: v.value for k, v in only.values.items()} == {"spo2": 92, "oxygen_flow": 6}
    assert only.coded["oxygen_delivery"].concept.label == "nasal cannula"


@pytest.mark.parametrize("status", ["cancelled", "registered"])
def test_an_observation_that_is_not_final_is_refused(reasons, status):
    assert reasons(observation("8867-4", 88, "/min", ucum="/min", status=status)) == ["inactive"]


def test_entered_in_error_and_absent_values_are_refused(reasons):
    assert reasons(observation("8867-4", 88, "/min", ucum="/min", status="entered-in-error")) == ["entered-in-error"]
    assert reasons(observation("8867-4", dataAbsentReason={"text": "not asked"})) == ["absent"]


def test_a_code_of_another_system_is_no_vital_sign(chart):
    resource = observation("8867-4", 88, "/min", ucum="/min")
    resource["code"]["coding"][0]["system"] = "http://example.org/local"
    assert chart(resource).vitals == ()


def test_a_reading_of_something_else_than_the_patient_is_refused(reasons):
    fetus = observation("8867-4", 150, "/min", ucum="/min", focus=[{"reference": "BodyStructure/fetus"}])
    assert reasons(fetus) == ["wrong-patient"]


def test_a_reading_dated_next_week_is_not_believed(reasons):
    assert reasons(observation("8867-4", 88, "/min", ucum="/min", at="2031-05-13T10:00:00Z")) == ["future"]


def test_a_reading_without_an_exact_time_is_in_no_round(reasons):
    assert reasons(observation("8867-4", 88, "/min", ucum="/min", at="2031-05")) == ["no-time"]
    assert reasons(observation("8867-4", 88, "/min", ucum="/min", at=None)) == ["no-time"]


# -- rounds ----------------------------------------------------------------------------------------------------------


def rate(value, clock):
    return observation("8867-4", value, "/min", ucum="/min", at=at(clock))


def breaths(value, clock):
    return observation("9279-1", value, "/min", ucum="/min", at=at(clock))


def values(case):
    return [{k: int(v.value) for k, v in r.values.items()} for r in case.vitals]


def test_values_minutes_apart_are_one_round(chart):
    case = chart(rate(88, "10:00:00"), breaths(18, "10:04:00"))
    assert values(case) == [{"heart_rate": 88, "respiratory_rate": 18}]
    assert case.vitals[0].when.minute == 4


def test_values_more_than_ten_minutes_apart_are_two_rounds_newest_first(chart):
    assert values(chart(rate(88, "10:00:00"), breaths(18, "10:11:00"))) == [
        {"respiratory_rate": 18},
        {"heart_rate": 88},
    ]


def test_a_repeated_kind_starts_a_round_even_seconds_later(chart):
    case = chart(rate(88, "10:00:00"), breaths(18, "10:00:00"), rate(140, "10:00:20"), breaths(30, "10:00:20"))
    assert values(case) == [{"heart_rate": 140, "respiratory_rate": 30}, {"heart_rate": 88, "respiratory_rate": 18}]


def test_an_older_round_never_fills_the_gaps_of_a_newer_one(chart):
    older = (rate(88, "10:00:00"), breaths(18, "10:00:00"))
    assert values(chart(*older, rate(140, "10:02:00"))) == [
        {"heart_rate": 140},
        {"heart_rate": 88, "respiratory_rate": 18},
    ]


def test_the_same_value_charted_twice_at_one_instant_is_one_value(chart):
    assert values(chart(rate(88, "10:00:00"), rate(88, "10:00:00"))) == [{"heart_rate": 88}]


def test_two_values_of_one_instant_are_both_kept_in_rounds_of_their_own(chart):
    both = values(chart(rate(88, "10:00:00"), rate(120, "10:00:00"), breaths(18, "10:00:00")))
    assert both == [{"heart_rate": 120, "respiratory_rate": 18}, {"heart_rate": 88}]


def test_consciousness_is_part_of_its_round_as_written(chart):
    level = observation("80288-4", at=TODAY, valueCodeableConcept={"text": "Responds to voice"})
    (only,) = chart(level, observation("8867-4", 88, "/min", ucum="/min")).vitals
    assert only.coded["consciousness"].concept.label == "Responds to voice"
    assert list(only.values) == ["heart_rate"]


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("NEWS2 SpO2 scale", {"valueInteger": 2}, "yes"),
        ("NEWS2 SpO2 scale", {"valueInteger": 1}, "no"),
        ("SpO2 scale", {"valueString": "Scale 2 (target 88-92%)"}, "yes"),
        ("Target oxygen saturation", {"valueString": "94-98%"}, "no"),
    ],
)
def test_a_documented_saturation_scale_is_a_coded_result(chart, question, answer, expected):
    resource = observation("0000-0") | {"code": {"text": question}} | answer
    (result,) = chart(resource).coded_results
    assert (result.kind, result.concept.text) == ("spo2_scale_2", expected)


# -- laboratory ------------------------------------------------------------------------------------------------------


def lab(code, value, unit, when="2031-05-01", **more):
    return observation(code, value, unit, at=when, category="laboratory", **more)


@pytest.mark.parametrize(
    ("code", "value", "unit", "loinc", "expected"),
    [
        ("15074-8", 5.5, "mmol/L", "2345-7", "99.0858"),
        ("14682-9", 100, "umol/L", "2160-0", "1.1312"),
        ("6298-4", 4.1, "mEq/L", "2823-3", "4.1"),
        ("718-7", 135, "g/L", "718-7", "13.5"),
        ("777-3", 250, "10*9/L", "777-3", "250"),
        ("6690-2", 9.1, "K/uL", "6690-2", "9.1"),
        ("6301-6", 2.4, None, "6301-6", "2.4"),
        ("9318-7", 3, "mg/mmol", "9318-7", "26.5205"),
        ("17861-6", 5, "meq/L", "17861-6", "10.0195"),
    ],
)
def test_a_lab_result_is_converted_and_joined_under_one_code(chart, code, value, unit, loinc, expected):
    assert chart(lab(code, value, unit)).lab(loinc).latest.value == Decimal(expected)


def test_hba1c_in_ifcc_units_goes_through_the_master_equation_and_not_through_a_ratio(chart):
    assert chart(lab("4548-4", 53, "mmol/mol")).lab("4548-4").latest.value == Decimal("7")


def test_a_series_stands_newest_first_in_one_unit(chart):
    case = chart(
        lab("2160-0", 1.0, "mg/dL", "2031-01-01"), lab("38483-4", 2.0, "mg/dL", "2031-05-01"),
        lab("14682-9", 132.6, "umol/L", "2031-03-01"),
    )  # fmt: skip
    (series,) = case.labs
    assert [round(r.value, 2) for r in series.results] == [2, Decimal("1.50"), 1]
    assert {r.unit for r in series.results} == {"mg/dL"}


def test_assays_that_do_not_compare_stay_apart(chart):
    case = chart(lab("10839-9", 0.02, "ng/mL"), lab("89579-7", 20, "ng/L"))
    assert [s.loinc for s in case.labs] == ["10839-9", "89579-7"]


def test_an_egfr_with_a_race_coefficient_is_not_read_as_egfr(chart):
    assert chart(lab("88293-6", 70, "mL/min/{1.73_m2}")).lab("33914-3") is None


def test_another_numeric_lab_is_kept_in_its_ucum_unit_only(chart, reasons):
    assert chart(lab("2276-4", 80, "ug/L")).lab("2276-4").latest.unit == "ug/L"
    assert reasons(lab("2276-4", 80, "spoons")) == ["no-unit"]


def test_a_comparator_is_kept(chart):
    resource = lab("89579-7", 3, "ng/L")
    resource["valueQuantity"]["comparator"] = "<"
    latest = chart(resource).lab("89579-7").latest
    assert (latest.comparator, latest.as_written) == ("<", "<3 ng/L")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, True, "many"])
def test_a_value_that_is_no_sane_number_is_refused(chart, value):
    case = chart(lab("2823-3", value, "mmol/L"))
    assert case.labs == ()
    assert len(case.refused) == 1


# -- pregnancy -------------------------------------------------------------------------------------------------------


def test_a_pregnancy_status_names_its_source(chart):
    case = chart(observation("82810-3", valueCodeableConcept=coded(SNOMED, "77386006")))
    assert (case.demographics.pregnant, case.demographics.pregnancy_source) == (True, "obs-1")


def test_an_old_pregnancy_status_says_nothing(chart):
    old = observation("82810-3", at="2029-01-01", valueCodeableConcept=coded(SNOMED, "77386006"))
    assert chart(old).demographics.pregnant is None


def test_the_newest_pregnancy_status_counts(chart):
    yes = observation("82810-3", at="2031-02-01", valueCodeableConcept=coded(SNOMED, "77386006"))
    no = observation("82810-3", at="2031-05-01", valueCodeableConcept=coded(SNOMED, "60001007"))
    assert chart(yes, no).demographics.pregnant is False


def test_2106_3_is_a_pregnancy_test_in_loinc_and_a_race_in_the_cdc_system(chart):
    positive = coded(SNOMED, "10828004")
    assert chart(observation("2106-3", valueCodeableConcept=positive)).demographics.pregnant is True
    race = observation("2106-3", valueCodeableConcept=positive)
    race["code"]["coding"][0]["system"] = "urn:oid:2.16.840.1.113883.6.238"
    assert chart(race).demographics.pregnant is None


@pytest.mark.parametrize(
    ("code", "value", "unit"),
    [("1558-6", 100, "mg/dL"), ("32016-8", 100, "mg/dL"), ("14771-0", 5.55, "mmol/L")],
)
def test_fasting_and_capillary_glucose_are_one_series_with_glucose(chart, code, value, unit):
    assert round(chart(lab(code, value, unit)).lab("2345-7").latest.value) == 100


def test_two_hour_glucose_is_another_test(chart):
    assert chart(lab("1518-0", 100, "mg/dL")).lab("2345-7") is None


@pytest.mark.parametrize(
    ("said", "preliminary", "haemolysed"),
    [
        ({}, False, False),
        ({"status": "preliminary"}, True, False),
        ({"note": [{"text": "Specimen grossly hemolyzed, please redraw"}]}, False, True),
        ({"interpretation": [{"text": "haemolysed"}]}, False, True),
        ({"note": [{"text": "specimen not hemolyzed"}]}, False, False),
        ({"note": [{"text": "No visible haemolysis"}]}, False, False),
    ],
)
def test_what_the_laboratory_says_of_a_result_is_kept(chart, said, preliminary, haemolysed):
    result = chart(observation("2823-3", 6.9, "mmol/L", category="laboratory", **said)).lab("2823-3").latest
    assert (result.preliminary, result.haemolysed) == (preliminary, haemolysed)
