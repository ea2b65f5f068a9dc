"""False names for people: one false person for one true person, in whatever form the text writes the name.

Patient, relatives and clinicians are kept apart: the same true name in two roles gets two false names. Within a role
two mentions are one person when the parts of one are among the parts of the other; the patient is always one person.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from anonymization.fiction import BOYS, GIRLS, Fiction
from anonymization.lexicon import words
from anonymization.normalise import fold

# A name part: O'Neil is one, Smith-Jones are two, the 's of a genitive is none.
_PART = re.compile(r"(?:[^\W\d_]')?[^\W\d_]+")
_GENITIVE = re.compile(r"(?<=[^\W\d_]{2})'(?=s\b)", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_SPACES = re.compile(r" {2,}")
_MOST_INITIALS = 3
_TITLES = words("mr mrs ms miss mx dr prof rev sr jr ii iii iv md do rn np pa phd lpn dnp")
_PLAIN = words("at of the and with by for in from to on or")  # swept into a name between two others
_PARTICLES = words("van von der den de del della da di bin ibn al el mac")
_MISSPELT = 0.75  # how alike (difflib ratio) two spellings of one name part are


@dataclass
class _Person:
    """Folded true parts and initials with the false name of each."""

    parts: dict[str, str] = field(default_factory=dict)
    initials: dict[str, str] = field(default_factory=dict)
    first: str | None = None

    def fits(self, parts: set[str], initials: set[str]) -> bool:
        """Whether a mention with these parts and initials may mean this person."""
        known = self.parts.keys()
        if not (parts <= known or known <= parts):
            return False
        return initials <= self.letters() | {p[0] for p in parts} or len(known) <= 1

    def letters(self) -> set[str]:
        """The letters that parts of the name begin with."""
        return {part[0] for part in self.parts} | self.initials.keys()


class FalseNames:
    """The false names of one record."""

    def __init__(self, fiction: Fiction) -> None:
        self._fiction = fiction
        self._people: dict[str, list[_Person]] = {}

    def of(self, label: str, value: str) -> str:
        """The false form of a name: same order, punctuation and case; titles stay; particles go."""
        found = self._parts(label, value)
        whole = [m for m in found if fold(m[0]) not in _TITLES]
        keys = [_key(m[0]) for m in whole]
        person = self._person(label, {k for k in keys if len(k) > 1}, {k for k in keys if len(k) == 1})
        roles = _roles(value, whole)
        for key, role in sorted(zip(keys, roles, strict=True), key=lambda pair: len(pair[0]) == 1):
            self._learn(person, key, role, alone=len(keys) == 1)
        out, at = [], 0
        for part in found:
            out += [self._between(value[at : part.start()]), self._written(part[0], person)]
            at = part.end()
        out.append(self._between(value[at:]))
        return _SPACES.sub(" ", "".join(out)).strip()

    def _parts(self, label: str, value: str) -> list[re.Match[str]]:
        """The name parts in `value`; the letters of "QT" each, where they are the initials of somebody known."""
        genitives = {m.start() for m in _GENITIVE.finditer(value)}
        letters = list(_LETTER.finditer(value))
        if value.isupper() and value.isalpha() and 1 < len(value) <= _MOST_INITIALS:
            for person in self._people.get(label, ()):
                if fold(value) not in person.parts and set(fold(value)) <= person.letters():
                    return letters
        parts = [m for m in _PART.finditer(value) if m.start() - 1 not in genitives]
        return parts if value.islower() else [m for m in parts if m[0] not in _PLAIN]

    def _person(self, label: str, parts: set[str], initials: set[str]) -> _Person:
        people = self._people.setdefault(label, [])
        if label == "PATIENT" and people:
            return people[0]
        fitting = next((p for p in people if p.fits(parts, initials)), None)
        if fitting is None:
            fitting = _Person()
            people.append(fitting)
        return fitting

    def _learn(self, person: _Person, key: str, role: str, *, alone: bool) -> None:
        """See to it that `key` has a false name."""
        if len(key) == 1:
            self._learn_initial(person, key, role)
            return
        if key in person.parts or key in _PARTICLES:
            return
        alike = difflib.get_close_matches(key, person.parts, n=1, cutoff=_MISSPELT)
        if alike:
            person.parts[key] = person.parts[alike[0]]
        elif role == "given" and person.first is not None and alone:
            person.parts[key] = person.first  # a short form or nickname
        else:
            false = person.initials.get(key[0]) if role == "given" else None
            if false is None:
                false = self._fiction.given(key) if role == "given" else self._fiction.family()
            person.parts[key] = false
            if role == "given" and person.first is None:
                person.first = false
        self._fiction.take(key)

    def _learn_initial(self, person: _Person, key: str, role: str) -> None:
        if key in person.initials:
            return
        named = next((false for part, false in person.parts.items() if part[0] == key), None)
        if named is None:
            named = self._fiction.given("") if role == "given" else self._fiction.family()
        person.initials[key] = named

    def _written(self, part: str, person: _Person) -> str:
        """The false form of one part, in the case of the true one."""
        key = _key(part)
        if fold(part) in _TITLES:
            return part
        if key in _PARTICLES and key not in person.parts:
            return ""
        if len(key) == 1:
            false = person.initials[key][0]
            return false.lower() if part.islower() else false.upper()
        false = person.parts[key]
        if part.isupper():
            return false.upper()
        return false.lower() if part.islower() else false

    def _between(self, text: str) -> str:
        return "".join(self._fiction.digit() if c.isdigit() else c for c in text)


def _key(part: str) -> str:
    return fold(part).replace("'", "")


def _roles(value: str, parts: list[re.Match[str]]) -> Iterator[str]:
    """For each part of a name whether it is a given or a family name: by comma, order and lists of first names."""
    if len(parts) == 1:
        key = _key(parts[0][0])
        yield "given" if key in GIRLS or key in BOYS else "family"
        return
    comma = value.find(",", 0, parts[-1].start()) if parts else -1
    for i, part in enumerate(parts):
        if comma >= 0:
            yield "family" if part.start() < comma else "given"
        else:
            yield "family" if i == len(parts) - 1 and len(part[0]) > 1 else "given"
