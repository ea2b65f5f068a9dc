"""Identifiers of the request: found in any writing, nothing else touched; names that are words: `test_known_words`."""

# ruff: noqa: E501 - a case is read in one line
import pytest

from anonymization.known import KnownMatcher
from anonymization.normalise import normalise
from fhir_mappers.case import KnownIdentifier

PERSON = (("name", "Quentin Testperson"),)
WILLIAM = (("name", "William Albert Zorblatt"), ("given", "William"), ("given", "Albert"), ("family", "Zorblatt"))
BORN = (("birth-date", "1949-08-02"),)


def known(*identifiers, over_89=False):
    made = [KnownIdentifier(kind=k, value=v, role=r[0] if r else "patient") for k, v, *r in identifiers]
    return KnownMatcher(made, over_89=over_89)


def left(text, *identifiers, over_89=False):
    """`text` with every mention replaced by its label."""
    text = normalise(text).text
    labels = [""] * len(text)
    for hit in known(*identifiers, over_89=over_89).find(text):
        labels[hit.start : hit.end] = [hit.label] * (hit.end - hit.start)
    out = ""
    for i, (char, label) in enumerate(zip(text, labels, strict=True)):
        out += char if not label else "" if i and labels[i - 1] == label else f"<{label}>"
    return out


@pytest.mark.parametrize(
    "mention",
    [
        "Quentin Testperson", "TESTPERSON, QUENTIN", "testperson, quentin", "Q. Testperson", "Testperson's", "quentin",
        "Quéntin Téstperson", "Quen\u200btin", "Ｑｕｅｎｔｉｎ", "Qυentin".replace("υ", "u"), "Testperson,\nQuentin",
        "Quentin T.", "Testperson Q.", "Testpersons", "quentintestperson", "QuentinTestperson2", "qtestperson",
        "quentin_testperson", "quentin.testperson", "T E S T P E R S O N", "t.e.s.t.p.e.r.s.o.n", "Test-\nperson",
        "Tesptersons", "Testperson-scan", "Testpersen", "Tstperson", "Testperrson", "Quenitn",
    ],
)  # fmt: skip
def test_a_name_is_found_in_any_writing(mention):
    out = left(f"Seen today: {mention} with cough", *PERSON)
    assert "<PATIENT>" in out
    assert not any(part in out.lower() for part in ("person", "perso", "uentin", "tstp"))
    assert "with cough" in out


@pytest.mark.parametrize(
    ("identifiers", "text", "expected"),
    [
        # short names, both ways
        (WILLIAM, "Billy came in.", "<PATIENT> came in."),
        (WILLIAM, "Spoke with Bill today.", "Spoke with <PATIENT> today."),
        (WILLIAM, "bert is ok", "<PATIENT> is ok"),
        ((("given", "Bill"), ("family", "Zorblatt")), "Seen: William", "Seen: <PATIENT>"),
        ((("given", "Elizabeth"),), "liz reports pain", "<PATIENT> reports pain"),
        # initials
        (WILLIAM, "W.Z. was seen", "<PATIENT> was seen"),
        (WILLIAM, "W. A. Zorblatt", "<PATIENT>"),
        (WILLIAM, "Zorblatt W", "<PATIENT>"),
        (WILLIAM, "pt WZ reports pain", "pt <PATIENT> reports pain"),
        (WILLIAM, "WZ is a 45 yo man", "<PATIENT> is a 45 yo man"),
        ((("name", "Max Sondheim"),), "MS progressed; MS is stable", "MS progressed; MS is stable"),
        ((("name", "Max Sondheim"),), "MS is a 45 yo man", "<PATIENT> is a 45 yo man"),
        ((("name", "Ingo Vald"),), "i.v. fluids", "i.v. fluids"),
        # double names, particles, apostrophes
        ((("family", "Garcia-Lopez"),), "Garcia Lopez; garcialopez; GarciaLopez; Lopez", "<PATIENT>; <PATIENT>; <PATIENT>; <PATIENT>"),
        ((("family", "van der Madeup"),), "Van Der Madeup, vandermadeup, VanDerMadeup", "<PATIENT>"),
        ((("family", "O'Fakery"),), "O'Fakery, OFakery; O Fakery; o’fakery", "<PATIENT>; <PATIENT>; <PATIENT>"),
        ((("family", "McInvent"),), "seen: Mc Invent, mc invent; mcinvent", "seen: <PATIENT>, <PATIENT>; <PATIENT>"),
        ((("family", "St. Fabulo"),), "St Fabulo or StFabulo", "<PATIENT> or <PATIENT>"),
        ((("family", "Müßig"),), "Muessig, Müssig, Mußig, Müßig", "<PATIENT>"),
        ((("family", "Sørensted"),), "Sorensted and Soerensted", "<PATIENT> and <PATIENT>"),
        # particles alone are no names
        ((("family", "de la Madeup"),), "de novo, al dente, la", "de novo, al dente, la"),
        # misspelt
        ((("family", "Quillfeather"),), "quilfeather Quilfeater", "<PATIENT>"),
        ((("name", "Anna Castorp"), ("given", "Anna")), "Anna Castor came", "<PATIENT> came"),
        ((("family", "Castorp"),), "castor oil", "castor oil"),
        ((("family", "Metforman"),), "metformin 500 mg", "metformin 500 mg"),
        # two letters, one part
        ((("name", "Bo"),), "Told Bo to rest", "Told <PATIENT> to rest"),
        ((("given", "Li"), ("family", "Ng")), "Li Ng, ng li, NG, LI", "<PATIENT>"),
    ],
)  # fmt: skip
def test_names_as_people_write_them(identifiers, text, expected):
    assert left(text, *identifiers) == expected


@pytest.mark.parametrize(
    ("kind", "value", "mention"),
    [
        ("phone", "(555) 010-7788", "5550107788"),
        ("phone", "555-010-7788", "555 010 7788"),
        ("phone", "+1 555 010 7788", "010-7788"),
        ("phone", "(555) 010-7788", "+1 (555) 010.7788"),
        ("phone", "(555) 010-7788", "5 5 5 0 1 0 7 7 8 8"),
        ("phone", "(555) 010-7788 ext. 12", "555-010-7788"),
        ("phone", "+44 20 7946 0958", "020 7946 0958"),
        ("identifier", "MRN-0042917", "mrn 0042917"),
        ("identifier", "MRN-0042917", "42917"),
        ("identifier", "H20481234", "20481234"),
        ("identifier", "A 99 120 B", "A99120B"),
        ("identifier", "12-345-6789", "12 345 6789"),
        ("identifier", "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e04f8941d39a0c0305e82c3301"),
        ("identifier", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0"),
        ("email", "q.test@clinic.example", "q.test @ clinic.example"),
        ("email", "q.test77@clinic.example", "q.test77"),
        ("email", "q.test@clinic.example", "q dot test at clinic dot example"),
        ("email", "q.test@clinic.example", "q.test [at] clinic [dot] example"),
        ("url", "https://www.quentin.example/home", "quentin.example/home"),
        ("birth-date", "1958-03-04", "03041958"),
        ("birth-date", "1958-03-04", "4.3.1958"),
        ("address-line", "103 Elm Mill Street", "103 elm mill st."),
        ("address-line", "103 Elm Mill Street Unit 4", "103 Elm Mill"),
        ("address-line", "103 Elm Mill Street Unit 4", "103 ELM MILL STREET UNIT 4"),
        ("address-line", "103 N Quarrybrook Avenue", "103 Quarrybrook Ave"),
        ("address-line", "103 N Quarrybrook Avenue", "Quarrybrook"),
        ("address-line", "PO Box 7781", "po box 7781"),
        ("city", "Fakeville", "FAKEVILLE"),
        ("city", "Fakeville", "Fakevile"),
        ("city", "New Fabula", "newfabula"),
        ("county", "Inventia County", "Inventia"),
        ("postal-code", "99501", "99501"),
        ("postal-code", "99501", "99501-1234"),
        ("postal-code", "995011234", "99501"),
        ("organization", "FAKEVILLE HEALTH PARTNERS", "Fakeville Health Partners"),
        ("organization", "FAKEVILLE HEALTH SYSTEM", "Fakeville Health"),
        ("organization", "Fakeville Health System", "fakeville"),
        ("organization", "Saint Fabulus Medical Center", "St. Fabulus"),
        ("organization", "St. Zita's Hospital", "St Zita"),
        ("organization", "Zebra Unicorn Basilisk Hospital", "ZUBH"),
        ("location", "Quaxton Wing 3", "QUAXTON"),
    ],
)  # fmt: skip
def test_numbers_addresses_and_places_are_found_in_any_punctuation(kind, value, mention):
    out = left(f"Note says {mention} there.", (kind, value))
    assert mention not in out
    assert out.startswith("Note says <")
    assert out.endswith(" there.")


@pytest.mark.parametrize(
    ("identifiers", "text", "expected"),
    [
        ((("identifier", "4711"),), "MRN 4711, MRN: 4711, chart #4711", "MRN <ID>, MRN: <ID>, chart #<ID>"),
        ((("identifier", "4711"),), "id is 4711", "id is <ID>"),
        ((("identifier", "004711"),), "MRN 4711", "MRN <ID>"),
        ((("identifier", "4711"), ("family", "Zorblatt")), "Zorblatt (4711) came", "<PATIENT> (<ID>) came"),
        ((("identifier", "A12"),), "visit A12", "visit <ID>"),
        ((("identifier", "AB12"),), "room ab12 or AB12", "room <ID> or <ID>"),
        ((("identifier", "999-65-9492"),), "SSN ending 9492", "SSN ending <ID>"),
        ((("identifier", "999-65-9492"),), "last four 9492", "last four <ID>"),
        ((("identifier", "999-65-9492"),), "last 4 of SSN: 9492", "last 4 of SSN: <ID>"),
        ((("identifier", "999-65-9492"),), "xxx-xx-9492", "xxx-xx-<ID>"),
        ((("identifier", "999-65-9492"),), "***-**-9492", "***-**-<ID>"),
    ],
)  # fmt: skip
def test_a_short_id_is_found_where_it_is_labelled(identifiers, text, expected):
    assert left(text, *identifiers) == expected


@pytest.mark.parametrize(
    ("identifiers", "text"),
    [
        ((("identifier", "4711"),), "platelets 4711 and CK 4711 U/L"),
        ((("identifier", "120"),), "BP 120/80, HR 120, glucose 120"),
        ((("identifier", "B12"),), "B12 level low"),
        ((("identifier", "T12"),), "fracture of T12"),
        ((("identifier", "999-65-9492"),), "BNP 9492"),
        ((("identifier", "12345"),), "Platelets 212345 stable"),
        ((("identifier", "patient"),), "The patient is well."),
        ((("city", "Reading"),), "reading glasses; blood pressure reading 120/80; READING IS HARD"),
        ((("organization", "Mercy Hospital"),), "at the mercy of the pain"),
        ((("organization", "Hallmark Health System"),), "a hallmark of sepsis; HHS with glucose 900"),
        ((("organization", "General Hospital"),), "general condition; hospital stay"),
        ((("location", "Exam Room 2"),), "Exam in room 2"),
        ((("address-line", "12 Long Street"),), "long term, 12 long days"),
        ((("city", "Mobile"),), "mobile with a walker"),
    ],
)  # fmt: skip
def test_figures_and_words_of_medicine_stay(identifiers, text):
    assert left(text, *identifiers) == text


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("city", "Reading", "She lives in Reading with her son"),
        ("city", "Reading", "lives in reading with her son"),
        ("city", "Reading", "after the war she settled in reading with her son"),
        ("city", "Reading", "he grew up near reading, then moved back to reading"),
        ("city", "Reading", "flew to reading after her stroke"),
        ("city", "Reading", "Reading, PA"),
        ("organization", "Mercy Hospital", "admitted to mercy"),
        ("organization", "Mercy Hospital", "seen at Mercy Hospital"),
        ("organization", "Mercy Hospital", "MERCY HOSPITAL ED"),
        ("address-line", "12 Long Street", "lives on Long Street"),
    ],
)
def test_a_place_that_is_a_word_is_found_where_it_is_a_place(kind, value, text):
    assert "<" in left(text, (kind, value))
    assert not any(w in left(text, (kind, value)) for w in ("Reading", "reading", "ercy", "Long"))


@pytest.mark.parametrize(
    "written",
    [
        "1949-08-02", "8/2/1949", "08-02-49", "2.8.1949", "Aug 2 1949", "2nd of August 1949", "August 2nd, '49",
        "August 2nd", "19490802", "02AUG1949", "2-Aug-49", "2/8/49", "2 aug 1949", "AUGUST 2, 1949", "August 1949",
        "08/1949", "Agust 2, 1949", "second of august", "8 2 1949", "1949/8/2", "08.02.1949", "2 August", "Aug. 2",
        "8 / 2 / 1949", "1 9 4 9 0 8 0 2",
    ],
)  # fmt: skip
def test_a_birth_date_is_found_in_any_format(written):
    assert left(f"note ({written}) end", *BORN) == "note (<DATE>) end"


@pytest.mark.parametrize(
    "text", ["seen on 8/2 for cough", "DOB 8/2", "since 2/8 no pain", "8/2: called back", "born 080249"]
)
def test_day_and_month_are_a_date_where_the_words_say_so(text):
    assert "<DATE>" in left(text, *BORN)


@pytest.mark.parametrize(
    ("born", "text"),
    [
        ("1949-08-10", "pain 8/10, pain on arrival 8/10"), ("1949-02-06", "2/6 murmur, 2/6 systolic murmur"),
        ("1949-08-02", "ratio 8/2, split 8/2, BP 82/49"), ("1949-05-02", "may 2 tablets, may 2 weeks help"),
        ("1949-05-05", "strength 5/5 throughout"), ("1949-08-02", "August 2, 2021 is another day; in 1949"),
        ("1949-03-04", "mar 4 mg"), ("1949-12-11", "INR 12/11"), ("1949-08-02", "labs 8, 2, 50"),
        ("1949-08-02", "8.2 mmol/L, 49 mg"),
    ],
)  # fmt: skip
def test_scores_ratios_and_amounts_are_no_dates(born, text):
    assert left(text, ("birth-date", born)) == text


def test_a_year_alone_counts_for_the_oldest_only():
    assert left("born in 1931", ("birth-date", "1931-08-02")) == "born in 1931"
    assert left("born in 1931, b. '31, born 31", ("birth-date", "1931-08-02"), over_89=True).count("<DATE>") == 3
    assert left("weight 31, 1931 mg", ("birth-date", "1930-08-02"), over_89=True) == "weight 31, 1931 mg"


def test_over_89_the_years_of_youth_go_too():
    assert (
        left("diabetes since 1943, seen 1999", ("birth-date", "1931-08-02"), over_89=True)
        == "diabetes since <DATE>, seen 1999"
    )
    assert left("diabetes since 1943", ("birth-date", "1931-08-02")) == "diabetes since 1943"


def test_a_partial_birth_date_is_known_by_its_month():
    assert left("born Aug 1949, seen Aug 2020", ("birth-date", "1949-08")) == "born <DATE>, seen Aug 2020"


def test_codes_that_are_numbers_of_the_request_are_recognised():
    matcher = known(("identifier", "MRN-0042917"), ("date", "2024-05-06"), ("identifier", "12"))
    assert matcher.is_number("mrn 0042917")
    assert matcher.is_number("20240506")
    assert not matcher.is_number("12")


def test_known_names_beat_the_clinical_allow_list(scrub):
    assert scrub("Graves disease in Mr. Graves", ("family", "Graves")).count("Graves") == 0
    assert scrub("Graves disease is stable") == "Graves disease is stable"
    assert "Thomas" not in scrub("Thomas test negative. Thomas R. came.", ("given", "Thomas"))


def test_relatives_and_clinicians_get_their_own_placeholders(scrub):
    out = scrub(
        "Zelda Testperson came; Dr. Zorp agrees.",
        ("name", "Zelda Testperson", "relative"),
        ("name", "Zorp Fictiva", "practitioner"),
    )
    assert out == "[RELATIVE_1] came; Dr. [CLINICIAN_1] agrees."


VISITS = (("birth-date", "1961-07-09"), ("date", "2025-12-28"), ("date", "2026-01-02"), ("date", "2026-01-05"))


@pytest.mark.parametrize(
    "text",
    [
        "stay 12/28-1/2", "seen 12 28 25", "7\\9\\61", "born 7/61", "Jul-61", "born july of 61",
        "December twenty eighth", "died on the 5th.", "1/05", "TOD 1/5",
    ],
)  # fmt: skip
def test_short_and_odd_writings_of_known_dates_are_found(text):
    assert not any(c.isdigit() for c in left(text, *VISITS))
    assert "<DATE>" in left(text, *VISITS)


@pytest.mark.parametrize("text", ["the 5th rib", "strength 4/5-5/5", "1/2-1/5 of the dose", "on the 5th digit"])
def test_ordinals_and_scores_stay_beside_known_dates(text):
    assert left(text, *VISITS) == text


@pytest.mark.parametrize(
    ("kind", "value", "text", "expected"),
    [
        ("phone", "414-772-0938", "call 414-772-O938", "call <PHONE>"),
        ("phone", "414-772-0938", "at x0938", "at <PHONE>"),
        ("identifier", "MRN-0042917", "MRN ...2917", "MRN ...<ID>"),
        ("identifier", "999-65-4410", "4410 (last 4 ssn)", "<ID> (last 4 ssn)"),
        ("location", "4 West Telemetry", "UNIT: 4 WEST, on 4 west telemetry, to 4W", "UNIT: <FACILITY>, on <FACILITY>, to <FACILITY>"),
        ("location", "4 West Telemetry", "f/u 4w", "f/u 4w"),
        ("organization", "Heron Foods", "works at heron foods", "works at <FACILITY>"),
    ],
)  # fmt: skip
def test_shortened_and_mistyped_numbers_and_places_are_found(kind, value, text, expected):
    assert left(text, (kind, value)) == expected


LOWE = (("name", "Gary Ian Lowe"), ("given", "Gary"), ("given", "Ian"), ("family", "Lowe"))
LI = (("name", "Nuri Lee Ade"), ("given", "Nuri"), ("given", "Lee"), ("family", "Ade"))


@pytest.mark.parametrize(
    ("identifiers", "text", "expected"),
    [
        # short names misspelt: by their writing, beside a part, after a title
        (LOWE, "told to see Dr Lwe.", "told to see Dr <PATIENT>."),
        (LOWE, "Gaary is here; gp gaary lowe", "<PATIENT> is here; gp <PATIENT>"),
        (LOWE, "GP: Gory Lowe", "GP: <PATIENT>"),
        (LOWE, "GARY LOSE, aged 50, with Gary Lose today", "<PATIENT>, aged 50, with <PATIENT> today"),
        (LOWE, "GARY SAYS LOW SALT", "<PATIENT> SAYS LOW SALT"),
        (LOWE, "records of Lower at the desk", "records of <PATIENT> at the desk"),
        (LI, "seen: Nuri Aed and Nuri-lae Ade", "seen: <PATIENT> and <PATIENT>"),
        ((("name", "Anna Al-Stonely"), ("family", "Al-Stonely")), "Surname: lA-Stonely", "Surname: <PATIENT>"),
        # a single letter behind the name
        (LOWE, "and her partner lowe i on friday", "and her partner <PATIENT> on friday"),
        (LOWE, "Lowe, Gary I with pain", "<PATIENT> with pain"),
        (LOWE, "Pt Lowe Gary I / 4711", "Pt <PATIENT> / 4711"),
        ((("name", "Ferenc Abel Balog"),), "ferenc a rang; balog a inguinal hernia", "<PATIENT> rang; <PATIENT> inguinal hernia"),
        ((("name", "Ferenc Abel Balog"),), "Seen: Ferenc A fib; Balog a hernia", "Seen: <PATIENT> A fib; <PATIENT> a hernia"),
        ((("family", "Cəfərova"),), "Ms Ceferova", "Ms <PATIENT>"),
        ((("family", "Endo"),), "surname endo\nborn here", "surname <PATIENT>\nborn here"),
        ((("family", "Trent"),), "lesion sent as tent 9", "lesion sent as <PATIENT> 9"),
        ((("family", "Stonk"), ("family", "Stone")), "On Monday the stonj family", "On Monday the <PATIENT> family"),
        (LOWE, "Lowe I saw today", "<PATIENT> I saw today"),
        ((("name", "Hunter Grace Clavell"), ("given", "Hunter")), "-- hunter c / 4711", "-- <PATIENT> / 4711"),
        # the generation
        (LOWE, "Gary Lowe IV rang; Lowe, Jr.; LOWE III", "<PATIENT> rang; <PATIENT>; <PATIENT>"),
        (LOWE, "gave Lowe IV fluids, Gary Lowe IV fluids", "gave <PATIENT> IV fluids, <PATIENT> IV fluids"),
        # small initials
        (LOWE, "wound care g.l, stable", "wound care <PATIENT>, stable"),
        ((("name", "Ingo Vald"),), "i.v fluids", "i.v fluids"),
        ((("name", "Anna Sondel"),), "Signed A.S.; 1517 - A.S. rang", "Signed <PATIENT>; 1517 - <PATIENT> rang"),
        ((("name", "Anna Sondel"),), "drops in A.S. daily", "drops in A.S. daily"),
        ((("given", "Hunter"),), "removed in 2013. hunter found him there", "removed in 2013. <PATIENT> found him there"),
        # a word that is a name, where records and roles stand
        ((("family", "Steel"),), "RECORDS OF STEEL AT NOON", "RECORDS OF <PATIENT> AT NOON"),
        ((("given", "Hunter"),), "Bring Hunter Along; Lesion Sent As HUNTER 7", "Bring <PATIENT> Along; Lesion Sent As <PATIENT> 7"),
        ((("family", "Grey"),), "With thanks,\nDr. Grey\nCopy: file", "With thanks,\nDr. <PATIENT>\nCopy: file"),
    ],
)  # fmt: skip
def test_short_and_hurried_writings_of_names_are_found(identifiers, text, expected):
    assert left(text, *identifiers) == expected


@pytest.mark.parametrize(
    "text",
    ["LOW dose, blow out, a flow of 2 L", "lower lobe; LOWER; vary, Very dry", "iv access, b.i.d", "the lobe i saw"],
)
def test_words_one_letter_from_a_short_name_stay(text):
    assert left(text, *LOWE) == text


@pytest.mark.parametrize(
    ("kind", "value", "text", "expected"),
    [
        ("city", "Ixo", "lives in ixo now", "lives in <LOCATION> now"),
        ("city", "Reading City", "born\treading city\tpain", "born\t<LOCATION>\tpain"),
        ("city", "Fabula City Shores", "at fabula city shores wv", "at <LOCATION> wv"),
        ("city", "Steel", "12 Mill Road\nSteel\nMobile", "12 Mill Road\n<LOCATION>\nMobile"),
        ("city", "Reading", "12 Mill Road, Apt 4\nReading. Bread", "12 Mill Road, Apt 4\n<LOCATION>. Bread"),
        ("city", "Le", "12 mill rd le wi 55902", "12 mill rd <LOCATION> wi 55902"),
        ("address-line", "12 Fabelstraße", "of 12 FABELSTRASSE, now", "of <ADDRESS>, now"),
        ("organization", "QXH", "Hospital: qxh", "Hospital: <FACILITY>"),
        ("organization", "Horizon", '{"at": "horizon", "x": 1}', '{"at": "<FACILITY>", "x": 1}'),
        ("organization", "Saint Fabulus's", "AT SAINT FABULUS'S, IN", "AT <FACILITY>, IN"),
        ("organization", "Friday", "hospital friday\nseen at friday by", "hospital <FACILITY>\nseen at <FACILITY> by"),
        ("organization", "Friday", "hospital on friday; back friday at noon", "hospital on friday; back friday at noon"),
        ("organization", "Lighthouse", "Lighthouse, 12 Mill Road", "<FACILITY>, 12 Mill Road"),
        ("organization", "Zita Women's Hospital", "at zita womens hospital", "at <FACILITY>"),
        ("address-line", "12 N South Court", "12 n south court", "<ADDRESS>"),
        ("address-line", "12 NE Quarrybrook Ave., # 4", "12 NE Quarrybrook Ave., # 4 now", "<ADDRESS> now"),
        ("phone", "(555) 010-7788", "1-555-010-7788 x12, rang", "<PHONE>, rang"),
        ("organization", "Horizon", "no horizon in sight; the horizon", "no horizon in sight; the horizon"),
        ("city", "Reading", "reading: 120 mmHg", "reading: 120 mmHg"),
    ],
)  # fmt: skip
def test_places_and_numbers_that_fields_hold_are_found(kind, value, text, expected):
    assert left(text, (kind, value)) == expected


@pytest.mark.parametrize(
    "text",
    [
        '"when": "7/9"', "Stay: 7/9 to the 8th of May", "Stay: 2014-02-17 to 7/9", "stay: july 9 to 8/25/2024", "7/9 to Jul 9",
        "birthdate 09 july 1961", "80 yrs 09 july 1961",
    ],
)  # fmt: skip
def test_known_dates_are_found_in_fields_and_beside_other_dates(text):
    assert "<DATE>" in left(text, ("date", "1961-07-09"))
    assert not any(w in left(text, ("date", "1961-07-09")).lower() for w in ("7/9", "july", "1961", "09"))


@pytest.mark.parametrize("text", ["may 5 to 6 tablets", "strength improved to 4/5, 4/5 to 5/5", "markedly to 4/5"])
def test_amounts_and_scores_in_ranges_are_no_dates(text):
    assert left(text, ("date", "2020-05-05"), ("date", "2020-04-05")) == text


@pytest.mark.parametrize("text", ["is {}", "she is {}", "pt {}, s/p fall", "turned {}", "was {} until", "aged {}"])
@pytest.mark.parametrize("age", ["95", "ninety-five"])
def test_over_89_the_age_is_found_however_it_is_said(text, age):
    known_ = (("birth-date", "1930-05-02"), ("date", "2026-01-03"))
    assert left(text.format(age), *known_, over_89=True) == text.format("<AGE>")
    assert left(text.format(age), *known_) == text.format(age)


@pytest.mark.parametrize(
    "text", ["HR is 95", "BP 130/95", "sat was 95", "weighs 95 kg", "EF was 95%", "ninety-five percent"]
)
def test_over_89_measurements_stay(text):
    assert left(text, ("birth-date", "1930-05-02"), ("date", "2026-01-03"), over_89=True) == text
