"""The stations of the road that need no store: map, rules, gate, retrieve. Hook, training and evaluation share them.

`Stations.walk` is the whole way for one call of which nothing is fetched, recorded or dismissed: what the model would
be asked about it. So training and evaluation see what serving sees.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

import structlog

from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import GateRefused
from anonymization.gate import Gate
from cds_service import cards, clinical
from cds_service.assessor import AssessmentTask
from cds_service.chart import LABELLED, case_of, missing_from, without_labelled
from cds_service.domain import Finding, NotEvaluated, Passage
from cds_service.errors import IndexUnavailable
from cds_service.retrieval.retriever import Retriever
from cds_service.settings import Setting, Settings
from fhir_mappers.case import Case
from fhir_mappers.limits import Limits
from fhir_mappers.received import NOT_SENT
from hooks.services import HookCall

log = structlog.get_logger()

GUIDELINES_OFF = NotEvaluated(what="guidelines", reason="none that a clinician has reviewed is switched on")


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What the road brought to light about one call.

    `passing`: the findings that rest on no labelled data. `refusal`: why the gate let nothing through, and then
    `deidentified` is None. `notes`: passages of the patient's own earlier notes.
    """

    case: Case
    findings: tuple[Finding, ...]
    passing: tuple[Finding, ...]
    deidentified: DeidentifiedCase | None
    refusal: str | None
    passages: tuple[Passage, ...]
    notes: tuple[Passage, ...]
    not_evaluated: tuple[NotEvaluated, ...]

    def task(self, versions: Mapping[str, str]) -> AssessmentTask | None:
        """What the model is asked; None where the gate refused the chart."""
        if self.deidentified is None:
            return None
        return AssessmentTask(
            case=self.deidentified,
            findings=self.passing,
            passages=(*self.passages, *self.notes),
            not_evaluated=self.not_evaluated,
            versions=versions,
        )


def _untimed(_part: str) -> AbstractContextManager[object]:
    return nullcontext()


class Stations:
    """One process's gate and retriever under its settings. Safe for threads."""

    def __init__(self, *, gate: Gate, retriever: Retriever, settings: Settings, guidelines_off: bool = False) -> None:
        self._gate = gate
        self._retriever = retriever
        self._settings = settings
        self._guidelines_off = guidelines_off

    @property
    def index_version(self) -> str:
        """Version of the guideline index that serves, ``none`` where it cannot be read."""
        try:
            return self._retriever.version
        except Exception:  # noqa: BLE001 - a damaged index may fail in many ways; none may cost the floor
            return "none"

    def under(self, setting: Setting) -> Stations:
        """The same stations in another care setting."""
        return Stations(
            gate=self._gate,
            retriever=self._retriever,
            settings=self._settings.model_copy(update={"setting": setting}),
            guidelines_off=self._guidelines_off,
        )

    def walk(self, call: HookCall, now: datetime, *, subject: str = "evaluation") -> Walked:
        """`call` down the road at `now`. Raises `fhir_mappers.errors.MappingError` when there is no usable patient."""
        absent = {key: NOT_SENT for key in call.service.prefetch if key not in call.request.prefetch}
        case = self.map(call, absent, now)
        floor = self.rules(case)
        return self.look(case, floor.findings, floor.not_evaluated, subject)

    def look(
        self,
        case: Case,
        findings: tuple[Finding, ...],
        not_evaluated: Sequence[NotEvaluated],
        subject: str,
        part: Callable[[str], AbstractContextManager[object]] = _untimed,
    ) -> Walked:
        """From the findings to the passages. `not_evaluated`: by the rules. `part` times ``gate`` and ``retrieve``."""
        missing = [*missing_from(case), *not_evaluated]
        passing = without_labelled(findings, case)
        if len(passing) < len(findings):
            missing.append(LABELLED)
        with part("gate"):
            deidentified, refusal = self.pass_gate(case, subject, missing)
        with part("retrieve"):
            living = None if case.demographics.deceased else deidentified
            passages, notes = self.retrieve(living, passing, missing)
        return Walked(
            case=case,
            findings=findings,
            passing=passing,
            deidentified=deidentified,
            refusal=refusal,
            passages=passages,
            notes=notes,
            not_evaluated=tuple(dict.fromkeys(missing)),
        )

    def map(self, call: HookCall, absent: Mapping[str, str], now: datetime) -> Case:
        """The chart of `call`. `absent`: prefetch keys that were not sent, and why. Raises MappingError."""
        limits = Limits(
            max_entries=self._settings.max_entries,
            max_note_chars=self._settings.max_note_chars,
            max_text_chars=self._settings.max_text_chars,
            max_attachment_bytes=self._settings.max_attachment_bytes,
            max_string_chars=self._settings.max_string_chars,
        )
        return case_of(call, absent, now, limits)

    def rules(self, case: Case, *, shadow: Collection[str] = ()) -> clinical.Evaluation:
        """What the rules that are switched on say of `case`; what those in `shadow` say is kept apart."""
        return clinical.evaluate(
            case,
            self._settings.setting,
            stale_hours=self._settings.stale_hours,
            off=self._settings.rules_off,
            shadow=shadow,
        )

    def pass_gate(
        self, case: Case, subject: str, missing: list[NotEvaluated]
    ) -> tuple[DeidentifiedCase | None, str | None]:
        """`case` past the gate, or None and the reason; what that costs is added to `missing`."""
        try:
            made = self._gate.deidentify(
                case,
                subject=subject,
                timeout_s=self._settings.gate_timeout_ms / 1000,
                max_text_chars=self._settings.max_text_chars,
            )
        except GateRefused as refused:
            log.warning("gate-refused", reason=refused.reason)
            missing.append(
                NotEvaluated(what="guidelines and AI assessment", reason="the chart could not be de-identified safely")
            )
            return None, refused.reason
        return made, None

    def retrieve(
        self, case: DeidentifiedCase | None, findings: Sequence[Finding], missing: list[NotEvaluated]
    ) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
        """Passages of the guidelines, and of this patient's own earlier notes, which the model alone is shown.

        What could not be searched is added to `missing`.
        """
        if case is None:
            return (), ()
        notes = self._notes(case, findings)
        if self._guidelines_off:
            missing.append(GUIDELINES_OFF)
            return (), notes
        try:
            missing += self._retriever.not_evaluated(case)
            return self._retriever.passages_for(case, findings, k=cards.MAX_GUIDELINE_CARDS), notes
        except IndexUnavailable:
            reason = "the guideline index is unavailable"
        except Exception as error:  # noqa: BLE001 - retrieval may fail in many ways; none may cost the floor
            log.error("retrieval-failed", error=type(error).__name__)
            reason = "guideline retrieval failed"
        missing.append(NotEvaluated(what="guidelines", reason=reason))
        return (), notes

    def _notes(self, case: DeidentifiedCase, findings: Sequence[Finding]) -> tuple[Passage, ...]:
        try:
            return self._retriever.notes_for(case, findings)
        except Exception as error:  # noqa: BLE001 - as for the guidelines; the notes are in the case all the same
            log.error("notes-not-searched", error=type(error).__name__)
            return ()
