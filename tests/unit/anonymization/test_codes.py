"""Only public codes and units of UCUM pass."""

import pytest

from anonymization.codes import public_codes, public_unit
from fhir_mappers.case import Coding


def test_public_codes_survive_once_and_in_order():
    codings = [
        Coding(system="http://snomed.info/sct", code="49049000"),
        Coding(system="http://hl7.org/fhir/sid/icd-10-cm", code="I10"),
        Coding(system="http://snomed.info/sct", code="49049000"),
    ]
    assert public_codes(codings) == ("http://snomed.info/sct|49049000", "http://hl7.org/fhir/sid/icd-10-cm|I10")


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://clinic.example/codes", "12345678"),
        (None, "49049000"),
        ("http://snomed.info/sct", "Testperson"),
        ("http://loinc.org", "555-010-1234"),
        ("http://terminology.hl7.org/CodeSystem/../../x", "a"),
        ("http://terminology.hl7.org/CodeSystem/condition-category", "Quentin Testperson"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "123-45-6789"),
    ],
)
def test_local_and_misshapen_codes_are_dropped(system, code):
    assert public_codes([Coding(system=system, code=code)]) == ()


@pytest.mark.parametrize(
    "unit",
    ["mm[Hg]", "/min", "Cel", "%", "mg/dL", "10*3/uL", "mmol/L", "kg/m2", "mL/min/{1.73_m2}", "[IU]/L", "m[IU]/L", "1"],
)
def test_ucum_units_pass_as_they_are(unit):
    assert public_unit(unit) == unit


def test_an_annotation_is_text_and_does_not_pass():
    assert public_unit("{Quentin Testperson}") == "1"
    assert public_unit("/min{Testperson}") == "/min"


@pytest.mark.parametrize("unit", ["Testperson", "5550101234", "mm[Hg]/Quentin", "q.t@example.org", "", None, "mg dL 5"])
def test_what_is_no_unit_is_dropped(unit):
    assert public_unit(unit) is None
