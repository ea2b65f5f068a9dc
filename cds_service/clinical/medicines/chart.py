"""What the chart says is taken, in the terms of the tables. A medicine on hold counts as not taken.

A medicine is recognised by an RxNorm ingredient code and by the names in its text and displays, generic or brand, so
that a code of a clinical drug is read through its text. Nothing here is a guess: what no table names is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.phrases import Text, read
from fhir_mappers.allergies import ABSENT
from fhir_mappers.case import Case, Concept, Medication
from fhir_mappers.fields import RXNORM

AS_NEEDED = re.compile(r"\b(as needed|as required|if needed|when needed|prn|p\.r\.n)\b", re.I)
STRENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(mg|mcg)\b(?! ?/)")
OCCASIONAL = CATALOG.members("nsaid")
"""Taken as needed, these are told of from serious on: a moderate row is about regular use."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """One ingredient in one resource. `strength`: mg of one dose form as written; None when it is not."""

    ingredient: str
    source: str
    local: bool = False
    as_needed: bool = False
    strength: float | None = None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """All uses by ingredient. `count` medicines were looked at, `unknown` of them are in no table."""

    uses: Mapping[str, tuple[Use, ...]]
    count: int
    unknown: int

    def of(self, ingredients: Iterable[str], *, any_form: bool = False) -> tuple[str, ...]:
        """Those of `ingredients` that are taken, in order of their names; local forms only with `any_form`."""
        return tuple(sorted(i for i in ingredients if any(any_form or not u.local for u in self.uses.get(i, ()))))

    def sources(self, ingredients: Iterable[str], *, any_form: bool = False) -> tuple[str, ...]:
        """Handles of the resources that name `ingredients`."""
        uses = (u for i in ingredients for u in self.uses.get(i, ()) if any_form or not u.local)
        return tuple(dict.fromkeys(u.source for u in uses))

    def apart(self, one: str, other: str, *, any_form: bool = False) -> frozenset[frozenset[str]]:
        """The pairs of different resources that name two ingredients: parts of one product are meant together."""
        mine, theirs = self.sources([one], any_form=any_form), self.sources([other], any_form=any_form)
        return frozenset(frozenset({a, b}) for a in mine for b in theirs if a != b)

    def above(self, ingredient: str, limits: Mapping[str, float]) -> bool:
        """Whether `limits` has no limit for the ingredient or a written strength exceeds it."""
        limit = limits.get(ingredient)
        return limit is None or any(
            u.strength is not None and u.strength > limit for u in self.uses.get(ingredient, ()) if not u.local
        )

    def occasional(self, ingredient: str) -> bool:
        """Whether it is an NSAID that is taken only as needed."""
        return ingredient in OCCASIONAL and all(u.as_needed for u in self.uses.get(ingredient, ()))


def named(concept: Concept) -> frozenset[str]:
    """The ingredients that a concept names, by code and by text."""
    coded = {CATALOG.by_rxcui[c.code] for c in concept.codings if c.system == RXNORM and c.code in CATALOG.by_rxcui}
    return frozenset(coded.union(*(hit.value for text in texts(concept) for hit in CATALOG.names.longest(text))))


def texts(concept: Concept) -> tuple[Text, ...]:
    """The text and the displays of a concept, each once."""
    written = dict.fromkeys(t for t in (concept.text, *(c.display for c in concept.codings)) if t)
    return tuple(read(text) for text in written)


def read_medicines(case: Case) -> Taken:
    """The medicines of a chart that are taken now, as the tables know them."""
    found: dict[str, list[Use]] = {}
    count = unknown = 0
    for medication in case.medications:
        if medication.status == "on-hold" or any(c.system == ABSENT for c in medication.concept.codings):
            continue
        uses = tuple(_uses(medication))
        count, unknown = count + 1, unknown + (not uses)
        for use in uses:
            found.setdefault(use.ingredient, []).append(use)
    return Taken(uses={key: tuple(value) for key, value in found.items()}, count=count, unknown=unknown)


def _uses(medication: Medication) -> Iterable[Use]:
    written = texts(medication.concept)
    local = _local(written)
    wording = " ".join([*(text.plain for text in written), medication.dosage or ""])
    as_needed = AS_NEEDED.search(wording) is not None
    strengths = _strengths(written)
    for ingredient in sorted(named(medication.concept)):
        yield Use(
            ingredient=ingredient,
            source=medication.source,
            local=local and ingredient not in CATALOG.always_systemic,
            as_needed=as_needed,
            strength=strengths.get(ingredient),
        )


def _local(written: Iterable[Text]) -> bool:
    made = tuple(written)
    if any(True for text in made for _ in CATALOG.systemic_words.every(text)):
        return False
    return any(True for text in made for _ in CATALOG.local_words.every(text))


def _strengths(written: Iterable[Text]) -> dict[str, float]:
    """The strength that stands behind each name, before the next name; products of several ingredients have none."""
    found: dict[str, float] = {}
    for text in written:
        hits = CATALOG.names.longest(text)
        for hit, following in pairwise([*hits, None]):
            end = len(text.plain) if following is None else text.spans[following.start][0]
            match = hit and STRENGTH.search(text.plain, text.spans[hit.end - 1][1], end)
            if hit and match and len(hit.value) == 1:
                value = float(match[1]) / (1000 if match[2] == "mcg" else 1)
                found[hit.value[0]] = max(value, found.get(hit.value[0], 0.0))
    return found
