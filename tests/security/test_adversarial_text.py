"""Identifiers that hide, in text alone: written by machines, split, spaced, in foreign characters, beside look-alikes.

No bundle stands beside the texts of HIDDEN: only patterns and models can find what they hold. Those of REQUESTED hold
what stands in the request, mistyped or cut short. Structured fields are in `test_adversarial_structured.py`.
"""

import pytest

from anonymization.gate import Gate
from fhir_mappers.case import KnownIdentifier

# what hides how, the text, and the pieces that must not be left
HIDDEN = [
    ("zero-width in a phone", "Call 5\u200b5\u200b5-8\u200b26-5\u200b697 today", ("826", "5697")),
    ("soft hyphen in mail", "mail an\xadna@exam\xadple.org", ("anna", "example")),
    ("full width digits", "SSN １２３－４５－６７８９", ("6789", "６７８９")),
    ("arabic-indic digits", "tel ٥٥٥-٨٢٦-٥٦٩٧", ("٨٢٦",)),
    ("devanagari digits", "phone ९८७६५ ४३२१०", ("४३२१०",)),
    ("math bold name", "Patient: 𝐀𝐧𝐧𝐚 𝐒𝐭𝐨𝐧𝐞𝐲", ("𝐀𝐧𝐧𝐚",)),
    ("cyrillic in a titled name", "Dr. Аnnа Stоnеу was called", ("Stоnеу",)),
    ("spaced ssn", "ssn 1 2 3 4 5 6 7 8 9", ("6 7 8 9",)),
    ("spaced ssn no label", "His number is 1 2 3 - 4 5 - 6 7 8 9.", ("6 7 8 9",)),
    ("spaced phone", "call 5 5 5 8 2 6 5 6 9 7", ("5 6 9 7",)),
    ("dotted phone", "555.826.5697", ("5697",)),
    ("phone over lines", "Call 555-\n826-5697", ("5697",)),
    ("mail over a line", "write to anna.stone@\nexample.org", ("stone@", "example.org")),
    ("spaced mail", "a n n a @ m a i l . c o m", ("m a i l",)),
    ("mail brackets", "anna[at]example[dot]org", ("anna[", "example[")),
    ("mail local", "ping x@hospital.local", ("hospital.local",)),
    ("mail no tld", "jdoe@intranet", ("jdoe",)),
    ("number words", "phone is five five five eight two six five six nine seven", ("eight two six",)),
    ("ipv6", "from 2001:db8::ff00:42:8329", ("8329",)),
    ("mac", "device aa:bb:cc:dd:ee:ff", ("dd:ee:ff",)),
    ("gps", "found at 42.50436, -71.064061", ("42.50436", "71.064061")),
    ("file name", "scan Stoneham_Anna_DOB1961-03-05.pdf", ("Stoneham", "1961")),
    ("windows path", "see C:\\Users\\astoneham\\Desktop\\visit.docx", ("astoneham",)),
    ("home path", "saved in /home/astoneham/visit.docx", ("astoneham",)),
    (
        "json inside",
        '{"name":"Anna Stoneham","ssn":"123456789","mrn":"4711"}',
        ("Anna", "Stoneham", "123456789", "4711"),
    ),
    ("json escaped", '{\\"lastName\\": \\"Stoneham\\", \\"phone\\": \\"5558265697\\"}', ("Stoneham", "5558265697")),
    ("json unicode escape", '{"name":"\\u0041nna Stoneham"}', ("Stoneham", "nna")),
    ("percent encoded", "?patient=Anna%20Stoneham&dob=1961-03-05", ("Stoneham", "1961")),
    ("html entity", "Patient: Anna&nbsp;Stoneham", ("Stoneham",)),
    ("html numeric entity", "Patient: &#65;nna Stoneham", ("Stoneham",)),
    (
        "base64",
        "data:text/plain;base64,QW5uYSBTdG9uZWhhbSwgYm9ybiAxOTYxLTAzLTA1LCBNUk4gNDcxMQ==",
        ("QW5uYSBTdG9uZWhhbSwg",),
    ),
    ("bare base64", "att: QW5uYSBTdG9uZWhhbSwgYm9ybiAxOTYxLTAzLTA1LCBNUk4gNDcxMQ==", ("QW5uYSBTdG9uZWhhbSwg",)),
    ("xml", '<family value="Stoneham"/><given value="Anna"/>', ("Stoneham", "Anna")),
    (
        "hl7v2",
        "PID|1||4711^^^HOSP^MR||STONEHAM^ANNA^M||19610305|F|||12 MAIN ST^^SPRINGFIELD^IL^62701||5558265697",
        ("STONEHAM", "ANNA", "19610305", "62701", "5558265697", "SPRINGFIELD", "4711"),
    ),
    ("csv", "4711;Stoneham;Anna;1961-03-05;555-826-5697", ("Stoneham", "1961", "5697")),
    ("ssn any group", "ssn 000-12-3456 and 666-00-0000", ("3456", "0000")),
    ("ssn no dashes", "SSN: 123456789", ("123456789",)),
    ("ssn last four", "last four of social 6789", ("6789",)),
    ("npi", "NPI 1234567893", ("1234567893",)),
    ("dea", "DEA AB1234563", ("AB1234563",)),
    ("mbi", "Medicare 1EG4-TE5-MK73", ("1EG4", "MK73")),
    ("mbi bare", "1EG4TE5MK73 on file", ("1EG4TE5MK73",)),
    ("plan", "Member ID XYZ123456789", ("123456789",)),
    ("account", "acct # 0012-9931", ("9931",)),
    ("vin", "VIN 1HGCM82633A004352", ("004352",)),
    ("plate", "license plate 7ABC123", ("7ABC123",)),
    ("device serial", "pacemaker serial no. PJN402817H", ("402817",)),
    ("udi", "UDI (01)00844588003288(17)141120(10)7654321D(21)10987654d321", ("00844588003288", "10987654d321")),
    ("birth words", "born on the 5th of March 1961", ("5th of March", "1961")),
    ("birth lower", "dob mar 5 61", ("mar 5",)),
    ("birth dots", "geb. 05.03.1961", ("05.03.1961",)),
    ("age words", "ninety-four year old man", ("ninety-four",)),
    ("age 101", "101 yo F", ("101",)),
    ("po box", "PO Box 1234, Springfield", ("1234", "Springfield")),
    ("lower street", "lives at 12 elm street apt 4", ("12 elm",)),
    ("caps list", "STONEHAM, ANNA M", ("STONEHAM", "ANNA")),
    ("caps sentence", "MR STONEHAM REPORTS PAIN", ("STONEHAM",)),
    ("lower titled", "mrs stoneham called", ("stoneham",)),
    ("name glued digits", "user astoneham1961 posted", ("astoneham1961",)),
    ("twitter", "her handle @annastoneham", ("annastoneham",)),
    ("url no scheme", "portal.example-clinic.org/pt/4711", ("example-clinic", "4711")),
    ("mailto", "mailto:anna@example.org", ("anna",)),
    ("passport", "passport X4374756", ("X4374756",)),
    ("fax", "fx: 555 826 5697", ("5697",)),
    ("intl phone", "+44 20 7946 0958", ("7946",)),
    ("uk mobile", "07700 900123", ("900123",)),
    ("card", "card 4111 1111 1111 1111", ("1111 1111",)),
    (
        "age of a relative",
        "mother died at 94, dad lived to 98",
        (
            "94",
            "98",
        ),
    ),
    ("age without a unit", "pt 94, s/p fall", ("94",)),
    ("birthday", "her 95th birthday", ("95th",)),
    ("date before a colon", "3/4: pt had fever", ("3/4",)),
    (
        "date behind labs",
        "labs 3/4, RTC 6/6",
        (
            "3/4",
            "6/6",
        ),
    ),
    (
        "date range",
        "hospitalized 2/2-2/5",
        (
            "2/2",
            "2/5",
        ),
    ),
    (
        "small month",
        "mar 14 2025 and on may 3",
        (
            "mar 14",
            "may 3",
        ),
    ),
    (
        "date in words",
        "December twenty eighth",
        (
            "December",
            "eighth",
        ),
    ),
    (
        "season of a year",
        "first seen winter 2024, again Q3 2025 and late 2025",
        (
            "winter",
            "Q3",
            "late",
        ),
    ),
    ("bare seven digits", "uses the pharmacy, 963-0199", ("0199",)),
    ("letter for a digit", "414-772-O938", ("O938",)),
    (
        "rural box",
        "HC 61 Box 23",
        (
            "61",
            "23",
        ),
    ),
    ("street of a home", "lives off hwy 82", ("82",)),
    ("social handle", "instagram: zstoneham1", ("zstoneham1",)),
    ("plan by its insurer", "BCBS XYP123A45678", ("45678",)),
    ("iban", "IBAN GB82 WEST 1234 5698 7654 32", ("5698",)),
]

# what stands in the request
REQUEST = tuple(
    KnownIdentifier(kind=kind, value=value)
    for kind, value in (
        ("name", "Gary Ian Lowe"), ("given", "Gary"), ("given", "Ian"), ("family", "Lowe"), ("city", "Ixo"),
        ("organization", "Horizon"), ("date", "2020-03-16"), ("phone", "(555) 010-7788"),
        ("address-line", "12 N South Court"),
    )
)  # fmt: skip

# how it is written, the text, and the pieces that must not be left
REQUESTED = [
    ("short name misspelt", "told to see Dr Lwe today", ("Lwe",)),
    ("misspelt into a word", "GP: Gory Lowe", ("Gory", "Lowe")),
    ("misspelt into a title's word", "Ms Lowed rang", ("Lowed",)),
    ("small initials", "seen with g.l today", ("g.l",)),
    ("letter behind the name", "his partner lowe g on friday", ("lowe", "lowe g", " g ")),
    ("generation", "Gary Lowe IV rang", ("Lowe", "IV")),
    ("town of three letters", "drives in from ixo", ("ixo",)),
    ("place in a field", '{"at": "horizon", "note": "stable"}', ("horizon",)),
    ("day in a field", '{"when": "3/16", "note": "stable"}', ("3/16",)),
    ("end of a stay", "stay: 3/16 to 2020-03-20", ("3/16", "2020")),
    ("day behind an age", "aged 80 yrs 16 march 2020", ("16", "march", "2020")),
    ("extension", "call 1-555-010-7788 x4711", ("1-555", "7788", "4711")),
    ("street of directions", "lives at: 12 n south court", ("12", "south")),
]

# numbers, words and signs of clinical language that look like identifiers
CLINICAL = """
Na 138, K 4.2, Cl 104, HCO3 22, BUN 14, Cr 1.1, glucose 96
WBC 12,000, Hgb 9.8, platelets 150000, CD4 350 cells/mm3, viral load 1200000 copies/mL
BP 120/80, HR 72, RR 16, SpO2 97%, T 98.6 F, pain 8/10, GCS 15, strength 5/5, 2/6 systolic murmur
ANA 1:640, anti-dsDNA 1:40, HLA-B27 positive, T4 5.2, TSH 0.02, NYHA class III, ASA 2
vision 20/20 OD, 20/40 OS, reflexes 2+, pulses 2+/4
12-lead ECG, 24-hour urine, 10-15 mg q4-6h prn, 5-10 days, 1-2 tabs, 3-0 Vicryl
ICD-10 I21.9, CPT 99213, HbA1c 7.2%, eGFR 48 mL/min/1.73 m2, PT/INR 2.4
Thomas test positive, Murphy's sign negative, Homans sign absent, Kernig and Brudzinski negative
Wilson disease, Addison's disease, Parkinson's disease, Graves' disease, Bell palsy, Crohn's
Foley catheter, Swan-Ganz catheter, Jackson-Pratt drain, Hickman line, Kelly clamp, Allis forceps
metformin 500 mg BID, Lipitor 40 mg qhs, Zofran 4 mg IV, Eliquis 5 mg, Ozempic 0.5 mg weekly
May need a CT. Will return in 2 weeks. Hope to discharge. Stone in the left ureter. Grace period.
67-year-old male, aged 45, 89 yo woman, 7 months old, in her 60s
Apgar 8 and 9, Bishop score 6, Wells score 3, Glasgow Coma Scale 14, CHA2DS2-VASc 4
Salmonella enterica, Staphylococcus aureus, E. coli O157:H7, Candida albicans, Borrelia burgdorferi
What is the dose of vancomycin for a 70 kg adult with CrCl 30 mL/min?
Compare the SPRINT, DAPA-HF and EMPEROR-Reduced trials for heart failure.
Per the 2021 Surviving Sepsis guidelines, give 30 mL/kg within 3 hours.
gene BRCA1, EGFR L858R, KRAS G12C, 22q11.2 deletion, FLT3-ITD, t(9;22)
Lot release pH 7.35/7.45, pCO2 40, pO2 95, BE -2, lactate 2.1
COVID-19, H1N1, B12 400, D3 2000 IU, O2 2 L/min NC, C5-C6, L4/L5, T12 fracture
SOAP, HPI, ROS, PMH: HTN, DM2, CKD3, COPD, s/p CABG x3, LVEF 35%
7.5 x 3 cm mass, 0.9% NaCl 1000 mL over 8 h, 1,000,000 units, 40000 units weekly
q12h x 7 days then 1 tab daily; refill x3; 30 day supply
Temp 102 F, T 97 F, Tmax 103 F, fever to 102 F with chills, walked 100 m, HR 110 male pt, BP 130 f/u
neck turns 90 degrees, newborn aged 100 hours, sats in her 90s, BP in her 120s, pt was 94, HR 80
CPT 99213-25, NDC 0093-7214-01, SNOMED 38341003, vision 6/12 OD, 20/25 OS; 6/12
Hx of Tdap and Moderna, Tmax 103, Dispo: home. Wenckebach, Fuhrman 2, Lugano, Snellen, Westergren, O'Brien test
3/4 cup, 1/2 tab, 2/4 bottles positive, strength 4/5-5/5 and full (5/5), f/u 2-3 weeks
Heparin 5000 units SC, epinephrine 1:1000 0.3 mL IM, insulin glargine 22 units
""".strip().split("\n")


@pytest.fixture(scope="module")
def gate() -> Gate:
    gate = Gate()
    gate.warm()
    return gate


@pytest.mark.parametrize(("text", "pieces"), [case[1:] for case in HIDDEN], ids=[case[0] for case in HIDDEN])
def test_a_hidden_identifier_is_found(gate: Gate, text: str, pieces: tuple[str, ...]) -> None:
    done = gate.scrub(text, timeout_s=30)
    assert not [piece for piece in pieces if piece in done.text]


@pytest.mark.parametrize(("text", "pieces"), [case[1:] for case in HIDDEN], ids=[case[0] for case in HIDDEN])
def test_its_span_covers_it_in_the_input(gate: Gate, text: str, pieces: tuple[str, ...]) -> None:
    covered = {i for start, end, _ in gate.scrub(text, timeout_s=30).spans for i in range(start, end)}
    for piece in (p for p in pieces if p in text):
        at = text.index(piece)
        assert {i for i in range(at, at + len(piece)) if text[i].isalnum()} <= covered


@pytest.mark.parametrize(("text", "pieces"), [case[1:] for case in REQUESTED], ids=[case[0] for case in REQUESTED])
def test_what_stands_in_the_request_is_found_however_it_is_written(
    gate: Gate, text: str, pieces: tuple[str, ...]
) -> None:
    done = gate.scrub(text, REQUEST, timeout_s=30)
    assert not [piece for piece in pieces if piece in done.text]


@pytest.mark.parametrize("text", CLINICAL)
def test_clinical_language_passes_beside_a_request(gate: Gate, text: str) -> None:
    assert gate.scrub(text, REQUEST, timeout_s=30).text == text


@pytest.mark.parametrize("text", CLINICAL)
def test_clinical_language_passes_untouched(gate: Gate, text: str) -> None:
    assert gate.scrub(text, timeout_s=30).text == text
