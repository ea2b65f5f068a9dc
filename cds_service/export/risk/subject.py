"""What an attacker is taken to know of one person of an export, read from the person's de-identified cases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.export.risk.hierarchy import sensitive_groups
from fhir_mappers.fields import ICD10, ICD10CM, SNOMED

QUASI_IDENTIFIERS = ("age_band", "sex", "zip3", "year", "conditions")
"""The fields of `Subject` that make a class, in the order in which a report names them."""

PREGNANT = "state|pregnant"
"""The condition of a case that says `pregnant`."""

SENSITIVE_CONDITION = "sensitive condition"
_PREFERRED = {ICD10CM: 0, ICD10: 1, SNOMED: 2}
_YEAR = re.compile(r"(\d{4})(?:-\d{2}-\d{2})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One person. `code` is the subject's name in the export.

    `age_band`: an age as the gate states it (``67``, ``90+``, ``7 months``) or a band. `conditions`: ``system|code`` of
    each coded problem, ``text|words`` of others. `sensitive`: ``attribute: value`` (``priority: High``), what an
    attacker wants to learn. `words`: how problems are called, each with its condition. `others`: the person's other
    facts (medicines, allergies, laboratory tests) as `fact_key` gives them; they are in no class.
    """

    code: str
    age_band: str | None
    sex: str | None
    zip3: str | None
    year: str | None
    conditions: frozenset[str]
    sensitive: frozenset[str] = frozenset()
    words: frozenset[tuple[str, str]] = frozenset()
    others: frozenset[str] = frozenset()


def subject_of(
    code: str, cases: Sequence[DeidentifiedCase], *, year: str | None = None, sensitive: Iterable[str] = ()
) -> Subject:
    """The person of `cases`, oldest first: the age, sex and region of the newest, the conditions of all.

    `year`: when the person was seen; where it is not given, the newest year among the times of the newest case.
    `sensitive`: more values beside the sensitive groups of conditions. Raises ValueError without a case.
    """
    if not cases:
        raise ValueError("a subject has at least one case")
    newest = cases[-1]
    problems = [fact for case in cases for fact in case.of_kind("problem")]
    conditions = {condition_of(fact) for fact in problems}
    conditions |= {PREGNANT for case in cases if case.pregnant}
    groups = (f"{SENSITIVE_CONDITION}: {group}" for c in conditions for group in sensitive_groups(c))
    return Subject(
        code=code,
        age_band=newest.age,
        sex=newest.sex,
        zip3=newest.region,
        year=year or max(filter(None, (year_of(f.interval) for f in newest.facts)), default=None),
        conditions=frozenset(conditions),
        sensitive=frozenset((*sensitive, *groups)),
        words=frozenset((condition_of(fact), fact.name) for fact in problems),
        others=frozenset(fact_key(f) for case in cases for f in case.facts if f.kind in OTHERS),
    )


OTHERS = frozenset({"medication", "allergy", "lab", "vital"})
"""Kinds of facts that no class covers, and that a plan lets pass only where enough people share them."""


def condition_of(fact: DeidentifiedFact) -> str:
    """The one coding by which a problem is known: ICD-10-CM before ICD-10 before SNOMED CT; its words without any."""
    codes = [c for c in fact.codes if c.partition("|")[0] in _PREFERRED]
    best = min(codes, key=lambda c: (_PREFERRED[c.partition("|")[0]], c), default=None)
    return best or f"text|{fact.name.casefold()}"


def fact_key(fact: DeidentifiedFact) -> str:
    """What of a medicine, allergy, laboratory test or vital sign could single somebody out: its words and codes."""
    said = fact.text if fact.kind == "vital" else None
    return "\x1f".join((fact.kind, fact.name.casefold(), *sorted(fact.codes), said or ""))


def year_of(interval: str | None) -> str | None:
    """The year of a time that is told as a year or a day; None for an interval."""
    found = _YEAR.fullmatch(interval or "")
    return found[1] if found else None
