"""One deadline for a whole pass through the gate, handed from step to step."""

from __future__ import annotations

import time
from dataclasses import dataclass

from anonymization.errors import OutOfTime


@dataclass(frozen=True)
class Deadline:
    """A point on the monotonic clock, in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline `seconds` from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, more than zero. Raises OutOfTime when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise OutOfTime("the deadline has passed")
        return left

    def check(self) -> None:
        """Raise OutOfTime when the deadline has passed."""
        self.remaining()
