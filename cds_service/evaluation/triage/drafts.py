"""What the whole pipeline answered, with the model on, joined to what the rules said of the same visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cds_service.cards import EXTENSION
from cds_service.domain import Priority
from cds_service.evaluation.triage.replay import Drafted, Outcome


def with_answer(outcome: Outcome, body: Mapping[str, Any]) -> Outcome:
    """`outcome` with the priority of the answer `body` and what became of the model's part of it."""
    advice = body["extension"][EXTENSION]
    assessment = advice["assessment"]
    said = assessment.get("priority")
    drafted = Drafted(status=assessment["status"], priority=Priority.parse(said) if said else None)
    return replace(outcome, priority=Priority.parse(advice["priority"]), drafted=drafted)
