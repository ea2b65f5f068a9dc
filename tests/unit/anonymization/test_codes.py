"""Only public codes and units of UCUM pass."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymization.check_digits import is_concept_id
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
        ("http://terminology.hl7.org/CodeSystem/condition-category", "Quentin"),
        ("http://snomed.info/sct", "123456789"),  # nine digits without SNOMED's check digit: a social security number
        ("http://snomed.info/sct", "5550107788"),
        ("http://snomed.info/sct", "٤٩٠٤٩٠٠٠"),
        ("http://loinc.org", "2160-1"),
        ("http://loinc.org", "4042917-3"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "12345678"),
        ("http://unitsofmeasure.org", "Testperson"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "TESTER"),
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


@pytest.mark.parametrize(
    "unit",
    [
        "Testperson",
        "mg for Anna Stone",
        "4042917mg",
        "123m.456m",
        "555010123m",
        "5550101234",
        "mm[Hg]/Quentin",
        "q.t@example.org",
        "",
        None,
        "mg dL 5",
    ],
)
def test_what_is_no_unit_is_dropped(unit):
    assert public_unit(unit) is None


PUBLIC = {
    # SNOMED CT with six to eighteen digits, nine-digit ones and one of an extension among them.
    "http://snomed.info/sct": "22298006 49049000 271737000 840539006 444814009 162864005 195967001 414545008 "
    "999000021000000109 104001 5251000175109",
    "http://loinc.org": "2160-0 8867-4 94500-6 718-7 LA15173-0 LP14542-8 33914-3",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "7052 866514 1049221 2670",
    "http://hl7.org/fhir/sid/icd-10-cm": "I10 E11.9 S72.001A O9A.12 Z3A.38 C7A.00 M1A.9XX0 J189",
    "http://hl7.org/fhir/sid/cvx": "08 140 207",
}


@pytest.mark.parametrize(("system", "code"), [(s, c) for s, codes in PUBLIC.items() for c in codes.split()])
def test_public_codes_pass_unchanged(system, code):
    assert public_codes([Coding(system=system, code=code)]) == (f"{system}|{code}",)


@settings(max_examples=60)
@given(st.from_regex(r"[2-9]\d{2}[2-9]\d{6}", fullmatch=True) | st.from_regex(r"\d{3}-\d{2}-\d{4}", fullmatch=True))
def test_telephone_and_social_security_numbers_pass_in_no_system_but_by_a_rare_chance_of_check_digits(number):
    passed = [s for s in PUBLIC if public_codes([Coding(system=s, code=number)])]
    assert passed == [] or (passed == ["http://snomed.info/sct"] and is_concept_id(number))


def test_one_in_five_hundred_numbers_at_most_could_be_a_snomed_code():
    passed = sum(is_concept_id(str(n)) for n in range(200_000_000, 200_100_000))
    assert passed <= 200


@given(st.text(max_size=14))
def test_only_what_ucum_writes_passes_as_a_unit(unit):
    passed = public_unit(unit)
    assert passed is None or re.fullmatch(r"[A-Za-z0-9%\[\]'_./*^+-]+|mL/min/\{1\.73_m2\}", passed)
    assert passed is None or sum(c.isdigit() for c in passed) <= 5
