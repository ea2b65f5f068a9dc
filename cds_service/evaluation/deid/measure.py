"""What a system's masks are worth on labelled texts. Pure: documents and masks in, counts and shares out.

Only letters and digits count as characters: whether a blank or a bracket is masked tells nothing about anybody.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cds_service.evaluation.deid.gold import Area, Document, Identifier
from cds_service.evaluation.deid.intervals import bootstrap
from cds_service.shares import Share, wilson

_STAND_IN = re.compile(r"\[[A-Z]+(?:_\d+)?\]|<[A-Z_]+>|90\+")


@dataclass(frozen=True, kw_only=True)
class Masked:
    """What a system made of a text: `text` with stand-ins, and the masked `areas` of the input."""

    text: str
    areas: tuple[Area, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one identifier: `open` of its `characters` stand in the open."""

    identifier: Identifier
    characters: int
    open: int

    @property
    def found(self) -> bool:
        """Whether nothing of it is left."""
        return not self.open

    @property
    def partly(self) -> bool:
        """Whether some of it is masked and some is left."""
        return 0 < self.open < self.characters


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One document: its identifiers, and characters by what they are and whether they are masked.

    `gold`: characters of identifiers, `hidden` of them masked; `clinical`: those that may stay, `taken` of them masked.
    `wrong`: masked areas that lie wholly in clinical text.
    """

    document: Document
    outcomes: tuple[Outcome, ...]
    gold: int
    hidden: int
    clinical: int
    taken: int
    wrong: tuple[Area, ...]

    @property
    def leaks(self) -> tuple[Outcome, ...]:
        """The identifiers of which something is left."""
        return tuple(o for o in self.outcomes if not o.found)


def judge(document: Document, areas: Iterable[Area]) -> Judgement:
    """Compare masked `areas` with the labels of `document`. Areas may overlap and reach beyond the text."""
    text = document.text
    areas = tuple(sorted(set(areas)))
    masked, neutral = _marks(text, areas), _marks(text, document.neutral)
    counts = [char.isalnum() and not n for char, n in zip(text, neutral, strict=True)]
    gold = _marks(text, ((i.start, i.end) for i in document.identifiers))
    outcomes = []
    for identifier in document.identifiers:
        inside = [i for i in range(identifier.start, identifier.end) if counts[i]]
        if inside:
            left = sum(not masked[i] for i in inside)
            outcomes.append(Outcome(identifier=identifier, characters=len(inside), open=left))
    return Judgement(
        document=document,
        outcomes=tuple(outcomes),
        gold=sum(c and g for c, g in zip(counts, gold, strict=True)),
        hidden=sum(c and g and m for c, g, m in zip(counts, gold, masked, strict=True)),
        clinical=sum(c and not g for c, g in zip(counts, gold, strict=True)),
        taken=sum(c and m and not g for c, g, m in zip(counts, gold, masked, strict=True)),
        wrong=tuple((s, e) for s, e in areas if any(counts[s:e]) and not any(gold[s:e])),
    )


def speaks_true(document: Document, masked: Masked) -> bool:
    """Whether the output text is the input without the masked areas: what was measured is then what a reader sees."""
    hidden = _marks(document.text, masked.areas)
    kept = "".join("\0" if h else c for c, h in zip(document.text, hidden, strict=True))
    return _bare(kept) == _bare(masked.text)


@dataclass(frozen=True, kw_only=True)
class KindSummary:
    """Recall of the identifiers of one kind."""

    spans: Share
    characters: Share


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All measures of one system on one set; what was withheld is in `withheld` alone.

    `clean`: documents with identifiers of which none leaks, also by whether a chart came with them. `known_leaks`: of
    what stands in the Bundle. `touched`: documents free of PHI in which something is masked, `taken_free` their
    characters. `taken`: characters that may stay and are masked, in all documents. `untrue`: outputs whose text is not
    what their masks say.
    """

    documents: int
    withheld: Share
    clean: Share
    clean_with_chart: Share
    clean_without_chart: Share
    spans: Share
    partly: int
    known_leaks: Share
    characters: Share
    precision: Share
    touched: Share
    taken_free: Share
    taken: Share
    kinds: Mapping[str, KindSummary]
    untrue: int


def summarise(judgements: Sequence[Judgement | None], *, untrue: int = 0) -> Summary:
    """The measures of one system; None stands for a document that it withheld."""
    answered = [j for j in judgements if j is not None]
    outcomes = [o for j in answered for o in j.outcomes]
    known = [o for o in outcomes if o.identifier.known]
    held = [j for j in answered if j.outcomes]
    free = [j for j in answered if j.document.phi_free]
    return Summary(
        documents=len(judgements),
        withheld=wilson(len(judgements) - len(answered), len(judgements)),
        clean=_clean(held),
        clean_with_chart=_clean([j for j in held if j.document.bundle is not None]),
        clean_without_chart=_clean([j for j in held if j.document.bundle is None]),
        spans=_found(outcomes),
        partly=sum(o.partly for o in outcomes),
        known_leaks=wilson(sum(not o.found for o in known), len(known)),
        characters=bootstrap([(j.hidden, j.gold) for j in answered]),
        precision=bootstrap([(j.hidden, j.hidden + j.taken) for j in answered]),
        touched=wilson(sum(j.taken > 0 for j in free), len(free)),
        taken_free=bootstrap([(j.taken, j.clinical) for j in free]),
        taken=bootstrap([(j.taken, j.clinical) for j in answered]),
        kinds=_by_kind(answered),
        untrue=untrue,
    )


def _by_kind(answered: Sequence[Judgement]) -> dict[str, KindSummary]:
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    pairs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for judgement in answered:
        here: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in judgement.outcomes:
            here[outcome.identifier.kind].append(outcome)
        for kind, found in here.items():
            outcomes[kind] += found
            characters = sum(o.characters for o in found)
            pairs[kind].append((characters - sum(o.open for o in found), characters))
    return {k: KindSummary(spans=_found(outcomes[k]), characters=bootstrap(pairs[k])) for k in sorted(outcomes)}


def _clean(held: Sequence[Judgement]) -> Share:
    return wilson(sum(not j.leaks for j in held), len(held))


def _found(outcomes: Sequence[Outcome]) -> Share:
    return wilson(sum(o.found for o in outcomes), len(outcomes))


def _marks(text: str, areas: Iterable[Area]) -> list[bool]:
    marks = [False] * len(text)
    for start, end in areas:
        start, end = max(0, start), min(len(text), end)
        marks[start:end] = [True] * max(0, end - start)
    return marks


def _bare(text: str) -> str:
    """Letters and digits of a text without stand-ins, in the form that the gate reads."""
    return "".join(c for c in _STAND_IN.sub("", unicodedata.normalize("NFKC", text)) if c.isalnum())
