"""Every time in a chart that a fact may be dated by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fhir_mappers.case import Case, When


def times(case: Case) -> Iterator[When | datetime | None]:
    """The times of all facts, unknown ones as None."""
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
