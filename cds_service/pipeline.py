"""The one road: a hook call in, cards out. Read this file first.

    web        authenticate client, parse               hooks.wire
    hooks      context, prefetch; fetch what is missing    fhir_client
    map        resources -> Case (identified)           fhir_mappers
    rules      Case -> Findings                         clinical: the floor
    gate       Case -> DeidentifiedCase                 anonymization
    retrieve   guideline passages for the case          retrieval
    assess     cached assessment? else enqueue          inference.jobs (the worker runs cds_service.assessor)
    cards      Findings + passages + assessment         cards
    ledger     what was shown, why, by which versions   ledger

The floor never waits and never sinks: whatever fails behind it costs only itself and is said in the answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import structlog

from cds_service import cards
from cds_service.assessor import AssessmentTask
from cds_service.chart import without_labelled
from cds_service.domain import (
    Advice,
    AssessmentOutcome,
    AssessmentStatus,
    Finding,
    NotEvaluated,
    floor_of,
    priority_of,
)
from cds_service.errors import StoreError
from cds_service.fhir_access import FhirOffer
from cds_service.fhir_client import FhirClient
from cds_service.intake.road import KEY as INTAKE
from cds_service.intake.road import sends_answers, with_answers
from cds_service.monitoring import metrics
from cds_service.monitoring.stopwatch import Stopwatch
from cds_service.recorder import Recorder, new_answer_id
from cds_service.review_links import ReviewLinks
from cds_service.rollout.stages import Reach
from cds_service.settings import Settings
from cds_service.stations import Stations, Walked
from cds_service.turn import Turn
from fhir_mappers.case import Case
from fhir_mappers.references import bare_id
from hooks.feedback import BadItem, FeedbackItem
from hooks.prefetch import resolve, values_for
from hooks.response import problems
from hooks.services import HookCall

log = structlog.get_logger()

CLINICIANS_ONLY = "This service speaks to clinicians only; the user of this call is a patient or a related person."
IN_SHADOW = "This service runs in shadow here: it computes and records what it would say, and shows nothing."
MODEL_IN_SHADOW = "the model runs in shadow here: what it drafts is recorded, not shown"
NO_STORE = "the database did not answer"
NOT_RECORDED = NotEvaluated(what="record of this answer", reason=f"{NO_STORE}; feedback cannot be joined")
POLL_S = 0.02
CALLS_AT_ONCE = 1
"""Calls that one process works on at once. The work is bound by the interpreter: more at once only makes all slower."""


@dataclass(frozen=True, kw_only=True)
class HookAnswer:
    """The response body and the milliseconds each part took."""

    body: dict[str, Any]
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What the road up to the passages brought to light, and whose chart it is.

    `subject` is None when the database did not answer. `dismissed`: rules of the care gaps that this user sent away.
    `reach`: how far the roll-out reaches this call; `shadowed`: what rules in shadow found.
    """

    reach: Reach
    walked: Walked
    shadowed: tuple[Finding, ...]
    subject: str | None
    dismissed: tuple[str, ...]


class Pipeline:
    """Answers hook calls and takes feedback. Built once a process; safe for threads."""

    def __init__(
        self,
        *,
        settings: Settings,
        stations: Stations,
        recorder: Recorder,
        fhir: FhirClient,
        links: ReviewLinks,
        versions: Mapping[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._stations = stations
        self._recorder = recorder
        self._fhir = fhir
        self._links = links
        self._versions = versions
        self._now = now
        self.turn = Turn(CALLS_AT_ONCE)

    def answer(self, call: HookCall, offer: FhirOffer) -> HookAnswer:
        """The response to one hook call; `offer` is what may be fetched for it.

        Raises `fhir_mappers.errors.MappingError` when there is no usable patient, and Busy when too many calls wait;
        everything else that fails is said in the answer.
        """
        if not call.context.by_clinician:
            return self._not_for_them(call)
        watch = Stopwatch()
        with watch.part("fetch"):
            call, absent = self._with_intake(*self._fetch(call, offer))
        with ExitStack() as mine:
            with watch.part("wait"):
                mine.enter_context(self.turn.wait(self._settings.turn_wait_ms / 1000))
            seen = self._look(call, absent, watch)
        with watch.part("assess"):
            task, outcome = self._assess_if_stored(seen)
        floor = floor_of(seen.walked.findings)
        advice = Advice(
            priority=priority_of(floor, outcome),
            floor=floor,
            findings=seen.walked.findings,
            passages=seen.walked.passages,
            outcome=outcome,
            not_evaluated=seen.walked.not_evaluated,
            versions=task.versions if task else self._versions_now(),
            visit_reason=bool(seen.walked.case.complaints or seen.walked.case.intake),
            dismissed=seen.dismissed,
            shadowed=seen.shadowed,
            shadow_rules=tuple(sorted(seen.reach.shadow_rules)),
        )
        answer_id = new_answer_id()
        with watch.part("cards"):
            made = _render(advice, seen, call, self._links.of(call.client, answer_id))
        with watch.part("ledger"):
            recorded = self._record(call, seen, advice, made, answer_id, task, watch)
        if not recorded:
            advice = replace(
                advice, outcome=_unavailable(NO_STORE), not_evaluated=(*advice.not_evaluated, NOT_RECORDED)
            )
            made = _render(advice, seen, call)
        _count(call, seen, advice, made, watch)
        if not seen.reach.shown:
            return _untold(IN_SHADOW, watch.timings, stage=seen.reach.stage.value)
        return HookAnswer(body={"cards": list(made.cards), "extension": cards.extension(advice)}, timings=watch.timings)

    def warm(self, call: HookCall) -> None:
        """Take `call` down the road once without recording it, so that the first chart does not pay for loading."""
        self._stations.walk(call, self._now(), subject="warm-up")

    def feedback(
        self, service_id: str, items: Sequence[FeedbackItem | BadItem], *, client: str
    ) -> list[dict[str, Any]]:
        """Record what clinicians did with cards, item by item. One entry an item, in order."""
        return self._recorder.feedback(service_id, items, client=client, now=self._now())

    # -- the stations ----------------------------------------------------------------------------------------------

    def _fetch(self, call: HookCall, offer: FhirOffer) -> tuple[HookCall, Mapping[str, str]]:
        """The call with what was fetched for it, and why each prefetch key that is still absent is."""
        sent = call.request.prefetch
        values = values_for({**call.request.context, **call.context.bare()})
        asked = {key: resolve(template, values) for key, template in call.service.prefetch.items()}
        wanted = {key: query for key, query in asked.items() if query is not None}
        if offer.access is None:
            return call, {key: offer.otherwise for key in wanted if key not in sent}
        fetched = self._fhir.complete(sent, wanted, offer.access)
        metrics.FETCHED.labels(outcome="fetched").inc(len(fetched.fetched))
        metrics.FETCHED.labels(outcome="failed").inc(len(fetched.failures))
        whole = replace(call.request, prefetch=fetched.prefetch, fhir_authorization=None)  # the token has had its use
        return replace(call, request=whole), fetched.failures

    def _with_intake(self, call: HookCall, absent: Mapping[str, str]) -> tuple[HookCall, Mapping[str, str]]:
        """The call with what the patient told before the visit, where the EHR sends no such answers."""
        if sends_answers(call.request.prefetch):
            return call, absent
        try:
            response = self._recorder.intake.newest(call.client, bare_id(call.context.patient_id), self._now())
        except StoreError:
            log.error("intake-not-read")
            return call, {**absent, INTAKE: NO_STORE}
        if response is None:
            return call, absent
        whole = replace(call.request, prefetch=with_answers(call.request.prefetch, response))
        return replace(call, request=whole), {key: why for key, why in absent.items() if key != INTAKE}

    def _look(self, call: HookCall, absent: Mapping[str, str], watch: Stopwatch) -> _Seen:
        with watch.part("map"):
            case = self._stations.map(call, absent, self._now())
        with watch.part("rules"):
            reach = self._recorder.roll_out.reach(call, self._now())
            floor = self._stations.rules(case, shadow=reach.shadow_rules)
        if floor.failed:
            log.error("rules-failed", rules=floor.failed)
        with watch.part("ledger"):
            subject = self._subject(call, case)
            findings = self._undismissed(call, case, subject, floor.findings)
        walked = self._stations.look(case, findings, floor.not_evaluated, subject or "unrecorded", watch.part)
        dismissed = dict.fromkeys(f.rule for f in floor.findings if f not in findings)
        shadowed = without_labelled(floor.shadowed, case)
        return _Seen(reach=reach, walked=walked, shadowed=shadowed, subject=subject, dismissed=tuple(dismissed))

    def _undismissed(
        self, call: HookCall, case: Case, subject: str | None, findings: tuple[Finding, ...]
    ) -> tuple[Finding, ...]:
        """Without a store nothing is known to be dismissed, and everything is told."""
        if subject is None:
            return findings
        try:
            return self._recorder.undismissed(call, case, subject, findings, self._now())
        except StoreError:
            return findings

    def _subject(self, call: HookCall, case: Case) -> str | None:
        try:
            return self._recorder.subject(call.client, case.patient_id, self._now())
        except StoreError:
            log.error("subject-not-found")
            return None

    def _assess_if_stored(self, seen: _Seen) -> tuple[AssessmentTask | None, AssessmentOutcome]:
        try:
            return self._assess(seen)
        except StoreError:
            return None, _unavailable(NO_STORE)

    def _record(
        self,
        call: HookCall,
        seen: _Seen,
        advice: Advice,
        made: cards.CardSet,
        answer_id: str,
        task: AssessmentTask | None,
        watch: Stopwatch,
    ) -> bool:
        """Whether the answer stands in the ledger. The floor is told even where it does not."""
        walked = seen.walked
        open_advice = replace(advice, findings=walked.passing)
        labelled = [finding for finding in walked.findings if finding not in walked.passing]
        try:
            if seen.subject is not None:
                self._recorder.answer(
                    call, walked.case, seen.subject, open_advice, made,
                    labelled=labelled, answer_id=answer_id, task=task, refusal=walked.refusal,
                    timings=watch.timings, stage=seen.reach.stage.value,
                )  # fmt: skip
                return True
            problem = "no-subject"
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being recorded must not cost the floor
            problem = type(error).__name__
        metrics.NOT_RECORDED.inc()
        log.error("answer-not-recorded", error=problem)
        return False

    def _assess(self, seen: _Seen) -> tuple[AssessmentTask | None, AssessmentOutcome]:
        if not self._recorder.model_on:
            return None, AssessmentOutcome(status=AssessmentStatus.OFF)
        if seen.subject is None:
            return None, _unavailable(NO_STORE)
        asked = seen.walked.task(self._versions_now())
        if asked is None:
            return None, _unavailable("the chart could not be de-identified safely")
        model = self._recorder.serving_model(self._now())
        if model is None:
            return None, _unavailable("no model worker is running")
        task = replace(asked, versions={**asked.versions, "model": model})
        if not seen.reach.model_shown:
            self._recorder.enqueue(task, self._now())
            return task, AssessmentOutcome(status=AssessmentStatus.OFF, reasons=(MODEL_IN_SHADOW,))
        outcome = self._recorder.outcome(task, self._now())
        deadline = time.monotonic() + self._settings.hook_wait_ms / 1000
        while outcome.status is AssessmentStatus.PENDING and time.monotonic() < deadline:
            self._recorder.enqueue(task, self._now())
            time.sleep(POLL_S)
            outcome = self._recorder.outcome(task, self._now())
        return task, outcome

    def _versions_now(self) -> dict[str, str]:
        return {**self._versions, "index": self._stations.index_version}

    def _not_for_them(self, call: HookCall) -> HookAnswer:
        self._recorder.refused_user(call, self._now())
        return _untold(CLINICIANS_ONLY)


def _render(advice: Advice, seen: _Seen, call: HookCall, links: Sequence[Mapping[str, Any]] = ()) -> cards.CardSet:
    """The cards as CDS Hooks wants them, or a crash (5xx): a malformed card is never sent."""
    made = cards.build(
        advice, seen.walked.case, encounter_id=call.context.encounter_id, new_uuid=_new_uuid, links=links
    )
    found = problems({"cards": list(made.cards), "extension": cards.extension(advice)})
    if found:
        log.error("response-malformed", problems=len(found), first=found[0])
        raise RuntimeError("the response breaks CDS Hooks")
    return made


def _untold(reason: str, timings: Mapping[str, float] = MappingProxyType({}), **more: str) -> HookAnswer:
    """No cards, and the reason."""
    notice = {**more, "notEvaluated": [{"what": "everything", "reason": reason}]}
    return HookAnswer(body={"cards": [], "extension": {cards.EXTENSION: notice}}, timings=timings)


def _unavailable(reason: str) -> AssessmentOutcome:
    return AssessmentOutcome(status=AssessmentStatus.UNAVAILABLE, reasons=(reason,))


def _new_uuid() -> str:
    return str(uuid.uuid4())


def _count(call: HookCall, seen: _Seen, advice: Advice, made: cards.CardSet, watch: Stopwatch) -> None:
    metrics.GATE_DECISIONS.labels(decision=seen.walked.refusal or "passed").inc()
    status = advice.outcome.status.value
    metrics.HOOK_CALLS.labels(service=call.service.id, priority=advice.priority.label, assessment=status).inc()
    metrics.HOOK_SECONDS.labels(service=call.service.id).observe(sum(watch.timings.values()) / 1000)
    for kind in made.kinds if seen.reach.shown else ():
        metrics.CARDS.labels(kind=kind).inc()
    for refused in seen.walked.case.refused:
        metrics.RESOURCES_REFUSED.labels(reason=refused.reason).inc()
