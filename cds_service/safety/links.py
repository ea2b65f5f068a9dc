"""Which evidence each sentence of an accepted draft rests on, for a reader who wants to check it.

The grounding check says whether a sentence is supported; this says by what. A piece of evidence counts for a sentence
by what they share: numbers that agree, clinical terms (broader ones included), then content words.
"""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.domain import Finding, Passage
from cds_service.safety.check import CheckInput
from cds_service.safety.evidence import Item
from cds_service.safety.grounding import NO_CONTENT, supports
from cds_service.safety.numbers import numbers_of
from cds_service.safety.reading import Sentence

MOST = 3
"""Most pieces of evidence named for one sentence."""

NUMBER, TERM, WORD = 3.0, 2.0, 0.5
"""What a shared number, term and word count."""

LEAST = 0.5
"""Share of the best piece's weight that a further piece needs."""


@dataclass(frozen=True, kw_only=True)
class Linked:
    """One sentence and what it rests on.

    `facts`: places in `DeidentifiedCase.facts`; `person`: age and sex. `share` of its content that the evidence holds.
    """

    field: str
    text: str
    share: float
    facts: tuple[int, ...] = ()
    person: bool = False
    findings: tuple[Finding, ...] = ()
    passages: tuple[Passage, ...] = ()


def links(inp: CheckInput) -> tuple[Linked, ...]:
    """Every sentence of the draft, in order, with its evidence."""
    return tuple(
        _linked(sentence, support.share, inp) for sentence, support in zip(inp.sentences, supports(inp), strict=True)
    )


def _linked(sentence: Sentence, share: float, inp: CheckInput) -> Linked:
    items = inp.evidence.items  # facts, then the person, then findings, then the passages cited (`evidence.gather`)
    weights = [_weight(sentence, item) for item in items]
    best = max(weights, default=0.0)
    ranked = sorted((n for n, w in enumerate(weights) if w > WORD and w >= LEAST * best), key=lambda n: -weights[n])
    chosen = ranked[:MOST]
    facts, findings = len(inp.case.facts), len(inp.findings)
    cited = [p for p in inp.passages if p.id in set(inp.draft.passages)]
    return Linked(
        field=sentence.field,
        text=sentence.text,
        share=share,
        facts=tuple(n for n in chosen if n < facts),
        person=facts in chosen,
        findings=tuple(inp.findings[n - facts - 1] for n in chosen if facts < n <= facts + findings),
        passages=tuple(cited[n - facts - findings - 1] for n in chosen if n > facts + findings),
    )


def _weight(sentence: Sentence, item: Item) -> float:
    numbers = sum(any(n.agrees(held) for held in item.numbers) for n in numbers_of(sentence))
    named = {term for term, _ in item.stances()}
    terms = sum(mention.term.id in named for mention in sentence.mentions)
    words = {t.stem for s in item.sentences for t in s.tokens}
    inside = {n for m in sentence.mentions for n in range(m.start, m.end)}
    shared = {t.stem for n, t in enumerate(sentence.tokens) if n not in inside and t.is_word} - NO_CONTENT
    return NUMBER * numbers + TERM * terms + WORD * len(shared & words)
