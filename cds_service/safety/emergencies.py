"""Check: the draft recognises every emergency that the floor found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cds_service.domain import VITAL_SIGNS, Finding, FindingKind, Priority, floor_of
from cds_service.safety.check import ASSESSMENT, CONCERN, REASON, Check, CheckInput
from cds_service.safety.direction import direction_said
from cds_service.safety.english import NEUTRAL_WORDS
from cds_service.safety.lexicon import TERMS, ancestry
from cds_service.safety.numbers import MEASURE_OF_SIGN, numbers_of
from cds_service.safety.reading import Sentence, Stance, read
from cds_service.safety.words import FUNCTION_WORDS, tokens

OVERLAP = 0.5
_TOO_GENERAL = frozenset(
    {"infection", "injury", "pain", "weakness", "fatigue", "age", "male", "female", "heart_disease", "lung_disease",
     "breathing", "neuro", "swelling", "blood_tests", "imaging", "diabetes", "hypertension", "deterioration"}
)  # fmt: skip
"""Terms that name a finding only when its title names nothing more particular."""

_SCORES = frozenset({"news2", "qsofa"})
_RECOGNISING = (REASON, CONCERN, ASSESSMENT)


def find(inp: CheckInput) -> str | None:
    """``missed`` when a High or Critical finding is not spoken of, affirmed or suspected, in the draft.

    Flags on medicines have a card of their own, and the draft may name no medicine. Vital signs are one emergency: to
    name the gravest of them, or their score, is to name them all.
    """
    said = [s for s in inp.sentences if s.field in _RECOGNISING]
    urgent = [f for f in inp.findings if f.priority >= Priority.HIGH and f.kind is FindingKind.TRIAGE]
    vitals = [f for f in urgent if f.topic == VITAL_SIGNS]
    gravest = [f for f in vitals if f.priority == floor_of(vitals)]
    named = all(recognised(f, said) for f in urgent if f not in vitals)
    return None if named and (not gravest or any(recognised(f, said) for f in gravest)) else "missed"


def recognised(finding: Finding, said: Sequence[Sentence]) -> bool:
    """Whether some sentence names the finding.

    By its title, word for word; by a clinical term of its title or rule id, or a more particular one (every synonym of
    the lexicon counts); by the measure it rests on, with the finding's number or called low or high; or, where its
    title names no term that the lexicon knows, by half of the title's own words. A score counts when it or a
    deterioration is named.
    """
    if any(_quotes(sentence, finding.title) for sentence in said):
        return True
    named = {t for sentence in said for t in _named(sentence)}
    title = _terms(finding.title) | _terms(finding.rule.replace("-", " ").replace("_", " "))
    particular = {t for t in title if t not in _TOO_GENERAL and not _is_context(t)}
    measures = {t for t in particular if t in TERMS and TERMS[t].kind == "measure"} - _SCORES
    if named & (particular - measures):
        return True
    if title & _SCORES:
        return "deterioration" in named
    reason = _terms(finding.reason, affirmed=True)
    rests_on = {MEASURE_OF_SIGN.get(t, t) for t in title | reason}
    if rests_on & (_measured(finding, said) | {MEASURE_OF_SIGN[t] for t in named & MEASURE_OF_SIGN.keys()}):
        return True
    if not particular and named & (title | {t for t in reason if t not in _TOO_GENERAL and not _is_context(t)}):
        return True
    return particular == measures and _overlap(finding.title, said, plain=bool(measures)) >= OVERLAP


def _quotes(sentence: Sentence, title: str) -> bool:
    """Whether a sentence holds the words of the title in their order, and none of them in what it denies."""
    words = [t.stem for t in tokens(title) if t.word[0].isalnum()]
    said = [i for i, t in enumerate(sentence.tokens) if t.word[0].isalnum()]
    denied = sum(stance is not Stance.AFFIRMED for s in read(title) for stance in s.stances)
    for start in range(len(said) - len(words) + 1 if words else 0):
        here = said[start : start + len(words)]
        if [sentence.tokens[i].stem for i in here] == words:
            return sum(sentence.stances[i] is not Stance.AFFIRMED for i in here) <= denied
    return False


def _terms(text: str, *, affirmed: bool = False) -> set[str]:
    return {
        m.term.id
        for s in read(text)
        for m in s.mentions
        if m.term.kind not in {"person", "test"} and (not affirmed or m.stance is Stance.AFFIRMED)
    }


def _is_context(term: str) -> bool:
    """What a person lives with (pregnancy, smoking) is the setting of an emergency, not the emergency."""
    return term in TERMS and TERMS[term].kind == "history"


def _named(sentence: Sentence) -> Iterator[str]:
    """Terms a sentence affirms or suspects, with what they are a case of."""
    for mention in sentence.mentions:
        suspected = mention.stance is Stance.NEGATED and mention.hedged and _still_open(sentence)
        if mention.stance is Stance.AFFIRMED or suspected:
            yield from ancestry(mention.term.id)


def _still_open(sentence: Sentence) -> bool:
    return " cannot " in sentence.flat or " not be " in sentence.flat


def _measured(finding: Finding, said: Sequence[Sentence]) -> set[str]:
    """Measures of which a sentence gives one of the finding's own numbers, or that it calls low or high."""
    held = {n.value for s in read(finding.reason) for n in numbers_of(s)}
    held |= {float(v) for v in finding.values.values() if isinstance(v, int | float) and not isinstance(v, bool)}
    given = {n.measure for s in said for n in numbers_of(s) if n.measure and n.value in held}
    for sentence in said:
        for mention in sentence.mentions:
            affirmed = mention.stance is Stance.AFFIRMED and mention.term.kind == "measure"
            if affirmed and direction_said(mention, sentence) in {"low", "high"}:
                given.add(mention.term.id)
    return {a for m in given for a in ancestry(m)}


def _overlap(title: str, said: Sequence[Sentence], *, plain: bool) -> float:
    """Share of the title's content words that the draft affirms; with `plain` its plain words count too."""
    affirmed = {
        tok.stem for s in said for tok, stance in zip(s.tokens, s.stances, strict=True) if stance is Stance.AFFIRMED
    }
    words = [t.stem for s in read(title) for t in s.tokens if t.is_word]
    content = [w for w in words if w not in FUNCTION_WORDS and (plain or w not in NEUTRAL_WORDS)] or words
    return sum(w in affirmed for w in content) / len(content) if content else 1.0


CHECK = Check(
    id="emergencies",
    title="Recognises every emergency that the floor found",
    why="A reader who sees only the draft must not miss what a rule established. Every finding of High or Critical "
    "has to be named in the priority reason, a key concern or the assessment, by any of its synonyms. Vital signs are "
    "one emergency, named by the gravest of them or by their score.",
    faults={"missed": "the draft does not speak of every urgent finding"},
    find=find,
)
