"""Clinical terms that must stay, each in sentences that hold no identifier (`clinical_terms.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cds_service.evaluation.deid.gold import Area, Document
from cds_service.evaluation.deid.intervals import bootstrap
from cds_service.evaluation.deid.systems import System
from cds_service.shares import Share

PACKAGED = Path(__file__).with_name("clinical_terms.toml")
STEP = "clinical terms"


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A `term` of a `kind` at `area` of `document`."""

    kind: str
    term: str
    area: Area
    document: Document


@dataclass(frozen=True, kw_only=True)
class TermSummary:
    """Mentions masked, wholly or in part, in all and by kind, of `terms` terms; `lost`: those masked at least once."""

    terms: int
    masked: Share
    kinds: Mapping[str, Share]
    lost: tuple[str, ...]


@cache
def packaged_mentions() -> tuple[Mention, ...]:
    """Every term of the packaged list in every carrier sentence of its kind."""
    data = tomllib.loads(PACKAGED.read_text("utf-8"))
    return tuple(
        _mention(kind, term.strip(), carrier)
        for kind, block in data.items()
        for term in block["terms"].split("|")
        for carrier in block["carriers"]
    )


def measure_terms(
    mentions: Sequence[Mention], systems: Sequence[System], show: Callable[[str, float], None]
) -> dict[str, TermSummary]:
    """What each system masks of `mentions`. A mention in a text that is withheld counts as masked."""
    masked: dict[str, list[bool]] = {system.name: [] for system in systems}
    for number, mention in enumerate(mentions, start=1):
        for system in systems:
            answer = system.mask(mention.document).masked
            areas = [(0, len(mention.document.text))] if answer is None else answer.areas
            masked[system.name].append(any(touches(mention, area) for area in areas))
        show(STEP, number / len(mentions))
    return {name: summarise_terms(mentions, flags) for name, flags in masked.items()}


def touches(mention: Mention, area: Area) -> bool:
    """Whether `area` hides a letter or digit of the term."""
    start, end = max(mention.area[0], area[0]), min(mention.area[1], area[1])
    return any(char.isalnum() for char in mention.document.text[start:end])


def summarise_terms(mentions: Sequence[Mention], masked: Sequence[bool]) -> TermSummary:
    """Shares over mentions; the intervals take terms as units, because a term is masked everywhere or nowhere."""
    pairs = list(zip(mentions, masked, strict=True))
    kinds = dict.fromkeys(m.kind for m in mentions)
    return TermSummary(
        terms=len({(m.kind, m.term) for m in mentions}),
        masked=_share(pairs),
        kinds={kind: _share([p for p in pairs if p[0].kind == kind]) for kind in kinds},
        lost=tuple(dict.fromkeys(m.term for m, hit in pairs if hit)),
    )


def _share(pairs: Sequence[tuple[Mention, bool]]) -> Share:
    by_term: dict[tuple[str, str], tuple[int, int]] = {}
    for mention, hit in pairs:
        term = (mention.kind, mention.term)
        hits, of = by_term.get(term, (0, 0))
        by_term[term] = (hits + hit, of + 1)
    return bootstrap(list(by_term.values()))


def _mention(kind: str, term: str, carrier: str) -> Mention:
    start = carrier.index("{}")
    written = term if start else term[0].upper() + term[1:]
    text = carrier.replace("{}", written)
    return Mention(kind=kind, term=term, area=(start, start + len(written)), document=Document(text=text))
