"""Why a card or a case is dismissed: one list for both."""

from __future__ import annotations

from hooks.feedback import NON_ADHERENCE_REASONS, NON_ADHERENCE_SYSTEM

OVERRIDE_SYSTEM = "https://cds-service.org/fhir/CodeSystem/override-reason"

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
"""System, code and display of the reasons that every card and the page offer (docs/decisions/0008)."""

FORMER_REASONS = ("already-done", "not-applicable", "patient-declined", "clinically-disagree")
"""Codes of `OVERRIDE_SYSTEM` that cards offered before: one that is still open in an EHR may be answered with them."""

SYSTEM_OF: dict[str, str] = {code: system for system, code, _ in OFFERED_REASONS}
"""The code system of each offered code."""
