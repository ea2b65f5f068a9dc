"""Which passages a note should cite: those that speak of what it names, as the grounding check will look for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cds_service.domain import Passage
from cds_service.safety.lexicon import ancestry
from cds_service.safety.reading import read

MOST = 2


def cited(words: str, offered: Sequence[str], passages: Iterable[Passage]) -> tuple[str, ...]:
    """Ids out of `offered` whose passages name a clinical term of `words`, or a more particular one; at most `MOST`."""
    by_id = {p.id: p for p in passages}
    wanted = {m.term.id for s in read(words) for m in s.mentions}
    found = (
        p.id
        for p in map(by_id.__getitem__, offered)
        if wanted
        & {t for s in read(f"{p.title}. {p.section}. {p.text}") for m in s.mentions for t in ancestry(m.term.id)}
    )
    return tuple(found)[:MOST]
