"""How a sentence speaks of a term: present, denied, past, a relative's, hypothetical or suspected.

A window method after NegEx (Chapman et al., J Biomed Inform 34:301, 2001) and ConText (Harkema et al., J Biomed
Inform 42:839, 2009): a cue before or after the term within one sentence, ended by a terminator. In doubt the term
counts as present: a missed emergency weighs more than a card too many. Works on sentences of `text.sentences`;
the cues are data (`context.toml`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from cds_service.clinical.red_flags.mention import Status
from cds_service.clinical.red_flags.patterns import compile_patterns

STRENGTH = (Status.NEGATED, Status.FAMILY, Status.HYPOTHETICAL, Status.HISTORICAL, Status.UNCERTAIN)
"""When several cues apply, the first of these wins."""


@dataclass(frozen=True, kw_only=True)
class Cue:
    """Words before a term that set its status. Fields: see `context.toml`."""

    status: Status
    phrases: re.Pattern[str]
    reach: int
    commas: str
    diagnoses_only: bool


def _compile(phrases: list[str], classes: Mapping[str, str]) -> re.Pattern[str]:
    compiled = compile_patterns(tuple(phrases), classes)
    if compiled is None:
        raise ValueError("context.toml: an empty list of phrases")
    return compiled


def _cue(row: Mapping[str, Any], classes: Mapping[str, str]) -> Cue:
    filler = "|".join(row.get("filler", ()))
    phrases = _compile(sorted(row["phrases"], key=len, reverse=True), classes).pattern
    return Cue(
        status=Status(row["status"]),
        phrases=re.compile(f"(?:{phrases})(?:(?:{filler}) )*") if filler else re.compile(phrases),
        reach=row.get("reach", 30),
        commas=row.get("commas", "none"),
        diagnoses_only=row.get("diagnoses_only", False),
    )


_TABLE = tomllib.loads(files("cds_service.clinical.red_flags").joinpath("context.toml").read_text(encoding="utf-8"))
_CLASSES: Mapping[str, str] = _TABLE["classes"]
_WORDS: Mapping[str, re.Pattern[str]] = {name: _compile(p, _CLASSES) for name, p in _TABLE["words"].items()}

BEFORE = tuple(_cue(row, _CLASSES) for row in _TABLE["before"])
NOT_CUES, TERMINATORS = _WORDS["not_cues"], _WORDS["terminators"]
ASSERTED, STARTED = _WORDS["asserted"], _WORDS["started"]
MODIFIERS = {name: _compile(phrases, _CLASSES) for name, phrases in _TABLE["modifiers"].items()}

# After the term: "chest pain : no", "chest pain denied by patient ,", "stroke in 2010", "stroke 3 years ago".
AFTER_NEGATED = re.compile(
    r"^(?:: |- |\( )?(?:(?:is|was|are|were) )?"
    r"(?:(?:no|none|negative|denied|denies|absent|ruled out|not present|not reported)"
    r"(?: by (?:the )?\w+| \))* (?:$|[,/)])"
    r"|unlikely |excluded )"
)
AFTER_HISTORICAL = re.compile(
    r"^(?:[a-z0-9]+ ){0,4}?(?:\( )?"
    r"(?:(?:in |since )?(?:19|20)\d\d |(?:\w+ ){0,2}(?:years?|yrs?|months?) ago |last year |in childhood |as a child "
    r"|when (?:i|he|she|they) (?:was|were) (?:a (?:kid|child|teen|teenager|baby)|young|little) )"
)
AFTER_EVENT = re.compile(r"^(?:[a-z0-9]+ ){0,4}?(?:\( )?(?:(?:\w+ ){1,2}weeks? ago |last (?:week|month) )")
"""A disease named as an event of weeks ago is not the reason of today ("heart attack 3 weeks ago"); a symptom is."""

AFTER_OVER = re.compile(r"^(?:[a-z0-9]+ ){0,4}?\(? ?(?:none|nothing) since ")
"""The last one lies back: "seizures (none since 2016)"."""

AFTER_TOPIC = re.compile(
    r"^(?:(?:risks?|prevention|awareness|education|screening|clinic|rehab\w*|survivor|follow up) (?!positive )"
    r"|(?:\w+ ){0,2}(?:someday|some day) )"
)
"""A disease as what is talked about or looked after: "heart attack risk", "stroke follow up"."""

FEARED = re.compile(
    r"^ (?:(?:i|am|he|she|is|patient|was|just|very) )*"
    r"(?:(?:worried|anxious|scared) (?:about|of)|afraid of|fears?(?: of)?) "
    r"(?:(?:having|getting|a|an|another) )*$"
)
"""A sentence that says no more than the fear of a disease names no sign of it."""

AFTER_UNCERTAIN = re.compile(r"^(?:is |was )?(?:suspected|possible|likely|questionable) ")


def status_of(sentence: str, span: tuple[int, int], *, diagnosis: bool, telegraphic: bool) -> Status:
    """How `sentence` speaks of the term at `span`.

    `diagnosis`: the term names a disease. `telegraphic`: a complaint or answer rather than a note, where "no A, B, C"
    is not taken as one list.
    """
    before = NOT_CUES.sub(lambda m: "~" * (len(m.group()) - 1) + " ", sentence[: span[0]])
    after = sentence[span[1] :]
    cues = [cue for cue in BEFORE if diagnosis or not cue.diagnoses_only]
    found = {cue.status for cue in cues if _reaches(cue, before, after, telegraphic=telegraphic)}
    if AFTER_NEGATED.match(after):
        found.add(Status.NEGATED)
    past = AFTER_HISTORICAL.match(after)
    if past and not STARTED.search(" " + past.group()):
        found.add(Status.HISTORICAL)
    if AFTER_OVER.match(after) or (diagnosis and AFTER_EVENT.match(after)):
        found.add(Status.HISTORICAL)
    if diagnosis and (AFTER_TOPIC.match(after) or (not after.strip() and FEARED.match(sentence[: span[0]]))):
        found.add(Status.HYPOTHETICAL)
    if AFTER_UNCERTAIN.match(after):
        found.add(Status.UNCERTAIN)
    return next((s for s in STRENGTH if s in found), Status.AFFIRMED)


def modifiers_of(sentence: str) -> frozenset[str]:
    """Which of sudden, severe, chronic the sentence says, unless right after a negation."""
    denied = (" no ", " not ", " without ")
    return frozenset(
        name
        for name, phrases in MODIFIERS.items()
        if any(not sentence[: m.start()].endswith(denied) for m in phrases.finditer(sentence))
    )


def _reaches(cue: Cue, before: str, after: str, *, telegraphic: bool) -> bool:
    for match in cue.phrases.finditer(before):
        between = " " + before[match.end() :]
        if len(between.split()) > cue.reach or TERMINATORS.search(between):
            continue
        if cue.commas == "all" or " , " not in between:
            return True
        if cue.commas == "list" and _is_list(between + after, telegraphic=telegraphic):
            return True
    return False


def _is_list(rest: str, *, telegraphic: bool) -> bool:
    """Whether what follows a cue is one enumeration that the cue covers: "no fever, cough or chest pain"."""
    stop = TERMINATORS.search(rest)
    scope = rest[: stop.start()] if stop else rest
    items = scope.split(" , ")
    if any(ASSERTED.search(f" {item} ") for item in items[1:]):
        return False
    return re.search(r" (?:or|nor|/) ", scope) is not None or (len(items) > 2 and not telegraphic)
