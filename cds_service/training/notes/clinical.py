"""Clinical words for the slots of templates: terms, doses, values. None of them identifies anybody."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from random import Random

from cds_service.training.notes.names import draw_pool
from cds_service.training.notes.note import Family

_LISTS = {
    "cond": "conditions", "sx": "symptoms", "eponym": "eponyms", "sign": "signs", "score": "scores", "test": "tests",
    "device": "devices", "bug": "organisms", "body": "bodies", "trial": "trials", "anat": "anatomy",
    "proc": "procedures", "spec": "specialties", "head": "headings", "prod": "brands_other",
}  # fmt: skip
_EPONYM_HEADS = ("sign", "syndrome", "disease", "test", "criteria", "score", "classification", "maneuver", "procedure",
                 "catheter", "scale", "reflex", "palsy", "fracture", "phenomenon", "technique", "grade",
                 "index")  # fmt: skip
_STEMS = ("mab", "nib", "pril", "sartan", "statin", "gliptin", "gliflozin", "glutide", "zumab", "ciclib", "parib",
          "vir", "oxacin", "cillin", "azole", "tidine", "setron", "triptan", "lukast", "dipine", "olol",
          "xaban")  # fmt: skip
_UNITS = ("mg", "mg", "mg", "mcg", "units", "g", "mL", "mEq", "mg/kg", "puffs", "tabs")
_FREQ = ("daily", "BID", "TID", "QID", "QHS", "q6h", "q8h PRN", "once a day", "twice daily", "weekly", "at bedtime",
         "nightly", "every other day", "q4-6h as needed", "qAM", "x7 days", "monthly")  # fmt: skip
_ROUTES = ("PO", "IV", "SC", "IM", "SL", "by mouth", "topically", "inhaled", "per rectum", "intranasally")
_LABS = ("Na", "K", "Cl", "CO2", "BUN", "Cr", "Glu", "Ca", "Mg", "Phos", "WBC", "Hgb", "Hct", "Plt", "INR", "AST",
         "ALT", "ALP", "T bili", "Alb", "TSH", "LDL", "HDL", "TG", "A1c", "Trop", "BNP", "Lactate", "CRP", "ESR",
         "Ferritin", "PSA", "eGFR", "Vit D", "B12", "Lipase")  # fmt: skip


@cache
def terms(name: str) -> tuple[str, ...]:
    """A list of clinical.toml."""
    raw: str = _vocabulary()[name]
    entries = raw.split(";") if ";" in raw else raw.split()
    return tuple(" ".join(entry.split()) for entry in entries if entry.strip())


@cache
def _vocabulary() -> dict[str, str]:
    return tomllib.loads(resources.files(__package__ or "").joinpath("clinical.toml").read_text(encoding="utf-8"))


def clinical(rng: Random, slot: str, family: Family) -> str:
    """What a clinical slot becomes."""
    if slot in _LISTS:
        if slot in {"eponym", "sign", "score"} and rng.random() < 0.12:
            return _unknown_eponym(rng, family)
        return rng.choice(terms(_LISTS[slot]))
    return _MAKERS[slot](rng)


def is_clinical(slot: str) -> bool:
    """Whether `slot` is one of this module's."""
    return slot in _LISTS or slot in _MAKERS


def _unknown_eponym(rng: Random, family: Family) -> str:
    """An eponym that no list holds: names of people before "sign" or "syndrome" are clinical words."""
    one = rng.choice(draw_pool(rng, family).last)
    roll = rng.random()
    if roll < 0.3:
        one = f"{one}-{rng.choice(draw_pool(rng, family).last)}"
    elif roll < 0.5:
        one += "'s"
    return f"{one} {rng.choice(_EPONYM_HEADS)}"


def _drug(rng: Random) -> str:
    if rng.random() < 0.1:
        return "".join(
            rng.choice("bcdfglmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 2))
        ) + rng.choice(_STEMS)
    name = rng.choice(terms("drugs"))
    return name.capitalize() if rng.random() < 0.25 else name


def _brand(rng: Random) -> str:
    return rng.choice(terms("brands")).capitalize()


def _med(rng: Random) -> str:
    return _brand(rng) if rng.random() < 0.35 else _drug(rng)


def _dose(rng: Random) -> str:
    amount = rng.choice(
        (
            "0.5",
            "1",
            "2",
            "2.5",
            "5",
            "10",
            "12.5",
            "20",
            "25",
            "40",
            "50",
            "75",
            "81",
            "100",
            "200",
            "325",
            "500",
            "875",
            "1000",
        )
    )
    return f"{amount}{rng.choice((' ', ' ', ''))}{rng.choice(_UNITS)}"


def _sig(rng: Random) -> str:
    route = f" {rng.choice(_ROUTES)}" if rng.random() < 0.5 else ""
    return f"{_dose(rng)}{route} {rng.choice(_FREQ)}"


def _lab(rng: Random) -> str:
    value = rng.choice((f"{rng.uniform(0.1, 20):.1f}", f"{rng.randint(2, 400)}", f"{rng.uniform(0.1, 9):.2f}"))
    name = f"{rng.choice(_LABS)}{rng.choice((' ', ' ', ': ', ' of ', ' was '))}"
    return f"{name}{value}{rng.choice(('', '', ' (H)', ' L', '*'))}"


def _vitals(rng: Random) -> str:
    air = rng.choice(("", " RA", " on 2L", " on room air"))
    parts = [
        f"BP {rng.randint(84, 210)}/{rng.randint(42, 118)}",
        f"{rng.choice(('HR', 'P', 'Pulse'))} {rng.randint(42, 150)}",
        f"RR {rng.randint(10, 34)}",
        f"{rng.choice(('T', 'Temp'))} {rng.uniform(35.5, 40.1):.1f}{rng.choice(('', ' C', 'C'))}",
        f"{rng.choice(('SpO2', 'O2 sat', 'sats'))} {rng.randint(82, 100)}%{air}",
    ]
    return rng.choice((", ", "; ", " ", " | ")).join(parts[: rng.randint(2, 5)])


def _time(rng: Random) -> str:
    return f"{rng.randint(0, 23):02d}{rng.choice((':', ''))}{rng.randint(0, 59):02d}"


def _wide(rng: Random) -> str:
    """Any clinical term at all, for lists of them."""
    return rng.choice(terms(_LISTS[rng.choice(tuple(_LISTS))]))


_MAKERS: dict[str, Callable[[Random], str]] = {
    "drug": _drug, "brand": _brand, "med": _med, "dose": _dose, "sig": _sig, "freq": lambda rng: rng.choice(_FREQ),
    "lab": _lab, "vitals": _vitals, "term": _wide, "n": lambda rng: str(rng.randint(2, 14)),
    "pct": lambda rng: str(rng.randint(5, 95)), "time": _time,
    "weekday": lambda rng: rng.choice(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")),
    "year": lambda rng: str(rng.randint(1985, 2025)),
}  # fmt: skip
