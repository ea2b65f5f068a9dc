"""What stands where a resource belongs is read for names, and the patient is the first outermost one."""

import pytest

from fhir_mappers import everywhere
from fhir_mappers.errors import Unused
from fhir_mappers.limits import Limits
from fhir_mappers.received import receive

ADA = {"resourceType": "Patient", "id": "ada"}
EVE = {"resourceType": "Patient", "id": "eve"}


def ids(bundle):
    return [e.resource.get("id") for e in everywhere.resources(bundle) if e.resource_type == "Patient"]


def test_outermost_resources_come_before_those_inside_others():
    first = {"resourceType": "Observation", "contained": [EVE]}
    assert ids({"resourceType": "Bundle", "entry": [{"resource": first}, {"resource": ADA}]}) == ["ada", "eve"]


def test_a_label_of_a_bundle_reaches_what_it_holds_however_deep():
    label = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "ETH"}]}
    inner = {"resourceType": "Bundle", "meta": label, "entry": [{"resource": ADA}]}
    found = everywhere.resources({"resourceType": "Bundle", "entry": [{"resource": inner}, {"resource": EVE}]})
    assert [e.labelled for e in found if e.resource_type == "Patient"] == [True, False]


def test_nesting_without_end_is_refused():
    deep = ADA
    for _ in range(200):
        deep = [deep]
    with pytest.raises(Unused):
        everywhere.resources({"resourceType": "Bundle", "entry": deep})


@pytest.mark.parametrize("entry", [ADA, {"resource": {"name": [{"family": "Quorrel"}]}}, [ADA]])
def test_a_request_keeps_what_is_in_no_place_for_names_and_reads_no_fact_from_it(entry):
    request = receive({"x": {"resourceType": "Bundle", "entry": [entry]}}, (), {}, Limits())
    assert request.entries == []
    assert len(request.unread) == 1
