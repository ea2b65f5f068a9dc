"""The systems that are measured, each behind `System`: our gate here, Presidio as it comes in `presidio.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from time import perf_counter
from typing import Protocol

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from cds_service.deidentification import deidentify_record
from cds_service.errors import ConfigurationError
from cds_service.evaluation.deid.gold import Document
from cds_service.evaluation.deid.measure import Masked


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a system made of a document, None when it withheld it, and the seconds it took."""

    masked: Masked | None
    seconds: float


class System(Protocol):
    """Something that masks identifiers."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def version(self) -> str:
        """What was measured."""
        ...

    def mask(self, document: Document) -> Answer:
        """One document, masked."""
        ...


class OurGate:
    """The gate, through the function that the batch command runs: chart reading and leak check are in the time."""

    name = "gate"

    def __init__(self, gate: Gate, now: datetime) -> None:
        """Load the gate. Raises ConfigurationError when it cannot work."""
        self._gate = gate
        self._now = now
        self.version = f"cds-service {version('cds-service')}, policy {gate.policy.name} {gate.policy.version}"
        try:
            gate.warm()
        except GateRefused as refused:
            raise ConfigurationError(f"The gate does not work: {refused}.") from None

    def mask(self, document: Document) -> Answer:
        """The text past the gate, with the people of the document's Bundle known."""
        record: dict[str, object] = {"text": document.text}
        if document.bundle is not None:
            record["bundle"] = document.bundle
        start = perf_counter()
        try:
            scrubbed = deidentify_record(self._gate, record, now=self._now)
        except GateRefused:
            return Answer(masked=None, seconds=perf_counter() - start)
        seconds = perf_counter() - start
        areas = tuple((begin, end) for begin, end, _ in scrubbed.spans)
        return Answer(masked=Masked(text=scrubbed.text, areas=areas), seconds=seconds)
