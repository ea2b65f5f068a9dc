"""SMART scopes: what they permit, what they narrow, and that whatever is not understood grants nothing."""

import pytest

from hooks.prefetch import Query
from hooks.scopes import parse

LAB = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
READ = Query(resource_type="Patient", id="p1")
SEARCH = Query(resource_type="Observation", parameters=(("patient", "p1"), ("category", "laboratory")))


@pytest.mark.requirement("E9", "E10")
@pytest.mark.parametrize(
    "scope",
    [
        "patient/Patient.read", "patient/*.read", "user/Patient.read", "user/*.*", "system/*.read", "patient/Patient.*",
        "patient/Patient.r", "patient/Patient.rs", "patient/*.cruds", "system/Patient.crud", "user/*.r",
        "launch openid fhirUser offline_access patient/Patient.read",
    ],
)  # fmt: skip
def test_a_read_is_permitted_unchanged(scope):
    assert parse(scope).narrowed(READ) == READ


@pytest.mark.requirement("E9", "E10")
@pytest.mark.parametrize(
    "scope",
    [
        "patient/Observation.read", "patient/*.*", "patient/Observation.s", "patient/Observation.rs", "user/*.cruds",
        f"patient/Observation.rs?category={LAB} patient/Observation.rs",
    ],
)  # fmt: skip
def test_a_search_is_permitted_unchanged(scope):
    assert parse(scope).narrowed(SEARCH) == SEARCH


@pytest.mark.requirement("E10")
@pytest.mark.parametrize(
    "scope",
    [
        "", "   ", "patient/Observation.read", "patient/Patient.write", "patient/Patient.s", "patient/Patient.cuds",
        "launch/patient", "openid", "patient/Patient.rs?_id=p1",
    ],
)  # fmt: skip
def test_a_read_that_no_scope_covers_is_not_permitted(scope):
    assert parse(scope).narrowed(READ) is None


@pytest.mark.requirement("E10")
@pytest.mark.parametrize(
    "scope", ["patient/Observation.r", "patient/Observation.write", "patient/Condition.rs", "patient/Observation.crud"]
)
def test_a_search_that_no_scope_covers_is_not_permitted(scope):
    assert parse(scope).narrowed(SEARCH) is None


@pytest.mark.requirement("E10")
@pytest.mark.parametrize(
    "scope",
    [
        "patient/Patient", "patient/Patient.", "patient/.read", "Patient.read", "patient/patient.read", "/Patient.read",
        "patient/Patient.sr", "patient/Patient.rr", "patient/Patient.rx", "patient/Patient.readx", "patient/Patient.r?",
        "patient/Patient.read?_id=p1", "patient/Patient.r?_id", "patient/Pat*.read", "patient/**.read", "*/*.*", "*.*",
        "patients/Patient.read", "patient/Patient.read,user/*.read", "patient//Patient.read", "PATIENT/Patient.read",
        "patient/Patıent.read", "patient/Patient.READ", "patient\\Patient.read",
    ],
)  # fmt: skip
def test_a_malformed_or_unknown_scope_grants_nothing(scope):
    assert parse(scope).grants == ()


@pytest.mark.requirement("E9", "E10")
def test_a_granular_scope_permits_the_search_that_says_the_same():
    query = Query(resource_type="Observation", parameters=(("patient", "p1"), ("category", LAB)))
    assert parse(f"patient/Observation.rs?category={LAB}").narrowed(query) == query


@pytest.mark.requirement("E9", "E10")
def test_a_code_without_its_system_takes_over_the_scopes_system():
    narrowed = parse(f"patient/Observation.rs?category={LAB}").narrowed(SEARCH)
    assert narrowed.parameters == (("patient", "p1"), ("category", LAB))
    assert narrowed.resource_type == "Observation"


@pytest.mark.requirement("E10")
@pytest.mark.parametrize(
    "parameters",
    [
        (("patient", "p1"),),
        (("category", "vital-signs"),),
        (("category", "laboratory,vital-signs"),),
        (("category", "other|laboratory"),),
        (("category:in", "laboratory"),),
        (("code", "laboratory"),),
    ],
)
def test_a_granular_scope_permits_no_wider_or_other_search(parameters):
    query = Query(resource_type="Observation", parameters=parameters)
    assert parse(f"patient/Observation.rs?category={LAB}").narrowed(query) is None


@pytest.mark.requirement("E10")
def test_every_parameter_of_a_granular_scope_must_stand_in_the_search():
    assert parse(f"patient/Observation.s?category={LAB}&status=final").narrowed(SEARCH) is None
    full = Query(resource_type="Observation", parameters=(*SEARCH.parameters, ("status", "final")))
    assert parse(f"patient/Observation.s?category={LAB}&status=final").narrowed(full) is not None


def test_a_bare_bar_is_no_system_to_take_over():
    assert parse("patient/Observation.rs?category=|laboratory").narrowed(SEARCH) is None


@pytest.mark.requirement("E10")
def test_the_one_granular_scope_that_fits_is_taken():
    scopes = parse(f"patient/Observation.rs?category=x|vital-signs patient/Observation.rs?category={LAB}")
    assert ("category", LAB) in scopes.narrowed(SEARCH).parameters
