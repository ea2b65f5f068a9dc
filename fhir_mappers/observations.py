"""Observations: vital signs, laboratory results, coded results, the chief complaint. Components count too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from fhir_mappers import dates, labs, units, vitals
from fhir_mappers.case import CodedResult, Concept, Measurement, When
from fhir_mappers.errors import Unused
from fhir_mappers.fields import LOINC, UCUM, Json, concept, has_category, number, obj, objs, system, text
from fhir_mappers.limits import Limits

COMPLAINT_CODES = frozenset({"8661-1", "10154-3"})
"""LOINC: chief complaint (reported), chief complaint narrative."""

SCREENING_CODES: Mapping[str, frozenset[str]] = MappingProxyType({
    # LOINC codes of tests of which only matters that, and when, they were done; results are words or numbers.
    "cervical_cytology": frozenset({
        "10524-7", "18500-9", "19762-4", "19764-0", "19765-7", "19766-5", "19774-9", "33717-0", "47527-7", "47528-5",
    }),
    "hpv_test": frozenset({
        "21440-3", "30167-1", "38372-9", "59263-4", "59264-2", "59420-0", "69002-4", "71431-1", "75694-0", "77379-6",
        "77399-4", "77400-0", "82354-2", "82456-5", "82675-0",
    }),
    "stool_blood_test": frozenset({
        "2335-8", "14563-1", "14564-9", "14565-6", "12503-9", "12504-7", "27396-1", "27401-9", "27925-7", "27926-5",
        "29771-3", "56490-6", "56491-4", "57905-2", "58453-2", "80372-6",
    }),
    "stool_dna_test": frozenset({"77353-1", "77354-9"}),
    # Blood group, its antibodies, hepatitis B, HIV and syphilis: the tests that every pregnancy starts with.
    "booking_blood": frozenset({
        "882-1", "883-9", "10331-7", "890-4", "5195-3", "5196-1", "56888-1", "20507-0", "24110-9", "31147-2",
    }),
})  # fmt: skip

CODED_KINDS: Mapping[str, str] = MappingProxyType({
    **vitals.CODED_BY_CODE,
    **{code: kind for kind, codes in SCREENING_CODES.items() for code in codes},
    "72166-2": "smoking_status",
    "82810-3": "pregnancy_status",
    "2106-3": "pregnancy_test",  # in LOINC; the CDC race code system has a 2106-3 too (White)
    "2118-8": "pregnancy_test",
})  # fmt: skip

ROUND_KINDS = frozenset({vitals.CONSCIOUSNESS, vitals.OXYGEN_DELIVERY})
"""Coded results that belong to a round of vital signs."""

_SCALE_QUESTION = re.compile(
    r"\b(news ?2?|sp ?o2|oxygen saturation)\b.{0,20}\bscale\b|\bscale 2\b.{0,20}\bsp ?o2\b"
    r"|\btarget\b.{0,30}\b(oxygen|sp ?o2|saturation)",
    re.I,
)
_SCALE_2_ANSWER = re.compile(r"^\W*2\W*$|\bscale 2\b|\b88\b.{1,6}\b92\b|^\W*(yes|true)\W*$", re.I)
_SCALE_1_ANSWER = re.compile(r"^\W*1\W*$|\bscale 1\b|\b9[2-6]\b.{1,6}\b9[6-9]\b|^\W*(no|false)\W*$", re.I)
_MAX_ANSWER = 500

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
HAEMOLYSED = re.compile(r"\bha?emoly[sz](?:ed|is)\b", re.IGNORECASE)
NOT_HAEMOLYSED = re.compile(r"\b(?:no|not|non|without)[ -](?:\w+ )?ha?emoly[sz](?:ed|is)\b", re.IGNORECASE)
_USED = frozenset({"final", "amended", "corrected", "preliminary", "unknown"})
_NOT_FINAL = frozenset({"registered", "cancelled"})
_COMPARATORS = frozenset({"<", "<=", ">=", ">"})
_WRITTEN_QUANTITY = re.compile(r"([<>]=?)?\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*(\D{0,30})")


@dataclass(kw_only=True, slots=True)
class Observed:
    """What one Observation holds. `unused` are parts that were not read, and why.

    `unit_spellings` are the ways to write a unit met so far in the request, at most `max_units` of them.
    """

    vitals: list[Measurement] = field(default_factory=list)
    labs: list[Measurement] = field(default_factory=list)
    coded: list[CodedResult] = field(default_factory=list)
    complaint: Concept | None = None
    when: When | None = None
    unused: list[Unused] = field(default_factory=list)
    unit_spellings: set[str] = field(default_factory=set)
    max_units: int = 0

    @property
    def used(self) -> bool:
        """Whether anything was read."""
        return bool(self.vitals or self.labs or self.coded or self.complaint)


def read(resource: Json, handle: str, now: datetime, limits: Limits, unit_spellings: set[str]) -> Observed:
    """The results in one Observation; `unit_spellings` is carried through the request. Raises Unused when none."""
    _check_status(resource.get("status"))
    found = Observed(when=time_of(resource), unit_spellings=unit_spellings, max_units=limits.max_units)
    if dates.is_future(found.when, now):
        raise Unused("future")
    laboratory = has_category(resource, _CATEGORY, "laboratory") or not resource.get("category")
    for index, part in enumerate([resource, *objs(resource, "component")]):
        try:
            _read_part(part, found, handle, limits, laboratory=laboratory)
        except Unused as reason:
            where = "Observation.component" if index else "Observation"
            found.unused.append(Unused(reason.reason, reason.where or where))
    if not found.used:
        raise min(found.unused, key=lambda u: u.reason == "no-value")
    found.unused = [u for u in found.unused if u.reason != "no-value"]  # of a panel, or of no kind that is read
    preliminary, haemolysed = resource.get("status") == "preliminary", _haemolysed(resource)
    if preliminary or haemolysed:
        found.labs = [replace(m, preliminary=preliminary, haemolysed=haemolysed) for m in found.labs]
    return found


def _haemolysed(resource: Json) -> bool:
    """Whether the laboratory says in a note or an interpretation that the sample was haemolysed."""
    said = [text(note, "text") or "" for note in objs(resource, "note")]
    said += [concept(interpretation).label for interpretation in objs(resource, "interpretation")]
    return any(HAEMOLYSED.search(words) and not NOT_HAEMOLYSED.search(words) for words in said)


def time_of(resource: Json) -> When | None:
    """When the observation was made, else when it was issued."""
    found = dates.first(
        resource, "effectiveDateTime", "effectiveInstant", "effectivePeriod.end", "effectivePeriod.start"
    )
    if found is None:
        events = obj(resource, "effectiveTiming").get("event")
        found = dates.when(events[0]) if isinstance(events, list) and events else None
    return found or dates.when(resource.get("issued"))


def _check_status(status: object) -> None:
    if status == "entered-in-error":
        raise Unused("entered-in-error")
    if status in _NOT_FINAL:
        raise Unused("inactive", "Observation.status")
    if status not in _USED:
        raise Unused("invalid", "Observation.status")


def _loincs(part: Json) -> list[str]:
    codings = objs(obj(part, "code"), "coding")
    return [c["code"].strip() for c in codings if system(c.get("system")) == LOINC and isinstance(c.get("code"), str)]


def _read_part(part: Json, found: Observed, handle: str, limits: Limits, *, laboratory: bool) -> None:
    codes = _loincs(part)
    if part.get("dataAbsentReason"):
        raise Unused("absent")
    vital = next((vitals.BY_CODE[c] for c in codes if c in vitals.BY_CODE), None)
    if vital is not None:
        found.vitals.append(_vital(part, vital, found, handle))
        return
    kind = next((CODED_KINDS[c] for c in codes if c in CODED_KINDS), None)
    if kind is not None and not (kind in SCREENING_CODES and "valueQuantity" in part):
        found.coded.append(_coded(part, kind, found.when, handle))
        return
    if not COMPLAINT_CODES.isdisjoint(codes):
        found.complaint = _words(part, limits.max_string_chars)
        return
    scale = _saturation_scale(part, found.when, handle)
    if scale is not None:
        found.coded.append(scale)
        return
    lab = next((labs.BY_CODE[c] for c in codes if c in labs.BY_CODE), None)
    if lab is not None:
        found.labs.append(_lab(part, lab, found, handle))
    elif codes and laboratory:
        found.labs.append(_other_lab(part, codes[0], found, handle))
    else:
        raise Unused("no-value")


@dataclass(frozen=True, slots=True)
class _Quantity:
    value: Decimal
    unit: str
    units: tuple[str, ...]
    comparator: str | None

    @property
    def as_written(self) -> str:
        return f"{self.comparator or ''}{self.value} {self.unit}".strip()


def _quantity(part: Json, found: Observed) -> _Quantity:
    """The number of a part with all spellings of its unit, the coded one first. Raises Unused ``no-value``."""
    quantity = obj(part, "valueQuantity")
    comparator: str | None = None
    spellings: list[str | None] = []
    value = number(quantity.get("value"))
    if value is not None:
        code, unit = text(quantity, "code", 40), text(quantity, "unit", 40)
        spellings = [code, unit] if system(quantity.get("system")) in (UCUM, None) else [unit, code]
        comparator = quantity.get("comparator") if quantity.get("comparator") in _COMPARATORS else None
    elif (value := number(part.get("valueInteger"))) is None:
        match = _WRITTEN_QUANTITY.fullmatch(text(part, "valueString", 60) or "")
        if match is None:
            raise Unused("no-value")
        comparator, value = match[1], Decimal(match[2])
        spellings = [match[3].strip()]
    unit_spellings = tuple(s for s in spellings if s)
    found.unit_spellings.update(unit_spellings)
    if len(found.unit_spellings) > found.max_units:
        raise Unused("too-many")
    written = text(quantity, "unit", 40) or (unit_spellings[0] if unit_spellings else "")
    return _Quantity(value, written, unit_spellings, comparator)


def _vital(part: Json, vital: vitals.Vital, found: Observed, handle: str) -> Measurement:
    quantity = _quantity(part, found)
    if not vitals.timed(found.when):
        raise Unused("no-time")
    value = _converted(quantity, vital.unit, bare=vital.bare)
    return Measurement(
        kind=vital.kind,
        value=value,
        unit=vital.unit,
        when=found.when,
        as_written=quantity.as_written,
        comparator=quantity.comparator,
        plausible=vital.low <= value <= vital.high,
        label=vital.label,
        source=handle,
    )


def _lab(part: Json, lab: labs.Lab, found: Observed, handle: str) -> Measurement:
    quantity = _quantity(part, found)
    candidates = (labs.to_canonical(lab, quantity.value, unit) for unit in quantity.units)
    value = next((v for v in candidates if v is not None), None)
    if value is None:
        if not (lab.bare and not quantity.units):
            raise Unused("no-unit")
        value = quantity.value
    return Measurement(
        kind=lab.loinc,
        value=value,
        unit=lab.unit,
        when=found.when,
        as_written=quantity.as_written,
        comparator=quantity.comparator,
        plausible=lab.low <= value <= lab.high,
        label=lab.label,
        source=handle,
    )


def _other_lab(part: Json, code: str, found: Observed, handle: str) -> Measurement:
    """A numeric result that no rule reads, in the unit it was written in."""
    quantity = _quantity(part, found)
    unit = next((u for u in quantity.units if units.is_ucum(u)), None)
    if unit is None:
        raise Unused("no-unit")
    return Measurement(
        kind=code,
        value=quantity.value,
        unit=unit,
        when=found.when,
        as_written=quantity.as_written,
        comparator=quantity.comparator,
        label=concept(obj(part, "code")).label,
        source=handle,
    )


def _converted(quantity: _Quantity, to: str, *, bare: bool) -> Decimal:
    if not quantity.units and bare:
        return quantity.value
    for unit in quantity.units:
        value = units.convert(quantity.value, unit, to)
        if value is not None:
            return value
    raise Unused("no-unit")


def _coded(part: Json, kind: str, when: When | None, handle: str) -> CodedResult:
    """A coded result as written; what its codes and words mean is for the rules to say."""
    meaning = _words(part, _MAX_ANSWER)
    if kind in ROUND_KINDS:
        if not vitals.timed(when):
            raise Unused("no-time")
        meaning = replace(meaning, text=(meaning.text or "").replace("_", " ") or None)  # "nasal_cannula"
    return CodedResult(kind=kind, concept=meaning, when=when, source=handle)


def _saturation_scale(part: Json, when: When | None, handle: str) -> CodedResult | None:
    """A clinician's choice of the SpO2 scale as ``spo2_scale_2`` with the text ``yes`` or ``no``, else None."""
    if _SCALE_QUESTION.search(concept(obj(part, "code")).label) is None:
        return None
    if isinstance(part.get("valueBoolean"), bool):
        chosen = bool(part["valueBoolean"])
    else:
        number_given = number(part.get("valueInteger")) or number(obj(part, "valueQuantity").get("value"))
        answer = str(number_given) if number_given is not None else _words(part, _MAX_ANSWER).label
        if _SCALE_2_ANSWER.search(answer) is None and _SCALE_1_ANSWER.search(answer) is None:
            raise Unused("no-value")
        chosen = _SCALE_2_ANSWER.search(answer) is not None
    return CodedResult(kind="spo2_scale_2", concept=Concept(text="yes" if chosen else "no"), when=when, source=handle)


def _words(part: Json, limit: int) -> Concept:
    """A coded or written answer. Raises Unused ``no-value``."""
    meaning = concept(obj(part, "valueCodeableConcept"), limit)
    if not meaning.label:
        meaning = Concept(text=text(part, "valueString", limit))
    if not meaning.label:
        raise Unused("no-value")
    return meaning
