"""Pools of names by origin, split once and for all: a held-out name never occurs in training text."""

from __future__ import annotations

import hashlib
import importlib
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from cds_service.training.notes.note import Family

_HELD_OUT_SHARE = 0.1
_NAME = re.compile(r"[^\W\d_]{2,}(?:[-' ’][^\W\d_]+)*")  # noqa: RUF001 - the typographic apostrophe occurs in names
_UNFOLDABLE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ə": "e"}
)

# Faker's locales with Latin script -> how often an origin is drawn.
_LOCALES: dict[str, float] = {
    "en_US": 22, "en": 12, "en_GB": 5, "en_IE": 3, "en_IN": 6, "en_KE": 2, "en_NZ": 2, "en_PK": 3, "es_MX": 9,
    "es_ES": 3, "es_CO": 2, "pt_BR": 4, "pt_PT": 1, "fr_FR": 3, "fr_CA": 1, "de_DE": 4, "de_AT": 1, "it_IT": 3,
    "nl_NL": 3, "pl_PL": 4, "sv_SE": 2, "da_DK": 1, "no_NO": 1, "fi_FI": 1, "tr_TR": 3, "vi_VN": 4, "ro_RO": 1,
    "hu_HU": 1, "cs_CZ": 1, "hr_HR": 1, "id_ID": 1, "az_AZ": 1, "yo_NG": 1, "zu_ZA": 1, "tw_GH": 1, "ga_IE": 1,
    "et_EE": 1, "lt_LT": 1, "lv_LV": 1, "sk_SK": 1, "sl_SI": 1,
}  # fmt: skip
_OWN = {"arabic": 6, "chinese": 6, "japanese": 3, "korean": 4, "words": 9}  # others of names.toml: 2


@dataclass(frozen=True, kw_only=True)
class NamePool:
    """Given and family names of one origin. `family_first` is how often the family name is written first."""

    origin: str
    weight: float
    first: tuple[str, ...]
    last: tuple[str, ...]
    family_first: float = 0.0


def fold(text: str) -> str:
    """`text` in lower case without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_UNFOLDABLE)
    return "".join(c for c in plain if not unicodedata.combining(c))


def without_accents(text: str) -> str:
    """`text` with its accents taken off and its case kept."""
    return "".join(_plain(c) for c in text)


def _plain(char: str) -> str:
    folded = fold(char)
    return folded.upper() if char.isupper() else folded if fold(char) != char.casefold() else char


@cache
def particles() -> frozenset[str]:
    """Words inside names that belong to no family of names: "van", "de la"."""
    return frozenset(str(_own()["parts"]["particles"]).split())


def name_words(name: str) -> list[str]:
    """The folded words of `name` that tell one name from another: three letters or more, no particles."""
    return [w for w in re.findall(r"[a-z]{3,}", fold(name).replace("'", "")) if w not in particles()]


def belongs(name: str, family: Family) -> bool:
    """Whether every telling word of `name` is on the side of `family`; short words are on the training side."""
    words = name_words(name) or [fold(name)]
    return all(_held_out(w) == (family == "held-out") for w in words)


@cache
def _held_out(word: str) -> bool:
    return hashlib.blake2s(word.encode()).digest()[0] < 256 * _HELD_OUT_SHARE


@cache
def pools(family: Family) -> tuple[NamePool, ...]:
    """The pools of `family`, always in the same order."""
    made = [_from_faker(locale, weight, family) for locale, weight in _LOCALES.items()]
    for origin, lists in _own()["origins"].items():
        made.append(
            NamePool(
                origin=origin,
                weight=_OWN.get(origin, 2),
                first=_side((_titled(n) for n in lists["first"].split()), family),
                last=_side((_titled(n) for n in lists["last"].split()), family),
                family_first=float(lists.get("family_first", 0)),
            )
        )
    return tuple(pool for pool in made if len(pool.first) > 1 and len(pool.last) > 1)


def draw_pool(rng: Random, family: Family) -> NamePool:
    """A pool, the frequent origins more often."""
    all_pools = pools(family)
    return rng.choices(all_pools, [pool.weight for pool in all_pools])[0]


def _from_faker(locale: str, weight: float, family: Family) -> NamePool:
    provider: Any = importlib.import_module(f"faker.providers.person.{locale}").Provider
    return NamePool(
        origin=locale,
        weight=weight,
        first=_side(_listed(provider, "first_name"), family),
        last=_side(_listed(provider, "last_name"), family),
    )


def _listed(provider: Any, what: str) -> list[str]:
    """All names of a kind; Faker keeps them in tuples, dicts, or by sex."""
    found: list[str] = []
    never = _never()
    for attribute in (f"{what}s", f"{what}s_male", f"{what}s_female"):
        values = getattr(provider, attribute, ())
        if not isinstance(values, property):
            found += [str(v) for v in values if fold(str(v)) not in never]
    return found


def _side(names: Iterable[str], family: Family) -> tuple[str, ...]:
    return tuple(sorted({n for n in names if _NAME.fullmatch(n) and len(n) <= 24 and belongs(n, family)}))


@cache
def _never() -> frozenset[str]:
    return frozenset(str(_own()["parts"]["never"]).split())


def _titled(name: str) -> str:
    return "-".join(p if p in ("al", "el") else p.capitalize() for p in name.split("-"))


@cache
def _own() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__ or "").joinpath("names.toml").read_text(encoding="utf-8"))
