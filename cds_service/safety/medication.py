"""Check: no medicine to start, change, stop or dose unless a physician decides it.

The check is an allow-list. A medicine may be named only as a fact of the chart ("takes metformin"), in a plain
question, or where the decision is handed to a physician; everything else about a medicine is withheld.
"""

from __future__ import annotations

import re

from cds_service.safety.check import Check, CheckInput
from cds_service.safety.evidence import Evidence
from cds_service.safety.medicines import ANY, Medicine, doses, medicines_in, same_medicine
from cds_service.safety.phrases import either, phrases
from cds_service.safety.reading import Sentence

_BEFORE = re.compile(rf" {either('words', 'verb')}(?: [^\s,;:.]+){{0,5}} $")
_AFTER = re.compile(
    rf"^(?: \w+){{0,2}} {either('medication', 'auxiliary')}(?: \w+){{0,2}} {either('medication', 'done')} "
    rf"|^ {either('medication', 'governing')} "
)
_IMPERATIVE = re.compile(rf"(?:^|[,;:.] |^ | and | then | please | or ){either('words', 'verb')} ")
_ALWAYS = phrases("medication", "always")
_FACT = phrases("medication", "fact")
_PROPOSAL = re.compile(
    r"^ (?:should|shall|could|would|can|may|why not|how about|what about|do you want)\b.*?"
    r" (?:start|stop|take|give|increase|reduce|switch|change|add|double|hold|prescribe|try|begin|skip|use|restart)"
)
_DECIDER = either("words", "decider")
_APPROVED_FIRST = phrases("medication", "approved_first")
_ASKED = phrases("medication", "asked")
_NOT_DEFERRED = re.compile(
    rf" (?:no|not|without|before|skip|bypass\w*|regardless of|even if|already|has|had|have|unavailable|unnecessary|"
    rf"need not|needn't|instead of|rather than)(?: \w+){{0,5}} (?:{_DECIDER}(?:'?s)?(?: \w+){{0,2}} (?:approv\w+|"
    rf"review|decision|order\w*)|approv\w+|{_DECIDER} ?[.,]?$)| approval (?:is )?(?:not|un)"
)
_UNCHANGED = phrases("medication", "unchanged")
_LISTING = phrases("medication", "listing")
_OXYGEN = phrases("medication", "oxygen")


def find(inp: CheckInput) -> str | None:
    """The first fault found in any text or chosen action."""
    for sentence in (*inp.sentences, *inp.actions):
        code = _fault(sentence, inp.evidence)
        if code:
            return code
    return None


def _fault(sentence: Sentence, evidence: Evidence) -> str | None:
    flat = sentence.flat
    named = list(medicines_in(sentence.tokens))
    dosed = doses(sentence.text)
    if dosed and not set(dosed) <= _chart_doses(evidence) and (named or not _clinical_amount(sentence)):
        return "dose"
    if not named:
        acts = _ALWAYS.search(flat) or _OXYGEN.search(flat)
        return "decision" if acts and not _deferred(flat) else None
    if _deferred(flat):
        return None
    if sentence.is_question and not _PROPOSAL.search(flat):
        return None
    if all(m.id == ANY for m in named) and _UNCHANGED.search(flat):
        return None
    return _named_fault(sentence, named, evidence)


def _named_fault(sentence: Sentence, named: list[Medicine], evidence: Evidence) -> str | None:
    if any(_acts(sentence, medicine) for medicine in named):
        return "decision"
    held = all(same_medicine(m, evidence.medicines) for m in named)
    return None if held and (_FACT.search(sentence.flat) or all(m.id == ANY for m in named)) else "unknown"


def _acts(sentence: Sentence, medicine: Medicine) -> bool:
    """Whether a word of starting, changing or stopping governs the medicine, from before or after it."""
    words = [t.word for t in sentence.tokens]
    before = " " + "".join(f"{w} " for w in words[: medicine.start])
    after = " " + "".join(f"{w} " for w in words[medicine.end :])
    if medicine.id == ANY and _LISTING.search(sentence.flat):
        return bool(_ALWAYS.search(sentence.flat))
    return bool(_BEFORE.search(before) or _AFTER.search(after) or _ALWAYS.search(sentence.flat))


def _deferred(flat: str) -> bool:
    """Whether the decision is handed to a physician: as a condition, or by asking without an order beside it."""
    if _NOT_DEFERRED.search(flat):
        return False
    return bool(_APPROVED_FIRST.search(flat) or (_ASKED.search(flat) and not _IMPERATIVE.search(flat)))


def _chart_doses(evidence: Evidence) -> set[str]:
    return {d for item in evidence.items if item.kind == "fact" for d in doses(item.text)}


def _clinical_amount(sentence: Sentence) -> bool:
    """An amount that is a finding and no dose: 300 ml of blood, 5 g weight."""
    return bool(sentence.mentions) and not re.search(r"\b(?:mg|mcg|tablets?|pills?|capsules?|puffs?)\b", sentence.text)


CHECK = Check(
    id="medication",
    title="Leaves medicines to a physician",
    why="A draft may say what the chart says a patient takes. To start, change, stop or dose a medicine is a "
    "physician's decision, and a triage note that names one may be followed without it.",
    faults={
        "decision": "a text starts, changes or stops a medicine without a physician's approval",
        "dose": "a text names a dose that is not in the chart",
        "unknown": "a text names a medicine that the chart does not hold",
    },
    find=find,
)
