"""Canary patients: seeded names, numbers and dates in every field of a chart; none may come out of the gate."""
# ruff: noqa: E501 - one field of the chart a line

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from fhir_mappers.case import (
    Allergy,
    Case,
    CodedResult,
    Coding,
    Complaint,
    ComplaintOrigin,
    Concept,
    Demographics,
    Document,
    IntakeAnswer,
    KnownIdentifier,
    LabSeries,
    Measurement,
    Medication,
    Precision,
    Problem,
    Source,
    VitalsRound,
    When,
)
from tests.support.fiction import GIVEN

NOW = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
CHARTS = 60

FAMILY = ["Zorblatt", "Quillfeather", "Testperson", "Mockingham", "Fictiva", "Pseudonova", "Kanarienko", "O'Fakery"]
WORDS = ["Will", "May", "Hope", "Stone", "Rose", "Grace"]  # names that are words
CLINICAL = [
    "Parkinson disease", "Graves disease", "Thomas test negative", "Metoprolol 50 mg daily", "Down syndrome",
    "chest pain for 3 days", "BP 128/76, HR 88", "pain 7/10",
]  # fmt: skip


def known_canaries(rng):
    """Identifiers of the request, and the forms in which the chart will mention them."""
    given, family, other = rng.choice(GIVEN), rng.choice(FAMILY), rng.choice(FAMILY)
    word = rng.choice(WORDS)
    digits = [str(rng.randrange(2, 10)) + "".join(str(rng.randrange(10)) for _ in range(n - 1)) for n in (10, 8, 9)]
    phone = f"({digits[0][:3]}) {digits[0][3:6]}-{digits[0][6:]}"
    born = datetime(rng.randrange(1930, 2015), rng.randrange(1, 13), rng.randrange(1, 29), tzinfo=UTC)
    mail = f"{given}.{family}@clinic.local".lower().replace("'", "")
    identifiers = (
        KnownIdentifier(kind="name", value=f"{given} {family}"),
        KnownIdentifier(kind="name", value=f"{word} {other}", role="relative"),
        KnownIdentifier(kind="phone", value=phone),
        KnownIdentifier(kind="identifier", value=f"H{digits[1]}"),
        KnownIdentifier(kind="identifier", value=digits[2]),
        KnownIdentifier(kind="email", value=mail),
        KnownIdentifier(kind="birth-date", value=f"{born:%Y-%m-%d}"),
        KnownIdentifier(kind="address-line", value="77 Imaginary Mill Street"),
        KnownIdentifier(kind="city", value="Nowhereville"),
        KnownIdentifier(kind="organization", value="NOWHEREVILLE HEALTH PARTNERS"),
    )
    mentions = [
        f"{given} {family}", f"{family.upper()}, {given.upper()}", f"{family}, {given}", f"{given[0]}. {family}",
        f"{given}".lower(), f"{word} {other}", f"{other}, {word}", phone, digits[0], f"{digits[0][:3]}.{digits[0][3:6]}.{digits[0][6:]}",
        f"H{digits[1]}", f"h {digits[1]}", f"{digits[2][:3]}-{digits[2][3:5]}-{digits[2][5:]}", mail, mail.upper(),
        f"{born:%Y-%m-%d}", f"{born:%m/%d/%Y}", f"{born:%d %B %Y}", f"{born:%B} {born.day}, {born:%Y}", f"{born:%Y%m%d}",
        "77 Imaginary Mill St.", "Nowhereville", "Nowhereville Health Partners",
    ]  # fmt: skip
    canaries = [
        given, family.split("'")[-1], f"{word} {other}", other.split("'")[-1], digits[0], digits[0][6:], digits[1], digits[2],
        f"{born:%Y-%m-%d}", f"{born:%m/%d/%Y}", "Imaginary", "Nowhereville",
    ]  # fmt: skip
    return identifiers, mentions, canaries, born


def unknown_canaries(rng):
    """Identifiers that stand nowhere in the request, each in words that a chart uses."""
    given, family = (
        rng.choice(["Wilhelmina", "Archibald", "Seraphina"]),
        rng.choice(["Blatherwick", "Snodgrass", "Trumplebee"]),
    )
    number = str(rng.randrange(10**6, 10**7))
    mentions = [
        f"Seen by Dr. {family} today", f"with daughter {given}", f"Patient: {family}, {given}", f"{given} {family}, MD",
        f"MRN {number}", f"Member ID: {number}", f"SSN {number[:3]}-{number[3:5]}-{number[3:]}", f"call {number[:3]}-555-{number[3:]}",
        f"on 0{number[0] if number[0] != '0' else 1}/15/2024", f"https://portal.example/{number}",
    ]  # fmt: skip
    return mentions, [given, family, number, "15/2024"]


def canary_chart(seed):
    rng = random.Random(seed)
    identifiers, mentions, canaries, born = known_canaries(rng)
    strange, strange_canaries = unknown_canaries(rng)
    place = iter(rng.sample(mentions * 3, len(mentions) * 3))

    def bare():
        return next(place)

    def prose():
        return f"{rng.choice(CLINICAL)}. {bare()} here. {rng.choice(strange)}. {rng.choice(CLINICAL)}"

    when = When(start=NOW - timedelta(hours=rng.randrange(1, 90)))
    local = Coding(system="http://clinic.example/codes", code=bare(), display=bare())
    public = Coding(system="http://snomed.info/sct", code=bare(), display=prose())
    number = Measurement(
        kind="heart_rate", value=Decimal(88), unit="/min", when=when, as_written=bare(), source="obs-1", label=bare()
    )
    odd = Measurement(kind="2160-0", value=Decimal(2), unit=bare(), when=when, as_written=bare(), source="lab-2")
    lab = Measurement(
        kind="2160-0", value=Decimal(1), unit="mg/dL{" + bare() + "}", when=when, as_written="", source="lab-1"
    )
    coded = CodedResult(kind="consciousness", concept=Concept(text=bare(), codings=(local,)), when=when, source="obs-2")
    case = Case(
        patient_id=f"pid-{rng.randrange(10**7, 10**8)}",
        now=NOW,
        demographics=Demographics(sex=rng.choice(["male", bare()]), birth=When(start=born, precision=Precision.DAY),
                                  race=(bare(),), ethnicity=bare(), language=bare(), postal_code="99501"),
        complaints=(Complaint(concept=Concept(text=prose()), origin=ComplaintOrigin.INTAKE, when=when, source="qr-1"),
                    Complaint(concept=Concept(codings=(local, public)), origin=ComplaintOrigin.ENCOUNTER, source="enc-1")),
        problems=(Problem(concept=Concept(text=bare(), codings=(local, public)), onset=when, source="cond-1"),),
        vitals=(VitalsRound(when=when.start, values={"heart_rate": number, bare(): number},
                            coded={"consciousness": coded}),),
        labs=(LabSeries(loinc=bare(), label=prose(), results=(lab, odd)),),
        medications=(Medication(concept=Concept(text=prose(), codings=(local,)), status="active", dosage=prose(),
                                source="med-1"),),
        allergies=(Allergy(concept=Concept(text=bare()), criticality=bare(), reactions=(prose(), bare()), source="alg-1"),),
        documents=(Document(title=f"{bare()}_{bare()}.pdf", text="\n".join(prose() for _ in range(6)), when=when, source="doc-1"),),
        intake=(IntakeAnswer(link_id=bare(), question=prose(), answer=prose(), source="qr-2"),),
        identifiers=identifiers,
        sources={"doc-1": Source(handle="doc-1", reference=f"DocumentReference/{bare()}", resource_type="DocumentReference")},
        data_as_of=when.start,
    )  # fmt: skip
    return case, [*canaries, *strange_canaries, case.patient_id]


@pytest.fixture(scope="module")
def gate():
    made = Gate()
    made.warm()
    return made


def test_no_canary_comes_out_of_the_gate(gate):
    refused, leaks = [], []
    for seed in range(CHARTS):
        case, canaries = canary_chart(seed)
        try:
            out = gate.deidentify(case, subject=f"s-{seed}", timeout_s=20).to_json()
        except GateRefused as error:
            refused.append((seed, error.reason))
            continue
        leaks += [(seed, c) for c in canaries if c.lower() in out.lower()]
        assert "PATIENT_1" in out, "the chart must hold something for this test to mean anything"
        assert any(term.split(" ")[0] in out for term in CLINICAL)
    assert leaks == []
    assert len(refused) <= 1, f"refused (safe, but the model sees nothing): {refused}"


def test_clean_charts_are_neither_refused_nor_touched(gate):
    """At most 2 % of charts without identifiers may be refused."""
    refused = touched = 0
    for seed in range(100):
        rng = random.Random(seed)
        identifiers, _, _, born = known_canaries(rng)
        text = ". ".join(rng.sample(CLINICAL, 4))
        case = Case(
            patient_id="pid-1",
            now=NOW,
            demographics=Demographics(sex="female", birth=When(start=born, precision=Precision.DAY)),
            problems=(Problem(concept=Concept(text=rng.choice(CLINICAL)), source="cond-1"),),
            documents=(Document(title="Progress note", text=text, source="doc-1"),),
            identifiers=identifiers,
        )
        try:
            out = gate.deidentify(case, subject="s-1", timeout_s=20)
        except GateRefused:
            refused += 1
            continue
        touched += next(out.of_kind("note")).text != text
    assert refused <= 2
    assert touched == 0


def test_no_canary_stands_in_a_refusal(gate):
    case, canaries = canary_chart(0)
    with pytest.raises(GateRefused) as caught:
        gate.deidentify(case, subject=case.identifiers[0].value, timeout_s=20)
    assert not [c for c in canaries if c.lower() in f"{caught.value!r}".lower()]
