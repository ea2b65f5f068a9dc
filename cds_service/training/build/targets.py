"""What a model should have written about a case: the text it is tuned on, made of the case and its authored gold.

A target says no more than the prompt shows. The suspected condition is named only where a shown passage, a finding or
the chart names it too; a number only as it is shown; every urgent finding is named; and a target that the safety checks
would withhold is no target. So tuning teaches what the checks ask for, and nothing that they would have to catch.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cds_service.assessor import AssessmentTask, check_input
from cds_service.domain import Draft, Finding, FindingKind, Priority, floor_of, to_be_named
from cds_service.inference.contract import (
    MAX_ASSESSMENT,
    MAX_CONCERN,
    MAX_ITEMS,
    MAX_QUESTION,
    MAX_REASON,
    ContractBroken,
    Encoding,
    Offers,
    encode,
)
from cds_service.inference.offers import actions, age_years
from cds_service.inference.prompt import Prompt, said_title
from cds_service.inference.style import Style
from cds_service.inference.words import cut
from cds_service.safety.citing import cited
from cds_service.safety.lexicon import TERMS, ancestry
from cds_service.safety.numbers import ADULT_RANGES, Number, numbers_of
from cds_service.safety.reading import Stance, read
from cds_service.safety.verdict import examine
from cds_service.settings import Setting

ADULT = 16
_RANGES = {known.measure: known for known in ADULT_RANGES}

_NEXT: dict[tuple[Setting, Priority], tuple[str, ...]] = {
    (Setting.FAMILY_PRACTICE, Priority.CRITICAL): (
        "Emergency response is needed now.",
        "Call 911 and keep a clinician at the bedside now.",
    ),
    (Setting.FAMILY_PRACTICE, Priority.HIGH): (
        "A physician should see the patient urgently, in this visit.",
        "Urgent physician assessment is needed today.",
    ),
    (Setting.ED, Priority.CRITICAL): (
        "A clinician is needed at the bedside now.",
        "Immediate assessment in the resuscitation area is needed now.",
    ),
    (Setting.ED, Priority.HIGH): (
        "A physician should see the patient within 15 minutes.",
        "Urgent physician assessment is needed within 15 minutes.",
    ),
}
_SAME_DAY = ("A clinician should assess the patient today.", "Assessment by a clinician today is advised.")
_ROUTINE = (
    "Review and advice in this visit may be enough.",
    "Advice may be enough, with help at once if symptoms worsen.",
)
_LINK = ("is concerning for", "may point to", "raises concern for")
_ALONE_LOW = ("Possible causes of {} need review in this visit.", "The likely course of {} needs review in this visit.")
_ALONE = ("{} may have a serious cause.", "Possible causes of {} need assessment.")


@dataclass(frozen=True, kw_only=True)
class Gold:
    """What the author of a case gave it. `concern`: hedged words for the suspected condition, empty for none."""

    priority: Priority
    concern: str = ""
    questions: tuple[str, ...] = ()


def write_target(
    task: AssessmentTask, prompt: Prompt, offers: Offers, gold: Gold, *, setting: Setting, style: Style, seed: str
) -> Draft | None:
    """The fullest draft about `task` that the safety checks let pass; None where none does.

    `seed` chooses among equal wordings. The priority is the gold's, or the floor where that is higher.
    """
    rng = random.Random(seed)  # noqa: S311 - wording, not secrecy
    for draft in _drafts(task, prompt, offers, gold, setting, rng):
        try:
            encode(draft, offers, Encoding.JSON)
        except ContractBroken:
            continue
        if examine(check_input(task, draft, offers, style)).passed:
            return draft
    return None


def _drafts(
    task: AssessmentTask, prompt: Prompt, offers: Offers, gold: Gold, setting: Setting, rng: random.Random
) -> Iterator[Draft]:
    """Drafts from the fullest to the barest."""
    floor = floor_of(task.findings)
    wanted = max(floor, gold.priority)
    priority = wanted if wanted in offers.priorities else floor
    urgent = _urgent(task.findings)
    symptoms = _symptoms(prompt)
    concern = _concern(gold.concern, prompt)
    next_step = rng.choice(_step(setting, priority))
    link, alone = rng.choice(_LINK), rng.choice(_ALONE if priority > Priority.LOW else _ALONE_LOW)
    subjects = list(_subjects(symptoms, urgent, task.findings, _abnormal(task, prompt)))
    clause = _clause(prompt)
    subjects += [(clause, clause)] if clause else []
    for bare, subject in subjects:
        for named in (concern, "") if concern else ("",):
            opening = f"{_upper(subject)} {link} {named}." if named else _upper(alone.format(subject))
            reason, told = _reason(bare, urgent, priority)
            for asked in [*_questions(gold, named, symptoms, rng)[:4], None]:
                yield Draft(
                    priority=priority,
                    priority_reason=reason,
                    key_concerns=_concerns(named, urgent, told, symptoms),
                    risk_factors=offers.risk_factors[:MAX_ITEMS],
                    actions=_actions(offers, priority, setting),
                    questions=(asked,) if asked else (),
                    assessment=cut(f"{opening} {next_step}", MAX_ASSESSMENT),
                    passages=cited(named or subject, offers.passages, task.passages),
                )


def _urgent(findings: Sequence[Finding]) -> list[str]:
    """Titles of the findings that a draft has to name, in the characters that it has."""
    return list(dict.fromkeys(said_title(f) for f in to_be_named(findings)))


def _shown(prompt: Prompt, *labels: str) -> str:
    lines = (line.partition(": ") for line in prompt.case.splitlines())
    return " ; ".join(text for label, _, text in lines if label in labels)


def _symptoms(prompt: Prompt) -> list[str]:
    """What the shown complaint affirms, in its own words, at most three."""
    found: dict[str, str] = {}
    for sentence in read(_shown(prompt, "Complaint", "Reported").replace(" ; ", ". ")):
        for mention in sentence.mentions:
            told = mention.known and mention.stance is Stance.AFFIRMED
            words = " ".join(t.word for t in sentence.tokens[mention.start : mention.end])
            if told and mention.term.kind in {"symptom", "sign"} and _is_noun(words):
                found.setdefault(mention.term.id, words)
    narrow = [t for t in found if not any(t != other and t in ancestry(other) for other in found)]
    return [found[t] for t in narrow[:3]]


_NO_NOUNS = frozenset({
    "sore", "sick", "weak", "numb", "hot", "cold", "faint", "suicidal", "worse", "bleed", "ache", "hurts", "stiff",
    "dull",
})  # fmt: skip


def _is_noun(words: str) -> bool:
    """Whether words for a symptom can be the subject of a sentence, as near as their endings tell."""
    adjective = words in _NO_NOUNS or words.endswith(("y", "ed", "en", "ish"))
    return len(words) >= 4 and (" " in words or not adjective)


def _clause(prompt: Prompt) -> str:
    """The first clause of the complaint in its own words."""
    told = re.split(r"[.;?!]", _shown(prompt, "Complaint"))[0].split(", ")
    words = told[0] if len(told[0]) >= 12 or len(told) < 2 else ", ".join(told[:2])
    words = re.sub(r"[^A-Za-z0-9 ,.'/%+-]", " ", cut(words, 60))
    return f"the complaint ({' '.join(words.split())})" if len(words.split()) > 1 else ""


def _concern(concern: str, prompt: Prompt) -> str:
    """The concern if what the prompt shows names its condition or a more particular one, else empty."""
    wanted = {m.term.id for s in read(concern) for m in s.mentions if m.term.kind == "condition"}
    if not wanted:
        return ""
    shown = _shown(prompt, "Passages", "Risks", "Complaint", "Reported") + " ; " + _shown(prompt, "Rules")
    named = {t for s in read(shown) for m in s.mentions if m.term.id in TERMS for t in ancestry(m.term.id)}
    plain = re.sub(
        r"^(?:possible|concern(?:ing)? for|suspected) ", "", concern.strip().rstrip("."), flags=re.IGNORECASE
    )
    return f"possible {plain}" if wanted <= named else ""


def _subjects(
    symptoms: Sequence[str], urgent: Sequence[str], findings: Sequence[Finding], abnormal: str
) -> Iterator[tuple[str, str]]:
    """What the assessment speaks of, the fullest first: in words alone, and with an abnormal vital sign."""
    bare = [_listed(symptoms), symptoms[0]] if symptoms else []
    bare += [_listed([_lower(title) for title in urgent[:2]]), _lower(urgent[0])] if urgent else []
    bare += [_lower(said_title(f)) for f in findings if f.kind is FindingKind.TRIAGE and f.priority > Priority.LOW]
    for words in dict.fromkeys(bare):
        if abnormal:
            yield words, f"{words} with {abnormal}"
        yield words, words


def _abnormal(task: AssessmentTask, prompt: Prompt) -> str:
    """The first vital sign of the prompt that lies outside the range of adults, as it is shown; empty for none."""
    years = age_years(task.case.age)
    if years is None or years < ADULT or task.case.pregnant:
        return ""
    recent = (shown for shown in _shown(prompt, "Vitals").split("; ") if "(" not in shown)
    return next((shown for shown in recent if any(_outside(n) for s in read(shown) for n in numbers_of(s))), "")


def _outside(number: Number) -> bool:
    bounds = _RANGES.get(number.measure or "")
    return bounds is not None and not bounds.low <= number.value <= bounds.high


def _reason(subject: str, urgent: Sequence[str], priority: Priority) -> tuple[str, int]:
    """The reason of the priority, and how many of the urgent findings it names."""
    for count in range(len(urgent), 0, -1):
        text = f"Concern for {_listed([_lower(t) for t in urgent[:count]])}."
        if len(text) <= MAX_REASON:
            return text, count
    if priority >= Priority.HIGH:
        words = "may need urgent care beyond the rules"
    elif priority is Priority.MEDIUM:
        words = "should be assessed the same day"
    else:
        words = "and no urgent finding of the rules"
    return cut(f"{_upper(subject)} {words}", MAX_REASON - 1) + ".", 0


def _concerns(named: str, urgent: Sequence[str], told: int, symptoms: Sequence[str]) -> tuple[str, ...]:
    """The suspected condition, then the urgent findings that the reason had no room for, or else the gravest."""
    texts = [_upper(named)] if named else []
    texts += [cut(title, MAX_CONCERN) for title in (urgent[told:] or urgent[:1])]
    texts += [_upper(s) for s in symptoms if not urgent and not named]
    return tuple(dict.fromkeys(t for t in texts if len(t) >= 5))[:MAX_ITEMS]


_ASKED = ("When did the {} start?", "Did the {} get worse?", "What makes the {} better or worse?")
_ASKED_BARE = ("When did this start?", "Is it getting worse?")


def _questions(gold: Gold, named: str, symptoms: Sequence[str], rng: random.Random) -> list[str]:
    """What to ask, best first: the author's own where the suspected condition is named, else of the first symptom."""
    own = [q for q in gold.questions if len(q) <= MAX_QUESTION]
    rng.shuffle(own)
    general = [q.format(symptoms[0]) for q in _ASKED] if symptoms else list(_ASKED_BARE)
    rng.shuffle(general)
    return [*own, *general] if named else [*general, *own]


def _actions(offers: Offers, priority: Priority, setting: Setting) -> tuple[str, ...]:
    """The place that fits the priority best, then what else is called for, at most three."""
    known = {a.text: a for a in actions()}
    fitting = [t for t in offers.actions if known[t].where and known[t].fits(priority, setting)]
    fitting.sort(key=lambda t: known[t].away_from(priority))
    others = [t for t in offers.actions if not known[t].where]
    return tuple([*fitting[:1], *others][:MAX_ITEMS])


def _step(setting: Setting, priority: Priority) -> tuple[str, ...]:
    if priority is Priority.MEDIUM:
        return _SAME_DAY
    return _ROUTINE if priority is Priority.LOW else _NEXT[setting, priority]


def _listed(texts: Sequence[str]) -> str:
    if len(texts) < 2:
        return "".join(texts)
    return ", ".join(texts[:-1]) + f" and {texts[-1]}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    """`text` without its capital, unless it is an abbreviation."""
    return text if text[1:2].isupper() or text[1:2].isdigit() else text[:1].lower() + text[1:]
