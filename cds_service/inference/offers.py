"""What one prompt offers to choose from: risk factors of this case and actions that fit its floor."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from anonymization.deidentified import DeidentifiedCase
from cds_service.domain import Finding, Passage, Priority, floor_of
from cds_service.inference.contract import Offers
from cds_service.inference.style import LIMITS, Style
from cds_service.inference.words import OMITTED, as_data
from cds_service.settings import Setting

MAX_RISK_CHARS = 48
OLD_AGE = 65
YOUNG_AGE = 2

SEMANTIC_TAG = re.compile(r"\s*\((disorder|finding|situation|procedure|observable entity|event|person)\)\s*$")


@dataclass(frozen=True, kw_only=True)
class Action:
    """An action that may be offered (fields: ``actions.toml``)."""

    id: str
    text: str
    lowest: Priority
    highest: Priority
    setting: str
    where: bool = False
    when: tuple[str, ...] = ()

    def away_from(self, priority: Priority) -> tuple[int, int]:
        """To sort by: the places meant for no more than `priority` first, of these the ones meant for no less."""
        return self.highest - priority, priority - self.lowest

    def fits(self, floor: Priority, setting: Setting) -> bool:
        """Whether it may be offered at this floor in this setting."""
        return self.lowest <= floor <= self.highest and self.setting in {"any", setting}


@dataclass(frozen=True, kw_only=True)
class MedicineClass:
    """A class of medicines that is a risk by itself (``medicine_classes.toml``)."""

    text: str
    stems: tuple[str, ...]


@cache
def actions() -> tuple[Action, ...]:
    """Every action of ``actions.toml``, in file order."""
    return tuple(
        Action(
            id=entry["id"],
            text=entry["text"],
            lowest=Priority.parse(entry["from"]),
            highest=Priority.parse(entry["to"]),
            setting=entry["setting"],
            where=entry.get("where", False),
            when=tuple(entry.get("when", ())),
        )
        for entry in _data("actions.toml")["action"]
    )


@cache
def medicine_classes() -> tuple[MedicineClass, ...]:
    """Every class of ``medicine_classes.toml``, in file order."""
    entries = _data("medicine_classes.toml")["class"]
    return tuple(MedicineClass(text=entry["text"], stems=tuple(entry["stems"])) for entry in entries)


def offers_for(
    case: DeidentifiedCase,
    findings: Sequence[Finding],
    passages: Sequence[Passage],
    *,
    setting: Setting = Setting.FAMILY_PRACTICE,
    style: Style = Style.WORKED,
    may_raise: bool = True,
) -> Offers:
    """The closed lists for one case, most pressing first, as many entries as `style` has room for.

    `may_raise`: priorities above the floor are offered too, and the places that belong to the next one.
    """
    limits, floor = LIMITS[style], floor_of(findings)
    told = findings if limits.full else ()  # elsewhere the prompt names them once
    everything = [r for r in _risk_factors(case, told) if OMITTED not in r]
    words = " ".join((*_case_words(case, findings), *_first(everything, LIMITS[Style.WORKED].risk_factors))).lower()
    fitting = [a for a in actions() if a.fits(floor, setting) and _called_for(a, words)]
    nearest = sorted((a for a in fitting if a.where), key=lambda a: a.away_from(floor))
    places = [a for a in fitting if a in nearest[: limits.places]]
    specific = [a for a in fitting if not a.where and a.when]
    general = [a for a in fitting if not a.where and not a.when]
    room = limits.actions - len(places)
    chosen = [*places, *[*specific[: max(room - 1, 0)], *general][:room]]
    return Offers(
        risk_factors=tuple(_first(everything, limits.risk_factors)),
        actions=tuple(a.text for a in chosen),
        passages=tuple(_first((p.id for p in passages), limits.passages)),
        priorities=tuple(p for p in reversed(Priority) if p == floor or (p > floor and may_raise)),
    )


def age_years(age: str | None) -> float | None:
    """Years of a de-identified age (``"67"``, ``"90+"``, ``"7 months"``, ``"under 2 years"``), None when unknown."""
    match = re.search(r"\d+", age or "")
    if age is None or match is None:
        return None
    number = int(match.group())
    if age.startswith("under"):
        return float(number - 1)
    return number / 12 if "month" in age else float(number)


def _risk_factors(case: DeidentifiedCase, findings: Sequence[Finding]) -> Iterator[str]:
    years = age_years(case.age)
    if years is not None and years >= OLD_AGE:
        yield f"Age {OLD_AGE} or over"
    if years is not None and years < YOUNG_AGE:
        yield f"Age under {YOUNG_AGE} years"
    if case.pregnant:
        yield "Pregnancy"
    graded = sorted((f for f in findings if f.priority > Priority.LOW), key=lambda f: -f.priority)
    yield from (as_data(f.title, MAX_RISK_CHARS) for f in graded[:3])
    yield from _medicine_risks(case)
    yield from (as_data(name, MAX_RISK_CHARS) for name in _problem_names(case))


def _medicine_risks(case: DeidentifiedCase) -> Iterator[str]:
    taken = " ".join(fact.name.lower() for fact in case.of_kind("medication"))
    found = (c.text for c in medicine_classes() if _has_word_from(taken, c.stems))
    yield from _first(found, 2)


def _problem_names(case: DeidentifiedCase) -> Iterator[str]:
    """Names of problems, without what SNOMED CT tags as other than a disorder (jobs, schooling, situations)."""
    for fact in case.of_kind("problem"):
        tag = SEMANTIC_TAG.search(fact.name)
        if tag is None or tag.group(1) == "disorder":
            yield SEMANTIC_TAG.sub("", fact.name)


def _case_words(case: DeidentifiedCase, findings: Sequence[Finding]) -> Iterator[str]:
    for fact in case.of_kind("complaint", "problem", "intake", "allergy"):
        yield fact.name
        yield fact.text or ""
    if any(case.of_kind("allergy")):
        yield "allergy"
    for finding in findings:
        yield f"{finding.rule} {finding.title} {finding.reason} {finding.topic}"


def _called_for(action: Action, words: str) -> bool:
    return not action.when or _has_word_from(words, action.when)


def _has_word_from(text: str, stems: Iterable[str]) -> bool:
    return re.search(r"\b(?:" + "|".join(map(re.escape, stems)) + ")", text) is not None


def _first(texts: Iterable[str], most: int) -> list[str]:
    """The first `most` different texts, ignoring case and empty ones."""
    kept: dict[str, str] = {}
    for text in texts:
        if text and len(kept) < most:
            kept.setdefault(text.lower(), text)
    return list(kept.values())


def _data(name: str) -> dict[str, Any]:  # the format of a file is told by the comment at its top
    return tomllib.loads(files("cds_service.inference").joinpath(name).read_text(encoding="utf-8"))
