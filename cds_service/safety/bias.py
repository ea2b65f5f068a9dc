"""Check: nothing about who the patient is may lower care, and nothing demeans the patient.

Three kinds of indicator, as the field sorts them: *language* (words of blame or disbelief, ``data/stigma.csv``),
*treatment* (less care for a group) and *diagnostic* (likelihood or presentation made to depend on a group). The last
two need a group word (``data/groups.csv``) and a differential phrase in one sentence: "sepsis is unlikely" is no bias,
"unlikely because she is a young woman" is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cds_service.safety.check import Check, CheckInput
from cds_service.safety.evidence import Evidence
from cds_service.safety.lexicon import listed, rows
from cds_service.safety.phrases import either, phrases
from cds_service.safety.reading import Sentence
from cds_service.safety.words import tokens

_GROUP_ROWS = rows("groups.csv")
_CLINICAL = frozenset(row["attribute"] for row in _GROUP_ROWS if row["clinical"] == "yes")


def _flat(phrase: str) -> str:
    return " ".join(t.word for t in tokens(phrase))


def _either(entries: list[str]) -> str:
    """The entries as alternatives, longest first; a final ``*`` stands for any ending."""
    ordered = sorted(entries, key=len, reverse=True)
    return "|".join(re.escape(_flat(e.rstrip("*"))) + (r"\w*" if e.endswith("*") else "") for e in ordered)


_GROUPS = {row["attribute"]: re.compile(rf" (?:{_either(listed(row['terms']))}) ") for row in _GROUP_ROWS}
_ANY_GROUP = "|".join(_either(listed(row["terms"])) for row in _GROUP_ROWS)
_STIGMA = tuple(re.compile(rf" (?:{_either(listed(row['phrases']))}) ") for row in rows("stigma.csv"))
_NOT_STIGMA = phrases("bias", "not_stigma")
_BECAUSE = either("bias", "because")
_CAUSAL = re.compile(f" {_BECAUSE}(?: of)?(?: {either('bias', 'between')})* (?:{_ANY_GROUP}) ")
_DIFFERENTIAL = phrases("bias", "differential")
_RAISES = phrases("bias", "raises")
_LOWERS = phrases("bias", "lowers")
_LESS_CARE = phrases("bias", "less_care")
_STEREOTYPE = re.compile(f" (?:{_ANY_GROUP})(?: {either('bias', 'people')})* {either('bias', 'generally')} ")
_IN_GROUP = re.compile(
    rf" {either('bias', 'frequency')}(?: \w+){{0,2}} (?:in|for|among|of|with|at)"
    rf"(?: (?:a|an|the|her|his|their|such|this|these|young|older|elderly|most|many))* (?:{_ANY_GROUP}) "
)
_AGE_AS_FACT = re.compile(r" (?:\d+ (?:year|month|day|week)s? old|aged? \d+|\d+ years? of age|age (?:of )?\d+) ")


def find(inp: CheckInput) -> str | None:
    """The first fault found."""
    for sentence in inp.sentences:
        code = _fault(sentence, inp.evidence)
        if code:
            return code
    return None


def _fault(sentence: Sentence, evidence: Evidence) -> str | None:
    flat = sentence.flat
    if any(pattern.search(_NOT_STIGMA.sub(" ", flat)) for pattern in _STIGMA):
        return "language"
    groups = set(_groups(flat))
    if "race or ethnicity" in groups:
        return "race"
    if not groups:
        return None
    if _LESS_CARE.search(flat):
        return "treatment"
    if groups - _CLINICAL:
        tied = _CAUSAL.search(flat) or _DIFFERENTIAL.search(flat) or _STEREOTYPE.search(flat) or _IN_GROUP.search(flat)
        return "diagnostic" if tied else None
    return "diagnostic" if _depends(flat, groups, evidence) else None


def _groups(flat: str) -> Iterator[str]:
    """Attributes that a sentence names. Stating an age or "year old" is a fact, not a group."""
    plain = _AGE_AS_FACT.sub(" ", flat)
    for attribute, pattern in _GROUPS.items():
        if pattern.search(plain if attribute == "age" else flat) and not _other_sense(attribute, flat):
            yield attribute


def _other_sense(attribute: str, flat: str) -> bool:
    other = {
        "language": r" interpreter (?:needed|required|requested)",
        "disability": r" blind spot",
        "race or ethnicity": r" (?:heart|pulse|hearts) race ",
    }.get(attribute)
    if not other or not re.search(other, flat):
        return False
    return not re.search(rf" (?:{_BECAUSE}|despite) ", flat)


def _depends(flat: str, groups: set[str], evidence: Evidence) -> bool:
    """Whether sex or age sways the statement without a cited source that says so, or sways it downwards."""
    caused = _CAUSAL.search(flat) or _STEREOTYPE.search(flat) or _IN_GROUP.search(flat)
    differential = _DIFFERENTIAL.search(flat)
    if not caused and not (differential and _near(flat, groups, differential)):
        return False
    if _LOWERS.search(flat) or not _RAISES.search(flat):
        return True
    return not _sourced(groups, evidence)


def _near(flat: str, groups: set[str], differential: re.Match[str]) -> bool:
    """A differential phrase counts when it stands within six words of the group."""
    for group in groups:
        for match in _GROUPS[group].finditer(flat):
            first, last = sorted((match.span(), differential.span()))
            if len(flat[first[1] : last[0]].split()) <= 6 and "," not in flat[first[1] : last[0]]:
                return True
    return False


def _sourced(groups: set[str], evidence: Evidence) -> bool:
    """Whether a cited passage or a finding itself names the group as a risk."""
    texts = [" " + " ".join(t.word for t in s.tokens) + " " for i in evidence.items if i.kind in {"passage", "finding"}
             for s in i.sentences]  # fmt: skip
    return all(any(_GROUPS[g].search(t) and _RAISES.search(t) for t in texts) for g in groups)


CHECK = Check(
    id="bias",
    title="Treats every patient alike",
    why="Words of blame and disbelief follow a patient through the record, and priority, likelihood or treatment that "
    "depends on who someone is does harm. Race and ethnicity have no use in a triage note; age and sex may only raise "
    "a risk, and only where a cited source says so.",
    faults={
        "language": "a text demeans the patient or doubts the patient's word",
        "race": "a text names race or ethnicity, which a triage note does not need",
        "treatment": "a text ties less care to who the patient is",
        "diagnostic": "a text makes likelihood, urgency or presentation depend on who the patient is",
    },
    find=find,
)
