"""The checks, in the open, and the verdict they give on one draft."""

from __future__ import annotations

from cds_service.domain import CheckResult, Verdict
from cds_service.safety import bias, certainty, contract, emergencies, escalation, grounding, medication
from cds_service.safety.check import Check, CheckInput

SAFETY_VERSION = "3"
"""Version of the checks and their tables, recorded with every answer; it goes up with every change of meaning."""

CHECKS: tuple[Check, ...] = (
    contract.CHECK,
    certainty.CHECK,
    medication.CHECK,
    escalation.CHECK,
    emergencies.CHECK,
    bias.CHECK,
    grounding.CHECK,
)
"""Every check a draft must pass, in the order of the reference page. A new check is one file and one line here."""

FAILED = "the check could not be completed"


def check_of_reason() -> dict[str, str]:
    """The id of the check by each reason that it gives for a withheld draft."""
    return {reason: check.id for check in CHECKS for reason in check.faults.values()}


def examine(inp: CheckInput) -> Verdict:
    """Run every check. A check that raises is a failed check: a draft never passes for want of an answer."""
    return Verdict(results=tuple(_run(check, inp) for check in CHECKS))


def _run(check: Check, inp: CheckInput) -> CheckResult:
    try:
        fault = check.find(inp)
        reason = check.faults[fault] if fault is not None else ""
    except Exception:  # noqa: BLE001  (fails closed; the exception may quote the draft and is dropped)
        return CheckResult(check=check.id, passed=False, reason=FAILED)
    return CheckResult(check=check.id, passed=fault is None, reason=reason)


def docs_page() -> str:
    """The reference page of the checks, in Markdown."""
    parts = [
        "# Safety checks\n",
        (
            "A draft of the language model becomes an assessment only if it passes every check below. Otherwise it is "
            "withheld whole, and the reasons, in the fixed words given here, go to the ledger.\n"
        ),
    ]
    for check in CHECKS:
        faults = "\n".join(f"- `{code}`: {sentence}" for code, sentence in check.faults.items())
        parts.append(f"## {check.title} (`{check.id}`)\n\n{check.why}\n\nWithheld when:\n\n{faults}\n")
    return "\n".join(parts)
