"""Check: the draft hedges; it states no diagnosis and no certainty above 80 %.

Words: "likely" stands for 55 to 80 %, "very likely" for 80 to 95 % and "almost certain" for more (Intelligence
Community Directive 203, Analytic Standards, 2015), so everything from "very likely" upwards is too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cds_service.safety.check import ASSESSMENT, CONCERN, REASON, Check, CheckInput
from cds_service.safety.english import NEUTRAL_WORDS
from cds_service.safety.evidence import Evidence
from cds_service.safety.lexicon import ancestry
from cds_service.safety.phrases import either, phrases
from cds_service.safety.reading import ASSERTIONS, Mention, Sentence, Stance
from cds_service.safety.words import FUNCTION_WORDS

MOST = 80.0

_HEDGE = phrases("certainty", "hedge")
_NOT_SO = r"(?<! not)(?<! un)(?<! never)(?<! cannot be)(?<! can not be)(?<! isn't)(?<! yet)(?<! without)(?<! no)"
_CERTAIN = re.compile(f"{_NOT_SO} {either('certainty', 'certain')} ")
_DIAGNOSIS = phrases("certainty", "diagnosis")
_EXCLUDED = phrases("certainty", "excluded")
_STILL_OPEN = re.compile(
    r"(?:not|cannot|can't|never|must|should|needs? to|has to|have to|until|unless|if|once|before|yet)"
    r"(?: \w+){0,3} (?:be |been )?(?:excluded|ruled out|exclude|rule out)| (?:until|unless|once|if) "
)
_SURE_WORD = phrases("certainty", "sure_word")
_PERCENT = re.compile(r" (\d+(?:\.\d+)?) (?:%|percent|per cent) ")
_IN = re.compile(r" (\d+(?:\.\d+)?|nine|ten|eight|ninety\w*) (?:in|out of|of|/) (10|100|ten|hundred|a hundred) ")
_DECIMAL = re.compile(
    r" (?:probability|likelihood|confidence|certainty|p)(?: \w+){0,2} (?:=|of|is|at)? ?(0?\.\d+|1\.0+) "
)
_SPELT_PERCENT = re.compile(
    r" (?:(?:eighty (?:one|two|three|four|five|six|seven|eight|nine))|ninety(?: \w+)?|(?:one |a )?hundred) "
    r"(?:percent|per cent|%) "
)
_BEYOND = re.compile(r"(?:above|over|more than|greater than|at least|>|≥|exceeds|exceeding) ?$")
_SPELT = {"eight": 8.0, "nine": 9.0, "ten": 10.0, "hundred": 100.0, "a hundred": 100.0, "ninety": 90.0}
_TELLS = re.compile(r"(?<! do)(?<! did)(?<! would) you have | your (?:diagnosis|condition) ")
"""What makes even a question tell a diagnosis; "do you have" asks."""
_MEASURED_PERCENT = {"spo2", "hba1c", "hematocrit", "ejection_fraction", "oxygen_delivery", "hypoxia", "peak_flow"}


def find(inp: CheckInput) -> str | None:
    """The first fault found."""
    if not any(_HEDGE.search(s.flat) for s in inp.sentences if s.field == ASSESSMENT):
        return "hedge"
    for sentence in inp.sentences:
        code = _words(sentence) or _figures(sentence) or _statement(sentence, inp.evidence)
        if code:
            return code
    return None


def _words(sentence: Sentence) -> str | None:
    if _CERTAIN.search(sentence.flat.replace(" , ", " ")):
        return "certain-words"
    if _EXCLUDED.search(sentence.flat) and not _STILL_OPEN.search(sentence.flat):
        return "excluded"
    return None


def _figures(sentence: Sentence) -> str | None:
    """Figures above 80 % in the sense of a likelihood. A percentage of something measured is none."""
    flat = sentence.flat
    sure = bool(_SURE_WORD.search(flat))
    conditions = [m for m in sentence.mentions if m.term.kind == "condition"]
    measured = any(m.term.id in _MEASURED_PERCENT for m in sentence.mentions)
    for match in _PERCENT.finditer(flat):
        beyond = bool(_BEYOND.search(flat[: match.start()].rstrip()))
        if float(match[1]) > MOST or (beyond and float(match[1]) >= MOST):
            near = flat[max(0, match.start() - 40) : match.end() + 40]
            if _SURE_WORD.search(near) and not (measured and _measure_near(near)):
                return "certain-figures"
            if conditions and not measured:
                return "certain-figures"
    scored = any(m.term.kind == "symptom" or m.term.id == "pain_score" for m in sentence.mentions) and not sure
    for match in _IN.finditer(flat):
        top = _SPELT.get(match[1].split()[0]) or float(re.sub(r"\D", "", match[1]) or 90)
        share = 100 * top / (_SPELT.get(match[2]) or float(match[2]))
        if share > MOST and not scored and (sure or conditions):
            return "certain-figures"
    decimal = _DECIMAL.search(flat)
    if decimal and float(decimal[1]) * 100 > MOST:
        return "certain-figures"
    return "certain-figures" if _SPELT_PERCENT.search(flat) and not measured else None


def _measure_near(text: str) -> bool:
    return bool(re.search(r" (?:saturations?|spo2|sats|oxygen|hba1c|ejection|haematocrit|hematocrit|peak flow) ", text))


def _statement(sentence: Sentence, evidence: Evidence) -> str | None:
    """A diagnosis said as a fact: by its phrasing, or by naming a condition without a hedge."""
    if sentence.is_question and not _TELLS.search(sentence.flat):
        return None
    known = [m for m in sentence.mentions if m.term.kind == "condition" and _known(m, evidence)]
    phrase = _DIAGNOSIS.search(sentence.flat)
    if phrase and not (known and "you" not in phrase[0].split()):
        return "diagnosis"
    for mention in sentence.mentions:
        if mention.term.kind == "condition" and not mention.hedged and not _known(mention, evidence):
            if mention.stance is Stance.NEGATED:
                return None if evidence.denies(mention.term.id) or sentence.field != ASSESSMENT else "excluded"
            if mention.stance is Stance.AFFIRMED and _stated(sentence):
                return "diagnosis"
    return "diagnosis" if _unlisted(sentence, evidence) else None


def _known(mention: Mention, evidence: Evidence) -> bool:
    """Whether the case already lists the condition, or a more particular one, as the patient's own."""
    return mention.term.id in evidence.problems or any(
        mention.term.id in ancestry(problem) for problem in evidence.problems
    )


def _stated(sentence: Sentence) -> bool:
    """In a key concern a bare name is a concern; a verb makes it a statement."""
    if sentence.field != CONCERN:
        return True
    words = {t.word for t in sentence.tokens}
    return bool(words & (ASSERTIONS - {"was"})) or {"confirmed", "present"} & words != set()


_NAMING = phrases("certainty", "naming")
_SOFT = phrases("certainty", "soft")


def _unlisted(sentence: Sentence, evidence: Evidence) -> bool:
    """``the patient has X`` or ``this is X`` where neither the clinical words nor the evidence know X."""
    match = _NAMING.search(sentence.flat)
    if not match or sentence.mentions or sentence.field not in {ASSESSMENT, REASON} or _SOFT.search(sentence.flat):
        return False
    return _all_unknown(sentence, match.end(), evidence)


def _all_unknown(sentence: Sentence, start: int, evidence: Evidence) -> bool:
    rest = set(sentence.flat[start:].split())
    after: Iterable[str] = [t.stem for t in sentence.tokens if t.word in rest and t.is_word][:4]
    content = [s for s in after if s not in FUNCTION_WORDS and s not in NEUTRAL_WORDS]
    return bool(content) and not any(s in evidence.words for s in content)


CHECK = Check(
    id="certainty",
    title="Hedges, and states no diagnosis",
    why="A preliminary assessment may raise a possibility; only a clinician makes a diagnosis. The assessment must "
    "hedge, no text may state a diagnosis that the chart does not already hold, and no word or figure may claim more "
    "than 80 % certainty, for or against.",
    faults={
        "hedge": "the assessment has no hedging word",
        "certain-words": "a text claims certainty in words",
        "certain-figures": "a text claims more than 80 % certainty in figures",
        "excluded": "a text says that a condition is excluded",
        "diagnosis": "a text states a diagnosis as a fact",
    },
    find=find,
)
