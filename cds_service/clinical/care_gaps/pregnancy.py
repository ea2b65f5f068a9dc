"""Care gaps in pregnancy, by week: blood pressure, first blood tests, gestational diabetes, Tdap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import (
    Due,
    Evidence,
    lab_evidence,
    procedure_evidence,
    screening_evidence,
    told,
    vaccine_evidence,
)
from cds_service.clinical.care_gaps.hypertension import pressure_days
from cds_service.clinical.care_gaps.parts import LABS, VACCINATIONS, VITALS, Part, absent, reaches_back
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.domain import Finding, NotEvaluated
from fhir_mappers.case import Case, Concept, Precision, When
from fhir_mappers.fields import ICD10CM

GESTATIONAL_AGE, HEMOGLOBIN = "18185-9", "718-7"
WEEKS_CODE = re.compile(r"Z3A\.(0[89]|[123]\d|4[0-2])")
"""ICD-10-CM: completed weeks 8 to 42 of the pregnancy."""

CHALLENGES = ("1504-0", "1501-6", "1514-9", "1530-5", "1507-3", "1518-0")
"""LOINC: glucose 1, 2 and 3 hours after 50, 75 or 100 g."""

CHALLENGE_WORDS = re.compile(r"\bglucose\b.*(\bpost\b|tolerance|challenge|\bload\b|\bpc\b)|\bogtt\b", re.I)
FROM_WEEK = 8
"""Earlier nothing is missed yet."""

LONGEST_WEEKS = 43
CHALLENGE_FROM = 20
NO_WEEKS = NotEvaluated(what="care gaps in pregnancy", reason="the gestational age is not known")


@dataclass(frozen=True, kw_only=True)
class Weeks:
    """Completed weeks of the pregnancy now, when it began (first day of week 0), and what says so."""

    now: int
    began: datetime
    source: str

    def start_of(self, week: int) -> When:
        """The day on which a week began."""
        return When(start=self.began + timedelta(weeks=week), precision=Precision.DAY)


def look(patient: Patient) -> Said:
    """The gaps of a pregnancy whose week is known."""
    if not patient.pregnant:
        return
    weeks = weeks_of(patient.case)
    if weeks is None:
        yield NO_WEEKS
        return
    if weeks.now < FROM_WEEK:
        return
    yield _blood_pressure(patient, weeks)
    yield _bloods(patient, weeks)
    yield _glucose(patient, weeks)
    yield _tdap(patient, weeks)


def weeks_of(case: Case) -> Weeks | None:
    """By the newest statement of gestational age that still describes a pregnancy."""
    stated = sorted(_stated(case), key=lambda s: s[0], reverse=True)
    for when, weeks, source in stated:
        began = when - timedelta(days=round(weeks * 7))
        now = (case.now - began).days // 7
        if 0 <= now <= LONGEST_WEEKS:
            return Weeks(now=now, began=began, source=source)
    return None


def _stated(case: Case) -> Iterator[tuple[datetime, float, str]]:
    """(when, weeks, handle): measured, and coded where the code has a date."""
    series = case.lab(GESTATIONAL_AGE)
    for result in series.results if series else ():
        if (
            result.plausible
            and result.comparator is None
            and result.unit == "wk"
            and result.when
            and _exact(result.when)
        ):
            yield result.when.start, float(result.value), result.source
    for concept, when, source in _coded(case):
        for coding in concept.codings:
            match = WEEKS_CODE.fullmatch(coding.code or "") if coding.system == ICD10CM else None
            if match is not None and when and _exact(when):
                yield when.start, float(match[1]), source


def _coded(case: Case) -> Iterator[tuple[Concept, When | None, str]]:
    yield from ((p.concept, p.recorded or p.onset, p.source) for p in case.problems)
    yield from ((c.concept, c.when, c.source) for c in case.complaints)


def _missed(case: Case, evidence: tuple[Evidence, ...], since: When, part: Part) -> Due | NotEvaluated | None:
    """Whether nothing was done since a day; what was done at an unknown time may have been."""
    if any(e.when is None or e.when.last_day >= since.start.date() for e in evidence):
        return None
    unknown = absent(case, part) or (reaches_back(case, part, since) if not evidence else None)
    if unknown is not None:
        return unknown
    dated = [e for e in evidence if e.when is not None]
    newest = max(dated, key=lambda e: e.when.start if e.when else since.start, default=None)
    return Due(newest=newest, words=told(case, newest))


def _tell(weeks: Weeks, key: str, missed: Due | NotEvaluated | None) -> Finding | NotEvaluated | None:
    if not isinstance(missed, Due):
        return missed
    return finding(key, Told(words=f"week {weeks.now}; {missed.words}", sources=(weeks.source, *missed.sources)))


def _blood_pressure(patient: Patient, weeks: Weeks) -> Finding | NotEvaluated | None:
    key, case = "pregnancy-blood-pressure", patient.case
    since = When(start=case.now - timedelta(weeks=GAPS[key].numbers["weeks"]), precision=Precision.DAY)
    days = tuple(Evidence(when=When(start=d.when), source=d.sources[0]) for d in pressure_days(case))
    return _tell(weeks, key, _missed(case, days[:1], since, VITALS))


def _bloods(patient: Patient, weeks: Weeks) -> Finding | NotEvaluated | None:
    """Any of these tests since the pregnancy began counts: they are drawn together."""
    key, case = "pregnancy-booking-bloods", patient.case
    if weeks.now < GAPS[key].numbers["from_weeks"]:
        return None
    done = (
        *screening_evidence(case, "booking_blood"), *lab_evidence(case, HEMOGLOBIN),
        *procedure_evidence(case, "booking-bloods"),
    )  # fmt: skip
    return _tell(weeks, key, _missed(case, done, weeks.start_of(0), LABS))


def _glucose(patient: Patient, weeks: Weeks) -> Finding | NotEvaluated | None:
    key, case = "pregnancy-glucose", patient.case
    numbers = GAPS[key].numbers
    if not numbers["from_weeks"] <= weeks.now <= numbers["last_weeks"] or patient.coded("diabetes-before-pregnancy"):
        return None
    loincs = [s.loinc for s in case.labs if s.loinc in CHALLENGES or CHALLENGE_WORDS.search(s.label)]
    done = (*lab_evidence(case, *loincs), *procedure_evidence(case, "glucose-challenge"))
    return _tell(weeks, key, _missed(case, done, weeks.start_of(CHALLENGE_FROM), LABS))


def _tdap(patient: Patient, weeks: Weeks) -> Finding | NotEvaluated | None:
    key, case = "pregnancy-tdap", patient.case
    numbers = GAPS[key].numbers
    if not numbers["from_weeks"] <= weeks.now <= numbers["to_weeks"]:
        return None
    return _tell(weeks, key, _missed(case, vaccine_evidence(case, "tdap"), weeks.start_of(0), VACCINATIONS))


def _exact(when: When) -> bool:
    return when.precision in (Precision.DAY, Precision.TIME)


RULE = care_gap_rule(
    "pregnancy",
    "pregnancy",
    "pregnant, every age, from week 8 when the gestational age is known",
    look,
    fires="Week 26, no glucose challenge since week 20: screening for gestational diabetes is due.",
    quiet="Week 26, glucose challenge last week, blood tests and blood pressure in the chart: nothing.",
    minors=True,
)
