"""Check: the draft keeps the output contract, whatever wrote it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from cds_service.safety.check import Check, CheckInput
from cds_service.safety.english import is_english
from cds_service.safety.phrases import either
from cds_service.safety.words import stems, tokens

MAX_REASON = 120
MAX_ITEM = 120
MAX_ASSESSMENT = 280
MAX_ITEMS = 3
ECHO_WORDS = 8

_ALLOWED = re.compile("[ -~°µ²³₂½≥≤±×–—‘’“”éèïöüñ]*")  # noqa: RUF001  (the marks that clinical English uses)
_MARKUP = re.compile(
    r"[<>](?!\s?=?\s?\d)|[\[\]{}|\\`*#^~_]|&(?:#\d+|[a-z]+);|^\s*(?:[-+]\s|\d+[.)]\s)", re.IGNORECASE | re.MULTILINE
)
_LINK = re.compile(
    r"https?:|www\.|\w@\w|\w://|javascript:|data:|\bftp\b|\b[\w-]+(?:\.|\s?\(dot\)\s?|\sdot\s)"
    r"(?:com|org|net|io|gov|edu|info|co|uk|de|ru|cn|me|ly|app|html?|php)\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(r"(?:\+?\d[\s().-]?){7,}")
_LEFTOVER = re.compile(
    rf"\b{either('contract', 'leftover')}\b|\b{either('contract', 'label')}\s*:|\.\.\.|…", re.IGNORECASE
)
_SPACED = re.compile(r"(?:\b[a-z]\b[ .\-]){4,}", re.IGNORECASE)
_RUN = re.compile(r"(.)\1{4,}")


def _lengths(inp: CheckInput) -> bool:
    draft = inp.draft
    lists = (draft.key_concerns, draft.risk_factors, draft.actions, draft.questions)
    texts_fit = all(len(t) <= MAX_ITEM for t in (*draft.key_concerns, *draft.questions))
    return (
        len(draft.priority_reason) > MAX_REASON
        or len(draft.assessment) > MAX_ASSESSMENT
        or not texts_fit
        or any(len(entries) > MAX_ITEMS for entries in lists)
    )


def _empty(inp: CheckInput) -> bool:
    texts = inp.draft.sentences()
    return any(not re.search("[A-Za-z]", t) for t in texts) or len(stems(inp.draft.assessment)) < 4


def _closed(inp: CheckInput) -> bool:
    draft = inp.draft
    chosen = set(draft.actions) <= set(inp.offered_actions) and set(draft.risk_factors) <= set(inp.offered_risk_factors)
    return not chosen


def _passages(inp: CheckInput) -> bool:
    return not set(inp.draft.passages) <= {p.id for p in inp.passages}


def _characters(inp: CheckInput) -> bool:
    return any(not _ALLOWED.fullmatch(t) or _SPACED.search(t) for t in inp.draft.sentences())


def _markup(inp: CheckInput) -> bool:
    return any(_MARKUP.search(t) for t in inp.draft.sentences())


def _links(inp: CheckInput) -> bool:
    return any(_LINK.search(t) or _CONTACT.search(t) for t in inp.draft.sentences())


def _leftover(inp: CheckInput) -> bool:
    return any(_LEFTOVER.search(t) for t in inp.draft.sentences())


def _echo(inp: CheckInput) -> bool:
    template = _shingles(inp.template)
    return any(_shingles(t) & template for t in inp.draft.sentences())


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = stems(text)
    return {tuple(words[i : i + ECHO_WORDS]) for i in range(len(words) - ECHO_WORDS + 1)}


def _repeats(inp: CheckInput) -> bool:
    draft = inp.draft
    doubled = any(len({e.lower() for e in entries}) < len(entries) for entries in _entry_lists(inp))
    return doubled or any(_degenerate(t) for t in (draft.assessment, draft.priority_reason, *draft.key_concerns))


def _entry_lists(inp: CheckInput) -> Sequence[Sequence[str]]:
    draft = inp.draft
    return (draft.key_concerns, draft.risk_factors, draft.actions, draft.questions, draft.passages)


def _degenerate(text: str) -> bool:
    """Whether a text loops: one word three times running, a phrase of three words thrice, or few different words."""
    words = [t.word for t in tokens(text) if t.word[0].isalnum()]
    runs = any(words[i] == words[i + 1] == words[i + 2] for i in range(len(words) - 2))
    phrases = Counter(tuple(words[i : i + 3]) for i in range(len(words) - 2))
    looped = any(count >= 3 for count in phrases.values())
    poor = len(words) >= 12 and len(set(words)) / len(words) < 0.45
    return runs or looped or poor or bool(_RUN.search(text))


def _cut(inp: CheckInput) -> bool:
    text = inp.draft.assessment.rstrip()
    return len(text) > MAX_ASSESSMENT - 15 and not text.endswith((".", "!", "?"))


def _foreign(inp: CheckInput) -> bool:
    return not is_english(inp.draft.sentences(), inp.evidence.words.keys() | inp.evidence.cited_words)


_FAULTS: tuple[tuple[str, str, Callable[[CheckInput], bool]], ...] = (
    ("length", "a field is longer, or has more entries, than the contract allows", _lengths),
    ("empty", "a field is empty or the assessment says too little to be one", _empty),
    ("closed-list", "a risk factor or action is not among those offered", _closed),
    ("passage", "a cited passage is not among those retrieved", _passages),
    ("characters", "a text holds characters that plain English text does not need", _characters),
    ("link", "a text holds a link or contact details", _links),
    ("markup", "a text holds markup or list marks", _markup),
    ("leftover", "a text holds words of a prompt, an instruction or a template", _leftover),
    ("echo", "a text repeats the prompt's own words", _echo),
    ("repetition", "a text or list repeats itself", _repeats),
    ("cut", "the assessment was cut off", _cut),
    ("language", "a text does not read as English", _foreign),
)


def find(inp: CheckInput) -> str | None:
    """The first fault, in the order of the table above."""
    return next((code for code, _, broken in _FAULTS if broken(inp)), None)


CHECK = Check(
    id="contract",
    title="Keeps the output contract",
    why="A card shows the model's words to a clinician. Whatever the decoder enforced is checked again: lengths, "
    "closed lists, retrieved passages, plain English text without markup, links or prompt leftovers.",
    faults={code: sentence for code, sentence, _ in _FAULTS},
    find=find,
)
