"""Surrogates are plausible, hold together within a record, and belong to nobody."""

import ipaddress
import re
from collections import OrderedDict
from datetime import date

import pytest

from anonymization.false_numbers import is_real
from anonymization.labels import KINDS
from anonymization.surrogates import SOME_DATE, Surrogates
from fhir_mappers.case import KnownIdentifier

TODAY = date(2026, 1, 2)


def fresh(*avoid, seed=None):
    return Surrogates(today=TODAY, avoid=avoid, seed=seed)


# -- people ----------------------------------------------------------------------------------------------------------


def test_one_person_has_one_false_name_in_every_form():
    s = fresh("Quentin Testperson")
    given, family = s.of("PATIENT", "Quentin Testperson").split()
    assert s.of("PATIENT", "Testperson") == family
    assert s.of("PATIENT", "TESTPERSON, QUENTIN") == f"{family.upper()}, {given.upper()}"
    assert s.of("PATIENT", "quentin testperson") == f"{given.lower()} {family.lower()}"
    assert s.of("PATIENT", "Q. Testperson") == f"{given[0]}. {family}"
    assert s.of("PATIENT", "Q.T.") == f"{given[0]}.{family[0]}."
    assert s.of("PATIENT", "QT") == f"{given[0]}{family[0]}"
    assert s.of("PATIENT", "Testperson's") == f"{family}'s"
    assert s.of("PATIENT", "TESTPERSON'S") == f"{family.upper()}'S"


def test_misspelt_and_short_forms_are_the_same_person():
    s = fresh()
    given, family = s.of("PATIENT", "Quentin Testperson").split()
    assert s.of("PATIENT", "Testpersn") == family
    assert s.of("PATIENT", "Joe") == given, "a first name alone is how the patient is called"


def test_a_middle_initial_and_the_middle_name_agree():
    s = fresh()
    given, initial, family = s.of("CLINICIAN", "Anna R. Stone").split()
    again = s.of("CLINICIAN", "Anna Rosalind Stone").split()
    assert [again[0], again[2]] == [given, family]
    assert again[1][0] == initial[0]


def test_titles_stay_and_what_is_left_is_false():
    assert re.fullmatch(r"Dr\. [A-Z]\. \w+, MD", fresh().of("CLINICIAN", "Dr. A. O'Neil, MD"))
    assert re.fullmatch(r"\w+ \w+-\w+", fresh().of("PATIENT", "Ana Smith-Jones"))
    assert "van" not in fresh().of("PATIENT", "Ana van der Berg").split()
    assert re.fullmatch(r"\w+ at \w+", fresh().of("CLINICIAN", "Stone at Quillworth"))
    assert re.fullmatch(r"[A-Z][a-z]+\d{3}", fresh().of("PATIENT", "Stone123"))


def test_the_same_name_in_another_role_is_another_person():
    s = fresh()
    names = [s.of(role, "Stone") for role in ("PATIENT", "RELATIVE", "CLINICIAN", "PERSON")]
    assert len(set(names)) == 4


def test_two_relatives_are_two_people():
    s = fresh()
    mary, john = s.of("RELATIVE", "Mary Stone"), s.of("RELATIVE", "John Stone")
    assert set(mary.split()).isdisjoint(john.split())
    assert s.of("RELATIVE", "Mary") == mary.split()[0]


def test_a_false_first_name_keeps_the_sex_that_pronouns_speak_of():
    from anonymization.fiction import BOYS, GIRLS

    for _ in range(20):
        assert fresh().of("PATIENT", "Linda Stone").split()[0].lower() in GIRLS
        assert fresh().of("PATIENT", "Robert Stone").split()[0].lower() in BOYS


def test_no_true_part_of_the_request_is_drawn(monkeypatch):
    from faker.providers.person.en_US import Provider

    monkeypatch.setattr(Provider, "last_names", OrderedDict(Stone=1, Berg=1))
    assert fresh("Anna Stone").of("CLINICIAN", "Nowak") == "Berg"
    s = fresh("Anna Stone", "Berg")
    drawn = {s.of("CLINICIAN", name) for name in ("Nowak", "Quill")}
    assert len(drawn) == 2
    assert drawn.isdisjoint({"Stone", "Berg"})


def test_draws_differ_from_record_to_record_and_a_seed_repeats_them():
    values = [("PATIENT", "Quentin Testperson"), ("PHONE", "(907) 555-1234"), ("ID", "MRN-0042917")]
    plain = [tuple(fresh().of(*v) for v in values) for _ in range(2)]
    assert plain[0] != plain[1]
    seeded = [[one.of(*v) for v in values] for one in (fresh(seed=7), fresh(seed=7), fresh(seed=8))]
    assert seeded[0] == seeded[1] != seeded[2]


# -- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", ["(907) 278-1234", "907.278.1234", "907-278-1234", "+1 907 278 1234", "278-1234"])
def test_phones_are_fiction_with_the_punctuation_of_the_true_one(true):
    false = fresh().of("PHONE", true)
    assert re.sub(r"\d", "0", false) == re.sub(r"\d", "0", true)
    assert re.search(r"55501\d\d$", re.sub(r"\D", "", false))


def test_one_telephone_has_one_surrogate_however_it_is_written():
    s = fresh()
    forms = [s.of("PHONE", p) for p in ("(907) 278-1234", "907.278.1234", "+1 907 278 1234", "278-1234")]
    assert len({re.sub(r"\D", "", f)[-7:] for f in forms}) == 1


def test_mail_web_and_network_addresses_are_for_documentation():
    s = fresh()
    assert re.fullmatch(r"[a-z]+@example\.(org|com|net)", s.of("EMAIL", "q.test@hospital.local"))
    assert re.fullmatch(r"https://www\.example\.(org|com|net)/[a-z]+", s.of("URL", "https://www.clinic.test/q/77"))
    assert ipaddress.ip_address(s.of("IP", "10.4.2.1")) in ipaddress.ip_network("192.0.2.0/24")
    assert ipaddress.ip_address(s.of("IP", "fe80::12:1")) in ipaddress.ip_network("2001:db8::/32")
    assert s.of("EMAIL", "Q.Test@hospital.local") == s.of("EMAIL", "q.test@hospital.local")


def test_social_security_numbers_were_never_issued_to_anybody():
    for _ in range(50):
        area, group, serial = fresh().of("SSN", "123-45-6789").split("-")
        assert 900 <= int(area) <= 999
        assert 1 <= int(group) <= 49, "groups from 50 on are taxpayer numbers"
        assert serial != "0000"


@pytest.mark.parametrize(
    ("label", "true"),
    [
        ("NPI", "1234567893"),
        ("PLAN", "1EG4-TE5-MK73"),
        ("VEHICLE", "1HGCM82633A004352"),
        ("LICENCE", "AB1234563"),
        ("ACCOUNT", "4111 1111 1111 1111"),
        ("ID", "123456789"),
    ],
)
def test_checked_numbers_keep_their_shape_and_fail_the_check(label, true):
    assert is_real(re.sub(r"\W", "", true)), "the true one passes, or this shows nothing"
    for _ in range(60):
        false = fresh().of(label, true)
        assert re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", false)) == re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", true))
        assert not is_real(re.sub(r"\W", "", false))


def test_labels_stay_and_letters_keep_their_case():
    assert re.fullmatch(r"MRN-\d{7}", fresh().of("ID", "MRN-0042917"))
    assert re.fullmatch(r"[A-Z]\d\d-[a-z]{2}\d", fresh().of("ID", "A12-bc9"))


def test_a_short_number_is_never_its_own_surrogate():
    assert all(fresh().of("ID", "7") != "7" for _ in range(40))


# -- places ----------------------------------------------------------------------------------------------------------


def test_an_address_keeps_its_shape():
    false = fresh().of("ADDRESS", "123 North Main Street Apt 4B, Anchorage, AK 99501")
    assert re.fullmatch(r"\d{3} North \w+ Street Apt \d[A-Z], \w+, AK 00[1-4]\d\d", false)
    assert not {"Main", "Anchorage", "123", "4B"} & set(re.findall(r"\w+", false))


def test_towns_and_facilities_are_named_anew_and_stay_the_same():
    s = fresh()
    assert re.fullmatch(r"[A-Z]\w+, AK", s.of("LOCATION", "Anchorage, AK"))
    assert s.of("LOCATION", "ANCHORAGE") == s.of("LOCATION", "Anchorage").upper()
    assert re.fullmatch(r"St\. \w+ Hospital", s.of("FACILITY", "St. Mary's Hospital"))
    assert re.fullmatch(r"[A-Z]\w+ Urgent Care", s.of("FACILITY", "Urgent Care"))
    assert re.fullmatch(r"00[1-4]\d\d-\d{4}", s.of("ZIP", "99501-1234"))


# -- dates and ages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("5/23/2016", "2016"),
        ("5/23/16", "2016"),
        ("2016-05-23T10:00:00Z", "2016"),
        ("May 23rd, 2016", "2016"),
        ("23MAY16", "2016"),
        ("12/30/2015 - 1/2/2016", "2015-2016"),
        ("May 23", SOME_DATE),
        ("5/23", SOME_DATE),
        ("Christmas", SOME_DATE),
        ("1936-05-23", SOME_DATE),
        ("1937", "1937"),
    ],
)
def test_a_date_becomes_its_year_unless_the_year_tells_an_age_over_89(true, false):
    assert fresh().of("DATE", true) == false


def test_ages_over_89_are_one_group():
    assert fresh().of("AGE", "94") == "90+"


def test_every_label_has_a_surrogate_that_is_not_the_true_value():
    for label in KINDS:
        for true in ("Quill 12345", "a", "7", "QUILL", "Quill, AK", "12/30/2015"):
            assert fresh().of(label, true) not in ("", true), label


# -- through the gate ------------------------------------------------------------------------------------------------

NOTE = (
    "Quentin Testperson, MRN 0042917, was seen by Dr. Anna Quillworth on 12/28/2025. Mr. Testperson takes metoprolol. "
    "Wife Mary Testperson agrees. Call (907) 278-1234, or write to q.test@hospital.local"
)
KNOWN = (
    KnownIdentifier(kind="name", value="Quentin Testperson"),
    KnownIdentifier(kind="identifier", value="0042917"),
    KnownIdentifier(kind="phone", value="(907) 278-1234"),
    KnownIdentifier(kind="name", value="Anna Quillworth", role="practitioner"),
    KnownIdentifier(kind="name", value="Mary Testperson", role="relative"),
)


def test_the_gate_writes_surrogates_where_it_would_write_placeholders(gate):
    plain = gate.scrub(NOTE, KNOWN)
    false = gate.scrub(NOTE, KNOWN, replacer=fresh(*(k.value for k in KNOWN)))
    assert false.spans == plain.spans
    assert "[" not in false.text
    assert "takes metoprolol" in false.text
    told = set(re.findall(r"[a-z]+", false.text.lower()))
    assert told.isdisjoint({"quentin", "testperson", "anna", "quillworth", "mary"})
    assert not re.search(r"0042917|278-1234|hospital\.local|12/28", false.text)


def test_without_a_replacer_the_gate_writes_placeholders(gate):
    done = gate.scrub(NOTE, KNOWN)
    assert done.text.startswith("[PATIENT_1], MRN [ID_1], was seen by Dr. [CLINICIAN_1] on [DATE_1].")
    assert done.words[0] == "[PATIENT_1]"


def test_a_chart_is_written_with_surrogates_as_well(gate, chart):
    case = chart()
    plain = gate.deidentify(case, subject="subj-1")
    false = gate.deidentify(case, subject="subj-1", replacer=fresh(*(i.value for i in case.identifiers)))
    notes = [next(f.text for f in past.of_kind("note")) for past in (plain, false)]
    assert notes[0].startswith("[PATIENT_1] was seen on")
    assert re.match(r"[A-Z]\w+ [A-Z]\w+ was seen on 2025\.", notes[1])
    assert false.removed == plain.removed


# -- odd shapes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("true", ["+44 20 7946 0958", "011 44 20 7946 0958", "0044 20 7946 0958", "+49-30-901820"])
def test_a_number_abroad_has_the_code_of_no_country(true):
    false = fresh().of("PHONE", true)
    assert re.sub(r"\d", "0", false) == re.sub(r"\d", "0", true)
    assert re.sub(r"\D", "", false).removeprefix("011").removeprefix("00").startswith("999")


@pytest.mark.parametrize("true", ["+1 414 772 0938", "414-772-0938", "+14147720938", "1 (414) 772-0938"])
def test_a_number_at_home_is_one_of_fiction(true):
    assert "55501" in re.sub(r"\D", "", fresh().of("PHONE", true))


@pytest.mark.parametrize(
    "true", ["41.8781, -87.6298", "41.8781N 87.6298W", "-12.34567,98.76543", "41.878° N, 87.629° W"]
)
@pytest.mark.parametrize("label", ["ADDRESS", "LOCATION", "ID"])
def test_coordinates_are_of_the_open_sea(label, true):
    false = fresh().of(label, true)
    assert [float(n) for n in re.findall(r"\d+(?=\.)", false)] == [48, 123]
    assert [len(d) for d in re.findall(r"\.(\d+)", false)] == [len(d) for d in re.findall(r"\.(\d+)", true)]
    assert ("S" in false and "W" in false) if "N" in true else false.count("-") == 2


def test_a_masked_number_stays_masked():
    assert re.fullmatch(r"xxx-xx-\d{4}", fresh().of("SSN", "xxx-xx-6789"))
    assert re.fullmatch(r"XXX-XX-\d{4}", fresh().of("SSN", "XXX-XX-6789"))


def test_digits_in_words_become_digits_in_words():
    words = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
    false = fresh().of("PHONE", "Five five five eight two six five six nine seven").split()
    assert [w.lower() in words for w in false] == [True] * 10
    assert false[0].istitle()
    assert false[3:8] == ["five", "five", "five", "zero", "one"]


@pytest.mark.parametrize("true", ["VA", "UPMC", "MGH"])
def test_an_acronym_of_a_facility_becomes_another_one(true):
    s = fresh()
    false = s.of("FACILITY", true)
    assert false != true
    assert re.fullmatch(rf"[A-Z]{{{len(true)}}}", false)
    assert s.of("FACILITY", true) == false


def test_a_ward_keeps_its_kind():
    assert re.fullmatch(r"\d West Telemetry", fresh().of("FACILITY", "4 West Telemetry"))


def test_a_label_without_a_number_becomes_no_name():
    assert re.fullmatch(r"[A-Z]{3}", fresh().of("ID", "MRN"))


def test_no_date_leaves_a_year_that_may_not_be_told():
    s = Surrogates(today=TODAY, not_told={2025})
    assert s.of("DATE", "5/23/2025") == SOME_DATE
    assert s.of("DATE", "5/23/2019") == "2019"
