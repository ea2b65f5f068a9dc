"""Medicines the patient takes: active MedicationRequests and MedicationStatements."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from fhir_mappers import dates
from fhir_mappers.case import Concept, Medication, Precision
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, concept, number, obj, objs, text
from fhir_mappers.references import Index
from fhir_mappers.units import tidy

REQUEST_USED = frozenset({"active", "on-hold", "unknown"})
REQUEST_NOT_USED = frozenset({"cancelled", "completed", "stopped", "draft"})
STATEMENT_USED = frozenset({"active", "intended", "on-hold", "unknown"})
STATEMENT_NOT_USED = frozenset({"completed", "stopped"})
NOT_AN_ORDER = frozenset({"proposal", "option"})
_R5_STATEMENT = frozenset({"recorded", "draft"})
_MAX_DOSES = 5


def read_request(resource: Json, handle: str, now: datetime, index: Index) -> Medication:
    """An active MedicationRequest. Raises Unused when it is over, no order, or an order *not* to give."""
    status = resource.get("status")
    _check(status, REQUEST_USED, REQUEST_NOT_USED, "MedicationRequest.status")
    if resource.get("doNotPerform") is True:
        raise Unused("refuted", "MedicationRequest.doNotPerform")
    if resource.get("intent") in NOT_AN_ORDER:
        raise Unused("inactive", "MedicationRequest.intent")
    when = dates.when(resource.get("authoredOn"))
    if dates.is_future(when, now):
        raise Unused("future")
    doses = objs(resource, "dosageInstruction")
    if doses and all(_ended(dose, now) for dose in doses):
        raise Unused("inactive", "MedicationRequest.dosageInstruction.timing")  # the EHR left the course active
    return Medication(
        concept=_medicine(resource, index),
        status=str(status),
        dosage=_dosage(doses),
        when=when,
        source=handle,
    )


def read_statement(resource: Json, handle: str, now: datetime, index: Index) -> Medication:
    """A MedicationStatement of a medicine that is taken. Raises Unused when it is not taken or no longer."""
    status = resource.get("status")
    if status == "not-taken":
        raise Unused("refuted", "MedicationStatement.status")
    if status in _R5_STATEMENT:
        raise Unused("wrong-version", "MedicationStatement.status")
    _check(status, STATEMENT_USED, STATEMENT_NOT_USED, "MedicationStatement.status")
    when = dates.first(resource, "effectiveDateTime", "effectivePeriod.start", "dateAsserted")
    end = dates.first(resource, "effectivePeriod.end")
    if dates.is_future(when, now) and status != "intended":
        raise Unused("future")
    if end is not None and status == "active" and end.start.date() < now.date():
        raise Unused("inactive", "MedicationStatement.effectivePeriod.end")
    return Medication(
        concept=_medicine(resource, index),
        status=str(status),
        dosage=_dosage(objs(resource, "dosage")),
        when=when,
        source=handle,
    )


def _check(status: object, used: frozenset[str], not_used: frozenset[str], where: str) -> None:
    if status == "entered-in-error":
        raise Unused("entered-in-error")
    if status in not_used:
        raise Unused("inactive", where)
    if status not in used:
        raise Unused("invalid", where)


def _medicine(resource: Json, index: Index) -> Concept:
    """The medicine: coded, contained, sent beside the request, or as the reference displays it."""
    meaning = concept(obj(resource, "medicationCodeableConcept"))
    reference = resource.get("medicationReference")
    if not meaning.label and isinstance(reference, dict):
        target = index.resolve(reference, resource)
        if target is not None and target.get("resourceType") == "Medication":
            if target.get("status") == "entered-in-error":
                raise Unused("entered-in-error", "Medication.status")
            if target.get("modifierExtension"):
                raise Unused("modifier-extension", "Medication")
            meaning = concept(obj(target, "code"))
        if not meaning.label:
            meaning = Concept(text=text(reference, "display"))
    if not meaning.label:
        raise Unused("no-value")
    return meaning


def _ended(dose: Json, now: datetime) -> bool:
    """Whether the dose was to be taken until a day that is past."""
    end = dates.when(obj(obj(obj(dose, "timing"), "repeat"), "boundsPeriod").get("end"))
    return end is not None and end.precision not in (Precision.YEAR, Precision.MONTH) and end.start.date() < now.date()


def _dosage(doses: list[Json]) -> str | None:
    """The dosage in words: as written, else put together from dose, route and timing."""
    return "; ".join(d for d in map(_dose, doses[:_MAX_DOSES]) if d)[:500] or None


def _dose(dose: Json) -> str:
    written = text(dose, "text") or text(dose, "patientInstruction")
    if written:
        return written
    parts = [_amount(obj(r, "doseQuantity")) for r in objs(dose, "doseAndRate")[:1]]
    parts += [concept(obj(dose, "route")).label, _timing(obj(dose, "timing"))]
    if dose.get("asNeededBoolean") is True:
        parts.append("as needed")
    return ", ".join(p for p in parts if p)


def _amount(quantity: Json) -> str:
    value = number(quantity.get("value"))
    unit = text(quantity, "unit", 40) or text(quantity, "code", 40) or ""
    return f"{_plain(value)} {unit}".strip() if value is not None else ""


def _timing(timing: Json) -> str:
    coded = concept(obj(timing, "code")).label
    repeat = obj(timing, "repeat")
    frequency, period, unit = (
        number(repeat.get("frequency")),
        number(repeat.get("period")),
        text(repeat, "periodUnit", 5),
    )
    if coded or frequency is None or period is None or unit is None:
        return coded
    return f"{_plain(frequency)} x per {_plain(period)} {unit}"


def _plain(value: Decimal) -> str:
    return str(tidy(value))
