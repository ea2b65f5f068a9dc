"""Advice → CDS Hooks cards. Pure: the uuids come from the caller.

Cards go back to the EHR that sent the chart, so they may name its resources and true times; what is stored in the
ledger is the advice, never the rendered card. Notes, complaints and answers never enter a card; of the chart's own
words only de-identified names of problems and medicines do, where a model picks them as risk factors. No URL written by
a model enters one either; model text is escaped, labelled and followed by `PRELIMINARY_NOTICE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cds_service.card_maker import CardMaker
from cds_service.domain import (
    Advice,
    AssessmentStatus,
    Finding,
    FindingKind,
    Passage,
    Priority,
)
from fhir_mappers.case import Case

EXTENSION = "org.cds-service.advice"
MAX_GUIDELINE_CARDS = 3
SILENT_FAILURES = (AssessmentStatus.WITHHELD, AssessmentStatus.UNAVAILABLE)


@dataclass(frozen=True, kw_only=True)
class CardSet:
    """Cards in the order they are shown, with what the ledger joins feedback by."""

    cards: tuple[dict[str, Any], ...]
    kinds: tuple[str, ...]
    passages: tuple[tuple[str, ...], ...]
    findings: tuple[tuple[Finding, ...], ...]

    def suggestions(self, index: int) -> tuple[str, ...]:
        """Suggestion uuids of card `index`."""
        return tuple(s["uuid"] for s in self.cards[index].get("suggestions", ()))


def build(
    advice: Advice,
    case: Case,
    *,
    encounter_id: str | None,
    new_uuid: Callable[[], str],
    links: Sequence[Mapping[str, Any]] = (),
) -> CardSet:
    """The cards for `advice`, at most one of each kind but guidelines: few enough to be read.

    The floor's when High or Critical (a quiet one when Medium), medication safety from Medium on, up to three care
    gaps where nothing is urgent, guidelines (`shown_passages`), the AI assessment. Silence reads as "no problem"
    (docs/decisions/0007): where there is no card at all but something was not evaluated, a notice says so. `links` to
    the review page stand on the cards that ask for a review: the floor's and the assessment's.
    """
    maker = CardMaker(advice, case, encounter_id, new_uuid, links)
    made: list[tuple[dict[str, Any], str, Sequence[str], Sequence[Finding]]] = []
    if maker.level >= Priority.HIGH:
        made.append((maker.floor(), "floor", (), maker.urgent))
    elif maker.level is Priority.MEDIUM:
        made.append((maker.same_day(), "notice", (), maker.same_day_findings))
    if any(f.priority >= Priority.MEDIUM for f in maker.medicines):
        made.append((maker.medication_safety(), "medication-safety", (), maker.medicines))
    if maker.gaps and maker.level < Priority.HIGH:
        made.append((maker.care_gaps(), "care-gap", (), maker.gaps))
    made.extend((maker.guideline(p), "guideline", [p.id], ()) for p in shown_passages(advice))
    if advice.outcome.assessment is not None:
        cited = advice.outcome.assessment.draft.passages
        made.append((maker.assessment(advice.outcome.assessment), "ai", cited, ()))
    if not made and (advice.not_evaluated or advice.outcome.status in SILENT_FAILURES):
        made.append((maker.notice(), "notice", (), ()))
    return CardSet(
        cards=tuple(m[0] for m in made),
        kinds=tuple(m[1] for m in made),
        passages=tuple(tuple(m[2]) for m in made),
        findings=tuple(tuple(m[3]) for m in made),
    )


def shown_passages(advice: Advice) -> tuple[Passage, ...]:
    """The passages that get a card: all beside something urgent or a complaint, one where nothing else is said.

    On a routine chart the care gaps say what the guidelines ask for; a card for every chronic problem at every visit
    would be read by nobody.
    """
    if advice.visit_reason or any(f.kind is FindingKind.TRIAGE for f in advice.findings if f.priority > Priority.LOW):
        return advice.passages[:MAX_GUIDELINE_CARDS]
    said = any(f.kind is not FindingKind.TRIAGE for f in advice.findings)
    return () if said else advice.passages[:1]


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
        "dismissed": list(advice.dismissed),
        "shadow": list(advice.shadow_rules),
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
    if finding.kind is not FindingKind.TRIAGE:
        entry["kind"] = finding.kind.value
    return entry
