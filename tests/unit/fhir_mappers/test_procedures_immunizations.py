"""Procedures that were done and vaccines that were given: what counts and what does not."""

import pytest

from fhir_mappers.case import Precision
from fhir_mappers.mapping import map_case
from fhir_mappers.received import FIRST_PAGE, PARTLY_REFUSED
from tests.support.fhir_values import ME, NOW, SNOMED, bundle, coded, observation, patient

CVX = "http://hl7.org/fhir/sid/cvx"
OTHER = {"reference": "Patient/somebody-else"}
NEXT = {"link": [{"relation": "next", "url": "https://ehr.example/page/2"}]}


def procedure(**more):
    return {
        "resourceType": "Procedure", "status": "completed", "subject": ME, "performedDateTime": "2029-04-02",
        "code": coded(SNOMED, "73761001", "Colonoscopy"),
    } | more  # fmt: skip


def immunization(**more):
    return {
        "resourceType": "Immunization", "status": "completed", "patient": ME, "occurrenceDateTime": "2030-10-02",
        "vaccineCode": coded(CVX, "140"),
    } | more  # fmt: skip


def without(resource, key):
    return {k: v for k, v in resource.items() if k != key}


def test_a_completed_procedure_is_kept_with_its_code_and_day(chart):
    case = chart(procedure(id="a"))
    (done,) = case.procedures
    assert done.concept.has(SNOMED, "73761001")
    assert (done.when.start.date().isoformat(), done.when.precision) == ("2029-04-02", Precision.DAY)
    assert case.sources[done.source].reference == "Procedure/a"
    assert case.read["Procedure"] == 1


def test_of_a_period_its_end_counts(chart):
    period = {"start": "2029-04-02T08:00:00Z", "end": "2029-04-05T09:00:00Z"}
    case = chart(without(procedure(performedPeriod=period), "performedDateTime"))
    assert case.procedures[0].when.start.day == 5


@pytest.mark.parametrize("written", ["urn:oid:2.16.840.1.113883.12.292", CVX])
def test_a_given_dose_is_kept_with_its_cvx_code(chart, written):
    (dose,) = chart(immunization(vaccineCode=coded(written, "140"))).immunizations
    assert dose.concept.has(CVX, "140")
    assert dose.when.start.date().isoformat() == "2030-10-02"


@pytest.mark.parametrize("made", [procedure, immunization])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"status": "not-done"}, "refuted"),
        ({"status": "no such word"}, "invalid"),
        ({"subject": OTHER, "patient": OTHER}, "wrong-patient"),
        ({"subject": {"display": "somebody"}, "patient": {"display": "somebody"}}, "no-subject"),
        ({"performedDateTime": "2032-01-01", "occurrenceDateTime": "2032-01-01"}, "future"),
        ({"code": {"coding": [{"system": SNOMED}]}, "vaccineCode": {"coding": [{"system": CVX}]}}, "no-value"),
        ({"modifierExtension": [{"url": "https://x.example/negated", "valueBoolean": True}]}, "modifier-extension"),
    ],
)
def test_bad_input_costs_the_resource_alone_and_is_said(chart, made, change, reason):
    own = {k: v for k, v in change.items() if k in {**made(), "modifierExtension": 1}}
    case = chart(made(**own), observation("8867-4", 70, "/min"))
    assert (case.procedures, case.immunizations) == ((), ())
    assert [r.reason for r in case.refused] == [reason]
    assert case.vitals


@pytest.mark.parametrize("status", ["preparation", "in-progress", "on-hold", "stopped", "unknown"])
def test_a_procedure_that_is_not_completed_does_not_count(reasons, status):
    assert reasons(procedure(status=status)) == ["inactive"]


def test_a_dose_that_was_too_weak_does_not_count(reasons):
    assert reasons(immunization(isSubpotent=True)) == ["inactive"]


@pytest.mark.parametrize(
    ("made", "date", "words"),
    [(procedure, "performedDateTime", "performedString"), (immunization, "occurrenceDateTime", "occurrenceString")],
)
def test_without_a_believable_date_it_was_done_at_an_unknown_time(chart, made, date, words):
    case = chart(without(made(**{words: "some time in spring"}), date))
    (kept,) = (*case.procedures, *case.immunizations)
    assert kept.when is None
    assert case.refused == ()


def test_the_day_a_dose_was_written_down_is_not_the_day_it_was_given(chart):
    dose = without(immunization(occurrenceString="in childhood", recorded="2031-01-01"), "occurrenceDateTime")
    assert chart(dose).immunizations[0].when is None


def test_the_same_resource_sent_twice_counts_once(chart):
    case = chart(procedure(id="a"), procedure(id="a"), immunization(id="a"), immunization(id="a"))
    assert (len(case.procedures), len(case.immunizations)) == (1, 1)
    assert [r.reason for r in case.refused] == ["duplicate", "duplicate"]


def test_a_resource_of_an_older_fhir_version_is_told_apart(reasons):
    assert reasons(without(immunization(date="2020-01-01", notGiven=False), "occurrenceDateTime")) == ["wrong-version"]
    assert reasons(procedure(notDone=True, context={"reference": "Encounter/1"})) == ["wrong-version"]


def test_a_restricting_label_keeps_it_for_the_rules_alone(chart):
    label = [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]
    case = chart(procedure(meta={"security": label}))
    assert case.procedures[0].source in case.sensitive


def received(prefetch, **more):
    return map_case({"patient": patient(), **prefetch}, patient_id="p1", encounter_id=None, now=NOW, **more)


def test_a_part_that_did_not_come_is_missing():
    case = received({}, absent={"procedures": "not sent by the EHR", "immunizations": "not sent by the EHR"})
    assert {m.what for m in case.missing} == {"procedures", "immunizations"}


def test_a_part_of_the_vaccinations_is_not_enough_and_of_the_procedures_it_is_noted():
    prefetch = {"procedures": bundle(procedure(), **NEXT), "immunizations": bundle(immunization(), **NEXT)}
    case = received(prefetch)
    assert [(m.what, m.reason) for m in case.missing] == [("immunizations", FIRST_PAGE)]
    assert case.first_pages == {"procedures", "immunizations"}
    assert received({"procedures": bundle(procedure())}).first_pages == frozenset()


def test_an_unreadable_one_makes_its_part_incomplete():
    case = received({"procedures": bundle(procedure(status=7), procedure())})
    assert [(m.what, m.reason) for m in case.missing] == [("procedures", PARTLY_REFUSED)]
    assert len(case.procedures) == 1


def test_names_and_lot_numbers_in_them_are_known_to_the_gate(chart):
    case = chart(
        procedure(performer=[{"actor": {"reference": "Practitioner/9", "display": "Dr. Quilla Zzyzx"}}]),
        immunization(lotNumber="LOT-77Q1", performer=[{"actor": {"display": "Orla Made-Up, RN"}}]),
    )
    values = {i.value for i in case.identifiers}
    assert {"Dr. Quilla Zzyzx", "LOT-77Q1", "Orla Made-Up, RN"} <= values


# -- screening tests and scores among the observations ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [("10524-7", "cervical_cytology"), ("77379-6", "hpv_test"), ("29771-3", "stool_blood_test"),
     ("77354-9", "stool_dna_test"), ("5196-1", "booking_blood")],
)  # fmt: skip
def test_a_screening_test_with_a_result_in_words_is_kept(chart, code, kind):
    (result,) = chart(observation(code, category="laboratory", valueString="Negative")).coded_results
    assert (result.kind, result.concept.text) == (kind, "Negative")


def test_a_screening_test_with_a_number_is_kept_as_a_laboratory_result(chart):
    case = chart(observation("57905-2", 3, "ng/mL", ucum="ng/mL", category="laboratory"))
    assert case.lab("57905-2") is not None
    assert case.coded_results == ()


@pytest.mark.parametrize(
    ("code", "value", "unit", "ucum", "read"),
    [
        ("44261-6", 14, "{score}", "{score}", 14),
        ("8664-5", 31, "{PackYears}", "{PackYears}", 31),
        ("11884-4", 175, "d", "d", 25),
        ("10230-1", 35, "%", "%", 35),
    ],
)
def test_scores_and_measures_of_any_category_are_read(chart, code, value, unit, ucum, read):
    case = chart(observation(code, value, unit, ucum=ucum, category="survey"))
    (series,) = case.labs
    assert series.latest.value == read


def test_an_impossible_score_is_shown_as_such(chart):
    assert (
        chart(observation("44261-6", 41, "{score}", ucum="{score}", category="survey")).labs[0].latest.plausible
        is False
    )
