"""Check: every sentence of the draft rests on a cited, retrieved passage or on a fact of the case or of a finding.

The method, sentence by sentence:

1. *Numbers.* Each number must stand in the evidence with the same value (to the places written), of the same measure,
   in the same unit. A bound ("above 110") must hold for the case's own value, or be a cited threshold in a sentence
   that supposes.
2. *Clinical terms* (synonyms are one term, a particular term supports a general one). A symptom, sign or history must
   be affirmed by the case or a finding; a condition that is hedged, and a test, may also rest on a cited passage. A
   denial needs a denial: "denies chest pain" does not support "chest pain", nor the reverse. A term that no evidence
   names is unsupported. A relative's illness is not the patient's.
3. *Low, high, normal* of a measure must agree with the measured value.
4. *Words that turn a meaning* ("severe", "left", "chronic", "stable"), parts of the body that are none but themselves
   and what a result is of ("positive nitrite") must stand in the evidence; a word that the case only denies may not
   be affirmed. What a test showed needs a test that was made.
5. *Cause.* An unhedged "X due to Y" needs one piece of evidence that names both.
6. *Coverage.* Of the remaining content words and the terms together, at least `COVERAGE` must be in the evidence.
   Function words and the plain vocabulary of triage notes do not count. Where a `similarity` is given, a sentence
   below that passes if its likeness to one piece of evidence is at least `LIKENESS`; nothing else is forgiven.

A whole sentence of advice may be quoted, word for word, from a cited passage ("Trouble breathing needs help at once.").

A question claims nothing, so only its numbers are held to the evidence, and its terms where it presupposes them
("When did the chest pain start?"). It must be one that is put to a patient: of its content words and terms, at least
`COVERAGE` must be clinical, of history taking, or in the evidence. One unsupported sentence withholds the draft whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from cds_service.safety.check import ASSESSMENT, CONCERN, QUESTION, Check, CheckInput
from cds_service.safety.direction import DIRECTIONS, direction_said
from cds_service.safety.english import INTERVIEW_WORDS, MANDATORY_WORDS, NEUTRAL_WORDS
from cds_service.safety.evidence import Evidence, Item
from cds_service.safety.lexicon import ancestry
from cds_service.safety.medicines import ANY, medicines_in, same_medicine
from cds_service.safety.numbers import ADULT_RANGES, Number, numbers_of, related, unit_of
from cds_service.safety.reading import Mention, Sentence, Stance
from cds_service.safety.words import FUNCTION_WORDS, stem, stem_set

COVERAGE = 0.6
LIKENESS = 0.6
QUOTE_WORDS = 4

_PRESUMES = re.compile(r" (?:when|how|where|why|since|again|still|worse|the same|your|more) ")
_LINKS = re.compile(
    r" (?:due to|caused by|because of|secondary to|result of|resulting from|owing to|explained by|explains|causes|"
    r"causing) "
)
_ADVISES = re.compile(r" (?:needs?|helps?|return) ")
_RESULT = re.compile(
    r"(?:shows?|showed|reveals?|revealed|demonstrates?|demonstrated|found|grew|(?:is|was|are|were|came back)"
    r"(?: \w+)? (?:normal|abnormal|negative|positive|clear|high|low)) "
)
_RESULT_WORDS = frozenset({"positive", "negative", "raised", "elevated", "abnormal"})
_PAIRED = stem_set("leg arm lung side")
NO_CONTENT = FUNCTION_WORDS | NEUTRAL_WORDS
SIDES = frozenset({"left", "right", "bilateral"})
SITES = stem_set(
    "ankle calf calves elbow eye ear finger foot feet hand heel hip jaw knee shin shoulder thigh thumb toe tooth wrist"
)
"""Parts of the body that are none but themselves: a draft may not speak of one that the evidence does not name."""
UNIT_LETTERS = frozenset({"mmol", "umol", "mol", "meq", "mg", "mcg", "g", "kg", "l", "dl", "ml", "mm", "hg", "c", "f"})
WORSE = stem("worse")
_SAME = {stem(w): WORSE for w in ("worsening", "worsens", "deteriorated", "deteriorating")}
_CHART_KINDS = frozenset({"symptom", "sign", "history", "person"})


@dataclass(frozen=True, kw_only=True)
class Support:
    """How one sentence is supported: the first fault, and the share of its content that the evidence holds."""

    field: str
    fault: str | None
    share: float


def supports(inp: CheckInput) -> tuple[Support, ...]:
    """The support of every sentence of the draft, in order."""
    found = []
    for sentence in inp.sentences:
        fault, share = _hard_fault(sentence, inp.evidence), _share(sentence, inp.evidence)
        if fault is None and not sentence.is_question and share < COVERAGE and not _alike(sentence, inp):
            fault = "unsupported"
        found.append(Support(field=sentence.field, fault=fault, share=share))
    return tuple(found)


def find(inp: CheckInput) -> str | None:
    """The first fault found; ``empty`` when nothing in the assessment rests on any evidence."""
    for support in supports(inp):
        if support.fault:
            return support.fault
    return None if any(_anchored(s, inp.evidence) for s in inp.sentences if s.field == ASSESSMENT) else "empty"


def support_share(inp: CheckInput) -> float:
    """Mean share over the sentences that claim something, in [0, 1]; the confidence uses it."""
    shares = [s.share for s in supports(inp) if s.field != QUESTION]
    return sum(shares) / len(shares) if shares else 0.0


def _hard_fault(sentence: Sentence, evidence: Evidence) -> str | None:
    if _quotes_passage(sentence, evidence):
        return None
    if any(not _number_holds(n, evidence) for n in numbers_of(sentence)):
        return "number"
    if sentence.is_question and sentence.field != QUESTION:
        return "question"
    if sentence.field == QUESTION and not _is_history_taking(sentence, evidence):
        return "off-topic"
    if not sentence.is_question or _PRESUMES.search(sentence.flat):
        for mention in sentence.mentions:
            fault = _term_fault(mention, sentence, evidence)
            if fault:
                return fault
    return None if sentence.is_question else _claim_fault(sentence, evidence)


def _claim_fault(sentence: Sentence, evidence: Evidence) -> str | None:
    """What is wrong with a sentence that claims something, beyond its numbers and terms."""
    if not all(
        m.id == ANY or same_medicine(m, evidence.medicines) or _cited_medicine(m.id, evidence)
        for m in medicines_in(sentence.tokens)
    ):
        return "term"
    if not _directions_hold(sentence, evidence):
        return "direction"
    if not _turning_words_hold(sentence, evidence) or not _neighbours_hold(sentence, evidence):
        return "turning-word"
    if any(s is Stance.AFFIRMED and _only_denied(w, evidence) for w, s in _content(sentence)):
        return "negation"
    return None if _cause_holds(sentence, evidence) else "cause"


def _quotes_passage(sentence: Sentence, evidence: Evidence) -> bool:
    """Whether the sentence is a whole sentence of a cited passage, word for word, that advises and states no fact."""
    if not _ADVISES.search(sentence.flat):
        return False
    words = [t.word for t in sentence.tokens if t.word[0].isalnum()]
    return len(words) >= QUOTE_WORDS and any(
        words == [t.word for t in told.tokens if t.word[0].isalnum()]
        for item in evidence.items
        if item.kind == "passage"
        for told in item.sentences
    )


# -- numbers ------------------------------------------------------------------------------------------------------
def _number_holds(number: Number, evidence: Evidence) -> bool:
    if number.bound and number.measure:
        held = [n for n in evidence.chart_numbers() if n.measure and related(number.measure, n.measure) and not n.bound
                and (n.unit is None or number.unit in (None, n.unit))]  # fmt: skip
        if held and not number.supposed:
            return any(number.holds_for(n.value) for n in held)
    if any(_same(number, n) for n in evidence.chart_numbers()):
        return True
    general = number.supposed or number.measure is None or number.bound is not None
    return general and any(_same(number, n) for n in evidence.passage_numbers())


def _same(claim: Number, held: Number) -> bool:
    if claim.measure is None and held.measure is not None and claim.unit != held.unit and claim.unit is not None:
        return False
    return claim.agrees(held)


# -- terms --------------------------------------------------------------------------------------------------------
def _term_fault(mention: Mention, sentence: Sentence, evidence: Evidence) -> str | None:
    term = mention.term
    if mention.stance is Stance.OTHER_PERSON:
        told = evidence.chart.get(term.id, ())
        return None if Stance.OTHER_PERSON in told else "term"
    if term.kind == "measure":
        named = evidence.chart.get(term.id) or term.id in evidence.cited or term.id in _measures(evidence)
        return None if named else "term"
    if mention.stance is Stance.NEGATED:
        return _denied_fault(mention, evidence)
    if term.kind == "test" and _gives_result(mention, sentence):
        return None if evidence.affirms(term.id) else "term"
    if mention.stance is Stance.SUPPOSED or term.kind == "test":
        return None if _anywhere(term.id, evidence) else "term"
    if evidence.affirms(term.id):
        return None
    if Stance.NEGATED in evidence.chart.get(term.id, ()):
        return "negation"
    hedged = mention.hedged or sentence.field == CONCERN
    return None if term.kind not in _CHART_KINDS and hedged and term.id in evidence.cited else "term"


def _gives_result(mention: Mention, sentence: Sentence) -> bool:
    """Whether the sentence tells what a test showed, which only a test that was made can."""
    after = " ".join(t.word for t in sentence.tokens[mention.end :]) + " "
    before = sentence.tokens[mention.start - 1].word if mention.start else ""
    return bool(_RESULT.match(after)) or before in _RESULT_WORDS | {"normal", "clear"}


def _denied_fault(mention: Mention, evidence: Evidence) -> str | None:
    if evidence.denies(mention.term.id):
        return None
    if evidence.affirms(mention.term.id):
        return "negation"
    doubted = mention.hedged and mention.term.kind == "condition"
    return None if doubted and _anywhere(mention.term.id, evidence) else "term"


def _anywhere(term: str, evidence: Evidence) -> bool:
    return term in evidence.chart or term in evidence.cited


def _measures(evidence: Evidence) -> set[str]:
    return {a for n in evidence.chart_numbers() if n.measure for a in ancestry(n.measure)}


def _cited_medicine(medicine: str, evidence: Evidence) -> bool:
    """Whether a cited passage, or a finding in its own words, names the medicine ("opioid or drug toxicity")."""
    return any(medicine in item.medicines for item in evidence.items if item.kind in {"passage", "finding"})


# -- directions ---------------------------------------------------------------------------------------------------
def _directions_hold(sentence: Sentence, evidence: Evidence) -> bool:
    return all(_direction_holds(m, sentence, evidence) for m in sentence.mentions if m.term.kind == "measure")


def _direction_holds(mention: Mention, sentence: Sentence, evidence: Evidence) -> bool:
    """Whether each "low", "high" or "normal" beside a measure agrees with its value in the case."""
    said = direction_said(mention, sentence)
    if said is None or mention.stance in (Stance.SUPPOSED, Stance.NEGATED):
        return True
    values = [n for n in evidence.chart_numbers() if related(mention.term.id, n.measure) and n.measure and not n.bound]
    judged = [
        known.direction(n.value) == said
        for known in ADULT_RANGES
        for n in values
        if known.measure == n.measure and n.unit in (None, known.unit)
    ]
    if judged and evidence.adult:
        return any(judged)
    if said == "high" and any(
        mention.term.id == t for i in evidence.items if i.kind == "finding" for t, _ in i.stances()
    ):
        return True  # a rule fired on it, and no rule of ours fires on a score that is low
    word = next((t.stem for t in sentence.tokens if DIRECTIONS.get(t.word) == said), "")
    return word in evidence.words or word in evidence.cited_words


# -- words that turn a meaning, causes, coverage ------------------------------------------------------------------
def _turning_words_hold(sentence: Sentence, evidence: Evidence) -> bool:
    inside = {i for m in sentence.mentions for i in range(m.start, m.end)}
    measured = any(m.term.kind == "measure" for m in sentence.mentions)
    for i, tok in enumerate(sentence.tokens):
        named = i in inside and tok.word not in SIDES
        turning = tok.stem in MANDATORY_WORDS or (tok.stem in SITES and sentence.stances[i] is Stance.AFFIRMED)
        if named or not turning or sentence.stances[i] is Stance.SUPPOSED:
            continue
        if measured and tok.word in DIRECTIONS:
            continue
        if not _word_held(tok.stem, sentence.stances[i], evidence):
            return False
    return True


def _neighbours_hold(sentence: Sentence, evidence: Evidence) -> bool:
    """A result ("positive nitrite") and a pair ("both calves") need what they speak of in the evidence."""
    known = evidence.words.keys() | evidence.cited_words
    for first, second in pairwise(sentence.tokens):
        if first.word in _RESULT_WORDS and second.is_word and second.stem not in known | NO_CONTENT:
            return False
        if first.word == "both" and second.stem in SITES | _PAIRED and not known & {"both", "bilateral"}:
            return False
    return True


def _only_denied(word: str, evidence: Evidence) -> bool:
    """Whether the case names a word, and only to deny it ("no blisters")."""
    return evidence.words.get(word) == frozenset({Stance.NEGATED})


def _word_held(word: str, stance: Stance, evidence: Evidence) -> bool:
    word = _SAME.get(word, word)
    held = evidence.words.get(word, frozenset())
    if word == WORSE:
        held |= evidence.words.get("worsen", frozenset())
    wanted = Stance.NEGATED if stance is Stance.NEGATED else Stance.AFFIRMED
    return wanted in held or (word in evidence.cited_words and not held)


def _cause_holds(sentence: Sentence, evidence: Evidence) -> bool:
    link = _LINKS.search(sentence.flat)
    terms = [m for m in sentence.mentions if m.term.kind not in {"measure", "test", "person"}]
    if not link or len(terms) < 2:
        return True
    before = len(sentence.flat[: link.start()].split())
    causes = [m for m in terms if m.start >= before]
    effects = [m for m in terms if m.start < before]
    if not causes or not effects or causes[0].hedged:
        return True
    return any(_names_both(item, effects[-1], causes[0]) for item in evidence.items)


def _names_both(item: Item, effect: Mention, cause: Mention) -> bool:
    held = {term for term, _ in item.stances()}
    return effect.term.id in held and cause.term.id in held


def _is_history_taking(sentence: Sentence, evidence: Evidence) -> bool:
    """Whether a text among the questions is one to ask a patient."""
    content = [word for word, _ in _content(sentence)]
    strange = [w for w in content if not (w in INTERVIEW_WORDS or w in MANDATORY_WORDS or w in evidence.words)]
    total = len(content) + len(sentence.mentions) + sum(1 for _ in medicines_in(sentence.tokens))
    return not strange or (total - len(strange)) / total >= COVERAGE


def _content(sentence: Sentence) -> list[tuple[str, Stance]]:
    """The content words outside terms and medicines, each with its stance."""
    inside = {i for m in sentence.mentions for i in range(m.start, m.end)}
    inside |= {i for m in medicines_in(sentence.tokens) for i in range(m.start, m.end)}
    return [
        (tok.stem, sentence.stances[i])
        for i, tok in enumerate(sentence.tokens)
        if i not in inside and tok.is_word and tok.stem not in NO_CONTENT and not _is_unit(tok.word)
    ]


def _is_unit(word: str) -> bool:
    return word in UNIT_LETTERS or unit_of(word) is not None


def _share(sentence: Sentence, evidence: Evidence) -> float:
    """Share of content words and terms that the evidence holds, 1 for a sentence without content."""
    content = _content(sentence)
    terms = [m for m in sentence.mentions if m.term.kind != "person"]
    held = sum(_word_held(w, s, evidence) or _word_held(w, Stance.AFFIRMED, evidence) for w, s in content)
    held += sum(_anywhere(m.term.id, evidence) or m.term.id in _measures(evidence) for m in terms)
    total = len(content) + len(terms)
    return held / total if total else 1.0


def _alike(sentence: Sentence, inp: CheckInput) -> bool:
    items = [item.text for item in inp.evidence.items if item.text]
    if inp.similarity is None or not items:
        return False
    return max(float(value) for value in inp.similarity([sentence.text], items)[0]) >= LIKENESS


def _anchored(sentence: Sentence, evidence: Evidence) -> bool:
    return any(_anywhere(m.term.id, evidence) or m.term.kind == "measure" for m in sentence.mentions) or any(
        t.stem in evidence.words and t.stem not in NO_CONTENT for t in sentence.tokens if t.is_word
    )


CHECK = Check(
    id="grounding",
    title="Rests every sentence on evidence",
    why="A fluent sentence without a source is the commonest fault of a language model. Every sentence must rest on "
    "the case, a finding or a cited passage; dropping one sentence can turn the meaning round, so one unsupported "
    f"sentence withholds the draft whole. Coverage threshold: {COVERAGE}; likeness threshold: {LIKENESS}.",
    faults={
        "number": "a number is not in the evidence in that sense",
        "term": "a clinical term is not supported by the evidence",
        "negation": "a text affirms what the evidence denies, or denies what it affirms",
        "direction": "a text calls a measure low, high or normal against its value",
        "turning-word": "a word that changes the meaning of a fact is not in the evidence",
        "cause": "a text states a cause that no single piece of evidence names",
        "unsupported": "a sentence is not covered by the evidence",
        "question": "a question stands where a statement belongs",
        "off-topic": "a question is none that is put to a patient",
        "empty": "nothing in the assessment rests on the evidence",
    },
    find=find,
)
