"""Recorded allergies and intolerances against what is taken (`allergies.toml`).

Priority: High where the row is a contraindication and the allergy has high criticality or an anaphylaxis on record;
else as the row says. An intolerance is one step less and never High.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.chart import Taken, named, texts
from cds_service.clinical.medicines.findings import Concern, concern, name, names, sentence
from cds_service.clinical.medicines.phrases import Phrases
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.tables import Row, common, distinct, members, table
from cds_service.clinical.red_flags.lexicon import SYSTEMS
from cds_service.domain import Priority
from fhir_mappers.case import Allergy, Case
from fhir_mappers.fields import RXNORM

ANAPHYLAXIS = re.compile(r"\banaphyla", re.I)
AIRWAY = re.compile(
    r"\bangio-?o?edema\b|\b(?:throat|tongue|airway|laryn\w+) (?:swelling|closing|tightness|closure|edema)\b"
    r"|\bswelling of (?:the )?(?:throat|tongue|airway)\b|\b(?:stevens.johnson|toxic epidermal necrolysis)\b",
    re.I,
)
"""Reactions as grave as anaphylaxis: a swollen airway, or skin that comes off."""

NONE_KNOWN = re.compile(
    r"(?!.*\b(?:except|other|but|apart|besides)\b)"
    r"(?:\s*(?:no (?:known|allerg)|not allergic|nkd?a\b|denies|none\b|negative for|tolerates)|.*\bruled out\b)",
    re.I | re.S,
)
"""Written where an allergy stands, it says that there is none."""

SURE = ("established", "probable", "possible")
KEYS = (
    "sure", "allergens", "terms", "snomed", "rxnorm", "medicines", "except_reactions", "only_reactions",
    "except_allergens", "except_medicines",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Cross(Row):
    """A cross-reaction: an allergy to one of `allergens` concerns `medicines`. Fields: see the table."""

    name: str
    sure: str
    allergens: frozenset[str]
    terms: Phrases[bool]
    snomed: tuple[str, ...]
    rxnorm: tuple[str, ...]
    medicines: frozenset[str]
    except_reactions: tuple[str, ...]
    only_reactions: tuple[str, ...]

    def names_allergen(self, allergy: Allergy, known: frozenset[str]) -> bool:
        """Whether the allergy is to one of the allergens: by ingredient, by code, by word."""
        concept = allergy.concept
        return (
            not known.isdisjoint(self.allergens)
            or any(concept.has(system, *self.snomed) for system in SYSTEMS["snomed"])
            or concept.has(RXNORM, *self.rxnorm)
            or any(True for text in texts(concept) for _ in self.terms.every(text))
        )

    def fits_reaction(self, allergy: Allergy) -> bool:
        """Whether the recorded reaction is one that the row is about."""
        reactions = [reaction.lower() for reaction in allergy.reactions]
        if self.only_reactions:
            return any(word in reaction for reaction in reactions for word in self.only_reactions)
        excepted = [any(word in reaction for word in self.except_reactions) for reaction in reactions]
        return not (excepted and all(excepted))


def _cross(row: Mapping[str, Any]) -> Cross:
    if row["sure"] not in SURE:
        raise ValueError(f"{row['id']}: sure is established, probable or possible")
    return Cross(
        **common(row, *KEYS),
        name=CATALOG.class_name(row["allergens"][0]),
        sure=row["sure"],
        allergens=members(row, "allergens") - members(row, "except_allergens"),
        terms=Phrases((term, True) for term in row["terms"]),
        snomed=tuple(row["snomed"]),
        rxnorm=tuple(row["rxnorm"]),
        medicines=members(row, "medicines") - members(row, "except_medicines"),
        except_reactions=tuple(row.get("except_reactions", ())),
        only_reactions=tuple(row.get("only_reactions", ())),
    )


_TABLE = table("allergies.toml")
SAME = Row(**common(_TABLE["same_ingredient"]))
CROSS: tuple[Cross, ...] = distinct(map(_cross, _TABLE["rule"]))
NO_MEDICINE = Phrases((word, True) for word in _TABLE["not_medicines"])


def allergy_concerns(case: Case, taken: Taken) -> Iterator[Concern]:
    """One concern for each row and allergy; each medicine is said once, by the gravest of them."""
    every = [c for allergy in _recorded(case) for c in _of_one(allergy, taken)]
    said: set[str] = set()
    for found in sorted(every, key=lambda c: (-c.priority, -c.severity)):
        if not said.issuperset(found.medicines):
            said |= set(found.medicines)
            yield found


def unmatched(case: Case) -> int:
    """How many recorded allergies are neither to a medicine of the tables nor known to be to no medicine."""
    return sum(not _known(allergy) for allergy in _recorded(case))


def _recorded(case: Case) -> tuple[Allergy, ...]:
    """The allergies without those entries whose words say that there is none."""
    return tuple(a for a in case.allergies if not (a.concept.text and NONE_KNOWN.match(a.concept.text)))


def _known(allergy: Allergy) -> bool:
    known = named(allergy.concept)
    return (
        bool(known)
        or any(row.names_allergen(allergy, known) for row in CROSS)
        or any(True for text in texts(allergy.concept) for _ in NO_MEDICINE.every(text))
    )


def _of_one(allergy: Allergy, taken: Taken) -> Iterator[Concern]:
    known = named(allergy.concept)
    same = taken.of(known, any_form=True)
    if same:
        yield _concern(SAME, allergy, same, names(same), taken)
    for row in CROSS:
        if not row.names_allergen(allergy, known) or not row.fits_reaction(allergy):
            continue
        medicines = tuple(i for i in taken.of(row.medicines, any_form=True) if i not in known)
        if medicines:
            mine = sorted(name(i) for i in known & row.allergens)
            yield _concern(row, allergy, medicines, " and ".join(mine) or row.name, taken)


def _concern(row: Row, allergy: Allergy, medicines: tuple[str, ...], allergen: str, taken: Taken) -> Concern:
    intolerance = allergy.kind == "intolerance"
    severity = row.severity.lowered if intolerance else row.severity
    anaphylaxis = any(ANAPHYLAXIS.search(reaction) for reaction in allergy.reactions)
    airway = any(AIRWAY.search(reaction) for reaction in allergy.reactions)
    grave = severity is Severity.CONTRAINDICATED and (anaphylaxis or airway or allergy.criticality == "high")
    kind = "intolerance of" if intolerance else "allergy to"
    made = concern(
        row,
        sentence(f"{names(medicines)}: {kind} {allergen} recorded"),
        medicines,
        (*taken.sources(medicines, any_form=True), allergy.source),
        "The record names anaphylaxis." if anaphylaxis else "The record names a severe reaction." if airway else "",
        allergen=allergen,
        criticality=allergy.criticality,
    )
    return replace(made, severity=severity, priority=Priority.HIGH if grave else severity.priority)
