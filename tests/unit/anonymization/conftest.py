"""Fictional charts and one gate for all tests of the package (Presidio and spaCy take seconds to import)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest

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
    VitalsRound,
    When,
)

NOW = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def gate():
    made = Gate()
    made.warm()
    return made


@pytest.fixture(scope="session")
def scrub(gate):
    """The scrubbed text, with identifiers given as (kind, value) or (kind, value, role)."""

    def run(text, *known):
        identifiers = [KnownIdentifier(kind=k, value=v, role=r[0] if r else "patient") for k, v, *r in known]
        return gate.scrub(text, identifiers).text

    return run


def ago(**delta):
    return When(start=NOW - timedelta(**delta))


def concept(text=None, system=None, code=None, display=None):
    codings = (Coding(system=system, code=code, display=display),) if code or display else ()
    return Concept(text=text, codings=codings)


def measured(kind, value, unit, source, **more):
    when = more.pop("when", ago(hours=1))
    return Measurement(
        kind=kind, value=Decimal(value), unit=unit, when=when, as_written=f"{value} {unit}", source=source, **more
    )


def vitals(when, number, **values):
    units = {"heart_rate": "/min", "systolic": "mm[Hg]", "temperature": "Cel"}
    return VitalsRound(
        when=when.start,
        values=MappingProxyType(
            {kind: measured(kind, value, units[kind], f"obs-{number}", when=when) for kind, value in values.items()}
        ),
        coded=MappingProxyType(
            {
                "consciousness": CodedResult(
                    kind="consciousness",
                    concept=concept("Alert", "http://snomed.info/sct", "248234008"),
                    when=when,
                    source="obs-90",
                )
            }
        ),
    )


def make_chart(**changes):
    """The chart of the fictional Quentin Testperson, 67, with something in every field."""
    base = {
        "patient_id": "pat-fictional-77",
        "now": NOW,
        "demographics": Demographics(
            sex="male",
            birth=When(start=datetime(1958, 3, 4, tzinfo=UTC), precision=Precision.DAY),
            language="en",
            race=("White",),
            ethnicity="Not Hispanic",
            postal_code="99501",
        ),
        "complaints": (
            Complaint(
                concept=concept("Chest pain since this morning"),
                origin=ComplaintOrigin.ENCOUNTER,
                when=ago(hours=2),
                source="enc-1",
            ),
        ),
        "problems": (
            Problem(
                concept=concept(None, "http://snomed.info/sct", "49049000", "Parkinson disease"),
                onset=When(start=datetime(2019, 1, 1, tzinfo=UTC), precision=Precision.YEAR),
                source="cond-1",
            ),
            Problem(
                concept=concept("Essential hypertension", "http://clinic.example/local", "QT-1958", None),
                recorded=ago(days=40),
                source="cond-2",
            ),
        ),
        "vitals": (
            vitals(ago(hours=1), 1, heart_rate="104", systolic="98"),
            vitals(ago(days=3), 2, heart_rate="80"),
        ),
        "labs": (
            LabSeries(
                loinc="2160-0",
                label="Creatinine",
                results=tuple(
                    measured("2160-0", v, "mg/dL", f"lab-{i}", when=ago(days=d))
                    for i, (v, d) in enumerate([("1.9", 1), ("1.4", 20), ("1.1", 200)])
                ),
            ),
        ),
        "medications": (
            Medication(
                concept=concept("metoprolol 50 mg", "http://www.nlm.nih.gov/research/umls/rxnorm", "866514"),
                status="active",
                dosage="1 tablet twice daily for 30 days",
                when=ago(days=10),
                source="med-1",
            ),
        ),
        "allergies": (
            Allergy(concept=concept("Penicillin"), criticality="high", reactions=("Hives",), source="alg-1"),
        ),
        "documents": (
            Document(
                title="Progress note",
                text="Quentin Testperson was seen on 12/28/2025. Thomas test negative.",
                when=ago(days=5),
                source="doc-1",
            ),
        ),
        "intake": (
            IntakeAnswer(link_id="1", question="What brings you in?", answer="It hurts to breathe", source="qr-1"),
        ),
        "identifiers": (
            KnownIdentifier(kind="name", value="Quentin Testperson"),
            KnownIdentifier(kind="family", value="Testperson"),
            KnownIdentifier(kind="phone", value="(555) 010-7788"),
            KnownIdentifier(kind="identifier", value="MRN-0042917"),
            KnownIdentifier(kind="birth-date", value="1958-03-04"),
        ),
    }
    return Case(**(base | changes))


@pytest.fixture
def chart():
    return make_chart
