"""`Case` to facts: every field asks the policy by its path; what no line keeps does not come out.

A `RawFact` still holds chart text in `name` and `text`. It lives inside the gate only: `finish` takes the scrubbed
words and makes the `DeidentifiedFact`. Its other fields are safe from here on: public codes, numbers, UCUM units,
intervals, opaque handles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from anonymization.codes import is_public, public_codes, public_unit
from anonymization.dates import anchor_of, interval, stated_age
from anonymization.deidentified import DeidentifiedFact
from anonymization.errors import PolicyError
from anonymization.policy import Action, Policy
from fhir_mappers.case import (
    Case,
    CodedResult,
    Complaint,
    ComplaintOrigin,
    Concept,
    Document,
    KnownIdentifier,
    LabSeries,
    Measurement,
    Medication,
    VitalsRound,
    When,
)
from fhir_mappers.vitals import CONSCIOUSNESS, OXYGEN_DELIVERY, VITALS

# Most facts of each kind that pass: what a reader can take in. Newest first where a time is known.
MAX_ROUNDS = 3
MAX_PER_LAB = 2
MAX_LABS = 40
MAX_OTHERS = 40
MAX_NOTES = 10

REPLACED = "[REMOVED]"
_LOINC = "http://loinc.org"
_HANDLE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_KINDS = VITALS.keys() | {CONSCIOUSNESS, OXYGEN_DELIVERY}
_SEXES = frozenset({"male", "female", "other", "unknown"})
_COMPARATORS = frozenset({"<", "<=", ">=", ">"})

# kinds of known identifiers that have no place in the output -> what the count calls them
_DROPPED_KINDS = {
    "name": "name", "birth-date": "date", "date": "date", "phone": "phone", "email": "email", "url": "url",
    "address-line": "address", "city": "address", "postal-code": "address", "county": "address",
    "identifier": "identifier", "organization": "facility", "location": "facility", "photo": "photo",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RawFact:
    """A fact whose words are not scrubbed yet. `fixed_name`: `name` is a word of this project, not of the chart."""

    kind: str
    name: str
    source: str
    codes: tuple[str, ...] = ()
    value: float | None = None
    unit: str | None = None
    interval: str | None = None
    text: str | None = None
    fixed_name: bool = False

    def finish(self, name: str, text: str | None) -> DeidentifiedFact:
        """The fact past the gate, with scrubbed words."""
        return DeidentifiedFact(
            kind=self.kind, name=name, codes=self.codes, value=self.value, unit=self.unit, interval=self.interval,
            text=text, source=self.source,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Structured:
    """What the structured fields of a case become: safe demographics, facts with raw words, and what was left out."""

    age: str | None
    sex: str | None
    pregnant: bool | None
    facts: tuple[RawFact, ...]
    removed: Counter[str]


def structure(case: Case, policy: Policy, is_identifier: Callable[[str], bool] = lambda _: False) -> Structured:
    """Apply the policy to every structured field of `case`. A code that `is_identifier` is dropped like a local one."""
    work = _Work(case, policy, is_identifier)
    person = case.demographics
    work.count_person()
    facts = tuple(work.facts())
    return Structured(
        age=stated_age(person, case.now) if policy.action("Patient.birthDate") is Action.GENERALISE else None,
        sex=person.sex if work.keeps("Patient.gender") and person.sex in _SEXES else None,
        pregnant=person.pregnant
        if work.keeps("Observation.pregnancy") and person.pregnancy_source not in work.sensitive
        else None,
        facts=facts,
        removed=work.removed,
    )


@dataclass
class _Work:
    """One case on its way through the policy, and the count of what it loses."""

    case: Case
    policy: Policy
    is_identifier: Callable[[str], bool]
    removed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.sensitive: frozenset[str] = self.case.sensitive
        self.anchor: datetime | None = anchor_of(_times(self.case), self.case.now)

    # -- asking the policy --------------------------------------------------------------------------------------
    def keeps(self, path: str) -> bool:
        return self.policy.action(path) is Action.KEEP

    def time(self, path: str, when: When | datetime | None) -> str | None:
        return interval(when, self.anchor) if self.policy.action(path) is Action.GENERALISE else None

    def words(self, path: str, value: str | None) -> str | None:
        if not value or not value.strip():
            return None
        action = self.policy.action(path)
        if action is Action.SCRUB:
            return value
        if action is Action.REPLACE:
            return REPLACED
        self.removed["text by policy"] += 1
        return None

    def codes(self, path: str, concept: Concept) -> tuple[str, ...]:
        codings = (c for c in concept.codings if not self.is_identifier(c.code or ""))
        kept = public_codes(codings) if self.keeps(path) else ()
        coded = sum(1 for c in concept.codings if c.code)
        if coded > len(kept):
            self.removed["local code"] += coded - len(kept)
        return kept

    def label(self, element: str, concept: Concept) -> str | None:
        """The text if the policy lets it pass, else the first display."""
        text = self.words(f"{element}.text", concept.text)
        if text is not None:
            return text
        display = next((c.display for c in concept.codings if c.display), None)
        return self.words(f"{element}.coding.display", display)

    def allowed(self, source: str) -> bool:
        """Whether the fact of this handle may pass at all."""
        if source in self.sensitive:
            self.removed["restricted"] += 1
            return False
        if not _HANDLE.fullmatch(source):
            raise PolicyError("a source handle is not opaque")
        return True

    def type_of(self, source: str, default: str, others: Sequence[str]) -> str:
        known = self.case.sources.get(source)
        return known.resource_type if known and known.resource_type in others else default

    # -- the person ---------------------------------------------------------------------------------------------
    def count_person(self) -> None:
        person = self.case.demographics
        dropped = {
            "race": person.race, "ethnicity": person.ethnicity, "language": person.language,
            "address": person.postal_code,
        }  # fmt: skip
        self.removed.update(kind for kind, value in dropped.items() if value)
        self.removed.update(_kinds(self.case.identifiers))

    # -- the facts ----------------------------------------------------------------------------------------------
    def facts(self) -> Iterator[RawFact]:
        yield from self.first(MAX_OTHERS, self.complaints())
        yield from self.first(MAX_OTHERS, self.problems())
        yield from self.vitals()
        yield from self.first(MAX_LABS, self.labs())
        yield from self.first(MAX_OTHERS, self.medications())
        yield from self.first(MAX_OTHERS, self.allergies())
        yield from self.first(MAX_OTHERS, self.intake())
        yield from self.first(MAX_NOTES, self.notes())

    def first(self, most: int, facts: Iterable[RawFact]) -> Iterator[RawFact]:
        for n, fact in enumerate(facts):
            if n < most:
                yield fact
            else:
                self.removed["over limit"] += 1

    def complaints(self) -> Iterator[RawFact]:
        for complaint in self.case.complaints:
            if not self.allowed(complaint.source):
                continue
            name, codes, when = self._complaint(complaint)
            yield from _named("complaint", name, codes, complaint.source, interval=when)

    def _complaint(self, complaint: Complaint) -> tuple[str | None, tuple[str, ...], str | None]:
        if complaint.origin is ComplaintOrigin.INTAKE:
            name = self.words("QuestionnaireResponse.item.answer", complaint.text)
            return name, (), self.time("QuestionnaireResponse.authored", complaint.when)
        element, when = {
            ComplaintOrigin.ENCOUNTER: ("Encounter.reasonCode", "Encounter.period"),
            ComplaintOrigin.OBSERVATION: ("Observation.value", "Observation.effective"),
            ComplaintOrigin.CONDITION: ("Condition.code", "Condition.onset"),
        }[complaint.origin]
        codes = self.codes(f"{element}.coding.code", complaint.concept)
        return self.label(element, complaint.concept), codes, self.time(when, complaint.when)

    def problems(self) -> Iterator[RawFact]:
        for problem in self.case.problems:
            if not self.allowed(problem.source):
                continue
            when = self.time("Condition.onset", problem.onset) or self.time("Condition.recordedDate", problem.recorded)
            codes = self.codes("Condition.code.coding.code", problem.concept)
            name = self.label("Condition.code", problem.concept)
            yield from _named("problem", name, codes, problem.source, interval=when)

    def vitals(self) -> Iterator[RawFact]:
        rounds = sorted(self.case.vitals, key=lambda r: r.when, reverse=True)
        self.removed["over limit"] += sum(len(r.values) for r in rounds[MAX_ROUNDS:])
        for vitals in rounds[:MAX_ROUNDS]:
            yield from self._round(vitals)

    def _round(self, vitals: VitalsRound) -> Iterator[RawFact]:
        when = self.time("Observation.effective", vitals.when)
        for kind in sorted(vitals.values):
            measured = vitals.values[kind]
            if self.keeps("Observation.kind") and kind in _KINDS:
                yield from self._number("vital", kind, (), measured, when, fixed=True)
        for kind in sorted(vitals.coded):
            result = vitals.coded[kind]
            if self.keeps("Observation.kind") and kind in _KINDS and self.allowed(result.source):
                yield self._coded(kind, result, when)

    def _coded(self, kind: str, result: CodedResult, when: str | None) -> RawFact:
        return RawFact(
            kind="vital", name=kind, codes=self.codes("Observation.value.coding.code", result.concept),
            text=self.label("Observation.value", result.concept), interval=when, source=result.source, fixed_name=True,
        )  # fmt: skip

    def labs(self) -> Iterator[RawFact]:
        for series in sorted(self.case.labs, key=_newest, reverse=True):
            coded = self.keeps("Observation.code.coding.code") and is_public(_LOINC, series.loinc)
            codes = (f"{_LOINC}|{series.loinc}",) if coded else ()
            name = self.words("Observation.code.coding.display", series.label)
            if name is None and not codes:
                continue
            for result in series.results[:MAX_PER_LAB]:
                when = self.time("Observation.effective", result.when)
                yield from self._number("lab", name or series.loinc, codes, result, when, fixed=name is None)

    def _number(
        self,
        kind: str,
        name: str,
        codes: tuple[str, ...],
        result: Measurement,
        when: str | None,
        *,
        fixed: bool = False,
    ) -> Iterator[RawFact]:
        if not self.keeps("Observation.value.quantity") or not self.allowed(result.source):
            return
        unit = public_unit(result.unit) if self.keeps("Observation.value.unit") else None
        if not result.plausible or unit is None:
            self.removed["implausible value" if not result.plausible else "unit"] += 1
            return
        text = f"reported as {result.comparator}" if result.comparator in _COMPARATORS else None
        yield RawFact(
            kind=kind, name=name, codes=codes, value=float(result.value), unit=unit, interval=when, text=text,
            source=result.source, fixed_name=fixed,
        )  # fmt: skip

    def medications(self) -> Iterator[RawFact]:
        for medication in self.case.medications:
            if self.allowed(medication.source):
                yield from self._medication(medication)

    def _medication(self, medication: Medication) -> Iterator[RawFact]:
        resource = self.type_of(medication.source, "MedicationRequest", ("MedicationStatement",))
        codes = self.codes(f"{resource}.medication.coding.code", medication.concept)
        name = self.label(f"{resource}.medication", medication.concept)
        when = self.time(f"{resource}.authoredOn", medication.when)
        dosage = self.words(f"{resource}.dosage.text", medication.dosage)
        yield from _named("medication", name, codes, medication.source, interval=when, text=dosage)

    def allergies(self) -> Iterator[RawFact]:
        for allergy in self.case.allergies:
            if not self.allowed(allergy.source):
                continue
            codes = self.codes("AllergyIntolerance.code.coding.code", allergy.concept)
            name = self.label("AllergyIntolerance.code", allergy.concept)
            reactions = (self.words("AllergyIntolerance.reaction.manifestation", r) for r in allergy.reactions)
            parts = [r for r in reactions if r is not None]
            if allergy.criticality in ("low", "high") and self.keeps("AllergyIntolerance.criticality"):
                parts.append(f"criticality {allergy.criticality}")
            when = self.time("AllergyIntolerance.recordedDate", allergy.when)
            text = "; ".join(parts) or None
            yield from _named("allergy", name, codes, allergy.source, interval=when, text=text)

    def intake(self) -> Iterator[RawFact]:
        for item in self.case.intake:
            if not self.allowed(item.source):
                continue
            question = self.words("QuestionnaireResponse.item.text", item.question)
            answer = self.words("QuestionnaireResponse.item.answer", item.answer)
            when = self.time("QuestionnaireResponse.authored", item.when)
            if answer is not None:
                yield RawFact(
                    kind="intake", name=question or "answer", text=answer, interval=when, source=item.source,
                    fixed_name=question is None,
                )  # fmt: skip

    def notes(self) -> Iterator[RawFact]:
        for document in sorted(self.case.documents, key=_written, reverse=True):
            if self.allowed(document.source):
                yield from self._note(document)

    def _note(self, document: Document) -> Iterator[RawFact]:
        resource = self.type_of(document.source, "DocumentReference", ("DiagnosticReport",))
        body, title, date = {
            "DocumentReference": ("content.attachment", "content.attachment.title", "date"),
            "DiagnosticReport": ("conclusion", "code.text", "effective"),
        }[resource]
        text = self.words(f"{resource}.{body}", document.text)
        name = self.words(f"{resource}.{title}", document.title)
        if text is not None:
            yield RawFact(
                kind="note", name=name or "note", text=text, interval=self.time(f"{resource}.{date}", document.when),
                source=document.source, fixed_name=name is None,
            )  # fmt: skip


def _named(
    kind: str, name: str | None, codes: tuple[str, ...], source: str, *, interval: str | None, text: str | None = None
) -> Iterator[RawFact]:
    """A fact known by words or, where the policy drops the words, by its codes alone."""
    if name is not None or codes:
        yield RawFact(
            kind=kind, name=name or kind, codes=codes, source=source, interval=interval, text=text,
            fixed_name=name is None,
        )  # fmt: skip


def _kinds(identifiers: Iterable[KnownIdentifier]) -> Iterator[str]:
    return (_DROPPED_KINDS[i.kind] for i in identifiers if i.kind in _DROPPED_KINDS)


def _newest(series: LabSeries) -> tuple[bool, float]:
    when = series.results[0].when if series.results else None
    return (when is not None, when.start.timestamp() if when else 0.0)


def _written(document: Document) -> tuple[bool, float]:
    return (document.when is not None, document.when.start.timestamp() if document.when else 0.0)


def _times(case: Case) -> Iterator[When | datetime | None]:
    """Every time in the chart that a fact may be dated by."""
    yield case.data_as_of
    yield from (r.when for r in case.vitals)
    yield from (r.when for series in case.labs for r in series.results)
    for problem in case.problems:
        yield from (problem.onset, problem.recorded)
    yield from (c.when for c in case.complaints)
    yield from (m.when for m in case.medications)
    yield from (a.when for a in case.allergies)
    yield from (d.when for d in case.documents)
    yield from (i.when for i in case.intake)
