"""Fills templates: groups and choices become text, slots become pieces.

In a template `{slot}` or `{slot.form}` is a slot (`{SLOT}`: in capitals), `{@group 2-4}` stands for two to four lines
of a group (`{@group 2-4 lines}`: one below the other), `[a|b|]` for one of its alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from cds_service.training.notes.cast import ROLES, Cast
from cds_service.training.notes.clinical import clinical, is_clinical
from cds_service.training.notes.note import Family, Piece
from cds_service.training.notes.people import FORMS, Person, misspelt
from cds_service.training.notes.slots import fill

_GROUP = re.compile(r"\{@(\w+)(?: (\d+)-(\d+))?(?: (lines|bullets|numbers|commas))?\}")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SLOT = re.compile(r"\{([A-Za-z]+\d?)(?:\.(\w+))?\}")
_DEEPEST = 6

Groups = Mapping[str, tuple[str, ...]]


class Writer:
    """Writes one note of a family."""

    def __init__(self, rng: Random, family: Family, cast: Cast, groups: Groups) -> None:
        self._rng = rng
        self._family = family
        self._cast = cast
        self._groups = groups

    def write(self, template: str) -> list[Piece]:
        """The pieces of `template`, with nothing left to fill."""
        text = self._expand(template)
        pieces: list[Piece] = []
        last = 0
        for match in _SLOT.finditer(text):
            pieces.append(Piece(text[last : match.start()]))
            pieces += self._slot(match[1], match[2])
            last = match.end()
        pieces.append(Piece(text[last:]))
        return [piece for piece in pieces if piece.text]

    # -- text -------------------------------------------------------------------------------------------------------
    def _expand(self, text: str) -> str:
        for _ in range(_DEEPEST):
            while _CHOICE.search(text):
                text = _CHOICE.sub(lambda m: self._rng.choice(m[1].split("|")), text)
            if not _GROUP.search(text):
                break
            text = _GROUP.sub(self._lines, text)
        return text

    def _lines(self, match: re.Match[str]) -> str:
        lines = self._groups[match[1]]
        low, high = int(match[2] or 1), int(match[3] or match[2] or 1)
        some = self._rng.sample(lines, min(len(lines), self._rng.randint(low, high)))
        if match[4] == "lines":
            return "\n".join(some)
        if match[4] == "bullets":
            return "\n".join(f"{self._rng.choice('-*•')} {line}" for line in some)
        if match[4] == "numbers":
            return "\n".join(f"{i}. {line}" for i, line in enumerate(some, 1))
        return (", " if match[4] == "commas" else " ").join(some)

    # -- slots ------------------------------------------------------------------------------------------------------
    def _slot(self, slot: str, form: str | None) -> list[Piece]:
        if slot.isupper():
            return [replace(p, text=p.text.upper()) for p in self._slot(slot.lower(), form)]
        lower = slot[0].lower() + slot[1:]
        if lower in ROLES:
            return self._person(lower, form)
        if slot.lower() in _PRONOUNS:
            word = _PRONOUNS[slot.lower()][self._cast.people["pt"].female]
            return [Piece(word.capitalize() if slot[0].isupper() else word)]
        if is_clinical(lower):
            text = clinical(self._rng, lower, self._family)
            return [Piece(text[0].upper() + text[1:] if slot[0].isupper() else text)]
        return fill(slot, self._rng, self._family, self._cast)

    def _person(self, role: str, form: str | None) -> list[Piece]:
        person = self._cast.people[role]
        kind = "dr" if role.startswith("dr") else "rn" if role in {"rn", "rn2", "staff"} else "any"
        roll = self._rng.random()
        if roll < (0.08 if person.known else 0.04):
            person = self._misspelt(person)
        pieces = FORMS[form or kind](self._rng, person)
        if roll > 0.96:
            pieces = [replace(p, text=p.text.upper()) if p.label else p for p in pieces]
        return pieces

    def _misspelt(self, person: Person) -> Person:
        wrong = misspelt(self._rng, person.given, self._family), misspelt(self._rng, person.family, self._family)
        given, family = (wrong[0], person.family) if self._rng.random() < 0.5 else (person.given, wrong[1])
        return replace(person, given=given, family=family, nickname=given)


_PRONOUNS = {"he": ("he", "she"), "his": ("his", "her"), "him": ("him", "her")}
