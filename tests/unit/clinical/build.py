"""Small cases for the tests of clinical rules. All people are made up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fhir_mappers.case import (
    Case,
    CodedResult,
    Coding,
    Complaint,
    ComplaintOrigin,
    Concept,
    Demographics,
    Document,
    IntakeAnswer,
    LabSeries,
    Measurement,
    Precision,
    Problem,
    Source,
    VitalsRound,
    When,
)

NOW = datetime(2024, 3, 4, 12, 0, tzinfo=UTC)
UNITS = {
    "respiratory_rate": "/min",
    "heart_rate": "/min",
    "systolic": "mm[Hg]",
    "diastolic": "mm[Hg]",
    "spo2": "%",
    "temperature": "Cel",
    "oxygen_flow": "L/min",
    "fio2": "%",
    "gcs": "{score}",
}
WELL = {"respiratory_rate": 16, "spo2": 97, "systolic": 124, "heart_rate": 76, "temperature": "37.0"}


def ago(**parts):
    return When(start=NOW - timedelta(**parts))


def born(years=50, months=0, precision=Precision.DAY):
    month = NOW.year * 12 + NOW.month - 1 - years * 12 - months
    return When(start=datetime(month // 12, month % 12 + 1, 4, tzinfo=UTC), precision=precision)


def person(years=50, months=0, **fields):
    return Demographics(**{"sex": "female", "birth": born(years, months), **fields})


def measured(kind, value, *, unit=None, when=None, comparator=None, plausible=True):
    return Measurement(
        kind=kind,
        value=Decimal(str(value)),
        unit=unit or UNITS[kind],
        when=when or ago(minutes=10),
        as_written=f"{value}",
        comparator=comparator,
        plausible=plausible,
        source=f"obs-{kind}",
    )


def coded(kind, text, *codings, when=None):
    return CodedResult(kind=kind, concept=Concept(text=text, codings=codings), when=when, source=f"obs-{kind}")


def vitals(values=None, *, minutes=10, seconds=0, level="Alert", oxygen="Room air", odd=()):
    """One round; `level` and `oxygen` None: not recorded; `odd`: kinds whose value is implausible."""
    when = NOW - timedelta(minutes=minutes, seconds=seconds)
    given = {
        kind: measured(kind, *(value if isinstance(value, tuple) else (value,)), plausible=kind not in odd)
        if not isinstance(value, Measurement)
        else value
        for kind, value in (WELL if values is None else values).items()
    }
    told = {}
    if level:
        told["consciousness"] = coded("consciousness", level)
    if oxygen:
        told["oxygen_delivery"] = coded("oxygen_delivery", oxygen)
    return VitalsRound(when=when, values=given, coded=told)


def lab(loinc, *results, unit="mmol/L", plausible=True, **said):
    """A series, newest first; each result is (value, When) or (value, When, comparator)."""
    made = [
        Measurement(
            kind=loinc,
            value=Decimal(str(value)),
            unit=unit,
            when=when,
            as_written=f"{value}",
            comparator=rest[0] if rest else None,
            plausible=plausible,
            source=f"lab-{i}",
            **said,
        )
        for i, (value, when, *rest) in enumerate(results)
    ]
    return LabSeries(loinc=loinc, label=loinc, results=tuple(made))


def complaint(text, *codes, when=None):
    codings = tuple(Coding(system=system, code=code) for system, code in codes)
    return Complaint(
        concept=Concept(text=text, codings=codings),
        origin=ComplaintOrigin.ENCOUNTER,
        when=when or ago(minutes=30),
        source="enc-1",
    )


def answer(question, given, when=None):
    return IntakeAnswer(link_id="1", question=question, answer=given, when=when or ago(hours=1), source="qr-1")


def note(text, when=None):
    return Document(title="Note", text=text, when=when or ago(hours=2), source="doc-1")


def problem(text="", *codes, onset=None, recorded=None):
    codings = tuple(Coding(system=system, code=code) for system, code in codes)
    return Problem(concept=Concept(text=text or None, codings=codings), onset=onset, recorded=recorded, source="cond-1")


def case(*complaints, who=None, **fields):
    """A chart. Plain strings are presenting complaints."""
    sources = {"patient-1": Source(handle="patient-1", reference="Patient/p1", resource_type="Patient")}
    fields.setdefault("sources", sources)
    made = tuple(complaint(c) if isinstance(c, str) else c for c in complaints)
    return Case(patient_id="p1", now=NOW, demographics=who or person(), complaints=made, **fields)
