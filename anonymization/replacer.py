"""What stands in the place of an identifier: the interface between the scrubber and its ways to replace."""

from __future__ import annotations

from typing import Protocol


class Replacer(Protocol):
    """One per pass through the gate, thrown away after it: it remembers true values so as to be consistent."""

    def of(self, label: str, value: str) -> str:
        """What stands for `value`, a span of kind `label` (`labels.KINDS`), asked in the order of the text.

        The same label and value give the same answer in one pass. Never raises, and gives nothing of `value` back but
        what may be told (a year).
        """
        ...
