"""From a hook call to its `Case`, and what the chart did not give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cds_service.domain import Finding, NotEvaluated
from fhir_mappers.case import REFUSAL_REASONS, Case
from fhir_mappers.limits import Limits
from fhir_mappers.mapping import map_case
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request

QUIET_REFUSALS = frozenset({"entered-in-error", "refuted", "inactive", "duplicate", "unsupported-type"})
"""Reasons that mean a resource says nothing about the patient now: counted in metrics, not named to the clinician."""

LABELLED = NotEvaluated(what="findings from labelled data", reason="security labels keep them from model and ledger")

PANEL = ("DiagnosticReport", "no-value")
"""A report without words of its own: a panel, whose results come as Observations."""


def hook_call(body: Mapping[str, Any], client: str = "evaluation") -> HookCall:
    """The call that the hook makes of a decoded body. Raises HookError."""
    request = parse_request(body)
    context = PATIENT_TRIAGE.context(request.context)
    return HookCall(service=PATIENT_TRIAGE, request=request, context=context, client=client)


def case_of(call: HookCall, absent: Mapping[str, str], now: datetime, limits: Limits) -> Case:
    """The chart that `call` sent. `absent`: prefetch keys that were not sent, and why.

    Raises `fhir_mappers.errors.MappingError` when there is no usable patient.
    """
    return map_case(
        call.request.prefetch,
        patient_id=call.context.patient_id,
        encounter_id=call.context.encounter_id,
        now=now,
        limits=limits,
        declared=tuple(call.service.prefetch),
        absent=absent,
        server=call.request.fhir_server,
    )


def missing_from(case: Case) -> list[NotEvaluated]:
    """What the chart did not give, and which resources were not used, in fixed words."""
    missing = [NotEvaluated(what=m.what, reason=m.reason) for m in case.missing]
    counts: dict[tuple[str, str], int] = {}
    for refused in case.refused:
        key = (refused.resource_type, refused.reason)
        counts[key] = counts.get(key, 0) + 1
    missing += [
        NotEvaluated(what=f"{n} {kind} resource{'s' * (n > 1)}", reason=REFUSAL_REASONS.get(reason, reason))
        for (kind, reason), n in sorted(counts.items())
        if reason not in QUIET_REFUSALS and (kind, reason) != PANEL
    ]
    return missing


def without_labelled(findings: tuple[Finding, ...], case: Case) -> tuple[Finding, ...]:
    """The findings that rest on no labelled data, which alone go on to retrieval, model and ledger."""
    return tuple(f for f in findings if not case.sensitive.intersection(f.sources))
