"""Coined words that look like names: none is a word of any language or vocabulary, so a copy of one is no accident."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from cds_service.training.notes.cast import Cast
from cds_service.training.notes.people import Person

_STARTS = ("Br", "Dr", "Fl", "Gw", "J", "Kl", "Kv", "L", "M", "N", "P", "Qu", "R", "Sk", "T", "V", "Vr", "W", "Z", "Zw")
_VOWELS = ("a", "e", "i", "o", "u", "y", "au", "ei")
_MIDDLES = ("bb", "ckl", "dv", "ff", "ggr", "kn", "lk", "lv", "mbr", "ndr", "pp", "rk", "rv", "ssk", "tz", "vr", "zz")
_ENDS = (
    "ald",
    "ark",
    "ask",
    "enn",
    "eph",
    "idge",
    "ilk",
    "imm",
    "och",
    "oft",
    "onk",
    "orf",
    "udd",
    "unt",
    "urk",
    "usk",
)


def coin(rng: Random) -> str:
    """A word of seven letters or more."""
    word = "".join(map(rng.choice, (_STARTS, _VOWELS, _MIDDLES, _VOWELS, _MIDDLES, _ENDS)))
    return word.capitalize()


def coined(rng: Random, cast: Cast) -> tuple[Cast, frozenset[str]]:
    """`cast` with every name of a person and place coined, and the words that were coined for it."""
    words: set[str] = set()

    def new() -> str:
        word = coin(rng)
        words.add(word)
        return word

    people: dict[str, Person] = {}
    for role, person in cast.people.items():
        given = new()
        people[role] = replace(person, given=given, middle=new(), family=new(), nickname=given)
    patient = people["pt"]
    kind = rng.choice(("Hospital", "Medical Center", "Clinic", "Family Practice"))
    made = replace(
        cast,
        people=people,
        facility=f"{new()} {kind}",
        town=new() + rng.choice(("", "ville", "ton", " Falls")),
        street=f"{rng.randint(1, 9999)} {new()} {rng.choice(('Street', 'Avenue', 'Road', 'Lane'))}",
        email=f"{patient.given}.{patient.family}@{rng.choice(('example.com', 'mail.example', 'clinic.local'))}".lower(),
        mrn=f"{rng.choice(('', 'H', 'MR-', '00'))}{rng.randint(10**7, 10**8 - 1)}",
    )
    return made, frozenset(words)
