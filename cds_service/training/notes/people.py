"""The fictional people of a note, and the ways in which notes write their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from nicknames import NickNamer

from cds_service.training.notes.names import NamePool, belongs, draw_pool, without_accents
from cds_service.training.notes.note import Family, Piece

_NICKNAMES = NickNamer()
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_CREDENTIALS = ("MD", "M.D.", "DO", "NP", "PA-C", "MD, FACP", "MBBS", "DNP", "MD PhD")
_NURSE_CREDENTIALS = ("RN", "LPN", "R.N.", "BSN, RN", "CNA", "MA")
_SUFFIXES = ("Jr.", "Jr", "Sr.", "II", "III", "IV")


@dataclass(frozen=True, kw_only=True)
class Person:
    """A fictional person. `known` says that the note's bundle holds the name."""

    given: str
    middle: str
    family: str
    nickname: str
    suffix: str
    female: bool
    family_first: bool
    known: bool = False


def draw_person(rng: Random, family: Family, *, family_name: str | None = None, known: bool = False) -> Person:
    """Someone of any origin; `family_name` makes a relative."""
    pool = draw_pool(rng, family)
    given = _given(rng, pool)
    nicknames = sorted(n for n in _NICKNAMES.nicknames_of(given) if n.isalpha() and belongs(n, family))
    person = Person(
        given=given,
        middle=rng.choice(pool.first),
        family=family_name or _family_name(rng, pool),
        nickname=rng.choice(nicknames).capitalize() if nicknames else given,
        suffix=rng.choice(_SUFFIXES) if rng.random() < 0.05 else "",
        female=rng.random() < 0.5,
        family_first=rng.random() < pool.family_first,
        known=known,
    )
    return _plain(person) if rng.random() < 0.5 else person


def _plain(person: Person) -> Person:
    written: dict[str, Any] = {k: without_accents(v) for k, v in vars(person).items() if isinstance(v, str)}
    return replace(person, **written)


def _given(rng: Random, pool: NamePool) -> str:
    given = rng.choice(pool.first)
    if rng.random() < 0.04 and " " not in given and "-" not in given:
        return f"{given}{rng.choice('- ')}{rng.choice(pool.first)}"
    return given


def _family_name(rng: Random, pool: NamePool) -> str:
    name = rng.choice(pool.last)
    roll = rng.random()
    if roll < 0.05:
        return f"{name}-{rng.choice(pool.last)}"
    if pool.origin.startswith(("es_", "pt_")) and roll < 0.3:
        return f"{name} {rng.choice(pool.last)}"
    if roll > 0.985 and " " not in name:
        return rng.choice(("Mc", "O'", "D'", "Mac", "St. ", "De ", "Van ", "Von ", "Al-", "El ", "Di ")) + name
    return name


def misspelt(rng: Random, name: str, family: Family) -> str:
    """`name` with one letter changed, dropped, doubled or two swapped; never a name of the other family."""
    for _ in range(20):
        at = rng.randrange(1, max(2, len(name) - 1))
        edit = rng.randrange(4)
        if edit == 0:
            other = name[:at] + rng.choice(_LETTERS) + name[at + 1 :]
        elif edit == 1:
            other = name[:at] + name[at + 1 :]
        elif edit == 2:
            other = name[:at] + name[at - 1 : at] + name[at:]
        else:
            other = name[: at - 1] + name[at : at + 1] + name[at - 1 : at] + name[at + 1 :]
        if len(name) > 3 and other.replace("-", "").isalpha() and other != name and belongs(other, family):
            return other.capitalize() if name.istitle() and " " not in name and "-" not in name else other
    return name


# -- forms: how a name is written ---------------------------------------------------------------------------------
def _name(person: Person, text: str) -> Piece:
    return Piece(text, "NAME", person.known)


def full(rng: Random, p: Person) -> list[Piece]:
    """Given and family name, sometimes with middle name, initial or suffix."""
    if p.family_first:
        return [_name(p, f"{p.family} {p.given}")]
    roll = rng.random()
    middle = (
        f"{p.middle} "
        if roll < 0.06
        else f"{p.middle[0]}. "
        if roll < 0.17
        else f"{p.middle[0]} "
        if roll < 0.21
        else ""
    )
    return [_name(p, f"{p.given} {middle}{p.family}{f' {p.suffix}' if p.suffix else ''}")]


def first(rng: Random, p: Person) -> list[Piece]:
    """The given name, or what friends call them."""
    return [_name(p, p.nickname if rng.random() < 0.3 else p.given)]


def last(_: Random, p: Person) -> list[Piece]:
    """The family name alone."""
    return [_name(p, p.family)]


def reversed_(rng: Random, p: Person) -> list[Piece]:
    """Family name first, as lists and labels have it."""
    tail = rng.choice(("", "", "", f" {p.middle[0]}.", f" {p.middle[0]}", f" {p.middle}"))
    text = f"{p.family}{rng.choice((', ', ', ', ',', ' '))}{p.given}{tail}"
    return [_name(p, text.upper() if rng.random() < 0.25 else text)]


def titled(rng: Random, p: Person) -> list[Piece]:
    """A courtesy title and the family name."""
    title = rng.choice(("Ms.", "Mrs.", "Ms", "Miss", "Mrs") if p.female else ("Mr.", "Mr", "Mr.", "Mister"))
    who = f"{p.given} {p.family}" if rng.random() < 0.15 else p.family
    return [Piece(f"{title} "), _name(p, who)]


def initials(rng: Random, p: Person) -> list[Piece]:
    """Initials, with or without the family name."""
    return [
        _name(
            p,
            rng.choice(
                (
                    f"{p.given[0]}. {p.family}",
                    f"{p.given[0]} {p.family}",
                    f"{p.given[0]}.{p.middle[0]}. {p.family}",
                    f"{p.family} {p.given[0]}",
                    f"{p.family}, {p.given[0]}.",
                    f"{p.given} {p.family[0]}.",
                    f"{p.given} {p.family[0]}",
                    f"{p.given[0]}.{p.family[0]}.",
                )
            ),
        )
    ]


def patient(rng: Random, p: Person) -> list[Piece]:
    """A patient or relative in running text."""
    form = rng.choices((full, first, last, titled, reversed_, initials), (32, 22, 8, 26, 5, 7))[0]
    return form(rng, p)


def doctor(rng: Random, p: Person) -> list[Piece]:
    """A clinician in running text."""
    roll = rng.random()
    if roll < 0.45:
        return [Piece(rng.choice(("Dr. ", "Dr. ", "Dr ", "Drs. ", "Prof. ", "Doctor "))), _name(p, p.family)]
    if roll < 0.6:
        return [Piece(rng.choice(("Dr. ", "Dr "))), *full(rng, p)]
    if roll < 0.8:
        return [*full(rng, p), Piece(rng.choice((", ", " ", ", ")) + rng.choice(_CREDENTIALS))]
    return rng.choices((full, last, initials, first), (10, 4, 4, 2))[0](rng, p)


def nurse(rng: Random, p: Person) -> list[Piece]:
    """A nurse or another member of staff."""
    roll = rng.random()
    if roll < 0.4:
        return [*full(rng, p), Piece(rng.choice((", ", " ")) + rng.choice(_NURSE_CREDENTIALS))]
    if roll < 0.6:
        return [Piece(rng.choice(("RN ", "nurse ", "Nurse ", "charge RN "))), *rng.choice((first, last, full))(rng, p)]
    return rng.choice((first, full, initials))(rng, p)


FORMS: dict[str, Callable[[Random, Person], list[Piece]]] = {
    "full": full, "first": first, "last": last, "rev": reversed_, "mr": titled, "init": initials, "any": patient,
    "dr": doctor, "rn": nurse,
}  # fmt: skip
"""What `{pt.full}` and its like in a template mean."""
