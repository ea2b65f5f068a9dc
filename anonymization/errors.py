"""Errors of the gate. No message ever holds a chart value or the text of another exception.

AnonymizationError
├── PolicyError          the policy file is wrong: says which line and what is allowed there
├── GateRefused          the chart does not pass: `reason` is one of `REASONS`; the only error `Gate` lets out
├── OutOfTime            a step ran past its deadline             (inside the gate: becomes ``timeout``)
├── RecognizerFailed     a recognizer raised or was skipped       (becomes ``recognizer-failed``)
├── ModelMissing         the language model cannot be loaded      (becomes ``model-missing``)
└── Leak                 the second pass found something          (becomes ``leak``)
"""

from __future__ import annotations

REASONS = {
    "leak": "the second pass found an identifier in the output",
    "timeout": "the work did not end before its deadline",
    "recognizer-failed": "a recognizer failed, so its identifiers may have been missed",
    "model-missing": "the language model that finds names cannot be loaded",
    "policy": "the policy does not allow what the chart asks for",
    "internal": "something unforeseen failed inside the gate",
}


class AnonymizationError(Exception):
    """Base of all errors of this package. Messages are static."""


class PolicyError(AnonymizationError):
    """The policy is wrong, or asks for something that the gate cannot do safely."""


class OutOfTime(AnonymizationError):
    """The deadline has passed."""


class RecognizerFailed(AnonymizationError):
    """A recognizer raised: whatever it looks for may still stand in the text."""


class ModelMissing(AnonymizationError):
    """The spaCy model package cannot be imported or loaded."""


class Leak(AnonymizationError):
    """The second pass found an identifier in what was about to leave."""


class GateRefused(AnonymizationError):
    """Nothing leaves the gate. `reason` is a key of `REASONS`."""

    def __init__(self, reason: str) -> None:
        if reason not in REASONS:
            raise ValueError("reason must be one of " + ", ".join(REASONS))
        super().__init__(REASONS[reason])
        self.reason = reason
