"""Generated charts full of canaries, at the gate and in the whole application: nothing of them comes out.

`cds-service evaluate canaries` tries thousands on the same road (docs/reference/canary-evaluation.md).
"""

import json
from itertools import islice

import pytest

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from anonymization.policy import packaged_policy
from anonymization.surrogates import Surrogates
from cds_service.chart import case_of, hook_call
from cds_service.evaluation.canaries.search import Canary, Haystack, leaks
from cds_service.training.canaries.chart import canary_charts
from fhir_mappers.limits import Limits

CHARTS = 70
SEED = 20261


@pytest.fixture(scope="module")
def charts():
    return list(islice(canary_charts(SEED), CHARTS))


def of(chart, *, known=True):
    return [Canary(label=m.label, text=m.text, known=m.known) for m in chart.marks if m.known is known]


@pytest.mark.parametrize("profile", ["safe-harbor-prompts", "safe-harbor-exports"])
def test_no_identifier_of_a_chart_comes_out_of_the_gate(built, charts, profile):
    gate = Gate(packaged_policy(profile), scrubber=built.gate._scrubber)
    found, refused, tried = [], 0, 0
    for chart in charts:
        case = case_of(hook_call(chart.body), {}, chart.at, Limits())
        false = Surrogates(today=chart.at.date(), avoid=[i.value for i in case.identifiers], seed=chart.number)
        replacer = false if profile.endswith("exports") else None
        try:
            out = gate.deidentify(case, subject="s-1", timeout_s=60, replacer=replacer).to_json()
        except GateRefused:
            refused += 1
            continue
        tried += len(of(chart))
        found += leaks(chart.number, {profile: out}, of(chart))
    print(f"{profile}: {tried} canaries of {CHARTS} charts, {refused} refused")  # noqa: T201 - seen with -s
    assert found == []
    assert tried > 20 * CHARTS
    assert refused <= CHARTS // 50


def test_the_charts_hold_every_kind_in_fields_and_in_prose(charts):
    whole = [json.dumps(chart.body) for chart in charts]
    assert {m.label for chart in charts for m in chart.marks} >= {
        "NAME", "LOC", "FACILITY", "ADDRESS", "DATE", "PHONE", "EMAIL", "ID"
    }  # fmt: skip
    assert sum(not m.known for chart in charts for m in chart.marks) > CHARTS
    for chart, text in zip(charts, whole, strict=True):
        person = chart.body["prefetch"]["patient"]
        stack = Haystack(place="chart", text=text)
        assert stack.holds(Canary(label="NAME", text=person["name"][0]["family"], known=True))
        assert stack.holds(Canary(label="ID", text=person["id"], known=True))
    assert len({chart.body["prefetch"]["patient"]["name"][0]["family"] for chart in charts}) == CHARTS
    assert [c.body for c in islice(canary_charts(SEED), 3)] == [c.body for c in charts[:3]]


@pytest.mark.parametrize(
    ("label", "canary", "text"),
    [
        ("NAME", "Zwyndreitzald", "dr.zwyndreitzald2"),
        ("NAME", "Zwyndreitzald", "ZWYNDREÍTZALD"),
        ("PHONE", "(788) 655-5011", "call 788.655.5011 now"),
        ("PHONE", "7886555011", "+1 788 655-5011"),
        ("ID", "MR-71993001", "mrn 7199 3001"),
        ("DATE", "1972-12-10", "born 1972/12/10"),
        ("DATE", "December 10, 1972", "on DECEMBER  10, 1972"),
        ("EMAIL", "norvaurkimm", "to_norvaurkimm@example.com"),
    ],
)
def test_a_canary_is_found_in_another_spelling(label, canary, text):
    assert Haystack(place="log", text=text).holds(Canary(label=label, text=canary, known=True))


@pytest.mark.parametrize(
    ("label", "canary", "text"),
    [
        ("PHONE", "7886555011", "17886555011234"),
        ("ID", "MR-71993001", "0a7d1c71993001b2"),
        ("NAME", "Zwyndreitzald", "Zwyndreitz ald"),
    ],
)
def test_an_accident_is_no_find(label, canary, text):
    assert not Haystack(place="log", text=text).holds(Canary(label=label, text=canary, known=True))
