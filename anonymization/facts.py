"""The facts of a case, in the order in which a reader takes them in: complaints, problems, vital signs and so on.

A `RawFact` still holds chart text in `name` and `text`. It lives inside the gate only: `finish` takes the scrubbed
words and makes the `DeidentifiedFact`. Its other fields are safe from here on: public codes, numbers, UCUM units,
intervals or years, opaque handles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from anonymization.ages import bare_year, tells_old_age, without_old_age
from anonymization.codes import is_public, public_unit
from anonymization.deidentified import DeidentifiedFact
from anonymization.sieve import Sieve
from fhir_mappers.asked import identifying
from fhir_mappers.case import (
    Case,
    CodedResult,
    Complaint,
    ComplaintOrigin,
    Document,
    IntakeAnswer,
    LabSeries,
    Measurement,
    Medication,
    VitalsRound,
)
from fhir_mappers.fields import LOINC
from fhir_mappers.vitals import CONSCIOUSNESS, OXYGEN_DELIVERY, VITALS

# Most facts of each kind that pass: what a reader can take in. Newest first where a time is known.
MAX_ROUNDS = 3
MAX_PER_LAB = 2
MAX_LABS = 40
MAX_OTHERS = 40
MAX_NOTES = 10

_KINDS = VITALS.keys() | {CONSCIOUSNESS, OXYGEN_DELIVERY}
_COMPARATORS = frozenset({"<", "<=", ">=", ">"})


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


@dataclass(frozen=True)
class Reader:
    """Reads the facts of one case through the sieve."""

    case: Case
    sieve: Sieve

    def facts(self) -> Iterator[RawFact]:
        """All facts that may pass, each kind up to its limit."""
        yield from self._first(MAX_OTHERS, self._complaints())
        yield from self._first(MAX_OTHERS, self._problems())
        yield from self._vitals()
        yield from self._first(MAX_LABS, self._labs())
        yield from self._first(MAX_OTHERS, self._medications())
        yield from self._first(MAX_OTHERS, self._allergies())
        yield from self._first(MAX_OTHERS, self._intake())
        yield from self._first(MAX_NOTES, self._notes())

    def _first(self, most: int, facts: Iterable[RawFact]) -> Iterator[RawFact]:
        for n, fact in enumerate(facts):
            if n < most:
                yield fact
            else:
                self.sieve.removed["over limit"] += 1

    def _complaints(self) -> Iterator[RawFact]:
        for complaint in self.case.complaints:
            if not self.sieve.allowed(complaint.source):
                continue
            name, codes, when = self._complaint(complaint)
            yield from _named("complaint", name, codes, complaint.source, interval=when)

    def _complaint(self, complaint: Complaint) -> tuple[str | None, tuple[str, ...], str | None]:
        if complaint.origin is ComplaintOrigin.INTAKE:
            name = self.sieve.words("QuestionnaireResponse.item.answer", complaint.text)
            return name, (), self.sieve.time("QuestionnaireResponse.authored", complaint.when)
        element, when = {
            ComplaintOrigin.ENCOUNTER: ("Encounter.reasonCode", "Encounter.period"),
            ComplaintOrigin.OBSERVATION: ("Observation.value", "Observation.effective"),
            ComplaintOrigin.CONDITION: ("Condition.code", "Condition.onset"),
        }[complaint.origin]
        codes = self.sieve.codes(f"{element}.coding.code", complaint.concept)
        return self.sieve.label(element, complaint.concept), codes, self.sieve.time(when, complaint.when)

    def _problems(self) -> Iterator[RawFact]:
        for problem in self.case.problems:
            if not self.sieve.allowed(problem.source):
                continue
            when = self.sieve.time("Condition.onset", problem.onset) or self.sieve.time(
                "Condition.recordedDate", problem.recorded
            )
            codes = self.sieve.codes("Condition.code.coding.code", problem.concept)
            name = self.sieve.label("Condition.code", problem.concept)
            yield from _named("problem", name, codes, problem.source, interval=when)

    def _vitals(self) -> Iterator[RawFact]:
        rounds = sorted(self.case.vitals, key=lambda r: r.when, reverse=True)
        self.sieve.removed["over limit"] += sum(len(r.values) for r in rounds[MAX_ROUNDS:])
        for vitals in rounds[:MAX_ROUNDS]:
            yield from self._round(vitals)

    def _round(self, vitals: VitalsRound) -> Iterator[RawFact]:
        when = self.sieve.time("Observation.effective", vitals.when)
        for kind in sorted(vitals.values):
            measured = vitals.values[kind]
            if self.sieve.keeps("Observation.kind") and kind in _KINDS:
                yield from self._number("vital", kind, (), measured, when, fixed=True)
        for kind in sorted(vitals.coded):
            result = vitals.coded[kind]
            if self.sieve.keeps("Observation.kind") and kind in _KINDS and self.sieve.allowed(result.source):
                yield self._coded(kind, result, when)

    def _coded(self, kind: str, result: CodedResult, when: str | None) -> RawFact:
        return RawFact(
            kind="vital", name=kind, codes=self.sieve.codes("Observation.value.coding.code", result.concept),
            text=self.sieve.label("Observation.value", result.concept), interval=when, source=result.source,
            fixed_name=True,
        )  # fmt: skip

    def _labs(self) -> Iterator[RawFact]:
        for series in sorted(self.case.labs, key=_newest, reverse=True):
            codes = self._loinc(series.loinc)
            name = self.sieve.words("Observation.code.coding.display", series.label)
            if name is None and not codes:
                continue
            for result in series.results[:MAX_PER_LAB]:
                when = self.sieve.time("Observation.effective", result.when)
                yield from self._number("lab", name or series.loinc, codes, result, when, fixed=name is None)

    def _loinc(self, code: str) -> tuple[str, ...]:
        if not self.sieve.keeps("Observation.code.coding.code") or not is_public(LOINC, code):
            return ()
        return () if self.sieve.is_identifier(code) else (f"{LOINC}|{code}",)

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
        if not self.sieve.keeps("Observation.value.quantity") or not self.sieve.allowed(result.source):
            return
        unit = public_unit(result.unit) if self.sieve.keeps("Observation.value.unit") else None
        refused = self._refused(name, result, unit)
        if refused is not None or unit is None:
            self.sieve.removed[refused or "unit"] += 1
            return
        text = f"reported as {result.comparator}" if result.comparator in _COMPARATORS else None
        yield RawFact(
            kind=kind, name=name, codes=codes, value=float(result.value), unit=unit, interval=when, text=text,
            source=result.source, fixed_name=fixed,
        )  # fmt: skip

    def _refused(self, name: str, result: Measurement, unit: str | None) -> str | None:
        """Why a number does not pass, as the count calls it."""
        if not result.plausible:
            return "implausible value"
        if unit is None:
            return "unit"
        value = float(result.value)
        if self.sieve.is_identifier(f"{value:.15g}"):
            return "identifier"
        if tells_old_age(result.kind, name, value, unit, old=self.sieve.old):
            return "age over 89"
        return None

    def _medications(self) -> Iterator[RawFact]:
        for medication in self.case.medications:
            if self.sieve.allowed(medication.source):
                yield from self._medication(medication)

    def _medication(self, medication: Medication) -> Iterator[RawFact]:
        resource = self.sieve.type_of(medication.source, "MedicationRequest", ("MedicationStatement",))
        codes = self.sieve.codes(f"{resource}.medication.coding.code", medication.concept)
        name = self.sieve.label(f"{resource}.medication", medication.concept)
        when = self.sieve.time(f"{resource}.authoredOn", medication.when)
        dosage = self.sieve.words(f"{resource}.dosage.text", medication.dosage)
        yield from _named("medication", name, codes, medication.source, interval=when, text=dosage)

    def _allergies(self) -> Iterator[RawFact]:
        for allergy in self.case.allergies:
            if not self.sieve.allowed(allergy.source):
                continue
            codes = self.sieve.codes("AllergyIntolerance.code.coding.code", allergy.concept)
            name = self.sieve.label("AllergyIntolerance.code", allergy.concept)
            reactions = (self.sieve.words("AllergyIntolerance.reaction.manifestation", r) for r in allergy.reactions)
            parts = [r for r in reactions if r is not None]
            if allergy.criticality in ("low", "high") and self.sieve.keeps("AllergyIntolerance.criticality"):
                parts.append(f"criticality {allergy.criticality}")
            when = self.sieve.time("AllergyIntolerance.recordedDate", allergy.when)
            text = "; ".join(parts) or None
            yield from _named("allergy", name, codes, allergy.source, interval=when, text=text)

    def _intake(self) -> Iterator[RawFact]:
        for item in self.case.intake:
            if not self.sieve.allowed(item.source):
                continue
            if identifying(item) is not None:
                self.sieve.removed["identifying answer"] += 1
                continue
            question = self.sieve.words("QuestionnaireResponse.item.text", _asked(item))
            answer = self.sieve.words("QuestionnaireResponse.item.answer", self._answer(item))
            when = self.sieve.time("QuestionnaireResponse.authored", item.when)
            if answer is not None:
                yield RawFact(
                    kind="intake", name=question or "answer", text=answer, interval=when, source=item.source,
                    fixed_name=question is None,
                )  # fmt: skip

    def _answer(self, item: IntakeAnswer) -> str | None:
        """The answer in words; a year by itself is told as the policy tells times."""
        year = bare_year(item.answer)
        if year is None:
            return without_old_age(item.question, item.answer)
        told = self.sieve.told(year)
        if told is None:
            self.sieve.removed["date"] += 1
        return told

    def _notes(self) -> Iterator[RawFact]:
        for document in sorted(self.case.documents, key=_written, reverse=True):
            if self.sieve.allowed(document.source):
                yield from self._note(document)

    def _note(self, document: Document) -> Iterator[RawFact]:
        resource = self.sieve.type_of(document.source, "DocumentReference", ("DiagnosticReport",))
        body, title, date = {
            "DocumentReference": ("content.attachment", "content.attachment.title", "date"),
            "DiagnosticReport": ("conclusion", "code.text", "effective"),
        }[resource]
        text = self.sieve.words(f"{resource}.{body}", document.text)
        name = self.sieve.words(f"{resource}.{title}", document.title)
        if text is not None:
            yield RawFact(
                kind="note", name=name or "note", text=text, source=document.source, fixed_name=name is None,
                interval=self.sieve.time(f"{resource}.{date}", document.when),
            )  # fmt: skip


def _asked(item: IntakeAnswer) -> str | None:
    """The question; a linkId that stands in for it is a code of the clinic's own form."""
    return item.question if item.question != item.link_id else None


def _named(
    kind: str, name: str | None, codes: tuple[str, ...], source: str, *, interval: str | None, text: str | None = None
) -> Iterator[RawFact]:
    """A fact known by words or, where the policy drops the words, by its codes alone."""
    if name is not None or codes:
        yield RawFact(
            kind=kind, name=name or kind, codes=codes, source=source, interval=interval, text=text,
            fixed_name=name is None,
        )  # fmt: skip


def _newest(series: LabSeries) -> tuple[bool, float]:
    when = series.results[0].when if series.results else None
    return (when is not None, when.start.timestamp() if when else 0.0)


def _written(document: Document) -> tuple[bool, float]:
    return (document.when is not None, document.when.start.timestamp() if document.when else 0.0)
