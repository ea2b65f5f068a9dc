"""What the chart holds of something that should be done, and whether it is due again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from cds_service.clinical.care_gaps.parts import Part, absent, reaches_back
from cds_service.clinical.care_gaps.services import MEDICINES, NOT_DONE, PROCEDURES, VACCINES, written
from cds_service.clinical.medicines.chart import texts
from cds_service.clinical.medicines.problems import NOT_AFFIRMED
from cds_service.clinical.population import completed_months
from cds_service.clinical.scores.conditions import UNCERTAIN
from cds_service.domain import NotEvaluated
from fhir_mappers.case import Case, Concept, Measurement, When
from fhir_mappers.observations import SCREENING_CODES


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """That something was done once: when, and the handle of the resource that says so."""

    when: When | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to have it done: what the chart holds of it, for how many months it counts, where it would stand."""

    evidence: tuple[Evidence, ...]
    months: int
    part: Part


@dataclass(frozen=True, kw_only=True)
class Due:
    """That it is due: the newest evidence, if any, and the same in words."""

    newest: Evidence | None
    words: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The handle of the newest evidence."""
        return (self.newest.source,) if self.newest else ()


NONE_RECEIVED = "none in the data received"


def due(case: Case, *ways: Way) -> Due | NotEvaluated | None:
    """Whether none of `ways` counts any more; None while one does, or may (done at an unknown time)."""
    if any(_counts(case, evidence, way.months) for way in ways for evidence in way.evidence):
        return None
    for way in ways:
        note = absent(case, way.part)
        if note is None and not way.evidence:
            note = reaches_back(case, way.part, _months_ago(case, way.months))
        if note is not None:
            return note
    return Due(newest=(newest := _newest(e for way in ways for e in way.evidence)), words=told(case, newest))


def told(case: Case, newest: Evidence | None) -> str:
    """``newest in the data received: 14 months ago``, or that there is none."""
    if newest is None or newest.when is None:
        return NONE_RECEIVED
    return f"newest in the data received: {age_in_words(case, newest.when)}"


def age_in_words(case: Case, when: When) -> str:
    """The least age that a time allows, in days, weeks, months or years."""
    days = (case.now.date() - when.last_day).days
    months = months_since(case, when)
    for count, unit in ((months // 12 if months >= 36 else 0, "years"), (months, "months"), (days // 7, "weeks")):
        if count >= 2:
            return f"{count} {unit} ago"
    return f"{days} days ago" if days > 1 else "yesterday" if days == 1 else "today"


def months_since(case: Case, when: When) -> int:
    """Completed months since a time, as few as it allows."""
    return max(completed_months(when.last_day, case.now.date()), 0)


def within(case: Case, when: When | None, months: int) -> bool:
    """Whether a time lies less than `months` back; an unknown one does not."""
    return when is not None and months_since(case, when) < months


def lab_evidence(case: Case, *loincs: str) -> tuple[Evidence, ...]:
    """Results of laboratory tests with one of `loincs` (canonical codes where the mapper has one)."""
    return tuple(
        Evidence(when=r.when, source=r.source) for s in case.labs if s.loinc in loincs for r in s.results if r.plausible
    )


def screening_evidence(case: Case, kind: str) -> tuple[Evidence, ...]:
    """Tests of one kind of `SCREENING_CODES`, with a result in words or in numbers."""
    coded = (Evidence(when=r.when, source=r.source) for r in case.coded_results if r.kind == kind)
    return (*coded, *lab_evidence(case, *SCREENING_CODES[kind]))


def procedure_evidence(case: Case, *kinds: str) -> tuple[Evidence, ...]:
    """Completed procedures of `kinds`; a report or note whose title names one counts too."""
    services = [PROCEDURES[kind] for kind in kinds]
    told_of = (
        *((p.concept, p.when, p.source) for p in case.procedures),
        *((Concept(text=d.title), d.when, d.source) for d in case.documents),
    )
    return tuple(
        Evidence(when=when, source=source)
        for concept, when, source in told_of
        if any(service.covers(concept) for service in services) and not not_done(concept)
    )


def problem_evidence(case: Case, *kinds: str) -> tuple[Evidence, ...]:
    """Problems whose words affirm one of `kinds` ("S/P hysterectomy"), of the patient and not denied."""
    services = [PROCEDURES[kind] for kind in kinds]
    return tuple(
        Evidence(when=p.onset, source=p.source)
        for p in case.problems
        if p.verification not in UNCERTAIN
        and any(service.covers(p.concept) for service in services)
        and not not_done(p.concept)
        and all(NOT_AFFIRMED.isdisjoint(text.words) for text in texts(p.concept))
    )


def vaccine_evidence(case: Case, *kinds: str) -> tuple[Evidence, ...]:
    """Doses of vaccines of `kinds`."""
    services = [VACCINES[kind] for kind in kinds]
    return tuple(
        Evidence(when=i.when, source=i.source) for i in case.immunizations if any(s.covers(i.concept) for s in services)
    )


def takes(case: Case, *groups: str) -> tuple[str, ...]:
    """Handles of the medicines of `groups`, those on hold too: somebody has thought of them."""
    wanted = [MEDICINES[group] for group in groups]
    return tuple(m.source for m in case.medications if any(group.covers(m.concept) for group in wanted))


def not_tolerated(case: Case, *groups: str) -> bool:
    """Whether an allergy or intolerance to a medicine of `groups` is recorded, by name or by the name of the class."""
    wanted = [MEDICINES[group] for group in groups]
    classes = re.compile("|".join(rf"\b{group.replace('-', ' ')}s?\b" for group in groups))
    return any(
        any(group.names(a.concept) for group in wanted) or any(classes.search(text) for text in written(a.concept))
        for a in case.allergies
    )


def newest_exact(case: Case, loinc: str, unit: str) -> Measurement | None:
    """The newest possible, dated result of a series in its canonical unit, with or without a comparator."""
    series = case.lab(loinc)
    results: Sequence[Measurement] = series.results if series else ()
    return next((r for r in results if r.plausible and r.when is not None and r.unit == unit), None)


def _counts(case: Case, evidence: Evidence, months: int) -> bool:
    return evidence.when is None or within(case, evidence.when, months)


def _newest(evidence: Iterable[Evidence]) -> Evidence | None:
    dated: Iterator[tuple[date, Evidence]] = ((e.when.last_day, e) for e in evidence if e.when is not None)
    return max(dated, key=lambda pair: pair[0], default=(None, None))[1]


def _months_ago(case: Case, months: int) -> When:
    month = case.now.year * 12 + case.now.month - 1 - months
    return When(start=case.now.replace(year=month // 12, month=month % 12 + 1, day=min(case.now.day, 28)))


def not_done(concept: Concept) -> bool:
    """Whether the words say that it was planned, refused or talked about only."""
    return any(NOT_DONE.search(text) for text in written(concept))
