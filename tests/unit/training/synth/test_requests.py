"""The request of a synthetic case is what serving reads."""

from datetime import datetime
from functools import cache
from itertools import islice

from cds_service.chart import QUIET_REFUSALS, case_of
from cds_service.settings import Setting
from cds_service.training.synth import cases
from cds_service.training.synth.case import Channel, Known
from cds_service.training.synth.requests import line
from fhir_mappers.limits import Limits
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request

COUNT = 70


@cache
def read():
    """(case, line, chart) of each."""
    found = []
    for case in islice(cases(21, Setting.FAMILY_PRACTICE), COUNT):
        written = line(case)
        request = parse_request(written["request"])
        call = HookCall(
            service=PATIENT_TRIAGE, request=request, context=PATIENT_TRIAGE.context(request.context), client="test"
        )
        found.append((case, written, case_of(call, {}, datetime.fromisoformat(written["at"]), Limits())))
    return found


def test_every_request_is_mapped_without_a_refusal():
    for case, _, chart in read():
        assert [r for r in chart.refused if r.reason not in QUIET_REFUSALS] == [], case.id
        assert chart.missing == (), case.id


def test_a_line_has_the_agreed_fields():
    for case, written, _ in read():
        assert list(written) == [
            "id", "condition", "family", "part", "setting", "at", "style", "gold", "request",
        ]  # fmt: skip
        assert written["id"] == case.id
        assert written["request"]["context"]["patientId"] == case.id
        assert set(PATIENT_TRIAGE.prefetch) <= set(written["request"]["prefetch"])


def test_the_chart_tells_the_age_sex_race_and_pregnancy_that_were_drawn():
    for case, _, chart in read():
        person = case.person
        if case.chart.birth is Known.DAY:
            assert chart.age == int(person.age) or abs(person.age - round(person.age)) < 0.01
        assert (chart.demographics.birth is None) is (case.chart.birth is Known.NOTHING)
        assert chart.demographics.sex == (person.gender if case.chart.sex_known else "unknown")
        assert chart.demographics.race == ((person.race.display,) if person.race.code else ())
        assert bool(chart.demographics.pregnant) is person.pregnant


def test_the_complaint_stands_where_it_was_said_and_nowhere_else():
    for case, _, chart in read():
        said = case.chart.complaint
        complaints = [c.text for c in chart.complaints]
        if case.chart.channel is Channel.NOTE:
            assert any(said in d.text for d in chart.documents)
            assert not complaints
        elif case.chart.channel is Channel.NOWHERE:
            assert all(said not in text for _, text in chart.texts())
        elif case.chart.channel is Channel.INTAKE:
            assert said in [a.answer for a in chart.intake]
        else:
            assert complaints == [said]


def test_the_newest_round_holds_what_was_measured_in_standard_units():
    names = {"temperature_c": "temperature", "pain_0_10": "pain"}
    for case, _, chart in read():
        if case.chart.vitals is None:
            assert len(chart.vitals) <= 1
            continue
        numbers = case.chart.vitals.numbers
        for name in ("heart_rate", "systolic", "temperature_c", "spo2", "pain_0_10"):
            if name in numbers:
                measured = chart.vitals[0].values[names.get(name, name)]
                assert float(measured.value) == numbers[name]
                assert measured.plausible


def test_nonbinary_people_have_the_gender_other_and_say_so():
    found = [(c, w) for c, w, _ in read() if c.person.nonbinary]
    assert found
    for case, written in found:
        patient = written["request"]["prefetch"]["patient"]
        assert not case.chart.sex_known or patient["gender"] == "other"
        assert any(e["url"].endswith("us-core-genderIdentity") for e in patient["extension"])


def test_everything_in_a_request_lies_at_or_before_its_time():
    for case, _, chart in read():
        assert chart.data_as_of is None or chart.data_as_of <= case.at
