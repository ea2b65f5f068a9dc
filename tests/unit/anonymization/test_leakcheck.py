"""The second pass by itself: what gives somebody away without context is refused, clean text is let through.

The property test over made-up people is in `test_known_people`.
"""

# ruff: noqa: E501 - a case is read in one line
import json
import lzma
from datetime import UTC, datetime

import pytest

from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import Leak
from anonymization.known import KnownMatcher
from anonymization.leakcheck import LeakCheck
from anonymization.leakcheck_known import KnownTraces
from anonymization.normalise import normalise
from cds_service.sample.chart import PATIENT_ID, request_body
from fhir_mappers.case import KnownIdentifier
from fhir_mappers.mapping import map_case

KNOWN = tuple(
    KnownIdentifier(kind=k, value=v)
    for k, v in (
        ("name", "Quentin Will Testperson"), ("given", "Quentin"), ("given", "Will"), ("family", "Testperson"),
        ("name", "Bill Stone"), ("given", "William"), ("family", "Sawyer"), ("family", "O'Fakery"),
        ("phone", "(555) 010-7788"), ("identifier", "MRN-0042917"), ("identifier", "999-65-9492"),
        ("identifier", "4711"), ("email", "q.test77@clinic.example"), ("birth-date", "1958-03-04"),
        ("date", "2024-11-25"), ("address-line", "103 N Quarrybrook Road Unit 4"), ("city", "Fakeville"),
        ("city", "New Fabula"), ("postal-code", "99501"), ("organization", "Quaxton Health System"),
    )
)  # fmt: skip


def refused(text):
    try:
        LeakCheck(KNOWN).check_text(text)
    except Leak:
        return True
    return False


@pytest.mark.parametrize(
    "text",
    [
        "testperson", "TESTPERSON", "Téstperson", "Test\u200bperson", "Testpersons", "seen: Testpersn", "Tesptersn x Testpreson",
        "Test-\nperson", "T E S T P E R S O N", "t.e.s.t.p.e.r.s.o.n", "quentin_testperson", "quentintestperson",
        "stone, bill", "Bill Stone", "STONE BILL", "bill q. stone", "will testperson", "Mr. Sawyer", "ofakery", "O'Fakery",
        "Patient: Q.W. reports pain", "call 555 010 7788", "010-7788", "+15550107788", "5 5 5 0 1 0 7 7 8 8",
        "record mrn 0042917", "MRN 4711", "999 65 9492", "ssn ending in 9492", "xxx-xx-9492", "q.test77@clinic.example",
        "Q.TEST77", "q dot test77 at clinic dot example", "born 03041958", "1958/3/4", "3/4/58", "4.3.1958", "4 Mar 1958",
        "March 4th, 1958", "4th of March, '58", "mar-04-58", "04MAR1958", "Nov 25, 24", "November 25", "25th of November",
        "103 Quarrybrook", "103 n quarrybrook", "fakeville", "new fabula", "99501", "Quaxton Health", "QUAXTON",
    ],
)  # fmt: skip
def test_what_tells_without_context_is_refused(text):
    assert refused(f"Note: {text}, follow up.")


@pytest.mark.parametrize(
    ("kind", "value", "leak", "clean"),
    [
        ("family", "Zorbe", "seen: zorbbe", "zone, zombie"),
        ("city", "Ixo", "lives in ixo", "in ix or oxo"),
        ("city", "Fabula City Shores", "of fabula city", "fabula sold shores"),
        ("organization", "QXH", "came from qxh", "qh and xh"),
        ("date", "2019-06-16", "june 16 to 2019-06-20", "june 16 units"),
        ("name", "Lora Dewent", "pt l.d reports", "pt d.l"),
    ],
)
def test_short_names_places_and_ranges_are_refused(kind, value, leak, clean):
    check = LeakCheck([KnownIdentifier(kind=kind, value=value)])
    check.check_text(f"Note: {clean}, follow up.")
    with pytest.raises(Leak):
        check.check_text(f"Note: {leak}, follow up.")


@pytest.mark.parametrize(
    "text",
    [
        "[PATIENT_1] will return if worse. Kidney stone. BP 120/80, pain 7/10, for 3 days.",
        "[PATIENT_1] [PATIENT_2] stone will", "bill for the visit. Stone in the ureter", "will. Testing",
        "Pain [DATE_1] 4 mg", "mar 4 mg, may 2 tablets", "3/4 cup; strength 3/4; 3/4 murmur",
        "Platelets 250000, viral load 1200000 copies/mL, [DATE_1], [PHONE_1]", "NT-proBNP 9492 pg/mL, CK 4711",
        "103 mmol/L; a quarry worker", "a sawyer by trade", "1958 mg", "in March of this year", "November 25 mg",
        "person of interest; the test result", "home health system", "HR 88, 77/88, 555 mg, 010",
    ],
)  # fmt: skip
def test_clean_text_is_let_through(text):
    assert not refused(text)


def test_a_code_that_is_a_number_of_the_person_is_refused():
    traces = KnownTraces(KNOWN)
    assert traces.are_code("MRN-0042917")
    assert traces.are_code("s-testperson-1")
    assert not traces.are_code("s-4f8a91")


def test_a_subject_made_of_the_person_is_refused():
    from anonymization.deadline import Deadline

    with pytest.raises(Leak):
        LeakCheck(KNOWN).check(DeidentifiedCase(subject="5550107788", age="67", sex="male"), Deadline.after(5))


def texts_of(case):
    """The texts of an identified chart, as the gate would hand them to the scrubber."""
    for item in (*case.problems, *case.medications, *case.allergies, *case.complaints):
        yield item.concept.text or " ".join(c.display or "" for c in item.concept.codings)
    for item in case.documents:
        yield f"{item.title}\n{item.text}"
    for item in case.labs:
        yield item.label or ""


def refusals(case):
    """How many texts of a chart the check refuses once the matcher has masked them, and how many there are."""
    matcher, traces = KnownMatcher(case.identifiers), KnownTraces(case.identifiers)
    seen = [normalise(t).text for t in texts_of(case) if t]
    return sum(traces.stand_in(masked(t, matcher)) for t in seen), len(seen)


def masked(text, matcher):
    for hit in sorted(matcher.find(text), key=lambda h: -h.start):
        text = text[: hit.start] + "¶" * (hit.end - hit.start) + text[hit.end :]
    return text


def test_the_demo_chart_passes_once_it_is_masked():
    now = datetime.now(UTC)
    case = map_case(request_body(now)["prefetch"], patient_id=PATIENT_ID, encounter_id=None, now=now)
    refused_texts, all_texts = refusals(case)
    assert all_texts > 5
    assert refused_texts == 0


def test_at_most_two_in_a_hundred_synthetic_charts_are_refused(shared_data):
    charts = sorted((shared_data / "fhir" / "synthea2019_smart").glob("*.json.xz"))[:8]
    lost = read = 0
    for path in charts:
        bundle = json.loads(lzma.decompress(path.read_bytes()))
        person = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")
        case = map_case(
            {"all": bundle}, patient_id=person["id"], encounter_id=None, now=datetime(2020, 1, 1, tzinfo=UTC)
        )
        refused_texts, all_texts = refusals(case)
        read += all_texts
        lost += refused_texts > 0
    assert read > 10 * len(charts)
    assert lost <= len(charts) // 50


def test_over_89_the_birth_year_alone_is_refused() -> None:
    check = LeakCheck([KnownIdentifier(kind="birth-date", value="1931-08-02")], over_89=True)
    with pytest.raises(Leak):
        check.check_text("Working since 1931.")
    LeakCheck([KnownIdentifier(kind="birth-date", value="1931-08-02")]).check_text("Working since 1931.")


WEAK = tuple(KnownIdentifier(kind="family", value=v) for v in ("Small", "Li", "Stone", "May", "Do", "Will"))


@pytest.mark.parametrize(
    "text",
    [
        "Line placed by Small today", "¶ and Li agree", "Seen with Stone in the hall", "Dr. Small", "DR SMALL.", "pcp li",
        "Small, MD", "/s/ Stone", "mrs stone.", "Attending Do", "I told Will to rest",
    ],
)  # fmt: skip
def test_a_name_that_is_a_word_is_refused_where_only_a_name_stands(text):
    assert KnownTraces(WEAK).stand_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Small bowel is normal. Stone in the ureter.", "Kidney Stone Protocol", "seen in May", "Dr. will see her",
        "on May 3", "do not drive", "the stone. A small one", "Will return. May shower.", "Li level", "large and Small bowel",
    ],
)  # fmt: skip
def test_a_name_that_is_a_word_passes_as_the_word(text):
    assert not KnownTraces(WEAK).stand_in(text)
