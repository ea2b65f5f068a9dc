"""The identified chart of one patient as one hook call sees it.

A `Case` is what the mapper makes of FHIR R4 resources. It holds identified data (names, true dates, note text)
and therefore never passes the gate: only `anonymization` and the stages that stand before the gate may import it.

Every fact names the resource it came from by an opaque *handle* (``obs-3``); `Case.sources` maps the handle to the
true reference and time. Findings carry handles alone, so they may be stored outside the vault.

All times are timezone-aware `datetime`s. A FHIR partial date (``2024`` or ``2024-05``) is kept as a `When` with its
precision; its `start` is the first instant it can mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType


class Precision(StrEnum):
    """How exact a FHIR date or dateTime was written."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, kw_only=True, order=True)
class When:
    """A FHIR date or dateTime: the first instant it can mean, and how exact it was written."""

    start: datetime
    precision: Precision = Precision.TIME

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("When.start must be timezone-aware")

    @property
    def last_day(self) -> date:
        """The last day that the written date can mean (31 December for a bare year)."""
        start = self.start.date()
        if self.precision is Precision.YEAR:
            return date(start.year, 12, 31)
        if self.precision is Precision.MONTH:
            return date(start.year + start.month // 12, start.month % 12 + 1, 1) - timedelta(days=1)
        return start


@dataclass(frozen=True, kw_only=True)
class Coding:
    """One code of one code system. Codes are only ever matched together with their system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A FHIR CodeableConcept: several codings of one meaning, and the text a person wrote."""

    codings: tuple[Coding, ...] = ()
    text: str | None = None

    def has(self, system: str, *codes: str) -> bool:
        """Whether any coding is one of `codes` in `system`."""
        return any(c.system == system and c.code in codes for c in self.codings)

    @property
    def label(self) -> str:
        """What a person would read: the text, else the first display, else the first code, else ``""``."""
        if self.text:
            return self.text
        for coding in self.codings:
            if coding.display:
                return coding.display
        return next((c.code for c in self.codings if c.code), "")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A resource that facts were read from. `reference` is relative (``Observation/123``)."""

    handle: str
    reference: str
    resource_type: str
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class KnownIdentifier:
    """A string in the request that identifies the person, a relative, a clinician or an organisation.

    `kind` is one of `IDENTIFIER_KINDS`; `role` says whose it is. The gate builds its matcher from these.
    """

    kind: str
    value: str
    role: str = "patient"


IDENTIFIER_KINDS = (
    "name", "given", "family", "prefix", "birth-date", "date", "phone", "email", "url", "address-line", "city",
    "postal-code", "county", "identifier", "organization", "location", "photo",
)  # fmt: skip

IDENTIFIER_ROLES = ("patient", "relative", "practitioner", "organization", "location", "encounter")


@dataclass(frozen=True, kw_only=True)
class Demographics:
    """The person. `sex` is FHIR administrative gender; `birth` may be as coarse as a year."""

    sex: str | None = None
    birth: When | None = None
    deceased: bool = False
    language: str | None = None
    race: tuple[str, ...] = ()
    ethnicity: str | None = None
    postal_code: str | None = None
    pregnant: bool | None = None
    pregnancy_source: str | None = None

    def age_years(self, now: datetime) -> int | None:
        """Completed years at `now`; with a partial birth date the *lowest* age it allows, None when unknown."""
        born = self.latest_birth_date()
        if born is None:
            return None
        years = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
        return years if years >= 0 else None

    def latest_birth_date(self) -> date | None:
        """The last day the written birth date can mean."""
        return None if self.birth is None else self.birth.last_day


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An active Condition (problem list or encounter diagnosis) that is neither refuted nor entered in error."""

    concept: Concept
    category: str = "problem-list-item"
    verification: str | None = None
    onset: When | None = None
    recorded: When | None = None
    source: str


class ComplaintOrigin(StrEnum):
    """Where the presenting complaint was read from."""

    ENCOUNTER = "encounter-reason"
    OBSERVATION = "chief-complaint-observation"
    CONDITION = "encounter-diagnosis"
    INTAKE = "intake-answer"


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """Why the patient is here now, in the words of the chart."""

    concept: Concept
    origin: ComplaintOrigin
    when: When | None = None
    source: str

    @property
    def text(self) -> str:
        """The complaint as written (text, else display)."""
        return self.concept.label


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One numeric result in the canonical UCUM unit of its kind.

    `kind` is a name of `fhir_mappers.vitals.VITALS` or a LOINC code for labs. `as_written` keeps the value and unit
    of the chart. `comparator` is FHIR's (``<``, ``<=``, ``>=``, ``>``) or None. `plausible` is False when the value
    lies outside what a living person can have (kept so that it can be shown, never scored). `preliminary`: the
    laboratory has not confirmed it. `haemolysed`: it says that the sample was.
    """

    kind: str
    value: Decimal
    unit: str
    when: When | None
    as_written: str
    comparator: str | None = None
    plausible: bool = True
    preliminary: bool = False
    haemolysed: bool = False
    label: str = ""
    source: str


@dataclass(frozen=True, kw_only=True)
class CodedResult:
    """A non-numeric observation that rules read (level of consciousness, oxygen delivery, smoking status …)."""

    kind: str
    concept: Concept
    when: When | None
    source: str


@dataclass(frozen=True, kw_only=True)
class VitalsRound:
    """One contemporaneous set of vital signs: at most one value of each kind, never a mix of rounds."""

    when: datetime
    values: Mapping[str, Measurement]
    coded: Mapping[str, CodedResult] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class LabSeries:
    """All results of one LOINC code in one canonical unit, newest first."""

    loinc: str
    label: str
    results: tuple[Measurement, ...]

    @property
    def latest(self) -> Measurement:
        """The newest result."""
        return self.results[0]


@dataclass(frozen=True, kw_only=True)
class Medication:
    """A medicine the patient takes (active MedicationRequest or MedicationStatement)."""

    concept: Concept
    status: str
    dosage: str | None = None
    when: When | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class Allergy:
    """An active AllergyIntolerance that is neither refuted nor entered in error."""

    concept: Concept
    kind: str = "allergy"
    criticality: str | None = None
    reactions: tuple[str, ...] = ()
    when: When | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """Text of an attachment or report conclusion, decoded. `truncated` when the size cap cut it."""

    title: str
    text: str
    when: When | None = None
    truncated: bool = False
    source: str


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """Something that was done and completed. `when`: when it ended, None where the chart does not say."""

    concept: Concept
    when: When | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class Immunization:
    """A dose that was given. `concept` holds its CVX code; `when` is None where the chart does not say."""

    concept: Concept
    when: When | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class IntakeAnswer:
    """One answered item of an intake QuestionnaireResponse, in document order."""

    link_id: str
    question: str
    answer: str
    when: When | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A resource or part that was not used, and why. Holds no value of the resource.

    `reason` is one of `REFUSAL_REASONS`; `where` names resource type and element path, never content.
    """

    resource_type: str
    reason: str
    where: str = ""


REFUSAL_REASONS = {
    "invalid": "the resource fails FHIR R4 validation",
    "wrong-version": "the resource is of another FHIR version",
    "wrong-patient": "the resource belongs to another patient",
    "no-subject": "the resource does not say whose it is",
    "entered-in-error": "the resource is marked entered in error",
    "refuted": "the statement was refuted or the event did not happen",
    "inactive": "the resource is not active or not final",
    "absent": "the value is marked as absent",
    "no-value": "the resource holds no value that is read",
    "no-unit": "the quantity has no unit, or one that cannot be converted",
    "modifier-extension": "a modifier extension is not understood",
    "sensitive": "a security label restricts the resource",
    "too-large": "the attachment or text exceeds the size cap",
    "not-text": "the attachment is not text",
    "not-embedded": "the attachment is a link and was not fetched",
    "unsupported-type": "the resource type is not read",
    "not-a-resource": "the entry is not a FHIR resource",
    "operation-outcome": "the EHR sent an OperationOutcome instead of the data",
    "duplicate": "the same resource was sent twice",
    "future": "the resource is dated in the future",
    "no-time": "the value has no time, or one too coarse for a round of vital signs",
    "past-visit": "the statement tells why the patient came to an earlier visit",
    "text-cap": "older text beyond the cap of one chart",
    "too-many": "more resources, answers or units were sent than are read",
}


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A part of the chart that could not be evaluated (`what` is a prefetch key), and why."""

    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """One patient's chart as one hook sees it. Identified: stays before the gate.

    `now` is the injected clock. `data_as_of` is the newest clinically relevant time in the chart, None when there is
    none. `read` counts resources received by type, the refused ones included. `sensitive` are the handles of resources
    that carry a restricting security label: the rules read them, and the gate drops every fact that comes from one.
    `first_pages` are prefetch keys of which the EHR holds more (older) resources than it sent.
    """

    patient_id: str
    now: datetime
    demographics: Demographics
    encounter_class: str | None = None
    problems: tuple[Problem, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    vitals: tuple[VitalsRound, ...] = ()
    labs: tuple[LabSeries, ...] = ()
    coded_results: tuple[CodedResult, ...] = ()
    medications: tuple[Medication, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    no_known_allergies: bool = False
    documents: tuple[Document, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    immunizations: tuple[Immunization, ...] = ()
    intake: tuple[IntakeAnswer, ...] = ()
    identifiers: tuple[KnownIdentifier, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))
    refused: tuple[Refused, ...] = ()
    missing: tuple[Missing, ...] = ()
    first_pages: frozenset[str] = frozenset()
    read: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    data_as_of: datetime | None = None
    sensitive: frozenset[str] = frozenset()

    @property
    def age(self) -> int | None:
        """Completed years at `now`."""
        return self.demographics.age_years(self.now)

    def lab(self, loinc: str) -> LabSeries | None:
        """The series of one LOINC code."""
        return next((s for s in self.labs if s.loinc == loinc), None)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every free text a rule may read as (handle, text): complaints first, then intake answers, then notes."""
        for complaint in self.complaints:
            yield complaint.source, complaint.text
        for answer in self.intake:
            yield answer.source, answer.answer
        for document in self.documents:
            yield document.source, document.text
