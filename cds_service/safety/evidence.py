"""What a draft may rest on: the facts of the case, the findings, and the passages it cites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Finding, Passage, Priority
from cds_service.safety.lexicon import TERM_PHRASES, TERMS, ancestry
from cds_service.safety.medicines import medicines_in
from cds_service.safety.numbers import ADULT_RANGES, Number, numbers_of, unit_of
from cds_service.safety.reading import Sentence, Stance, read
from cds_service.safety.words import tokens

ADULT_YEARS = 16
_YES = re.compile(r"\s*(?:yes|true|y)\b", re.IGNORECASE)
_NO = re.compile(r"\s*(?:no|none|never|false|n)\b", re.IGNORECASE)
_OPEN = re.compile(r"\s*(?:what|when|how|where|why|which|since)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One piece of evidence. `kind`: fact, person, finding or passage. `signs` are those its number establishes."""

    kind: str
    sentences: tuple[Sentence, ...]
    numbers: tuple[Number, ...] = ()
    signs: Mapping[str, Stance]
    medicines: frozenset[str] = frozenset()

    def stances(self) -> Iterator[tuple[str, Stance]]:
        """(term, stance) of everything it names, broader terms included when affirmed."""
        for sentence in self.sentences:
            for mention in sentence.mentions:
                yield from _with_broader(mention.term.id, mention.stance)
        for sign, stance in self.signs.items():
            yield from _with_broader(sign, stance)

    @property
    def text(self) -> str:
        """Its words."""
        return " ".join(s.text for s in self.sentences)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All evidence of one draft, indexed. ``chart`` holds case and findings, ``all`` also the cited passages."""

    items: tuple[Item, ...]
    chart: Mapping[str, frozenset[Stance]]
    cited: frozenset[str]
    words: Mapping[str, frozenset[Stance]]
    cited_words: frozenset[str]
    medicines: frozenset[str]
    problems: frozenset[str]
    adult: bool

    def chart_numbers(self) -> Iterator[Number]:
        """Numbers of the case and the findings."""
        return (n for item in self.items if item.kind != "passage" for n in item.numbers)

    def passage_numbers(self) -> Iterator[Number]:
        """Numbers of the cited passages."""
        return (n for item in self.items if item.kind == "passage" for n in item.numbers)

    def affirms(self, term: str) -> bool:
        """Whether the case or a finding affirms a term (or a more particular one)."""
        return Stance.AFFIRMED in self.chart.get(term, ())

    def denies(self, term: str) -> bool:
        """Whether the case denies a term, or a broader one, and nothing in it affirms the term."""
        denied = any(Stance.NEGATED in self.chart.get(t, ()) for t in ancestry(term))
        return denied and not self.affirms(term)


def gather(case: DeidentifiedCase, findings: Sequence[Finding], passages: Iterable[Passage]) -> Evidence:
    """The evidence of a draft that cites `passages`."""
    adult = _adult(case.age)
    items = [*(_fact(f, adult) for f in case.facts), _person(case), *map(_finding, findings), *map(_passage, passages)]
    chart: dict[str, set[Stance]] = {}
    words: dict[str, set[Stance]] = {}
    cited: set[str] = set()
    cited_words: set[str] = set()
    for item in items:
        for term, stance in item.stances():
            cited.add(term) if item.kind == "passage" else chart.setdefault(term, set()).add(stance)
        for sentence in item.sentences:
            for token, stance in zip(sentence.tokens, sentence.stances, strict=True):
                cited_words.add(token.stem) if item.kind == "passage" else words.setdefault(token.stem, set()).add(
                    stance
                )
    problems = [_fact(f, adult) for f in case.of_kind("problem", "allergy", "medication")]
    return Evidence(
        items=tuple(items),
        chart={k: frozenset(v) for k, v in chart.items()},
        cited=frozenset(cited),
        words={k: frozenset(v) for k, v in words.items()},
        cited_words=frozenset(cited_words),
        medicines=frozenset(m for item in items if item.kind != "passage" for m in item.medicines),
        problems=frozenset(t for item in problems for t, stance in item.stances() if stance is Stance.AFFIRMED),
        adult=adult,
    )


def _with_broader(term: str, stance: Stance) -> Iterator[tuple[str, Stance]]:
    yield term, stance
    if stance is Stance.AFFIRMED:
        for broader in ancestry(term):
            yield broader, stance


def _adult(age: str | None) -> bool:
    match = re.match(r"\s*(\d+)", age or "")
    return bool(match and "month" not in (age or "") and int(match.group(1)) >= ADULT_YEARS)


def measure_of(name: str) -> str | None:
    """The measure that a fact or value is named for."""
    plain = re.sub(r"[_-]", " ", name)
    found = [term for _, _, term in TERM_PHRASES.find(tokens(plain)) if TERMS[term].kind == "measure"]
    return found[0] if found else None


def _fact(fact: DeidentifiedFact, adult: bool) -> Item:
    name = re.sub(r"(?<=[a-z])[_](?=[a-z])", " ", fact.name)
    read_parts = _intake(name, fact.text) if fact.kind == "intake" else _told(fact.kind, name, fact.text)
    numbers = [n for s in read_parts for n in numbers_of(s)]
    signs: dict[str, Stance] = {}
    if fact.value is not None:
        measure, unit = measure_of(name), unit_of(fact.unit)
        numbers.append(Number(value=float(fact.value), measure=measure, unit=unit))
        if adult:
            signs = _established(measure, unit, float(fact.value))
    if fact.interval:
        numbers.extend(n for s in read(fact.interval) for n in numbers_of(s))
    medicines = frozenset(m.id for s in read_parts for m in medicines_in(s.tokens))
    return Item(kind="fact", sentences=read_parts, numbers=tuple(numbers), signs=signs, medicines=medicines)


def _told(kind: str, name: str, text: str | None) -> tuple[Sentence, ...]:
    lead = {"allergy": f"allergic to {name}", "medication": f"takes {name}"}.get(kind, name)
    return (*read(lead, kind), *read(text or "", kind))


def _intake(question: str, answer: str | None) -> tuple[Sentence, ...]:
    """A question of an intake form and its answer, as statements: "no" denies what was asked, "yes" affirms it."""
    if not answer:
        return ()
    told = read(answer, "intake")
    if _NO.match(answer):
        return (*(_held(s, Stance.NEGATED) for s in read(question, "intake")), *told)
    if _YES.match(answer) or _OPEN.match(question):
        return (*(_held(s, Stance.AFFIRMED) for s in read(question, "intake")), *told)
    return told


def _held(sentence: Sentence, stance: Stance) -> Sentence:
    """`sentence` with every word of it held in one stance."""
    mentions = tuple(replace(m, stance=stance) for m in sentence.mentions)
    return replace(sentence, mentions=mentions, stances=(stance,) * len(sentence.tokens))


def _established(measure: str | None, unit: str | None, value: float) -> dict[str, Stance]:
    return {
        sign: Stance.AFFIRMED if holds else Stance.NEGATED
        for known in ADULT_RANGES
        if measure == known.measure and unit in (known.unit, None)
        for sign, holds in known.established(value)
    }


def _person(case: DeidentifiedCase) -> Item:
    numbers = []
    match = re.match(r"\s*(\d+)", case.age or "")
    if match:
        unit = "month" if "month" in (case.age or "") else "year"
        numbers.append(Number(value=float(match.group(1)), measure="age", unit=unit))
    said = [f"age {case.age}"] if case.age else []
    said += [case.sex] if case.sex else []
    if case.pregnant is not None:
        said.append("pregnant" if case.pregnant else "not pregnant")
    sentences = tuple(s for part in said for s in read(part, "person"))
    return Item(kind="person", sentences=sentences, numbers=tuple(numbers), signs={})


def _finding(finding: Finding) -> Item:
    texts = [finding.title, finding.reason, *([finding.where_and_when] if finding.where_and_when else [])]
    sentences = tuple(s for text in texts for s in read(text, "finding"))
    scored = {"score", "total"} & finding.values.keys()
    score = measure_of(finding.rule)
    # The parts of a score are points, not measurements: of a score only the total counts.
    numbers = [n for s in sentences for n in numbers_of(s) if not scored or n.measure in (None, score)]
    for key, value in finding.values.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and (not scored or key in scored):
            numbers.append(Number(value=float(value), measure=score if scored else measure_of(key)))
    unwell = {"deterioration": Stance.AFFIRMED} if finding.priority >= Priority.HIGH else {}
    return Item(kind="finding", sentences=sentences, numbers=tuple(numbers), signs=unwell)


def _passage(passage: Passage) -> Item:
    sentences = tuple(s for text in (passage.title, passage.section, passage.text) for s in read(text, "passage"))
    medicines = frozenset(m.id for s in sentences for m in medicines_in(s.tokens))
    numbers = tuple(n for s in sentences for n in numbers_of(s))
    return Item(kind="passage", sentences=sentences, numbers=numbers, signs={}, medicines=medicines)
