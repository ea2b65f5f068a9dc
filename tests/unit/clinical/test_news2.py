"""NEWS2 (Royal College of Physicians 2017): every band edge, missing, mixed, stale, impossible and excluded inputs."""

import csv
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cds_service.clinical import news2
from cds_service.clinical.consciousness import Acvpu, acvpu_of
from cds_service.clinical.news2 import BANDS, SPO2_SCALE_2_AIR, SPO2_SCALE_2_OXYGEN, points_for, score
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.case import Coding, Precision
from fhir_mappers.vitals import CONSCIOUSNESS, OXYGEN_DELIVERY, VITALS
from tests.unit.clinical.build import NOW, WELL, born, case, coded, measured, person, vitals

ILL = {"respiratory_rate": 26, "spo2": 91, "systolic": 105, "heart_rate": 118, "temperature": "38.6"}


def run(chart, **options):
    return news2.evaluate(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE, **options))


def only(chart, **options):
    (finding,) = run(chart, **options).findings
    return finding


EDGES = [
    *[("respiratory_rate", v, p) for v, p in [(8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3)]],
    *[("spo2", v, p) for v, p in [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0)]],
    *[("systolic", v, p) for v, p in [(90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3)]],
    *[
        ("heart_rate", v, p)
        for v, p in [(40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (130, 2), (131, 3)]
    ],
    *[
        ("temperature", v, p)
        for v, p in [
            ("35.0", 3),
            ("35.1", 1),
            ("36.0", 1),
            ("36.1", 0),
            ("38.0", 0),
            ("38.1", 1),
            ("39.0", 1),
            ("39.1", 2),
        ]
    ],
]


@pytest.mark.parametrize(("kind", "value", "points"), EDGES)
def test_each_band_edge_scores_as_published(kind, value, points):
    finding = only(case(vitals=(vitals({**WELL, kind: value}),)))
    assert finding.values[kind] == points
    assert finding.values["score"] == points


@pytest.mark.parametrize(
    ("value", "on_air", "on_oxygen"),
    [
        (83, 3, 3),
        (84, 2, 2),
        (85, 2, 2),
        (86, 1, 1),
        (87, 1, 1),
        (88, 0, 0),
        (92, 0, 0),
        (93, 0, 1),
        (94, 0, 1),
        (95, 0, 2),
        (96, 0, 2),
        (97, 0, 3),
    ],
)
def test_scale_2_scores_by_air_and_oxygen(value, on_air, on_oxygen):
    assert points_for(SPO2_SCALE_2_AIR, Decimal(value)) == on_air
    assert points_for(SPO2_SCALE_2_OXYGEN, Decimal(value)) == on_oxygen


@pytest.mark.parametrize(
    ("total", "values", "priority"),
    [
        (0, WELL, Priority.LOW),
        (4, {**WELL, "spo2": 93, "heart_rate": 120}, Priority.LOW),
        (3, {**WELL, "respiratory_rate": 25}, Priority.HIGH),
        (5, {**WELL, "spo2": 93, "heart_rate": 120, "temperature": "38.5"}, Priority.HIGH),
        (6, {**WELL, "spo2": 93, "heart_rate": 120, "systolic": 95}, Priority.HIGH),
        (7, {**WELL, "spo2": 93, "heart_rate": 120, "systolic": 95, "temperature": "38.5"}, Priority.CRITICAL),
    ],
)
def test_totals_map_to_priorities(total, values, priority):
    finding = only(case(vitals=(vitals(values),)))
    assert (finding.values["score"], finding.priority) == (total, priority)
    assert (finding.where_and_when is None) == (priority < Priority.HIGH)


def test_the_example_of_the_docs_fires_and_carries_all_parts():
    finding = only(case(vitals=(vitals(ILL),)))
    assert finding.priority is Priority.CRITICAL
    assert finding.values["score"] == 10
    assert {p: finding.values[p] for p in news2.PARAMETERS} == {
        "respiratory_rate": 3,
        "spo2": 3,
        "oxygen": 0,
        "systolic": 1,
        "heart_rate": 2,
        "consciousness": 0,
        "temperature": 1,
    }
    assert finding.values["complete"] is True
    assert not finding.at_least
    assert "911" in finding.where_and_when


def test_a_missing_spo2_gives_at_least_and_does_not_reassure():
    values = {k: v for k, v in WELL.items() if k != "spo2"}
    result = run(case(vitals=(vitals(values),)))
    (finding,) = result.findings
    assert finding.at_least
    assert finding.title.startswith("NEWS2 at least 0")
    assert "does not reassure" in finding.title
    assert finding.values["missing"] == "spo2"
    assert "oxygen saturation" in result.not_evaluated[0].reason


def test_an_incomplete_set_may_alarm():
    finding = only(case(vitals=(vitals({"respiratory_rate": 26, "heart_rate": 135, "systolic": 98}, level=None),)))
    assert finding.priority is Priority.CRITICAL
    assert finding.at_least
    assert finding.values["score"] == 8


def test_two_rounds_are_never_mixed():
    older = vitals({**WELL, "heart_rate": 135}, minutes=10, seconds=20)
    newer = vitals({**WELL, "respiratory_rate": 25}, minutes=10)
    finding = only(case(vitals=(newer, older)))
    assert finding.values["score"] == 3
    assert finding.values["heart_rate"] == 0


def test_a_partial_recheck_does_not_hide_the_full_set_before_it():
    full = vitals(ILL, minutes=30)
    recheck = vitals({"spo2": 97}, minutes=5, level=None, oxygen=None)
    assert only(case(vitals=(recheck, full))).values["score"] == 10


def test_a_partial_recheck_that_alone_scores_more_counts():
    full = vitals(WELL, minutes=30)
    recheck = vitals({"spo2": 84, "heart_rate": 135}, minutes=5, level=None, oxygen=None)
    finding = only(case(vitals=(recheck, full)))
    assert finding.values["score"] == 6
    assert finding.at_least


def test_a_full_set_replaces_the_one_before_it():
    assert only(case(vitals=(vitals(WELL, minutes=5), vitals(ILL, minutes=30)))).values["score"] == 0


def test_an_old_full_set_gives_way_to_a_newer_partial_one():
    finding = only(case(vitals=(vitals({"spo2": 97}, minutes=5), vitals(ILL, minutes=300))))
    assert finding.values["score"] == 0
    assert finding.at_least


def test_order_of_rounds_in_the_chart_does_not_matter():
    rounds = (vitals(WELL, minutes=5), vitals(ILL, minutes=30))
    assert run(case(vitals=rounds)) == run(case(vitals=rounds[::-1]))


@pytest.mark.parametrize("hours", [25, 24 * 90])
def test_stale_vitals_make_no_finding(hours):
    result = run(case(vitals=(vitals(ILL, minutes=hours * 60),)))
    assert not result.findings
    assert result.not_evaluated[0].what == "vital signs"
    assert "older than 24 hours" in result.not_evaluated[0].reason


def test_vitals_of_23_hours_ago_still_count_and_stale_hours_is_an_argument():
    chart = case(vitals=(vitals(ILL, minutes=23 * 60),))
    assert only(chart).priority is Priority.CRITICAL
    assert not run(chart, stale_hours=12).findings


def test_a_round_dated_in_the_future_is_not_used_but_clock_skew_is_forgiven():
    assert not run(case(vitals=(vitals(ILL, minutes=-180),))).findings
    assert only(case(vitals=(vitals(ILL, minutes=-20),))).values["score"] == 10


def test_no_vitals_is_said():
    (note,) = run(case()).not_evaluated
    assert (note.what, note.reason) == ("vital signs", "the chart holds no vital signs")


def test_an_implausible_value_is_named_and_never_scored():
    result = run(case(vitals=(vitals({**WELL, "heart_rate": 400}, odd=("heart_rate",)),)))
    assert result.findings[0].values["heart_rate"] is None
    assert result.findings[0].at_least
    assert any(n.what == "heart rate" and "not possible" in n.reason for n in result.not_evaluated)


def test_swapped_blood_pressure_is_not_scored():
    result = run(case(vitals=(vitals({**WELL, "systolic": 70, "diastolic": 120}),)))
    assert result.findings[0].values["systolic"] is None
    assert any("swapped" in n.reason for n in result.not_evaluated)


@pytest.mark.parametrize(
    ("kind", "value", "points"),
    [
        ("temperature", "38.04", 0),
        ("temperature", "38.05", 1),
        ("spo2", "95.5", 0),
        ("spo2", "95.4", 1),
        ("spo2", "91.4", 3),
        ("respiratory_rate", "20.4", 0),
        ("respiratory_rate", "20.5", 2),
        ("heart_rate", "130.5", 3),
    ],
)
def test_decimals_round_half_up_to_the_steps_of_the_chart(kind, value, points):
    assert only(case(vitals=(vitals({**WELL, kind: value}),))).values[kind] == points


@pytest.mark.parametrize(
    ("kind", "value", "comparator", "points"),
    [
        ("spo2", 92, "<", 3),
        ("spo2", 92, "<=", 2),
        ("respiratory_rate", 24, ">", 3),
        ("heart_rate", 130, ">=", 2),
        ("heart_rate", 120, "<", 0),
    ],
)
def test_a_comparator_scores_the_least_it_allows(kind, value, comparator, points):
    reading = measured(kind, value, comparator=comparator)
    finding = only(case(vitals=(vitals({**WELL, kind: reading}),)))
    assert finding.values[kind] == points
    assert finding.at_least


@pytest.mark.parametrize(
    ("level", "points"),
    [
        ("Alert", 0),
        ("A", 0),
        ("New confusion", 3),
        ("Confused", 3),
        ("Responds to voice", 3),
        ("Pain", 3),
        ("Unresponsive", 3),
        ("Alert, no confusion", 0),
        ("Not alert", 3),
        ("Alert but confused", 3),
    ],
)
def test_only_alert_scores_nothing(level, points):
    assert only(case(vitals=(vitals(level=level),))).values["consciousness"] == points


def test_a_snomed_code_decides_over_the_words():
    round_ = vitals(level=None)
    result = coded("consciousness", "see flowsheet", Coding(system="http://snomed.info/sct", code="450847001"))
    finding = only(case(vitals=(replace(round_, coded={**round_.coded, "consciousness": result}),)))
    assert finding.values["consciousness"] == 3


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("LA9340-6", Acvpu.ALERT),
        ("LA17108-4", Acvpu.VOICE),
        ("LA17107-6", Acvpu.PAIN),
        ("LA9343-0", Acvpu.UNRESPONSIVE),
        ("LA0", None),
    ],
)
def test_loinc_answers_are_understood(code, level):
    assert acvpu_of(coded("consciousness", None, Coding(system="http://loinc.org", code=code))) is level


def test_a_display_is_read_when_there_is_no_text():
    assert acvpu_of(coded("consciousness", None, Coding(system="urn:local", code="7", display="Verbal"))) is Acvpu.VOICE


def test_kinds_are_those_of_the_mapper():
    read = {*BANDS, "diastolic", "gcs", "oxygen_flow", "fio2"}
    assert read <= set(VITALS)
    assert {CONSCIOUSNESS, OXYGEN_DELIVERY} == {"consciousness", "oxygen_delivery"}


def test_the_same_code_in_another_system_decides_nothing():
    round_ = vitals(level=None)
    result = coded("consciousness", "see flowsheet", Coding(system="urn:local", code="450847001"))
    finding = only(case(vitals=(replace(round_, coded={**round_.coded, "consciousness": result}),)))
    assert finding.values["consciousness"] is None


@pytest.mark.parametrize(("gcs", "points"), [(15, 0), (14, 3), (8, 3)])
def test_without_acvpu_the_glasgow_coma_scale_tells(gcs, points):
    assert only(case(vitals=(vitals({**WELL, "gcs": gcs}, level=None),))).values["consciousness"] == points


@pytest.mark.parametrize(
    ("values", "oxygen", "points"),
    [
        ({}, "Room air", 0),
        ({}, "Nasal cannula 2 L", 2),
        ({"oxygen_flow": 2}, None, 2),
        ({"oxygen_flow": 0}, None, 0),
        ({"fio2": 21}, None, 0),
        ({"fio2": 28}, None, 2),
        ({}, None, None),
        ({"oxygen_flow": 2}, "Room air", 2),
    ],
)
def test_oxygen_is_read_from_flow_share_and_delivery(values, oxygen, points):
    assert only(case(vitals=(vitals({**WELL, **values}, oxygen=oxygen),))).values["oxygen"] == points


def test_scale_2_needs_a_documented_decision_and_copd_is_none():
    chart = case(vitals=(vitals({**WELL, "spo2": 89}),))
    assert only(chart).values["spo2"] == 3
    decided = replace(chart, coded_results=(coded("spo2_scale_2", "SpO2 target 88-92 %"),))
    assert (only(decided).values["spo2"], only(decided).values["scale"]) == (0, 2)
    revoked = replace(chart, coded_results=(coded("spo2_scale_2", "No"),))
    assert only(revoked).values["scale"] == 1


def test_sixteen_is_in_and_fifteen_is_out():
    assert run(case(who=person(16), vitals=(vitals(ILL),))).findings
    child = run(case(who=person(15, 11), vitals=(vitals(ILL),)))
    assert not child.findings
    assert not child.not_evaluated


def test_pregnancy_is_out():
    assert not run(case(who=person(30, pregnant=True), vitals=(vitals(ILL),))).findings


@pytest.mark.parametrize("birth", [None, born(16, precision=Precision.YEAR)])
def test_an_unknown_age_is_not_evaluated_with_the_reason(birth):
    result = run(case(who=person(birth=birth), vitals=(vitals(ILL),)))
    assert not result.findings
    assert (result.not_evaluated[0].what, "birth date" in result.not_evaluated[0].reason) == ("NEWS2", True)


def test_a_birth_year_that_leaves_no_doubt_is_enough():
    assert run(case(who=person(birth=born(60, precision=Precision.YEAR)), vitals=(vitals(ILL),))).findings


def test_the_finding_names_no_time_of_the_chart():
    finding = only(case(vitals=(vitals(ILL, minutes=200),)))
    assert "within the last 6 hours" in finding.reason
    assert str((NOW - timedelta(minutes=200)).hour) + ":" not in finding.reason
    assert set(finding.sources) >= {"obs-spo2", "obs-consciousness", "obs-oxygen_delivery"}


def test_agrees_with_the_reference_cases(shared_data):
    rows = list(csv.DictReader((shared_data / "calculators" / "news2_dev_cases.csv").open()))
    assert rows, "the reference file is empty"
    columns = {"respiratory_rate": "rr", "spo2": "spo2", "systolic": "sbp", "heart_rate": "hr", "temperature": "temp"}
    levels = {
        "alert": Acvpu.ALERT,
        "confusion": Acvpu.CONFUSION,
        "voice": Acvpu.VOICE,
        "pain": Acvpu.PAIN,
        "unresponsive": Acvpu.UNRESPONSIVE,
    }
    priorities = {"low": Priority.LOW, "low-medium": Priority.HIGH, "medium": Priority.HIGH, "high": Priority.CRITICAL}
    wrong = []
    for row in rows:
        values = {kind: measured(kind, row[column]) for kind, column in columns.items()}
        result = score(values, oxygen=row["o2"] == "True", level=levels[row["acvpu"]], scale_2=row["scale"] == "2")
        parts = {**{k: int(row[f"p_{c}"]) for k, c in columns.items()}, "oxygen": int(row["p_o2"])}
        parts["consciousness"] = int(row["p_acvpu"])
        expected_priority = priorities[row["expected_band"]]
        if expected_priority is Priority.LOW and 3 in parts.values():
            expected_priority = Priority.HIGH
        if (dict(result.points), result.total) != (parts, int(row["expected_total"])):
            wrong.append(row["name"])
        if result.priority is not expected_priority:
            wrong.append(f"{row['name']}: priority")
    assert wrong == []


def test_bands_leave_no_gap():
    for bands in BANDS.values():
        tops = [top for top, _ in bands]
        assert tops[-1] is None
        assert tops[:-1] == sorted(tops[:-1])
