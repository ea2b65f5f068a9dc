"""The person: which Patient resource is meant, and the demographics that rules read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from fhir_mappers import conditions, dates, r4
from fhir_mappers.case import CodedResult, Demographics
from fhir_mappers.errors import ForeignPatient, NoPatient, Unused
from fhir_mappers.fields import LOINC, SNOMED, Json, coding, concept, obj, objs, text
from fhir_mappers.received import Received
from fhir_mappers.references import bare_id

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ETHNICITY = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"

ESSENTIALS = ("resourceType", "id", "meta", "identifier", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime")
"""What a Patient is read for first: kept when another element of it is invalid, so that the floor does not sink."""

PREGNANT = ((SNOMED, "77386006"), (LOINC, "LA15173-0"))
NOT_PREGNANT = ((SNOMED, "60001007"), (LOINC, "LA26683-5"))
POSITIVE = ((SNOMED, "10828004"), (SNOMED, "260373001"), (LOINC, "LA6576-8"), (LOINC, "LA11882-0"))
_TERM = timedelta(days=300)
"""A pregnancy noted longer ago is over (42 weeks and a margin)."""

_GENDERS = frozenset({"male", "female", "other", "unknown"})


def find(patients: Sequence[Received], patient_id: str) -> Received:
    """The Patient resource of `patient_id`. Raises NoPatient, or ForeignPatient when others were sent."""
    if not patients:
        raise NoPatient
    wanted = bare_id(patient_id)
    for entry in patients:
        if wanted and entry.resource.get("id") == wanted:
            return entry
    for entry in patients:
        nameless = not entry.resource.get("id")
        if wanted and nameless and entry.full_url and bare_id(entry.full_url) == wanted:
            return entry
    raise ForeignPatient


def parse(resource: Json) -> tuple[Json, Unused | None]:
    """A valid Patient, or its essentials alone with the reason why the rest is not used. Raises NoPatient."""
    try:
        return r4.parse(resource), None
    except Unused as reason:
        if reason.reason != "invalid":
            raise NoPatient from None
        essentials = {key: resource[key] for key in ESSENTIALS if key in resource}
        for dropped in ((), ("meta", "identifier"), ESSENTIALS[2:6], ESSENTIALS[2:]):
            try:
                return r4.parse({k: v for k, v in essentials.items() if k not in dropped}), reason
            except Unused:
                continue
        raise NoPatient from None


def demographics(resource: Json, now: datetime) -> Demographics:
    """Sex, birth, death, language, race and ethnicity (US Core), postal code."""
    gender = resource.get("gender")
    died = dates.when(resource.get("deceasedDateTime"))
    return Demographics(
        sex=gender if gender in _GENDERS else None,
        birth=dates.when(resource.get("birthDate")),
        deceased=resource.get("deceasedBoolean") is True or (died is not None and not dates.is_future(died, now)),
        language=_language(resource),
        race=_race(resource),
        ethnicity=next(iter(_us_core(resource, ETHNICITY)), None),
        postal_code=_postal_code(resource),
    )


def pregnancy(
    diagnoses: Iterable[conditions.Diagnosis], results: Iterable[CodedResult], now: datetime
) -> tuple[bool | None, str | None]:
    """Whether the patient is pregnant, and the handle that says so; (None, None) when the chart does not tell.

    The newest statement of at most `_TERM` ago counts: pregnancy status (LOINC 82810-3), a positive pregnancy test, an
    active diagnosis. A negative test alone does not rule a pregnancy out.
    """
    statements: list[tuple[datetime, bool, str]] = []
    for result in results:
        answer = _pregnancy_answer(result)
        if answer is not None and result.when is not None and now - result.when.start <= _TERM:
            statements.append((result.when.start, answer, result.source))
    for diagnosis in diagnoses:
        if not conditions.means_pregnancy(diagnosis.problem.concept):
            continue
        noted = diagnosis.when.start if diagnosis.when else now
        if now - noted <= _TERM:
            statements.append((noted, True, diagnosis.problem.source))
    if not statements:
        return None, None
    newest = max(statements)
    return newest[1], newest[2]


def _pregnancy_answer(result: CodedResult) -> bool | None:
    pairs = {(c.system, c.code) for c in result.concept.codings}
    if result.kind == "pregnancy_status":
        if not pairs.isdisjoint(PREGNANT):
            return True
        return None if pairs.isdisjoint(NOT_PREGNANT) else False
    if result.kind == "pregnancy_test":
        written = result.concept.label.strip().lower()
        return True if not pairs.isdisjoint(POSITIVE) or written == "positive" else None
    return None


def _language(resource: Json) -> str | None:
    spoken = sorted(objs(resource, "communication"), key=lambda c: c.get("preferred") is not True)
    for item in spoken:
        language = concept(obj(item, "language"))
        found = next((c.code for c in language.codings if c.code), None) or language.text
        if found:
            return found
    return None


def _us_core(resource: Json, url: str) -> list[str]:
    """The OMB categories, else the text, of a US Core race or ethnicity extension."""
    parts = [p for e in objs(resource, "extension") if e.get("url") == url for p in objs(e, "extension")]
    categories = [coding(obj(p, "valueCoding")) for p in parts if p.get("url") == "ombCategory"]
    labels = [c.display or c.code for c in categories]
    written = [text(p, "valueString") for p in parts if p.get("url") == "text"]
    return [label for label in labels if label] or [w for w in written if w]


def _race(resource: Json) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_us_core(resource, RACE)))


def _postal_code(resource: Json) -> str | None:
    usable = [a for a in objs(resource, "address") if a.get("use") != "old" and not obj(a, "period").get("end")]
    usable.sort(key=lambda a: a.get("use") != "home")
    return next((code for code in (text(a, "postalCode", 20) for a in usable) if code), None)
