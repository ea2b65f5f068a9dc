"""Care gaps in depression, by PHQ-9: a positive screen without a plan, follow-up, a screen that is long ago.

Questionnaire scores are not asked for by themselves (they are neither laboratory results nor vital signs): where none
came, nothing is due.
"""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import (
    Evidence,
    age_in_words,
    lab_evidence,
    newest_exact,
    procedure_evidence,
    takes,
    within,
)
from cds_service.clinical.care_gaps.parts import MEDICINES, absent
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.domain import Finding, NotEvaluated
from fhir_mappers.case import Measurement

PHQ_9, PHQ_2 = "44261-6", "55758-7"
NO_SCORE = NotEvaluated(what="follow-up of depression", reason="no PHQ-9 score was received")


def look(patient: Patient) -> Said:
    """At most one gap."""
    newest = newest_exact(patient.case, PHQ_9, "{score}")
    if patient.coded("depression"):
        yield NO_SCORE if newest is None else _follow_up(patient, newest)
        return
    if patient.coded("bipolar-disorder"):
        return
    positive = _positive_screen(patient, newest) if newest else None
    yield positive or _screening(patient)


def _follow_up(patient: Patient, newest: Measurement) -> Finding | None:
    key = "depression-follow-up"
    numbers = GAPS[key].numbers
    if (
        newest.when is None
        or newest.value < numbers["positive"]
        or within(patient.case, newest.when, numbers["months"])
    ):
        return None
    told = Told(
        words=_told(patient, newest), sources=(newest.source, *patient.sources("depression")), values=_value(newest)
    )
    return finding(key, told)


def _positive_screen(patient: Patient, newest: Measurement) -> Finding | NotEvaluated | None:
    key = "depression-positive-screen"
    numbers, case = GAPS[key].numbers, patient.case
    if newest.value < numbers["positive"] or not within(case, newest.when, numbers["months"]):
        return None
    if takes(case, "antidepressant"):
        return None
    unknown = absent(case, MEDICINES)
    if unknown is not None:
        return unknown
    return finding(key, Told(words=_told(patient, newest), sources=(newest.source,), values=_value(newest)))


def _screening(patient: Patient) -> Finding | None:
    """Only where a screen was received: then the next one would have been."""
    key, case = "depression-screening", patient.case
    done: tuple[Evidence, ...] = (
        *lab_evidence(case, PHQ_9, PHQ_2), *procedure_evidence(case, "depression-screening"),
    )  # fmt: skip
    dated = [e for e in done if e.when is not None]
    if not dated or len(dated) < len(done) or any(within(case, e.when, GAPS[key].numbers["months"]) for e in dated):
        return None
    newest = max(dated, key=lambda e: e.when.start if e.when else case.now)
    words = f"newest in the data received: {age_in_words(case, newest.when)}" if newest.when else ""
    return finding(key, Told(words=words, sources=(newest.source,)))


def _told(patient: Patient, newest: Measurement) -> str:
    age = age_in_words(patient.case, newest.when) if newest.when else "at an unknown time"
    return f"the newest score is {newest.value:.0f} ({age})"


def _value(newest: Measurement) -> dict[str, float]:
    return {"phq_9": float(newest.value)}


RULE = care_gap_rule(
    "depression",
    "depression",
    "18 and over with a PHQ-9 or PHQ-2 score in the data received",
    look,
    fires="Depression, PHQ-9 of 15 six months ago and none since: a follow-up score is due.",
    quiet="Depression, PHQ-9 of 6 six months ago: nothing.",
)
