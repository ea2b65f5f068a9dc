"""The decision form: what stands in it at first, what was typed, and the decision that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cds_service.domain import Priority
from cds_service.review.values import Decision, Notes, Symptom, Verdict
from cds_service.web.site.review.advice import ShownAssessment
from cds_service.web.site.review.chart import Vitals
from fhir_mappers.case import Case

SYMPTOMS = 8
"""Most rows for symptoms."""

EMPTY_ROWS = 1
STARTED, SEVERITY = "started", "severity"
"""Questions of our own intake form (`fhir_mappers.intake_form`)."""

MOST_CHARS = 4000
WORDS = ("history", "vitals", "risk_factors", "assessment", "justification", "note")
MOST_SEVERITY = 10
MOST_PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class TypedSymptom:
    """One row as typed."""

    name: str = ""
    duration: str = ""
    severity: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing stands in it."""
        return not (self.name or self.duration or self.severity)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """The form as text, so that nothing typed is lost whatever becomes of it. `drafted`: the model's own words."""

    verdict: str = ""
    priority: str = ""
    reason: str = ""
    history: str = ""
    symptoms: tuple[TypedSymptom, ...] = ()
    vitals: str = ""
    risk_factors: str = ""
    assessment: str = ""
    confidence: str = ""
    justification: str = ""
    note: str = ""
    signature: str = ""

    @property
    def rows(self) -> tuple[TypedSymptom, ...]:
        """The symptoms, and room for one more."""
        return (self.symptoms + (TypedSymptom(),) * EMPTY_ROWS)[:SYMPTOMS]


def typed(form: Mapping[str, str]) -> Typed:
    """What somebody typed."""
    rows = [
        TypedSymptom(
            **{name: _clean(form.get(f"symptom-{n}-{name}", ""))[:200] for name in ("name", "duration", "severity")}
        )
        for n in range(SYMPTOMS)
    ]
    names = ("verdict", "priority", "reason", "confidence", "signature", *WORDS)
    return Typed(
        symptoms=tuple(row for row in rows if not row.empty),
        **{name: _clean(form.get(name, ""))[:MOST_CHARS] for name in names},
    )


def prefilled(case: Case, shown: Vitals, made: ShownAssessment | None, floor: Priority) -> Typed:
    """What the chart and the assessment offer for the form; everything may be changed, and nothing is signed yet."""
    complaints = tuple(dict.fromkeys(c.text for c in case.complaints if c.text))
    problems = ", ".join(dict.fromkeys(p.concept.label for p in case.problems if p.concept.label))
    intake = "; ".join(f"{a.question} {a.answer}" for a in case.intake)
    history = [f"Comes for: {'; '.join(complaints)}." if complaints else "", f"Known: {problems}." if problems else ""]
    history += [f"Before the visit: {intake}." if intake else ""]
    measured = [f"{v.label} {v.value} {v.unit}".strip() for v in shown.vitals]
    score = f"; NEWS2 {shown.total}" if shown.total else ""
    return Typed(
        priority=floor.label.lower(),
        history="\n".join(part for part in history if part)[:MOST_CHARS],
        symptoms=_symptoms(case),
        vitals=(", ".join(measured) + score)[:MOST_CHARS],
        risk_factors=", ".join(made.risk_factors if made else _risks(case))[:MOST_CHARS],
        assessment=made.plain[:MOST_CHARS] if made else "",
    )


def decision(form: Typed, *, seen: int, drafted: str | None, floor: Priority) -> tuple[Decision | None, dict[str, str]]:
    """The decision that the form makes, or what to do about each field that makes none."""
    problems: dict[str, str] = {}
    verdict = next((v for v in Verdict if v.value == form.verdict), None)
    if verdict is None:
        problems["verdict"] = "Choose whether you confirm, change or dismiss."
    priority = _priority(form.priority)
    if verdict is Verdict.CONFIRM:
        priority = floor
    elif verdict is Verdict.DISMISS:
        priority = None
    elif priority is None and verdict is not None:
        problems["priority"] = "Choose the new priority."
    symptoms = []
    for n, row in enumerate(form.symptoms):
        severity = _whole(row.severity, MOST_SEVERITY)
        if row.severity and severity is None:
            problems[f"symptom-{n}-severity"] = "Severity is a whole number from 0 to 10."
        symptoms.append(Symptom(name=row.name, duration=row.duration, severity=severity))
    confidence = _whole(form.confidence, MOST_PERCENT)
    if form.confidence and confidence is None:
        problems["confidence"] = "Confidence is a whole number from 0 to 100."
    if verdict is None or problems:
        return None, problems
    notes = Notes(symptoms=tuple(symptoms), confidence=confidence, **{name: getattr(form, name) for name in WORDS})
    return (
        Decision(
            verdict=verdict,
            priority=priority,
            reason=(form.reason or None) if verdict is Verdict.DISMISS else None,
            notes=notes,
            signature=form.signature,
            seen=seen,
            edited=drafted is not None and form.assessment != drafted,
        ),
        {},
    )


def unsigned(form: Typed) -> Typed:
    """The same form without its signature: what changed meanwhile wants a new one."""
    return replace(form, signature="")


def _symptoms(case: Case) -> tuple[TypedSymptom, ...]:
    """Why the patient came, with how long and how bad where the intake form tells."""
    told = {answer.link_id: answer.answer for answer in case.intake}
    severity = told.get(SEVERITY, "")
    return tuple(
        TypedSymptom(
            name=complaint.text[:200],
            duration=told.get(STARTED, "")[:200],
            severity=severity if _whole(severity, MOST_SEVERITY) is not None else "",
        )
        for complaint in case.complaints[:1]
    )


def _risks(case: Case) -> tuple[str, ...]:
    """What the chart names that raises a risk; nothing where it names nothing, which is not that there is none."""
    problems = [p.concept.label for p in case.problems if p.concept.label]
    smoking = [r.concept.label for r in case.coded_results if r.kind == "smoking_status" and r.concept.label]
    pregnant = ["pregnant"] if case.demographics.pregnant else []
    return tuple(dict.fromkeys(pregnant + problems + smoking))


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _priority(text: str) -> Priority | None:
    try:
        return Priority.parse(text)
    except ValueError:
        return None


def _whole(text: str, most: int) -> int | None:
    plain = text.removesuffix("%").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 4 and int(plain) <= most else None
