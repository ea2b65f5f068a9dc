"""Nothing an EHR can send raises out of `map_case` but the two errors it documents, and none of it leaks a value."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mappers.case import IDENTIFIER_KINDS, IDENTIFIER_ROLES, REFUSAL_REASONS
from fhir_mappers.errors import MappingError
from fhir_mappers.mapping import map_case
from tests.support.fhir_values import (
    ME,
    NOW,
    allergy,
    bundle,
    condition,
    document,
    encounter,
    intake,
    medication_request,
    observation,
    patient,
)


@pytest.fixture
def quick():
    """The test takes no more than these seconds of the processor, whatever else the machine does."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 10


def mapped(*resources, person=None):
    prefetch = {"patient": person or patient(), "rest": bundle(*resources)}
    return map_case(prefetch, patient_id="p1", encounter_id="e1", now=NOW)


def nested(levels):
    value = {"url": "http://example.org/deep"}
    for _ in range(levels):
        value = {"url": "http://example.org/deep", "extension": [value]}
    return value


def cyclic():
    first = {"resourceType": "Medication", "id": "a", "ingredient": [{"itemReference": {"reference": "#b"}}]}
    second = {"resourceType": "Medication", "id": "b", "ingredient": [{"itemReference": {"reference": "#a"}}]}
    return medication_request(contained=[first, second], medicationReference={"reference": "#a"})


@pytest.mark.parametrize(
    "resource",
    [
        condition(extension=[nested(60)]),
        condition(extension=[nested(3000)]),
        condition(note=[{"text": "x"}] * 30_000),
        condition("lone \ud800 surrogate"),
        condition("NUL \0 inside"),
        condition(note=[{"text": "x" * 1_048_577}]),
        condition(**{"\ud800": 1}),
        condition(code="a string"),
        condition(code=[]),
        condition(subject=[ME]),
        condition(subject="Patient/p1"),
        condition(subject={"reference": {"deep": 1}}),
        condition(meta="R"),
        condition(meta={"security": {"code": "R"}}),
        condition(category=None) | {"category": "problem-list-item"},
        observation("2823-3", value=float("nan"), unit="mmol/L"),
        observation("2823-3", value=10**400, unit="mmol/L"),
        observation("2823-3", value=4, unit="(" * 30 + "m" + ")" * 30),
        observation("2823-3", component={"code": 1}),
        observation("8867-4", value=[1], unit={"a": 1}),
        observation("8867-4", effectiveDateTime="9999-12-31T23:59:59-12:00"),
        observation("8867-4", effectiveDateTime="0001-01-01T00:00:00+14:00"),
        document("x") | {"content": [{"attachment": []}]},
        {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": ME, "item": {"linkId": 1}},
        {"resourceType": ["Condition"]},
        {"resourceType": "Condition"},
        {},
        5,
        "Condition",
        ["Condition"],
        None,
    ],
    ids=lambda _: "resource",
)
def test_hostile_resource_costs_only_itself(resource):
    case = mapped(condition("healthy neighbour", id="ok"), resource)
    assert "healthy neighbour" in [p.concept.text for p in case.problems]
    assert len(case.problems) == 1
    assert resource is None or case.refused


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("piece", ["<", "<a ", "<!--", "<script>", "<![CDATA[", "&", "</p", "<p><", "]]>"])
def test_hostile_mark_up_takes_no_time(piece):
    case = mapped(condition(), document(piece * (300_000 // len(piece)), content_type="text/html"))
    assert len(case.problems) == 1


@pytest.mark.usefixtures("quick")
def test_thousands_of_invented_units_take_no_time():
    readings = [observation("8867-4", 80, f"m{i}", at=f"2031-05-06T10:00:{i % 60:02}Z") for i in range(1500)]
    reasons = {r.reason for r in mapped(*readings).refused}
    assert reasons == {"no-unit", "too-many"}


@pytest.mark.usefixtures("quick")
def test_thousands_of_contained_resources_take_no_time():
    held = [{"resourceType": "Medication", "id": f"m{i}", "code": {"text": "Inventedol"}} for i in range(3000)]
    order = medication_request(contained=held, medicationReference={"reference": "#m2999"})
    del order["medicationCodeableConcept"]
    visit = encounter(
        "e1", contained=[condition(id=f"c{i}") for i in range(400)],
        reasonReference=[{"reference": f"#c{i % 400}"} for i in range(4000)],
    )  # fmt: skip
    case = mapped(condition(), visit, *[order | {"id": f"r{i}"} for i in range(40)])
    assert len(case.problems) == 1
    assert case.medications[0].concept.text == "Inventedol"
    assert "too-many" in {r.reason for r in case.refused}  # beyond all values of one request


@pytest.mark.usefixtures("quick")
def test_a_huge_medicine_is_looked_at_once():
    huge = {"resourceType": "Medication", "id": "huge", "code": {"text": "Inventedol"},
            "extension": [{"url": "http://example.org/x", "valueString": "y"}] * 6000}  # fmt: skip
    orders = [medication_request(id=f"r{i}", medicationReference={"reference": "Medication/huge"}) for i in range(1000)]
    for order in orders:
        del order["medicationCodeableConcept"]
    assert len(mapped(huge, *orders).medications) == 1000


def test_what_is_too_long_to_decode_may_be_attached():
    """Base64 has its own bound, and an attachment that nobody reads costs nothing but itself."""
    scan = document("x") | {"content": [{"attachment": {"contentType": "application/pdf", "data": "QUFB" * 400_000}}]}
    assert [r.reason for r in mapped(condition(), scan).refused] == ["not-text"]


def test_a_cyclic_contained_reference_ends():
    assert mapped(condition(), cyclic()).problems


def test_bundles_in_bundles_end():
    value = condition()
    for _ in range(50):
        value = bundle(value)
    case = map_case({"patient": patient(), "x": value}, patient_id="p1", encounter_id=None, now=NOW)
    assert [r.reason for r in case.refused] == ["not-a-resource"]


CHART = [
    encounter("e1", reasonCode=[{"text": "cough"}]),
    condition(id="c1"),
    allergy(id="a1"),
    medication_request(id="m1", dosageInstruction=[{"text": "one"}]),
    observation("85354-9", component=[{"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
                                       "valueQuantity": {"value": 120, "unit": "mmHg"}}]),
    observation("2160-0", 1.1, "mg/dL", category="laboratory"),
    document("a note"),
    intake({"linkId": "1", "text": "Why are you here?", "answer": [{"valueString": "cough"}]}),
]  # fmt: skip

JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("\ud800"), st.just([]),
    st.just({}), st.just("2031-02-31T99:99:99Z"),
    st.just([None]), st.just([[{}]]), st.just({"reference": {}}), st.just({"coding": 5}), st.just("ZEDDYCANARY"),
    st.just({"ZEDDYCANARY": "ZEDDYCANARY"}), st.just([{"system": {}, "code": [], "value": {}}]),
)  # fmt: skip


def paths(value, path=()):
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


EVERY_PATH = list(paths([patient(name=[{"family": "Fictional"}], address=[{"line": ["1 Nowhere"]}]), *CHART]))


@given(st.lists(st.tuples(st.sampled_from(EVERY_PATH), JUNK), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_damage_raises_and_no_report_holds_a_value(damages):
    whole = json.loads(json.dumps([patient(name=[{"family": "Fictional"}], address=[{"line": ["1 Nowhere"]}]), *CHART]))
    for path, junk in damages:
        target = whole
        try:
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = junk
        except (TypeError, KeyError, IndexError):
            continue
    try:
        case = map_case({"patient": whole[0], "rest": whole[1:]}, patient_id="p1", encounter_id="e1", now=NOW)
    except MappingError as failure:
        assert "CANARY" not in str(failure)  # noqa: PT017
        return
    for refused in case.refused:
        assert refused.reason in REFUSAL_REASONS
        assert "CANARY" not in f"{refused}"
    assert "CANARY" not in f"{case.missing}"
    assert all(i.kind in IDENTIFIER_KINDS and i.role in IDENTIFIER_ROLES for i in case.identifiers)
    assert case.sensitive <= case.sources.keys()


@given(st.dictionaries(st.sampled_from(["patient", "labs", "x"]), st.recursive(
    JUNK, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
        st.sampled_from(["resourceType", "entry", "resource", "fullUrl", "link", "total", "response", "issue", "id"]),
        inner, max_size=4)), max_leaves=12)))  # fmt: skip
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_shape_of_a_request_raises(prefetch):
    for value in prefetch.values():
        if isinstance(value, dict):
            value.setdefault("resourceType", "Bundle")
    case = map_case({**prefetch, "person": patient()}, patient_id="p1", encounter_id=None, now=NOW)
    assert case.patient_id == "p1"


def test_answers_beyond_the_cap_are_named():
    items = [{"linkId": str(i), "text": "How?", "answer": [{"valueString": f"so {i}"}]} for i in range(301)]
    assert not [r for r in mapped(intake(*items[:300])).refused if r.reason == "too-many"]
    case = mapped(intake(*items))
    assert [(r.resource_type, r.reason) for r in case.refused] == [("QuestionnaireResponse", "too-many")]
    assert len(case.intake) == 300
