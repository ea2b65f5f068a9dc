"""What the service said of a case, each part with what it rests on: findings, passages, assessment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anonymization.deidentified import DeidentifiedFact
from cds_service import clinical, codec
from cds_service.assessor import AssessmentTask
from cds_service.card_text import reference
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Assessment, Citation, Draft, FindingKind, Passage, Priority, floor_of
from cds_service.inference.jobs import Job
from cds_service.ledger.records import StoredAnswer
from cds_service.safety.check import ASSESSMENT, CONCERN, QUESTION, REASON, CheckInput
from cds_service.safety.links import Linked, links
from cds_service.safety.verdict import CHECKS
from cds_service.settings import Setting
from cds_service.web.site.review.chart import LABELS
from fhir_mappers.case import Case

CITATIONS_OF = {rule.id: rule.citations for rule in clinical.RULES}
MOST_CITATIONS = 2
CHECK_TITLES = {check.id: check.title for check in CHECKS}
GONE = "a resource of the chart"
KIND_WORDS = {
    "vital": "vital sign", "lab": "result", "problem": "problem", "medication": "medicine", "allergy": "allergy",
    "complaint": "reason for the visit", "intake": "intake answer", "note": "note",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rest:
    """A resource that something rests on, and the time of its data."""

    reference: str
    as_of: datetime | None


@dataclass(frozen=True, kw_only=True)
class ShownFinding:
    """One finding. `anchor`: where a sentence of the assessment links to. `act`: where to go and when."""

    anchor: str
    kind: FindingKind
    rule: str
    version: str
    priority: Priority
    title: str
    reason: str
    act: str | None
    rests: tuple[Rest, ...]
    citations: tuple[Citation, ...]

    @property
    def urgent(self) -> bool:
        """Whether it is High or Critical."""
        return self.priority >= Priority.HIGH

    @property
    def gap(self) -> bool:
        """Whether it can wait: care that is due."""
        return self.kind is FindingKind.CARE_GAP


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """What a sentence rests on: words, and where on the page it stands (None: nowhere)."""

    words: str
    anchor: str | None


@dataclass(frozen=True, kw_only=True)
class Said:
    """One sentence of the assessment and its evidence; none where it is fixed wording or a question."""

    text: str
    rests: tuple[Pointer, ...]


@dataclass(frozen=True, kw_only=True)
class ShownAssessment:
    """The assessment, sentence by sentence."""

    priority: Priority
    likelihood: str
    confidence: float
    model: str
    reason: tuple[Said, ...]
    concerns: tuple[Said, ...]
    questions: tuple[Said, ...]
    text: tuple[Said, ...]
    risk_factors: tuple[str, ...]
    actions: tuple[str, ...]
    plain: str


@dataclass(frozen=True, kw_only=True)
class ShownPassage:
    """A passage that was shown: its words, None where the guideline has changed since."""

    anchor: str
    id: str
    passage: Passage | None
    version: str


@dataclass(frozen=True, kw_only=True)
class Withheld:
    """Why a draft was withheld: what the check does, and the fault in fixed words."""

    title: str
    reason: str


def task_of(job: Job | None) -> AssessmentTask | None:
    """What the model was asked, None where nothing was or it is gone."""
    try:
        return None if job is None else AssessmentTask.from_json(job.payload)
    except ValueError:
        return None


def findings(
    stored: StoredAnswer, case: Case, task: AssessmentTask | None, setting: Setting
) -> tuple[ShownFinding, ...]:
    """The findings of an answer, gravest first."""
    cited = {(f.rule, f.title): f.citation for f in task.findings} if task else {}
    shown = []
    for place, found in enumerate(stored.findings):
        priority, kind = Priority.parse(found["priority"]), FindingKind(found["kind"])
        own = cited.get((found["rule"], found["title"]))
        shown.append(
            ShownFinding(
                anchor=f"finding-{place}",
                kind=kind,
                rule=found["rule"],
                version=found["version"],
                priority=priority,
                title=found["title"],
                reason=found["reason"],
                act=where_and_when(setting, priority) if kind is FindingKind.TRIAGE else None,
                rests=tuple(_rest(handle, case) for handle in found["sources"]),
                citations=(own,) if own else CITATIONS_OF.get(found["rule"], ())[:MOST_CITATIONS],
            )
        )
    return tuple(sorted(shown, key=lambda f: -f.priority))


def passages(stored: StoredAnswer, found: Mapping[str, Passage]) -> tuple[ShownPassage, ...]:
    """The passages of an answer, in its order."""
    return tuple(
        ShownPassage(anchor=f"passage-{n}", id=p["id"], passage=found.get(p["id"]), version=p["version"])
        for n, p in enumerate(stored.passages)
    )


def assessment(
    made: Assessment, task: AssessmentTask | None, stored: StoredAnswer, shown: Sequence[ShownPassage]
) -> ShownAssessment:
    """The assessment with the evidence of every sentence. Without `task` the sentences stand without links."""
    draft = made.draft
    said = _said(draft, task, stored, shown) if task else _unlinked(draft)
    return ShownAssessment(
        priority=draft.priority,
        likelihood=made.likelihood,
        confidence=made.confidence,
        model=made.model,
        reason=said[REASON],
        concerns=said[CONCERN],
        questions=said[QUESTION],
        text=said[ASSESSMENT],
        risk_factors=draft.risk_factors,
        actions=draft.actions,
        plain=draft.assessment,
    )


def made_by(job: Job | None, stored: StoredAnswer) -> Assessment | None:
    """The accepted assessment: of the job, which may be newer than the answer, else of the answer itself."""
    try:
        if job is not None and job.result is not None:
            return codec.decode(Assessment, job.result)
    except ValueError:
        return None
    return _of_ledger(stored.assessment) if stored.assessment else None


def withheld(reasons: Iterable[str]) -> tuple[Withheld, ...]:
    """The faults of a withheld draft with what each check is for."""
    told = []
    for reason in reasons:
        check, _, words = reason.partition(": ")
        told.append(Withheld(title=CHECK_TITLES.get(check, "Keeps to the form"), reason=words or reason))
    return tuple(told)


def _of_ledger(row: Mapping[str, Any]) -> Assessment:
    lists = {name: tuple(row[name]) for name in ("key_concerns", "risk_factors", "actions", "questions", "passages")}
    draft = Draft(
        priority=Priority.parse(row["priority"]),
        priority_reason=row["priority_reason"],
        assessment=row["assessment"],
        **lists,
    )
    return Assessment(draft=draft, confidence=row["confidence"], likelihood=row["likelihood"], model=row["model"])


def _said(
    draft: Draft, task: AssessmentTask, stored: StoredAnswer, shown: Sequence[ShownPassage]
) -> dict[str, tuple[Said, ...]]:
    given = CheckInput(
        draft=draft,
        case=task.case,
        findings=task.findings,
        passages=task.passages,
        offered_actions=draft.actions,
        offered_risk_factors=draft.risk_factors,
        floor=floor_of(task.findings),
    )
    anchors = {p.id: p.anchor for p in shown}
    places = {(f["rule"], f["title"]): f"finding-{n}" for n, f in enumerate(stored.findings)}
    told: dict[str, list[Said]] = {name: [] for name in (REASON, CONCERN, QUESTION, ASSESSMENT)}
    for linked in links(given):
        told[linked.field].append(Said(text=linked.text, rests=_pointers(linked, task, places, anchors)))
    return {name: tuple(sentences) for name, sentences in told.items()}


def _unlinked(draft: Draft) -> dict[str, tuple[Said, ...]]:
    texts = {REASON: (draft.priority_reason,), CONCERN: draft.key_concerns, QUESTION: draft.questions}
    texts[ASSESSMENT] = (draft.assessment,)
    return {name: tuple(Said(text=text, rests=()) for text in field) for name, field in texts.items()}


def _pointers(
    linked: Linked, task: AssessmentTask, places: Mapping[tuple[str, str], str], anchors: Mapping[str, str]
) -> tuple[Pointer, ...]:
    found = [Pointer(words=f.title, anchor=places.get((f.rule, f.title))) for f in linked.findings]
    found += [Pointer(words=_fact(task.case.facts[n]), anchor=None) for n in linked.facts]
    found += [Pointer(words="age and sex", anchor=None)] if linked.person else []
    found += [Pointer(words=f"{p.title}: {p.section}", anchor=anchors.get(p.id)) for p in linked.passages]
    return tuple(found)


def _fact(fact: DeidentifiedFact) -> str:
    kind = KIND_WORDS.get(fact.kind, fact.kind)
    name = LABELS.get(fact.name, fact.name.replace("_", " ")).lower() if fact.kind == "vital" else fact.name
    value = f" {fact.value:g} {fact.unit or ''}".rstrip() if fact.value is not None else ""
    return f"{kind}: {name}{value}"


def _rest(handle: str, case: Case) -> Rest:
    source = case.sources.get(handle)
    return Rest(reference=reference(source) if source else GONE, as_of=source.as_of if source else None)


def cited_handles(stored: StoredAnswer) -> frozenset[str]:
    """Handles of every resource that a finding rests on."""
    return frozenset(handle for found in stored.findings for handle in found["sources"])


def score_of(stored: StoredAnswer) -> Mapping[str, Any] | None:
    """The values of the NEWS2 finding."""
    return next((found["values"] for found in stored.findings if found["rule"] == "news2"), None)
