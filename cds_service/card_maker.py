"""Renders each kind of card: its words, its evidence, and what it offers to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cds_service.card_text import MAX_LABEL, escape, moment_text, plain_key, reference, shorten, url_field
from cds_service.domain import (
    PRELIMINARY_NOTICE,
    Advice,
    Assessment,
    AssessmentStatus,
    Finding,
    FindingKind,
    Passage,
    Priority,
    Proposal,
    floor_of,
)
from cds_service.review.reasons import OFFERED_REASONS
from fhir_mappers.actions import review_task, service_request
from fhir_mappers.case import Case

TOPIC_SYSTEM = "https://cds-service.org/fhir/CodeSystem/card-topic"
MAX_CARE_GAPS = 3
MAX_PROPOSALS = 4

STATUS_WORDS = {
    AssessmentStatus.PENDING: "AI assessment: being prepared; none is shown yet.",
    AssessmentStatus.WITHHELD: "AI assessment: none. A draft was made and withheld because it failed a safety check.",
    AssessmentStatus.UNAVAILABLE: "AI assessment: none was made; the model is unavailable.",
    AssessmentStatus.OFF: "AI assessment: switched off.",
}


class CardMaker:
    """Renders the cards of one advice. What was not evaluated is told by the first card that is asked for."""

    def __init__(
        self,
        advice: Advice,
        case: Case,
        encounter_id: str | None,
        new_uuid: Callable[[], str],
        links: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.links = [dict(link) for link in links]
        self.advice = advice
        self.case = case
        self.encounter_id = encounter_id
        self.new_uuid = new_uuid
        triage = [f for f in advice.findings if f.kind is FindingKind.TRIAGE]
        self.level = floor_of(triage)
        self.urgent = [f for f in triage if f.priority >= Priority.HIGH]
        self.same_day_findings = [f for f in triage if f.priority is Priority.MEDIUM]
        self.also = [f for f in triage if f.priority < Priority.HIGH]
        self.medicines = _ranked(advice.findings, FindingKind.MEDICATION_SAFETY)
        self.gaps = _ranked(advice.findings, FindingKind.CARE_GAP)[:MAX_CARE_GAPS]
        self._told = False

    def floor(self) -> dict[str, Any]:
        """What is High or Critical, and what else was found."""
        priority = self.level
        lead = max(self.urgent, key=lambda f: f.priority)
        where = lead.where_and_when or ""
        lines = [f"**{priority.label}: {escape(where)}**" if where else f"**{priority.label}**", "", "Why:", ""]
        lines += [_finding_line(f) for f in self.urgent]
        if self.also:
            lines += ["", "Also found:", "", *(_finding_line(f) for f in self.also)]
        lines += ["", *self._honesty_lines()]
        lines += ["", "Evidence and sources:", "", *(self._evidence_line(f) for f in (*self.urgent, *self.also))]
        suggestions = [self._review(f"{priority.label}: review this patient now", priority)]
        if any(f.topic == "chest-pain" for f in self.urgent):
            suggestions.append(self._ecg(priority))
        titles = "; ".join(dict.fromkeys(f.title for f in self.urgent))
        return self._card(
            summary=f"{priority.label}: {titles}",
            detail=lines,
            indicator="critical" if priority is Priority.CRITICAL else "warning",
            source={"label": shorten(str(lead.citation), MAX_LABEL), **url_field(lead.citation.url)},
            topic=("triage", "Triage"),
            suggestions=suggestions,
            links=self.links,
        )

    def guideline(self, passage: Passage) -> dict[str, Any]:
        """One passage of a guideline."""
        lines = [f"**{escape(passage.title)} — {escape(passage.section)}**", "", escape(passage.text), ""]
        if passage.strength:
            lines.append(f"Strength: {escape(passage.strength)}.")
        lines.append(f"Source: {escape(passage.source)}{_year(passage)}. Passage `{passage.id}`, v{passage.version}.")
        if passage.clinical_review == "none":
            lines.append("**No clinician has reviewed this summary yet; check the source before acting.**")
        lines.append("")
        lines += self._honesty_lines()
        return self._card(
            summary=f"Guideline: {passage.title}, {passage.section}",
            detail=lines,
            indicator="info",
            source={"label": shorten(f"{passage.source}{_year(passage)}", MAX_LABEL), **url_field(passage.source_url)},
            topic=("guideline", "Guideline"),
            suggestions=[self._review(f"Consider for this visit: {passage.title}, {passage.section}", Priority.LOW)],
        )

    def assessment(self, assessment: Assessment) -> dict[str, Any]:
        """What the model wrote, labelled as such."""
        draft = assessment.draft
        lines = [f"**AI-made. {PRELIMINARY_NOTICE}**", "", escape(draft.assessment), ""]
        lines.append(f"Priority {draft.priority.label}: {escape(draft.priority_reason)}")
        lines.append("")
        for heading, items in (
            ("Key concerns", draft.key_concerns),
            ("Risk factors in the chart", draft.risk_factors),
            ("Actions to consider", draft.actions),
            ("Questions to ask", draft.questions),
        ):
            if items:
                lines += [f"{heading}:", "", *(f"- {escape(item)}" for item in items), ""]
        lines.append(f"Confidence: {assessment.likelihood} (computed, never above 80 %).")
        lines += [f"Rests on: {', '.join(f'`{p}`' for p in draft.passages) or 'facts of the chart alone'}.", ""]
        lines += self._as_of_lines()
        return self._card(
            summary=f"AI, preliminary: {assessment.likelihood} {draft.priority.label} — {draft.priority_reason}",
            detail=lines,
            indicator="warning" if draft.priority >= Priority.HIGH else "info",
            source={"label": f"Language model {assessment.model} (AI-made, preliminary)"},
            topic=("ai-assessment", "AI assessment"),
            suggestions=[self._review("Nurse review of the AI assessment", draft.priority)],
            links=self.links,
        )

    def same_day(self) -> dict[str, Any]:
        """What is Medium."""
        found = self.same_day_findings
        lines = ["**Medium: assess the same day.**", "", "Why:", "", *(_finding_line(f) for f in found)]
        lines += ["", *self._honesty_lines()]
        lines += ["", "Evidence and sources:", "", *(self._evidence_line(f) for f in found)]
        lead = found[0]
        return self._card(
            summary=f"Medium, same day: {'; '.join(dict.fromkeys(f.title for f in found))}",
            detail=lines,
            indicator="info",
            source={"label": shorten(str(lead.citation), MAX_LABEL), **url_field(lead.citation.url)},
            topic=("triage", "Triage"),
            suggestions=[self._review("Medium: assess this patient the same day", Priority.MEDIUM)],
            links=self.links,
        )

    def medication_safety(self) -> dict[str, Any]:
        """Flags on medicines and allergies, all in one card."""
        found = self.medicines
        lead = found[0]
        where = lead.where_and_when if lead.priority >= Priority.HIGH else None
        lines = [f"**{lead.priority.label}: {escape(where)}**", ""] if where else []
        lines += ["A physician or pharmacist decides; nothing is changed by this card.", ""]
        lines += [*(_finding_line(f) for f in found), ""]
        lines += [*self._honesty_lines(), "", "Evidence and sources:", "", *(self._evidence_line(f) for f in found)]
        return self._card(
            summary=f"Medication safety: {'; '.join(dict.fromkeys(f.title for f in found))}",
            detail=lines,
            indicator="warning" if lead.priority >= Priority.MEDIUM else "info",
            source={"label": shorten(str(lead.citation), MAX_LABEL), **url_field(lead.citation.url)},
            topic=("medication-safety", "Medication safety"),
            suggestions=self._proposals(found) or [self._review("Review the medicines", lead.priority)],
        )

    def care_gaps(self) -> dict[str, Any]:
        """What is overdue or out of target, the first few."""
        found = self.gaps
        lines = ["From the data that were sent; care given elsewhere may not be among them.", ""]
        lines += [*(f"- **{escape(f.title)}**: {escape(f.reason.rstrip('.'))}." for f in found), ""]
        lines += [*self._honesty_lines(), "", "Evidence and sources:", "", *(self._evidence_line(f) for f in found)]
        return self._card(
            summary=f"Care gap{'s' * (len(found) > 1)}: {'; '.join(f.title for f in found)}",
            detail=lines,
            indicator="info",
            source={"label": shorten(str(found[0].citation), MAX_LABEL), **url_field(found[0].citation.url)},
            topic=("care-gap", "Care gap"),
            suggestions=self._proposals(found) or [self._review("Review what is due", Priority.LOW)],
        )

    def notice(self) -> dict[str, Any]:
        """That not everything could be evaluated, where nothing else is said."""
        lines = ["Not everything could be evaluated, so no finding does not mean no problem.", ""]
        lines += self._honesty_lines()
        return self._card(
            summary="Not everything in this chart could be evaluated",
            detail=lines,
            indicator="info",
            source={"label": "CDS service clinical rules"},
            topic=("not-evaluated", "Not evaluated"),
            suggestions=[self._review("Review the chart for what was not evaluated", Priority.LOW)],
        )

    # -- parts ---------------------------------------------------------------------------------------------------

    def _card(
        self,
        *,
        summary: str,
        detail: Iterable[str],
        indicator: str,
        source: dict[str, Any],
        topic: tuple[str, str],
        suggestions: list[dict[str, Any]],
        links: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        return {
            "uuid": self.new_uuid(),
            "summary": shorten(summary),
            "detail": "\n".join(detail).strip(),
            "indicator": indicator,
            "source": source | {"topic": {"system": TOPIC_SYSTEM, "code": topic[0], "display": topic[1]}},
            "suggestions": suggestions,
            "selectionBehavior": "any",
            "overrideReasons": [
                {"system": system, "code": code, "display": display} for system, code, display in OFFERED_REASONS
            ],
            **({"links": links} if links else {}),
        }

    def _evidence_line(self, finding: Finding) -> str:
        by_time: dict[str, list[str]] = {}
        for handle in finding.sources:
            source = self.case.sources.get(handle)
            if source is not None:
                by_time.setdefault(moment_text(source.as_of) if source.as_of else "no time", []).append(
                    reference(source)
                )
        rests = [f"{', '.join(f'`{r}`' for r in refs)} ({at})" for at, refs in by_time.items()]
        return f"- {escape(finding.title)}: {'; '.join([*rests, escape(str(finding.citation))])}"

    def _as_of_lines(self) -> list[str]:
        as_of = self.case.data_as_of
        return [f"Data as of {moment_text(as_of)}." if as_of else "The chart states no time for its data."]

    def _honesty_lines(self) -> list[str]:
        """How old the data are; on the first card also the state of the AI assessment and what was not evaluated."""
        lines = self._as_of_lines()
        if self._told:
            return lines
        self._told = True
        words = STATUS_WORDS.get(self.advice.outcome.status)
        lines = [words, *lines] if words else lines
        if self.advice.not_evaluated:
            lines += ["", "Not evaluated:", ""]
            lines += [f"- {escape(plain_key(n.what))}: {escape(n.reason)}" for n in self.advice.not_evaluated]
            lines.append("")
        return lines

    def _review(self, label: str, priority: Priority) -> dict[str, Any]:
        task = review_task(
            self.case.patient_id,
            self.encounter_id,
            description=label,
            priority=_fhir_priority(priority),
            authored_on=self.case.now,
        )
        return self._suggestion(label, "Create a task for clinician review", task)

    def _proposals(self, findings: Iterable[Finding]) -> list[dict[str, Any]]:
        """What the findings propose, each once, in their order."""
        offered = {p: f.priority for f in reversed(list(findings)) for p in reversed(f.proposals)}
        return [self._proposal(p, priority) for p, priority in reversed(offered.items())][:MAX_PROPOSALS]

    def _proposal(self, proposal: Proposal, priority: Priority) -> dict[str, Any]:
        if proposal.system is None or proposal.code is None or proposal.display is None:
            task = review_task(
                self.case.patient_id,
                self.encounter_id,
                description=f"{proposal.label}: {proposal.reason}",
                priority=_fhir_priority(priority),
                authored_on=self.case.now,
                by="physician",
            )
            return self._suggestion(proposal.label, "Create a task for a physician's review", task)
        order = service_request(
            self.case.patient_id,
            self.encounter_id,
            system=proposal.system,
            code=proposal.code,
            display=proposal.display,
            reason_text=proposal.reason,
            authored_on=self.case.now,
            priority=_fhir_priority(priority),
        )
        return self._suggestion(proposal.label, "Draft an order for approval", order)

    def _ecg(self, priority: Priority) -> dict[str, Any]:
        order = service_request(
            self.case.patient_id,
            self.encounter_id,
            system="http://snomed.info/sct",
            code="268400002",
            display="12 lead ECG",
            reason_text="Chest pain",
            authored_on=self.case.now,
            priority=_fhir_priority(priority),
        )
        return self._suggestion("Draft an order: 12-lead ECG now", "Draft a 12-lead ECG order for approval", order)

    def _suggestion(self, label: str, description: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "label": shorten(label, 120),
            "uuid": self.new_uuid(),
            "actions": [{"type": "create", "description": description, "resource": dict(resource)}],
        }


def _ranked(findings: Iterable[Finding], kind: FindingKind) -> list[Finding]:
    """The findings of one kind, the most urgent first, then by rank."""
    return sorted((f for f in findings if f.kind is kind), key=lambda f: (-f.priority, f.rank))


def _year(passage: Passage) -> str:
    return f" ({passage.year})" if passage.year else ""


def _finding_line(finding: Finding) -> str:
    return f"- **{escape(finding.title)}** ({finding.priority.label}): {escape(finding.reason.rstrip('.'))}."


def _fhir_priority(priority: Priority) -> str:
    return {Priority.CRITICAL: "stat", Priority.HIGH: "asap", Priority.MEDIUM: "urgent"}.get(priority, "routine")
