"""Check: High and Critical say where to go and when, and nothing lowers the floor or advises waiting."""

from __future__ import annotations

from cds_service.domain import Priority
from cds_service.safety.check import ASSESSMENT, REASON, Check, CheckInput
from cds_service.safety.phrases import phrases
from cds_service.safety.reading import Sentence, Stance

_WHERE = phrases("escalation", "where")
_WHEN = {
    Priority.CRITICAL: phrases("escalation", "at_once"),
    Priority.HIGH: phrases("escalation", "at_once", "urgently"),
}
_REFUSED = phrases("escalation", "refused")
_NOT_REFUSED = phrases("escalation", "not_refused")
_WAITING = phrases("escalation", "waiting")
_PAST = phrases("escalation", "past")


def find(inp: CheckInput) -> str | None:
    """The first fault found."""
    if inp.draft.priority < inp.floor:
        return "below-floor"
    if inp.level < Priority.HIGH:
        return None
    said = (*inp.sentences, *inp.actions)
    if any(_advises_waiting(s) for s in said if not s.is_question):
        return "waiting"
    places = [s for s in said if s.field in {ASSESSMENT, REASON, "actions"}]
    return None if any(_where_and_when(s, inp.level) for s in places) else "where-when"


def _advises_waiting(sentence: Sentence) -> bool:
    flat = _PAST.sub(" ", _NOT_REFUSED.sub(" ", sentence.flat.replace(" , ", " ")))
    return bool(_WAITING.search(flat))


def _where_and_when(sentence: Sentence, level: Priority) -> bool:
    """Whether one sentence names a place or person and a time that fit `level`, and does not refuse them."""
    flat = sentence.flat
    if Stance.SUPPOSED in sentence.stances and flat.lstrip().startswith("if "):
        return False
    if _REFUSED.search(_NOT_REFUSED.sub(" ", flat)):
        return False
    return bool(_WHERE.search(flat) and _WHEN[level].search(flat))


CHECK = Check(
    id="escalation",
    title="Says where to go and when",
    why="At High and Critical the reader must learn at a glance who acts, where and how fast. A draft that lowers the "
    "floor, or that advises waiting, home or routine care in such a case, could cost the patient time.",
    faults={
        "below-floor": "the draft's priority is below the floor",
        "waiting": "the draft advises waiting, home care or routine care in an urgent case",
        "where-when": "neither actions nor assessment say where to go and when",
    },
    find=find,
)
