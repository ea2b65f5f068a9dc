"""The chart as the model sees it, for a person who wants to check what left the gate."""

from __future__ import annotations

from anonymization.deidentified import DeidentifiedCase
from cds_service.inference.prompt import chart_lines


def model_view(case: DeidentifiedCase) -> str:
    """The chart's lines of the prompt, word for word, without the instructions, passages and offers around them."""
    return "\n".join(chart_lines(case))
