"""Everything that the page of one case shows, put together from the sealed chart, the ledger and the jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds_service.accounts.roles import Member
from cds_service.clinic import Clinic
from cds_service.ledger.errors import VaultError
from cds_service.notify.values import Delivery
from cds_service.review.history import CardHistory
from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.states import Assessing
from cds_service.review.values import CaseEvent, ReviewCase, Sight, Signed
from cds_service.web.site.review import advice, stored
from cds_service.web.site.review.chart import Lab, Vitals, labs, vitals
from cds_service.web.site.review.form import Typed, prefilled
from cds_service.web.site.review.identity import Identity, identity
from cds_service.web.site.review.passages import Passages
from cds_service.web.site.review.prompts import Prompt, prompts_for
from fhir_mappers.case import Case

REASON_WORDS = {code: display for _, code, display in OFFERED_REASONS} | {
    "answer": "a chart was opened in the EHR",
    "newer-chart": "a newer chart was opened in the EHR",
    "assessment": "the model has finished",
    "sent": "a message is on its way",
    "decided": "signed",
}
"""Why something happened, by its code."""

TRACK_WORDS = {
    "assessing": "AI assessment",
    "reviewing": "Review",
    "informing": "Physician",
    "floor": "Priority",
}


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The identified part."""

    who: Identity
    case: Case
    vitals: Vitals
    labs: tuple[Lab, ...]
    more_labs: tuple[Lab, ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the service said of it."""

    findings: tuple[advice.ShownFinding, ...]
    passages: tuple[advice.ShownPassage, ...]
    assessment: advice.ShownAssessment | None
    withheld: tuple[advice.Withheld, ...]
    reasons: tuple[str, ...]
    not_evaluated: tuple[Mapping[str, str], ...]
    prompts: tuple[Prompt, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The page of one case. `chart` is None where it is past its retention, `told` where the answer is gone."""

    sight: Sight
    chart: Chart | None
    told: Told | None
    offered: Typed
    signed: Signed | None
    events: tuple[CaseEvent, ...]
    cards: tuple[CardHistory, ...]
    deliveries: tuple[Delivery, ...]
    names: Mapping[str, str]

    @property
    def case(self) -> ReviewCase:
        """The case itself."""
        return self.sight.case

    @property
    def drafted(self) -> str | None:
        """The model's own words for the assessment."""
        return self.told.assessment.plain if self.told and self.told.assessment else None

    @property
    def last_seq(self) -> int:
        """The newest event that this page tells."""
        return self.events[-1].seq if self.events else 0


class Pages:
    """Makes pages of cases. Safe for threads."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._passages = Passages(clinic.retriever, clinic.settings.guidelines_dir)

    def page(self, case_id: str, member: Member, now: datetime) -> Page:
        """The case as `member` sees it. Audited. Raises NoSuchCase, NotPermitted."""
        sight = self._clinic.reviews.look(case_id, member, now)
        case = sight.case
        payload = self._payload(case, member, now)
        kept = stored.read(self._clinic.recorder, case)
        read = stored.chart_of(payload) if payload else None
        chart = self._chart(payload, read, kept, now) if payload and read else None
        told = self._told(case, kept, read) if read else None
        events = self._clinic.reviews.history(case.id)
        cards = self._clinic.reviews.card_history(case)
        offered = Typed()
        if chart:
            offered = prefilled(chart.case, chart.vitals, told.assessment if told else None, case.priority)
        return Page(
            sight=sight,
            chart=chart,
            told=told,
            offered=offered,
            signed=self._signed(case, member, now),
            events=events,
            cards=cards,
            deliveries=self._clinic.outbox.of_case(case.id),
            names=self._names(events, cards),
        )

    def _payload(self, case: ReviewCase, member: Member, now: datetime) -> dict[str, Any] | None:
        try:
            return self._clinic.reviews.chart(case, member, now)
        except VaultError:
            return None

    def _signed(self, case: ReviewCase, member: Member, now: datetime) -> Signed | None:
        try:
            return self._clinic.reviews.signed(case, member, now) if case.reviewing.decided else None
        except VaultError:
            return None

    def _chart(self, payload: dict[str, Any], read: Case, kept: stored.Stored, now: datetime) -> Chart:
        cited = advice.cited_handles(kept.answer) if kept.answer else frozenset()
        score = advice.score_of(kept.answer) if kept.answer else None
        first, more = labs(read, cited)
        return Chart(
            who=identity(payload, now),
            case=read,
            vitals=vitals(read, score, stale_hours=self._clinic.settings.stale_hours),
            labs=first,
            more_labs=more,
        )

    def _told(self, case: ReviewCase, kept: stored.Stored, read: Case) -> Told | None:
        answer = kept.answer
        if answer is None:
            return None
        task = advice.task_of(kept.job)
        found = self._passages.find({p["id"]: p["version"] for p in answer.passages}, task.passages if task else ())
        shown = advice.passages(answer, found)
        made = advice.made_by(kept.job, answer) if case.assessing is Assessing.READY else None
        reasons = (kept.job.reasons if kept.job else ()) or answer.reasons
        return Told(
            findings=advice.findings(answer, read, task, self._clinic.settings.setting),
            passages=shown,
            assessment=advice.assessment(made, task, answer, shown) if made else None,
            withheld=advice.withheld(reasons) if case.assessing is Assessing.WITHHELD else (),
            reasons=reasons if case.assessing is Assessing.UNAVAILABLE else (),
            not_evaluated=answer.not_evaluated,
            prompts=prompts_for(read, (found["topic"] for found in answer.findings)),
            versions=answer.versions,
        )

    def _names(self, events: Iterable[CaseEvent], cards: Iterable[CardHistory]) -> dict[str, str]:
        """Names of the accounts that had to do with the case, by account and by actor."""
        wanted = {event.actor.removeprefix("user:") for event in events}
        wanted |= {response.account for card in cards for response in card.responses if response.account}
        known = [account for account in self._clinic.accounts.all() if account.id in wanted]
        return {name: account.shown for account in known for name in (account.id, f"user:{account.id}")}
