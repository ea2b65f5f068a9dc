"""Reads a sentence: which clinical terms it names, and whether it affirms, denies, supposes or hedges each.

The method is the trigger-and-scope one of NegEx and ConText (Chapman 2001; Harkema 2009, J Biomed Inform 42:839),
with our own triggers: a cue before or after a term acts on it unless a word that ends its scope stands between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, takewhile

from cds_service.safety.lexicon import TERM_PHRASES, TERMS, Phrases, Term, unlisted_condition
from cds_service.safety.words import Token, sentences, stem_set, tokens, word_set


class Stance(StrEnum):
    """How a sentence holds a term."""

    AFFIRMED = "affirmed"
    NEGATED = "negated"
    SUPPOSED = "supposed"
    OTHER_PERSON = "other-person"


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One clinical term at tokens `start` to `end` of a sentence. `known` is False for a disease-like unlisted word."""

    term: Term
    start: int
    end: int
    stance: Stance
    hedged: bool
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence of a draft or of its evidence. `field` names where it stands."""

    field: str
    text: str
    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...]
    stances: tuple[Stance, ...]

    @property
    def is_question(self) -> bool:
        """Whether it ends with a question mark."""
        return bool(self.tokens) and self.tokens[-1].word == "?"

    @property
    def flat(self) -> str:
        """Its tokens in lower case with single spaces around them, for word patterns."""
        return " " + " ".join(t.word for t in self.tokens) + " "


def _cues(*phrases: str) -> Phrases:
    return Phrases(dict.fromkeys(phrases, ""), exact=True)


# Cues that look like a denial and are none; they are masked before denials are sought.
_NOT_DENIALS = Phrases(
    {
        **dict.fromkeys(
            (
                "cannot be excluded", "can not be excluded", "not be excluded", "not excluded", "not been excluded",
                "cannot be ruled out", "can not be ruled out", "not be ruled out", "not been ruled out",
                "not ruled out", "cannot exclude", "cannot rule out", "does not exclude", "does not rule out",
                "do not rule out", "do not exclude", "not yet excluded", "not yet ruled out",
            ),
            "hedge",
        ),
        **dict.fromkeys(
            (
                "rule out", "to exclude", "be excluded", "be ruled out", "ruling out", "until excluded",
                "until ruled out", "excluding", "exclusion of",
            ),
            "hedge",
        ),
        **dict.fromkeys(
            (
                "not only", "not just", "no change", "without delay", "no delay", "not delay", "do not delay",
                "do not wait", "not wait", "without waiting", "no longer than", "no later than", "not known",
                "without further delay", "not to be missed", "not be missed", "not miss", "no time",
            ),
            "",
        ),
    },
    exact=True,
)  # fmt: skip
_DENIALS = _cues(
    "no", "not", "without", "denies", "denied", "deny", "denying", "negative for", "absence of", "absent", "never",
    "free of", "nor", "neither", "rules out", "ruled out", "excluded", "excludes", "cannot", "isn't", "wasn't",
    "doesn't", "hasn't", "don't", "none", "lack of", "lacks", "resolved",
)  # fmt: skip
_LATER_DENIALS = _cues(
    "absent", "denied", "negative", "is unlikely", "are unlikely", "unlikely", "ruled out", "excluded", "not present",
    "not reported", "not seen", "not found", "was not", "is not", "are not", "resolved", "has resolved", "none",
)  # fmt: skip
_SUPPOSITIONS = _cues(
    "if", "in case of", "in the event of", "watch for", "watching for", "return for", "ask about", "asking about",
    "should there be", "in case", "look for", "monitor for", "screen for any",
)  # fmt: skip
_OTHERS = _cues(
    "family history", "family history of", "father", "mother", "brother", "sister", "son", "daughter", "husband",
    "wife", "grandmother", "grandfather", "sibling", "parent", "parents", "uncle", "aunt", "cousin",
    "relative", "relatives",
)  # fmt: skip
_HEDGES = _cues(
    "possible", "possibly", "possibility", "probable", "probably", "likely", "unlikely", "suspected", "suspicion",
    "suspicion for", "suspicion of", "suspicious for", "suspect", "concern", "concerns", "concerning", "concerning for",
    "concern for", "concern about", "concerned", "may", "might", "could", "suggest", "suggests", "suggesting",
    "suggestive", "suggested", "appears", "appear", "seems", "seem", "risk", "risk of", "at risk", "consider",
    "considered", "considering", "consistent with", "compatible with", "potential", "potentially", "perhaps",
    "query", "differential", "raise", "raises", "worrying for", "red flag", "red flags", "assess for", "evaluate for",
    "evaluation for", "assessment for", "screen for", "screening for", "check for", "investigate for", "work up for",
    "workup for", "evaluated for", "assessed for", "signs of", "features of", "symptoms of", "sign of", "feature of",
    "symptom of", "presumed", "provisional", "working", "fits with", "points to", "point to", "points towards",
    "alert for", "warning", "worry", "cause for", "uncertain", "unclear", "not certain", "cannot be certain",
    "treat as", "need to exclude", "needs exclusion", "in keeping with", "resemble", "resembles",
)  # fmt: skip
_LATER_HEDGES = word_set(
    "possible probable likely unlikely suspected concern considered consider risk risks screen screening pathway "
    "protocol guideline symptoms symptom signs sign features flag flags alert bundle workup evaluation suspicion "
    "criteria like assessment assessed query question possibility uncertain unclear"
)
_SCOPE_ENDS = stem_set("but however although though except yet still while whereas and reports reported presents has "
                       "have is are shows needs need requires because since who which suggest suggests raises "
                       "raise may might could would should makes")  # fmt: skip
_OTHER_ENDS = stem_set("but patient")
_DENIAL_ENDS = _SCOPE_ENDS - stem_set("and")
_SCOPE = 9
_WHOLLY_SUPPOSED = frozenset(
    {*(("if", w) for w in ("it", "this", "they", "these", "present")),
     *(("would", w) for w in ("suggest", "raise", "need", "be", "mean", "make"))}
)  # fmt: skip
"""Pairs of words that make a whole sentence a supposition."""


def read(text: str, field: str = "") -> tuple[Sentence, ...]:
    """The sentences of `text` with the clinical terms they name."""
    return tuple(_sentence(part, field) for part in sentences(text))


def _sentence(text: str, field: str) -> Sentence:
    toks = tokens(text)
    masked, doubts = _pseudo(toks)
    stances = _stances(toks, masked)
    hedges = doubts | {i for start, end, _ in _HEDGES.find(toks) for i in range(start, end)}
    mentions = []
    for start, end, term_id in TERM_PHRASES.find(toks):
        hedged = _hedged(toks, start, end, hedges, doubts)
        mentions.append(Mention(term=TERMS[term_id], start=start, end=end, stance=stances[start], hedged=hedged))
    taken = {i for m in mentions for i in range(m.start, m.end)}
    for i, tok in enumerate(toks):
        if i not in taken and unlisted_condition(tok.word):
            term = Term(id=f"~{tok.stem}", kind="condition")
            hedged = _hedged(toks, i, i + 1, hedges, doubts)
            mentions.append(Mention(term=term, start=i, end=i + 1, stance=stances[i], hedged=hedged, known=False))
    mentions.sort(key=lambda m: m.start)
    return Sentence(field=field, text=text, tokens=toks, mentions=tuple(mentions), stances=stances)


def _pseudo(toks: Sequence[Token]) -> tuple[frozenset[int], set[int]]:
    """Token places that are no denial whatever they look like, and those among them that hedge."""
    masked: set[int] = set()
    hedges: set[int] = set()
    for start, end, kind in _NOT_DENIALS.find(toks):
        masked |= set(range(start, end))
        if kind:
            hedges |= set(range(start, end))
    return frozenset(masked), hedges


def _stances(toks: Sequence[Token], masked: frozenset[int]) -> tuple[Stance, ...]:
    """The stance of the sentence at each token."""
    stances = [Stance.AFFIRMED] * len(toks)

    def hold(places: range, stance: Stance) -> None:
        for place in places:
            stances[place] = stance

    for start, _, _ in _LATER_DENIALS.find(toks):
        if start not in masked:
            hold(_backward(toks, start), Stance.NEGATED)
    for start, end, _ in _DENIALS.find(toks):
        if start not in masked and not _looks_back(toks, start):
            hold(_forward(toks, end, _DENIAL_ENDS), Stance.NEGATED)
    if _WHOLLY_SUPPOSED & {(a.word, b.word) for a, b in pairwise(toks)}:
        hold(range(len(toks)), Stance.SUPPOSED)
    for _, end, _ in _SUPPOSITIONS.find(toks):
        hold(_forward(toks, end, frozenset()), Stance.SUPPOSED)
    for _, end, _ in _OTHERS.find(toks):
        hold(_forward(toks, end, _OTHER_ENDS), Stance.OTHER_PERSON)
    return tuple(stances)


def _verb_before(toks: Sequence[Token], at: int) -> bool:
    return at > 0 and toks[at - 1].word in {"is", "are", "was", "were", "has", "have", "been", "now"}


def _looks_back(toks: Sequence[Token], at: int) -> bool:
    """``excluded``, ``absent`` and ``resolved`` after a verb deny what stands before them, not after."""
    return toks[at].word in {"excluded", "absent", "resolved", "denied", "out"} and _verb_before(toks, at)


def _forward(toks: Sequence[Token], start: int, ends: frozenset[str]) -> range:
    stop = start
    while stop < len(toks) and stop - start < _SCOPE and toks[stop].stem not in ends and toks[stop].word not in ":;":
        stop += 1
    return range(start, stop)


def _backward(toks: Sequence[Token], end: int) -> range:
    """Places before `end` that a cue after them acts on: back to a comma, conjunction or verb that is not its own."""
    start = end
    while start > 0 and end - start < _SCOPE:
        word = toks[start - 1]
        if word.word in {",", ":", ";"} or (word.stem in _SCOPE_ENDS and start < end and not _verb_before(toks, end)):
            break
        if word.word in {"but", "and", "with"}:
            break
        start -= 1
    return range(start, end)


def _clause(toks: Sequence[Token], at: int, most: int) -> int:
    """Where the clause of the token at `at` begins, at most `most` tokens before it."""
    start = at
    while start > 0 and at - start < most and toks[start - 1].word not in {";", ":", "but"}:
        start -= 1
    return start


ASSERTIONS = frozenset(
    {"has", "have", "had", "having", "is", "are", "was", "suffering", "suffers", "experiencing", "confirms",
     "confirmed", "shows", "showing", "demonstrates", "proves", "means", "diagnosed", "indicates", "indicate",
     "developed", "developing", "represents", "establishes", "reveals"}
)  # fmt: skip
_DETERMINERS = frozenset(
    {"a", "an", "the", "acute", "severe", "new", "active", "early", "underlying", "clear", "clearly", "left", "right",
     "bilateral", "from", "with", "of", "definite", "bacterial", "viral", "serious", "now", "having", "mild", "to",
     "be", "recurrent", "advanced"}
)  # fmt: skip
_SOFTENERS = stem_set("may might could likely probably possibly concern suspected suspect appears seems suggest "
                      "suggests possible perhaps possibility if sign worry unclear")  # fmt: skip


def _hedged(toks: Sequence[Token], start: int, end: int, hedges: set[int], doubts: set[int]) -> bool:
    """Whether the term at `start` is held with doubt: by a cue in its clause, unless a verb states it outright."""
    verb = start - 1
    while verb >= 0 and start - verb <= 4 and toks[verb].word in _DETERMINERS and verb not in hedges:
        verb -= 1
    if verb >= 0 and verb not in hedges and toks[verb].word in ASSERTIONS:
        return any(t.stem in _SOFTENERS for t in toks[_clause(toks, verb, 4) : start])
    clause = _clause(toks, start, 14)
    if any(i in hedges for i in range(clause, start)) or any(i in doubts for i in range(end, end + 5)):
        return True
    after = list(takewhile(lambda t: t.word != ",", toks[end : end + 4]))
    return any(t.word in _LATER_HEDGES for t in after)
