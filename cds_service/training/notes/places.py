"""Fictional towns, streets, facilities, employers and schools, put together from parts, and some real cities."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from cds_service.training.notes.names import belongs, draw_pool
from cds_service.training.notes.note import Family


@cache
def parts() -> dict[str, dict[str, tuple[str, ...]]]:
    """The parts of places.toml by section and list. Entries end at a semicolon; stems and ends of towns at a blank."""
    raw: dict[str, dict[str, Any]] = tomllib.loads(
        resources.files(__package__ or "").joinpath("places.toml").read_text(encoding="utf-8")
    )
    return {section: {key: _entries(value) for key, value in lists.items()} for section, lists in raw.items()}


def _entries(value: str) -> tuple[str, ...]:
    if ";" not in value:
        return tuple(value.split())
    return tuple(" ".join(entry.split()) if entry.strip() else "" for entry in value.split(";"))


def pick(rng: Random, section: str, key: str) -> str:
    """One entry of a list of places.toml."""
    return rng.choice(parts()[section][key])


def town(rng: Random, family: Family) -> str:
    """A town, real or made up; made-up towns of the two families differ."""
    if rng.random() < 0.25:
        real = parts()["towns"]["real"]
        return rng.choice([name for name in real if belongs(name, family)] or list(real))
    while True:
        name = _made_up_town(rng, family)
        if belongs(name, family):
            return name


def _made_up_town(rng: Random, family: Family) -> str:
    stem = pick(rng, "towns", "stems") + pick(rng, "towns", "ends")
    if rng.random() < 0.25:
        stem = rng.choice(draw_pool(rng, family).last).lower() + rng.choice(("", "ville", "ton", "burg", " city"))
    roll = rng.random()
    name = stem.title()
    if roll < 0.12:
        name = f"{pick(rng, 'towns', 'heads')} {name}"
    elif roll < 0.3:
        name = f"{pick(rng, 'towns', 'stems').capitalize()} {pick(rng, 'towns', 'tails')}"
    elif roll < 0.35:
        name = f"{name} {pick(rng, 'towns', 'tails')}"
    return name


def street(rng: Random, family: Family) -> str:
    """A street with its house number, mostly American."""
    last = rng.choice(draw_pool(rng, family).last)
    if rng.random() < 0.12:
        pattern = pick(rng, "streets", "foreign").replace("{p}", last).replace("{t}", town(rng, family))
        return f"{rng.randint(1, 220)} {pattern}" if rng.random() < 0.4 else f"{pattern} {rng.randint(1, 220)}"
    roll = rng.random()
    name = (
        pick(rng, "streets", "numbered") if roll < 0.15
        else last if roll < 0.45
        else pick(rng, "towns", "stems").capitalize() if roll < 0.75
        else town(rng, family)
    )  # fmt: skip
    way = rng.choice(("", "", "", "", "N ", "S. ", "West ", "NE ")) + name
    line = f"{rng.randint(1, 9999)} {way} {pick(rng, 'streets', 'kinds')}"
    if rng.random() < 0.25:
        line += (
            f"{rng.choice((', ', ' '))}{pick(rng, 'streets', 'units')} {rng.randint(1, 40)}{rng.choice(('', 'A', 'B'))}"
        )
    return line


def road(rng: Random, family: Family) -> str:
    """A street without a house number."""
    return street(rng, family).lstrip("0123456789 ").split(",")[0]


def zip_code(rng: Random) -> str:
    """A ZIP code, some with four more digits."""
    return f"{rng.randint(501, 99950):05d}" + (f"-{rng.randint(1, 9999):04d}" if rng.random() < 0.12 else "")


def facility(rng: Random, family: Family, kinds: str) -> str:
    """A hospital, clinic, home or pharmacy: `kinds` is a list of places.toml."""
    if kinds == "hospitals" and rng.random() < 0.06:
        return pick(rng, "facilities", "short")
    kind = pick(rng, "facilities", kinds).replace("{s}", road(rng, family))
    root = _root(rng, family)
    if root.startswith(("St", "Saint")) and rng.random() < 0.45:
        return f"{root}'s" + (f" {kind}" if rng.random() < 0.4 else "")
    if rng.random() < 0.06:
        return root
    return f"{root} {kind}"


def employer(rng: Random, family: Family) -> str:
    """A workplace."""
    return f"{_root(rng, family)} {pick(rng, 'employers', 'trades')} {pick(rng, 'employers', 'ends')}".strip()


def school(rng: Random, family: Family) -> str:
    """A school or college."""
    return f"{_root(rng, family)} {pick(rng, 'employers', 'schools')}"


def congregation(rng: Random, family: Family) -> str:
    """A place of worship."""
    return f"{_root(rng, family)} {pick(rng, 'employers', 'faiths')}"


def _root(rng: Random, family: Family) -> str:
    roll = rng.random()
    if roll < 0.3:
        return town(rng, family)
    if roll < 0.55:
        return rng.choice(draw_pool(rng, family).last)
    if roll < 0.63:
        pool = draw_pool(rng, family)
        return f"{rng.choice(pool.first)} {rng.choice(pool.last)}"
    if roll < 0.78:
        return f"{rng.choice(('St.', 'St', 'Saint', 'Saint'))} {pick(rng, 'facilities', 'saints')}"
    return pick(rng, "facilities", "virtues")
