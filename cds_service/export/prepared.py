"""One reviewed case past the gate of exports: chart, findings, passages, and what the clinician wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType

from anonymization.dates import over_89
from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import GateRefused
from anonymization.gate import Gate
from anonymization.near_years import near_years
from cds_service.chart import without_labelled
from cds_service.domain import Finding, FindingKind, NotEvaluated, Passage, floor_of
from cds_service.export.left_out import Reason
from cds_service.export.select import Chosen
from cds_service.review.values import Signed
from cds_service.settings import Setting
from cds_service.stations import Stations
from fhir_mappers.case import Case, KnownIdentifier

GATE_S = 30.0
"""Seconds that the gate may take for one chart, and for one text: an export has time, and a busy machine costs some."""

WRITTEN = ("assessment", "justification", "history", "risk_factors", "vitals", "note")
"""Fields of a clinician's notes that are free text."""

DRAFTED = ("priority_reason", "key_concerns", "questions", "assessment")
"""Fields of a model's draft that are free text."""

NOTES = "note:"
"""How the ids of passages of a patient's own notes begin."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the vault gave: identified, in memory alone."""

    chart: Case
    signed: Signed
    comments: tuple[str, ...]
    staff: tuple[str, ...]

    def identifiers(self) -> tuple[KnownIdentifier, ...]:
        """Whose names and numbers may stand in what was written: the chart's, and the clinic's own people."""
        own = (KnownIdentifier(kind="identifier", value=self.chart.patient_id),)
        people = (*self.staff, self.signed.name)  # an account may have had another name when it signed
        staff = (KnownIdentifier(kind="name", value=name, role="practitioner") for name in dict.fromkeys(people))
        return (*self.chart.identifiers, *own, *staff)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A case as an export may hold it. `written`: what the clinician wrote, by field, past the gate.

    `comments`: on cards, past the gate. `symptoms`: their names alone. `setting`: in which it was graded.
    """

    chosen: Chosen
    code: str
    case: DeidentifiedCase
    findings: tuple[Finding, ...]
    passages: tuple[Passage, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    written: Mapping[str, str]
    symptoms: tuple[str, ...]
    comments: tuple[str, ...]
    setting: Setting

    @property
    def guidelines(self) -> tuple[str, ...]:
        """Ids of the passages that are of guidelines, and not of this patient's own notes."""
        return tuple(p.id for p in self.passages if not p.id.startswith(NOTES))

    def coarser(self) -> Prepared:
        """Without what would name a condition that a plan tells more coarsely: guidelines, care gaps, medicines.

        And without the draft's questions: what they ask about need not stand in the chart as it is told.
        """
        urgency = tuple(f for f in self.findings if f.kind is FindingKind.TRIAGE)
        shown = self.chosen.assessment
        draft = None if shown is None else {**shown, "questions": []}
        return replace(self, findings=urgency, passages=(), chosen=replace(self.chosen, rules=(), assessment=draft))


class Preparer:
    """`gate`: with the policy of the export. `stations`: the road that serving takes, over that gate."""

    def __init__(self, gate: Gate, stations: Stations, *, shifts: bool, max_text_chars: int) -> None:
        self._gate = gate
        self._stations = stations
        self._shifts = shifts
        self._max_text_chars = max_text_chars

    def prepare(self, chosen: Chosen, opened: Opened, *, code: str, offset_days: int) -> Prepared | Reason:
        """The case past the gate, or why it stays inside."""
        chart = opened.chart
        if chart.sensitive:
            return Reason.LABELLED
        setting = Setting(chosen.versions.get("setting", Setting.FAMILY_PRACTICE.value))
        stations = self._stations.under(setting)
        evaluated = stations.rules(chart)
        passing = without_labelled(evaluated.findings, chart)
        if floor_of(passing) != chosen.floor:
            return Reason.RULES_CHANGED
        try:
            case = self._gate.deidentify(
                chart,
                subject=code,
                timeout_s=GATE_S,
                max_text_chars=self._max_text_chars,
                shift=timedelta(days=offset_days) if self._shifts else None,
            )
            written = self._scrubbed(opened, {f: getattr(opened.signed.notes, f) for f in WRITTEN})
            symptoms = self._scrubbed(opened, {str(n): s.name for n, s in enumerate(opened.signed.notes.symptoms)})
            comments = self._scrubbed(opened, {str(n): text for n, text in enumerate(opened.comments)})
            draft = _free_text(chosen.assessment)
            if self._scrubbed(opened, {"draft": draft}).get("draft", draft) != draft:  # more passes to a prompt
                return Reason.NAMED
        except GateRefused:
            return Reason.NOT_DEIDENTIFIED
        missing = list(evaluated.not_evaluated)
        found, notes = stations.retrieve(case, passing, missing)
        return Prepared(
            chosen=chosen,
            code=code,
            case=case,
            findings=passing,
            passages=(*_as_recorded(found, chosen.passages), *notes),
            not_evaluated=tuple(dict.fromkeys(missing)),
            written=MappingProxyType(written),
            symptoms=tuple(symptoms.values()),
            comments=tuple(comments.values()),
            setting=setting,
        )

    def _scrubbed(self, opened: Opened, texts: Mapping[str, str]) -> dict[str, str]:
        """`texts` that hold words, past the gate. Raises GateRefused."""
        known, chart = opened.identifiers(), opened.chart
        old, years = over_89(chart.demographics, chart.now), near_years(chart, self._gate.policy)
        return {
            name: self._gate.scrub(text, known, over_89=old, years=years, timeout_s=GATE_S).text
            for name, text in texts.items()
            if text.strip()
        }


def _free_text(draft: Mapping[str, object] | None) -> str:
    """What the model wrote in its own words, a line each; its choices are the prompt's."""
    values = [(draft or {}).get(field) for field in DRAFTED]
    lines = [str(line) for value in values for line in (value if isinstance(value, list | tuple) else [value]) if line]
    return "\n".join(lines)


def _as_recorded(found: Sequence[Passage], recorded: Sequence[str]) -> tuple[Passage, ...]:
    """The passages that were shown, in their order, as far as the index still finds them; else what it finds."""
    by_id = {p.id: p for p in found}
    kept = tuple(by_id[i] for i in recorded if i in by_id)
    return kept or tuple(found)
