"""Errors of the mapper.

MappingError            the chart cannot be mapped at all; messages are static and hold no chart value
├── NoPatient           no Patient resource that can be used
└── ForeignPatient      the Patient resource sent is not the one the call is about

Unused                  internal: one resource or part is not used; caught in `map_case` and reported as `Refused`
"""

from __future__ import annotations


class MappingError(Exception):
    """The chart cannot be mapped. Messages are static."""


class NoPatient(MappingError):
    """There is no usable Patient resource; send a valid R4 Patient under the prefetch key ``patient``."""

    def __init__(self) -> None:
        super().__init__("no usable R4 Patient resource was sent; send it under the prefetch key 'patient'")


class ForeignPatient(MappingError):
    """The Patient resource is another person's than the call's."""

    def __init__(self) -> None:
        super().__init__("the Patient resource sent is not the patient of this call; check context.patientId")


class Unused(Exception):
    """One resource or part is not used: `reason` is a key of `REFUSAL_REASONS`, `where` an element path."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where
