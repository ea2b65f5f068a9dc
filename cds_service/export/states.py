"""The states of an order: a dict of what may follow what.

The diagram in docs/decisions/0026 is drawn from it. Nothing changes a state but `steps.move`, which asks it. Whether a
process works on an order just now is no state: it is a lease that runs out by itself, so a process that dies leaves an
order that another may take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum


class State(StrEnum):
    """Where an order is.

    `PREVIEWING` and `APPROVED` wait for the export process. `STOPPED`: may go on where it was; `FAILED`: never will.
    """

    PREVIEWING = "previewing"
    AWAITING = "awaiting-approval"
    APPROVED = "approved"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


NEXT: Mapping[State, frozenset[State]] = {
    State.PREVIEWING: frozenset({State.AWAITING, State.STOPPED, State.FAILED, State.WITHDRAWN}),
    State.AWAITING: frozenset({State.APPROVED, State.REFUSED, State.PREVIEWING, State.WITHDRAWN}),
    State.APPROVED: frozenset({State.DONE, State.PREVIEWING, State.STOPPED, State.FAILED, State.WITHDRAWN}),
    State.DONE: frozenset({State.WITHDRAWN}),
    State.STOPPED: frozenset({State.PREVIEWING, State.APPROVED, State.WITHDRAWN}),
    State.FAILED: frozenset({State.WITHDRAWN}),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
}
"""Back to `PREVIEWING` from `APPROVED` when the approval ran out, or there is more to take than was seen."""

WORK = frozenset({State.PREVIEWING, State.APPROVED})
"""What the export process takes up."""

NEW = "new"
"""Where an order comes from."""


def diagram() -> str:
    """The states as a Mermaid diagram, in Markdown."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *_lines(), "```"])


def _lines() -> Iterator[str]:
    yield f'    state "{State.AWAITING.value}" as {_name(State.AWAITING)}'
    yield f"    [*] --> {_name(State.PREVIEWING)}"
    for before, after in NEXT.items():
        for state in (s for s in State if s in after):
            yield f"    {_name(before)} --> {_name(state)}"


def _name(state: State) -> str:
    return state.value.replace("-", "_")
