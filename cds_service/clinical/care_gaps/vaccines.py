"""Vaccinations that are due in adults, told together: influenza, pneumococcal, zoster, tetanus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.clinical.care_gaps.area import Patient, Said, care_gap_rule, rule_id
from cds_service.clinical.care_gaps.evidence import Evidence, age_in_words, vaccine_evidence, within
from cds_service.clinical.care_gaps.parts import VACCINATIONS, absent
from cds_service.clinical.care_gaps.services import VACCINES
from cds_service.clinical.care_gaps.table import GAPS, VERSION
from cds_service.domain import Finding, FindingKind, Priority, Proposal
from fhir_mappers.case import Case

AREA = "vaccines"


@dataclass(frozen=True, kw_only=True)
class Missed:
    """One vaccination that is due: its row, what the data show, what to offer, where the newest dose stands."""

    key: str
    name: str
    words: str
    proposal: Proposal
    sources: tuple[str, ...] = ()


def look(patient: Patient) -> Said:
    """One gap for all vaccinations that are due."""
    unknown = absent(patient.case, VACCINATIONS)
    if unknown is not None:
        yield unknown
        return
    missed = [m for m in _missed(patient) if not _reacted(patient.case, m.key)]
    if missed:
        yield _finding(patient, missed)


def _missed(patient: Patient) -> Iterator[Missed]:
    yield from _influenza(patient)
    if patient.pregnant:
        return  # zoster waits, Tdap has its weeks (the pregnancy rule)
    yield from _pneumococcal(patient)
    yield from _zoster(patient)
    yield from _tetanus(patient)


def _influenza(patient: Patient) -> Iterator[Missed]:
    key, case = "vaccine-influenza", patient.case
    numbers = GAPS[key].numbers
    month = case.now.month
    if numbers["last_month"] < month < numbers["first_month"]:
        return
    start = date(case.now.year - (month < numbers["season_month"]), numbers["season_month"], 1)
    doses = vaccine_evidence(case, "influenza")
    if any(d.when is None or d.when.last_day >= start for d in doses):
        return
    high = patient.aged(numbers["high_dose_age"])
    yield _miss(patient, key, "influenza", doses, "influenza-high-dose" if high else "influenza")


def _pneumococcal(patient: Patient) -> Iterator[Missed]:
    """Complete: PCV20 or PCV21; PCV15 and PPSV23; PCV13 and PPSV23 (then PCV20 is a shared decision)."""
    key, case = "vaccine-pneumococcal", patient.case
    numbers = GAPS[key].numbers
    if not patient.aged(numbers["from_age"]) or vaccine_evidence(case, "pneumococcal-complete"):
        return
    if any(VACCINES["pneumococcal-complete"].may_cover(i.concept) for i in case.immunizations):
        return
    conjugate_15 = vaccine_evidence(case, "pneumococcal-15")
    others = vaccine_evidence(case, "pneumococcal-15", "pneumococcal-13")
    polysaccharide = vaccine_evidence(case, "pneumococcal-23")
    doses = (*others, *polysaccharide)
    recent = any(d.when is None or within(case, d.when, numbers["months"]) for d in doses)
    if recent or (others and polysaccharide):
        return
    yield _miss(patient, key, "pneumococcal", doses, "pneumococcal-23" if conjugate_15 else "pneumococcal")


def _zoster(patient: Patient) -> Iterator[Missed]:
    key, case = "vaccine-zoster", patient.case
    numbers = GAPS[key].numbers
    doses = vaccine_evidence(case, "zoster-recombinant")
    if not patient.aged(numbers["from_age"]) or len(doses) >= numbers["doses"]:
        return
    if any(VACCINES["zoster-recombinant"].may_cover(i.concept) for i in case.immunizations):
        return
    if any(d.when is None or within(case, d.when, numbers["months"]) for d in doses):
        return
    name = "zoster, second dose" if doses else "zoster"
    yield _miss(patient, key, name, doses, "zoster")


def _tetanus(patient: Patient) -> Iterator[Missed]:
    key, case = "vaccine-tetanus", patient.case
    doses = vaccine_evidence(case, "tetanus")
    if any(d.when is None or within(case, d.when, GAPS[key].numbers["years"] * 12) for d in doses):
        return
    yield _miss(patient, key, "tetanus", doses, "tdap")


def _miss(patient: Patient, key: str, name: str, doses: tuple[Evidence, ...], proposal: str) -> Missed:
    dated = [(d.when.last_day, d) for d in doses if d.when is not None]
    newest = max(dated, key=lambda pair: pair[0])[1] if dated else None
    words = f"newest {age_in_words(patient.case, newest.when)}" if newest and newest.when else "none"
    return Missed(
        key=key,
        name=name,
        words=words,
        proposal=GAPS[key].proposals[proposal],
        sources=(newest.source,) if newest else (),
    )


def _reacted(case: Case, key: str) -> bool:
    """Whether an allergy to the vaccine is recorded."""
    name = key.removeprefix("vaccine-")
    services = [service for kind, service in VACCINES.items() if kind.startswith(name)]
    return any(service.covers(a.concept) for service in services for a in case.allergies)


def _finding(patient: Patient, missed: list[Missed]) -> Finding:
    names = ", ".join(m.name for m in missed)
    shown = "; ".join(f"{m.name}: {m.words}" for m in missed)
    return Finding(
        rule=rule_id(AREA),
        version=VERSION,
        priority=Priority.LOW,
        title=f"Vaccinations due: {names}",
        reason=f"In the data received: {shown}. A vaccination register may hold more.",
        citation=GAPS[missed[0].key].citations[0],
        values={"gap": AREA, "due": names},
        sources=tuple(dict.fromkeys((*(s for m in missed for s in m.sources), *patient.person))),
        topic=AREA,
        kind=FindingKind.CARE_GAP,
        proposals=tuple(m.proposal for m in missed),
        rank=min(GAPS[m.key].rank for m in missed),
    )


RULE = care_gap_rule(
    AREA,
    "vaccinations",
    "18 and over; in pregnancy influenza alone",
    look,
    fires="67 years, March, no vaccinations in the data received: influenza, pneumococcal, zoster, tetanus.",
    quiet="30 years, Tdap four years ago and this season's influenza vaccine: nothing.",
)
