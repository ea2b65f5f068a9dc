"""Advice → CDS Hooks cards. Pure: the uuids come from the caller.

Cards go back to the EHR that sent the chart, so they may name its resources and true times; what is stored in the
ledger is the advice, never the rendered card. Notes, complaints and answers never enter a card; of the chart's own
words only de-identified names of problems and medicines do, where a model picks them as risk factors. No URL written by
a model enters one either; model text is escaped, labelled and followed by `PRELIMINARY_NOTICE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds_service.domain import (
    PRELIMINARY_NOTICE,
    Advice,
    Assessment,
    AssessmentStatus,
    Finding,
    Passage,
    Priority,
)
from fhir_mappers.actions import nurse_review_task, service_request
from fhir_mappers.case import Case, Source
from hooks.feedback import NON_ADHERENCE_REASONS, NON_ADHERENCE_SYSTEM

TOPIC_SYSTEM = "https://cds-service.org/fhir/CodeSystem/card-topic"
OVERRIDE_SYSTEM = "https://cds-service.org/fhir/CodeSystem/override-reason"
EXTENSION = "org.cds-service.advice"
MAX_SUMMARY = 139
MAX_LABEL = 90
MAX_GUIDELINE_CARDS = 3

OFFERED_REASONS: tuple[tuple[str, str, str], ...] = (
    *(
        (NON_ADHERENCE_SYSTEM, code, NON_ADHERENCE_REASONS[code])
        for code in (
            "action-completed",
            "cds-not-applicable",
            "recipient-disagrees-evidence",
            "patient-refuses",
            "cds-suboptimal-context",
        )
    ),
    (OVERRIDE_SYSTEM, "data-wrong", "Chart data is wrong or out of date"),
)
"""System, code and display of the reasons to dismiss it that every card offers (docs/decisions/0008)."""

FORMER_REASONS = ("already-done", "not-applicable", "patient-declined", "clinically-disagree")
"""Codes of `OVERRIDE_SYSTEM` that cards offered before: one that is still open in an EHR may be answered with them."""

STATUS_WORDS = {
    AssessmentStatus.PENDING: "AI assessment: being prepared; none is shown yet.",
    AssessmentStatus.WITHHELD: "AI assessment: none. A draft was made and withheld because it failed a safety check.",
    AssessmentStatus.UNAVAILABLE: "AI assessment: none was made; the model is unavailable.",
    AssessmentStatus.OFF: "AI assessment: switched off.",
}

SILENT_FAILURES = (AssessmentStatus.WITHHELD, AssessmentStatus.UNAVAILABLE)

_REFERENCE = re.compile(r"[A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}")
_SPECIAL = re.compile(r"([\\`*_\[\]|~])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINE_START = re.compile(r"^(\d*)([#>+.)-])")
_AUTOLINK = re.compile(r"(?i)\b(https?|ftp|mailto)(:)|\b(www)(\.)")


@dataclass(frozen=True, kw_only=True)
class CardSet:
    """Cards in the order they are shown, with what the ledger joins feedback by."""

    cards: tuple[dict[str, Any], ...]
    kinds: tuple[str, ...]
    passages: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[str, ...], ...]

    def suggestions(self, index: int) -> tuple[str, ...]:
        """Suggestion uuids of card `index`."""
        return tuple(s["uuid"] for s in self.cards[index].get("suggestions", ()))


def escape(text: str) -> str:
    """`text` as literal words in GitHub-Flavored Markdown: no markup, no HTML, no link comes alive."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = _SPECIAL.sub(r"\\\1", plain)
    plain = _AUTOLINK.sub(lambda m: f"{m[1]}&#58;" if m[1] else f"{m[3]}&#46;", plain)
    return _LINE_START.sub(r"\1\\\2", plain)


def shorten(text: str, limit: int = MAX_SUMMARY) -> str:
    """One line of at most `limit` characters, cut at a word."""
    line = _TAG.sub("< ", " ".join(text.split()))
    if len(line) <= limit:
        return line
    return line[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def build(advice: Advice, case: Case, *, encounter_id: str | None, new_uuid: Callable[[], str]) -> CardSet:
    """The cards for `advice`: one for the floor when High or Critical, up to three guideline cards, one AI card.

    Silence reads as "no problem" (docs/decisions/0007): a notice tells Medium findings, and where there is no card at
    all but something was not evaluated, a notice says so.
    """
    maker = _Maker(advice, case, encounter_id, new_uuid)
    made: list[tuple[dict[str, Any], str, Sequence[str], Sequence[str]]] = []
    if advice.floor >= Priority.HIGH:
        made.append((maker.floor(), "floor", (), [f.rule for f in maker.urgent]))
    if advice.floor is Priority.MEDIUM:
        same_day = [f.rule for f in advice.findings if f.priority is Priority.MEDIUM]
        made.append((maker.same_day(), "notice", (), same_day))
    made.extend((maker.guideline(p), "guideline", [p.id], ()) for p in advice.passages[:MAX_GUIDELINE_CARDS])
    if advice.outcome.assessment is not None:
        cited = advice.outcome.assessment.draft.passages
        made.append((maker.assessment(advice.outcome.assessment), "ai", cited, ()))
    if not made and (advice.not_evaluated or advice.outcome.status in SILENT_FAILURES):
        made.append((maker.notice(), "notice", (), ()))
    return CardSet(
        cards=tuple(m[0] for m in made),
        kinds=tuple(m[1] for m in made),
        passages=tuple(tuple(m[2]) for m in made),
        rules=tuple(tuple(m[3]) for m in made),
    )


def extension(advice: Advice) -> dict[str, Any]:
    """``extension["org.cds-service.advice"]``: what the service found, also when there is no card.

    Documented in docs/reference/advice-extension.md. Empty lists are left out, as CDS Hooks asks.
    """
    assessment: dict[str, Any] = {"status": advice.outcome.status.value}
    if advice.outcome.reasons:
        assessment["reasons"] = list(advice.outcome.reasons)
    if advice.outcome.assessment is not None:
        assessment["priority"] = advice.outcome.assessment.draft.priority.label
        assessment["likelihood"] = advice.outcome.assessment.likelihood
    content: dict[str, Any] = {
        "priority": advice.priority.label,
        "floor": advice.floor.label,
        "findings": [_finding_entry(f) for f in advice.findings],
        "passages": [p.id for p in advice.passages],
        "assessment": assessment,
        "notEvaluated": [{"what": n.what, "reason": n.reason} for n in advice.not_evaluated],
        "versions": dict(advice.versions),
    }
    return {EXTENSION: {key: value for key, value in content.items() if value not in ([], {})}}


def _finding_entry(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": finding.rule, "priority": finding.priority.label, "title": finding.title}
    values = {k: v for k, v in finding.values.items() if v not in (None, "")}
    if values:
        entry["values"] = values
    if finding.at_least:
        entry["atLeast"] = True
    return entry


class _Maker:
    """Renders the cards of one advice."""

    def __init__(self, advice: Advice, case: Case, encounter_id: str | None, new_uuid: Callable[[], str]) -> None:
        self.advice = advice
        self.case = case
        self.encounter_id = encounter_id
        self.new_uuid = new_uuid
        self.urgent = [f for f in advice.findings if f.priority >= Priority.HIGH]

    def floor(self) -> dict[str, Any]:
        priority = self.advice.floor
        lead = max(self.urgent, key=lambda f: f.priority)
        where = lead.where_and_when or ""
        lines = [f"**{priority.label}: {escape(where)}**" if where else f"**{priority.label}**", "", "Why:", ""]
        lines += [_finding_line(f) for f in self.urgent]
        others = [f for f in self.advice.findings if f.priority < Priority.HIGH]
        if others:
            lines += ["", "Also found:", "", *(_finding_line(f) for f in others)]
        lines += ["", *self._status_lines(), *self._honesty_lines()]
        lines += ["", "Evidence and sources:", "", *(self._evidence_line(f) for f in self.advice.findings)]
        suggestions = [self._review(f"{priority.label}: review this patient now", priority)]
        if any(f.topic == "chest-pain" for f in self.urgent):
            suggestions.append(self._ecg(priority))
        titles = "; ".join(dict.fromkeys(f.title for f in self.urgent))
        return self._card(
            summary=f"{priority.label}: {titles}",
            detail=lines,
            indicator="critical" if priority is Priority.CRITICAL else "warning",
            source={"label": shorten(str(lead.citation), MAX_LABEL), **_url(lead.citation.url)},
            topic=("triage", "Triage"),
            suggestions=suggestions,
        )

    def guideline(self, passage: Passage) -> dict[str, Any]:
        lines = [f"**{escape(passage.title)} — {escape(passage.section)}**", "", escape(passage.text), ""]
        lines.append(f"Source: {escape(passage.source)} ({passage.year}). Passage `{passage.id}`, v{passage.version}.")
        if passage.clinical_review == "none":
            lines.append("**No clinician has reviewed this summary yet; check the source before acting.**")
        lines.append("")
        lines += self._honesty_lines() if self.advice.floor < Priority.HIGH else self._as_of_lines()
        if self.advice.floor < Priority.HIGH:
            lines += self._status_lines()
        return self._card(
            summary=f"Guideline: {passage.title}, {passage.section}",
            detail=lines,
            indicator="info",
            source={"label": shorten(f"{passage.year}: {passage.source}", MAX_LABEL), **_url(passage.source_url)},
            topic=("guideline", "Guideline"),
            suggestions=[self._review(f"Consider for this visit: {passage.title}, {passage.section}", Priority.LOW)],
        )

    def assessment(self, assessment: Assessment) -> dict[str, Any]:
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
        )

    def same_day(self) -> dict[str, Any]:
        found = [f for f in self.advice.findings if f.priority is Priority.MEDIUM]
        lines = ["**Medium: assess the same day.**", "", "Why:", "", *(_finding_line(f) for f in found)]
        lines += ["", *self._status_lines(), *self._honesty_lines()]
        lines += ["", "Evidence and sources:", "", *(self._evidence_line(f) for f in found)]
        lead = found[0]
        return self._card(
            summary=f"Medium, same day: {'; '.join(dict.fromkeys(f.title for f in found))}",
            detail=lines,
            indicator="info",
            source={"label": shorten(str(lead.citation), MAX_LABEL), **_url(lead.citation.url)},
            topic=("triage", "Triage"),
            suggestions=[self._review("Medium: assess this patient the same day", Priority.MEDIUM)],
        )

    def notice(self) -> dict[str, Any]:
        lines = ["Not everything could be evaluated, so no finding does not mean no problem.", ""]
        lines += [*self._status_lines(), *self._honesty_lines()]
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
        }

    def _evidence_line(self, finding: Finding) -> str:
        by_time: dict[str, list[str]] = {}
        for handle in finding.sources:
            source = self.case.sources.get(handle)
            if source is not None:
                by_time.setdefault(_moment(source.as_of) if source.as_of else "no time", []).append(_reference(source))
        rests = [f"{', '.join(f'`{r}`' for r in refs)} ({at})" for at, refs in by_time.items()]
        return f"- {escape(finding.title)}: {'; '.join([*rests, escape(str(finding.citation))])}"

    def _status_lines(self) -> list[str]:
        words = STATUS_WORDS.get(self.advice.outcome.status)
        return [words] if words else []

    def _as_of_lines(self) -> list[str]:
        as_of = self.case.data_as_of
        return [f"Data as of {_moment(as_of)}." if as_of else "The chart states no time for its data."]

    def _honesty_lines(self) -> list[str]:
        lines = self._as_of_lines()
        if self.advice.not_evaluated:
            lines += ["", "Not evaluated:", ""]
            lines += [f"- {escape(n.what)}: {escape(n.reason)}" for n in self.advice.not_evaluated]
            lines.append("")
        return lines

    def _review(self, label: str, priority: Priority) -> dict[str, Any]:
        task = nurse_review_task(
            self.case.patient_id,
            self.encounter_id,
            description=label,
            priority=_fhir_priority(priority),
            authored_on=self.case.now,
        )
        return self._suggestion(label, "Create a task for clinician review", task)

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


def _reference(source: Source) -> str:
    """A relative FHIR reference; anything else that a client may have sent becomes the bare type."""
    return source.reference if _REFERENCE.fullmatch(source.reference) else source.resource_type


def _finding_line(finding: Finding) -> str:
    return f"- **{escape(finding.title)}** ({finding.priority.label}): {escape(finding.reason.rstrip('.'))}."


def _fhir_priority(priority: Priority) -> str:
    return {Priority.CRITICAL: "stat", Priority.HIGH: "asap", Priority.MEDIUM: "urgent"}.get(priority, "routine")


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _url(url: str | None) -> dict[str, str]:
    return {"url": url} if url else {}
