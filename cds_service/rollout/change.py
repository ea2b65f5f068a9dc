"""A change of the roll-out as an administrator asks for it, and what is checked of it by itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.rollout.errors import RollOutRefused
from cds_service.rollout.here import reference_of
from cds_service.rollout.stages import Stage

MAX_PLACES = 200
MAX_WHY = 200
LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class NewPlace:
    """A location or practitioner to add to a pilot: its FHIR reference, and a code to know it by."""

    reference: str
    label: str

    @classmethod
    def parse(cls, text: str) -> NewPlace:
        """``Location/12 = east-wing``. Raises RollOutRefused, whose message quotes nothing."""
        written, _, label = text.partition("=")
        reference, label = reference_of(written), label.strip()
        if reference is None:
            raise RollOutRefused(
                "A place of a pilot is a FHIR reference such as Location/12, Practitioner/34 or PractitionerRole/56."
            )
        if not LABEL.fullmatch(label):
            raise RollOutRefused(
                "Each place needs a label of small letters, digits and hyphens after an equals sign: "
                "Location/12 = east-wing. The reference itself is not kept."
            )
        return cls(reference=reference, label=label)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be changed, and why. `part`: of `stages`.

    A pilot goes on where it runs already, without `drop` (labels) and with `add`. `confirmed`: that an urgent rule may
    fall silent for somebody. `seen`: the newest change that was looked at, None where nobody can have come between.
    """

    part: str
    stage: Stage
    why: str
    add: Sequence[NewPlace] = ()
    drop: Sequence[str] = ()
    confirmed: bool = False
    seen: int | None = None


def check_why(why: str) -> str:
    """`why` as the audit chain takes it. Raises RollOutRefused."""
    why = " ".join(why.split())
    try:
        AuditEvent(kind=EventKind.ROLL_OUT, actor="operator", detail={"why": why})
    except ValueError:
        why = ""
    if not why:
        raise RollOutRefused(f"The reason is 1 to {MAX_WHY} plain ASCII characters and names no patient.")
    return why
