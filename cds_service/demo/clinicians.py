"""What the demo's clinicians do: look, decide, sign, answer messages and cards, all through the real review."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from cds_service.accounts.roles import Member, Role
from cds_service.clients.registry import LOOPBACK
from cds_service.domain import Priority
from cds_service.notify.escalation import Escalation
from cds_service.recorder import Recorder
from cds_service.review.errors import NoSuchCase, NotPermitted
from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.values import Decision, Notes, ReviewCase, Symptom, Verdict
from cds_service.training.synth.case import SyntheticCase
from hooks.feedback import FeedbackItem, parse_feedback
from hooks.services import PATIENT_TRIAGE

FICTIONAL = "Written by the demo: fictional."
AGREES = 0.75
"""How often a demo clinician who sees another priority in the case gives that one; else the floor's stands."""

DISMISSES = 0.08
ANSWERS_CARDS = 0.6
LATE = 0.15
"""Share of messages that no physician answers before the next level is told."""


class Clinicians:
    """Decide as the authors of the cases did, most of the time, so that the figures have something to tell."""

    def __init__(self, recorder: Recorder, people: Mapping[Role, Member], rng: random.Random) -> None:
        self._recorder = recorder
        self._people = people
        self._rng = rng
        self._escalation = Escalation(recorder.database, recorder.outbox)

    def act(self, case: SyntheticCase, answer: Mapping[str, Any], at: datetime) -> None:
        """After one chart was opened at `at`."""
        opened = self._case_of(answer)
        if opened is None:
            return
        if opened.awaits_physician:
            at = self._physician_hears(opened, at)
        decided = self._decide(opened.id, case, at + timedelta(minutes=self._rng.uniform(2, 25)))
        if decided.awaits_physician:  # the nurse raised it
            self._physician_hears(decided, decided.changed_at)
        if self._rng.random() < ANSWERS_CARDS:
            self._answer_card(answer, at + timedelta(minutes=self._rng.uniform(1, 20)))

    def _case_of(self, answer: Mapping[str, Any]) -> ReviewCase | None:
        links = [link for card in answer["cards"] for link in card.get("links", ())]
        if not links:
            return None
        try:
            return self._recorder.reviews.get_by_answer(links[0]["url"].rsplit("/", 1)[1])
        except NoSuchCase:
            return None

    def _physician_hears(self, case: ReviewCase, at: datetime) -> datetime:
        """The physician answers, now and then only after the next level was told. Returns when."""
        self._escalation.look(at)
        patience = self._recorder.outbox.patience(case.urgency)
        after = patience * self._rng.uniform(0.1, 0.8)
        if self._rng.random() < LATE:
            self._escalation.look(at + patience)
            after += patience
        self._recorder.reviews.acknowledged(case.id, self._people[Role.PHYSICIAN], at + after)
        return at + after

    def _decide(self, case_id: str, case: SyntheticCase, at: datetime) -> ReviewCase:
        """The nurse looks and signs; where only a physician may, the physician does."""
        seconds = self._rng.uniform(25, 140)
        for role in (Role.NURSE, Role.PHYSICIAN):
            member = self._people[role]
            seen = self._recorder.reviews.look(case_id, member, at).case
            with suppress(NotPermitted):
                decision = self._decision(seen, case, member)
                return self._recorder.reviews.decide(case_id, decision, member, at + timedelta(seconds=seconds))
        raise RuntimeError("a physician may decide every case")

    def _decision(self, seen: ReviewCase, case: SyntheticCase, member: Member) -> Decision:
        wanted = case.priority if self._rng.random() < AGREES else seen.priority
        if seen.priority <= Priority.MEDIUM and self._rng.random() < DISMISSES:
            reason = self._rng.choice(OFFERED_REASONS)[1]
            return Decision(
                verdict=Verdict.DISMISS,
                priority=None,
                reason=reason,
                notes=Notes(note=FICTIONAL),
                signature=member.name,
                seen=seen.version,
            )
        same = wanted is seen.priority
        return Decision(
            verdict=Verdict.CONFIRM if same else Verdict.CHANGE,
            priority=wanted,
            reason=None,
            notes=_notes(case, wanted, self._rng),
            signature=member.name,
            seen=seen.version,
        )

    def _answer_card(self, answer: Mapping[str, Any], at: datetime) -> None:
        """The EHR sends what was done with the first card."""
        card = answer["cards"][0]
        item: dict[str, Any] = {"card": card["uuid"], "outcomeTimestamp": at.isoformat()}
        if self._rng.random() < AGREES and card["suggestions"]:
            item |= {"outcome": "accepted", "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}]}
        else:
            system, code, _ = self._rng.choice(OFFERED_REASONS)
            item |= {"outcome": "overridden", "overrideReason": {"reason": {"system": system, "code": code}}}
        items: list[FeedbackItem] = [i for i in parse_feedback({"feedback": [item]}) if isinstance(i, FeedbackItem)]
        self._recorder.feedback(PATIENT_TRIAGE.id, items, client=LOOPBACK, now=at)


def _words(concern: str) -> str:
    """What a clinician writes of a suspected condition."""
    if not concern:
        return "No concern beyond routine for this complaint."
    return f"{concern[:1].upper()}{concern[1:]}. To be seen as the priority says."


def _notes(case: SyntheticCase, priority: Priority, rng: random.Random) -> Notes:
    return Notes(
        history=f"{case.chart.complaint} {FICTIONAL}",
        symptoms=(Symptom(name=case.chart.complaint[:60], duration="as told", severity=rng.randint(2, 9)),),
        vitals="As in the chart." if case.chart.vitals else "None taken.",
        risk_factors="As in the chart.",
        assessment=_words(case.condition.concern),
        confidence=rng.choice((50, 60, 70, 80)),
        justification=f"{priority.label}: {FICTIONAL}",
        note=FICTIONAL,
    )
