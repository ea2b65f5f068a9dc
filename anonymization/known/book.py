"""All forms in which the names of one request may be written, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from anonymization.known.cues import PARTICLES
from anonymization.known.variants import (
    initials,
    is_english,
    is_mild,
    is_weak,
    joined,
    name_parts,
    plural,
    short_names,
    spellings,
    user_names,
)
from anonymization.labels import ROLE_LABELS
from anonymization.lexicon import packaged_lexicon
from fhir_mappers.case import KnownIdentifier

ROLE_ORDER = ("patient", "relative", "practitioner")
_LONGEST_NAME = 8  # parts of one name that are paired; more is no person's name
_SHORTEST_GLUED = 5


class Strength(IntEnum):
    """How much a form says by itself."""

    PARTICLE = 0  # "van": only beside another part
    WEAK = 1  # "will": where the context shows a name
    MILD = 2  # "mason": unless the context shows a word
    STRONG = 3  # wherever it stands


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a part of a name. `people`: numbers of the names of the request that it belongs to."""

    label: str
    strength: Strength
    people: frozenset[int] = frozenset()
    plural: bool = False


@dataclass(frozen=True)
class NameBook:
    """`forms` are single words, `joins` words that may come apart at the given places, both folded.

    `initials` are two letters and more, by label.
    """

    forms: dict[str, Form] = field(default_factory=dict)
    joins: dict[str, frozenset[int]] = field(default_factory=dict)
    prefixes: set[str] = field(default_factory=set)
    initials: dict[str, str] = field(default_factory=dict)
    first_letters: dict[str, set[str]] = field(default_factory=dict)

    def related(self, a: str, b: str) -> bool:
        """Whether two forms can stand in one name."""
        return a != b and not self.forms[a].people.isdisjoint(self.forms[b].people)


def name_book(names: Iterable[KnownIdentifier]) -> NameBook:
    """The forms of all `names`; where people share a part, the patient's label comes first, then relatives'."""
    book = NameBook()
    known = sorted(names, key=lambda n: ROLE_ORDER.index(n.role) if n.role in ROLE_ORDER else len(ROLE_ORDER))
    people = _people(known)
    for item in known:
        label = ROLE_LABELS.get(item.role, "PERSON")
        _add_name(book, item, label, people)
        if item.kind == "name":
            _add_initials(book, item.value, label)
    _add_longer(book, people, known)
    _complete(book)
    return book


def _people(names: Sequence[KnownIdentifier]) -> dict[str, frozenset[int]]:
    """The numbers of the names that hold a part. The pieces of one role without a whole name are one person."""
    found: dict[str, set[int]] = {}
    for number, item in enumerate(names):
        parts = name_parts(item.value)
        for part in parts:
            found.setdefault(part, set()).add(number)
            if item.kind != "name":
                found[part].add(-1 - ROLE_ORDER.index(item.role) if item.role in ROLE_ORDER else number)
    return {part: frozenset(numbers) for part, numbers in found.items()}


def strength_of(part: str, *, alone: bool) -> Strength:
    """How much a part of a name says by itself; `alone`: it is the whole of what was given as a name."""
    if part in PARTICLES and not alone:
        return Strength.PARTICLE
    if is_weak(part):
        return Strength.WEAK
    if packaged_lexicon().is_given_name(part):
        return Strength.STRONG
    return Strength.MILD if is_mild(part) else Strength.STRONG


def _add(book: NameBook, word: str, form: Form) -> None:
    old = book.forms.get(word)
    if old is None:
        book.forms[word] = form
        return
    strongest = max(old.strength, form.strength) if not form.plural and not old.plural else old.strength
    book.forms[word] = replace(old, people=old.people | form.people, strength=strongest)


def _add_name(book: NameBook, item: KnownIdentifier, label: str, people: dict[str, frozenset[int]]) -> None:
    parts = name_parts(item.value)
    for part in parts:
        _add(book, part, Form(label, strength_of(part, alone=len(parts) == 1), people[part]))
    for spelt in spellings(item.value):
        for part in set(name_parts(spelt)) - set(parts):
            _add(
                book,
                part,
                Form(label, strength_of(part, alone=len(parts) == 1), people[parts[0]] if parts else frozenset()),
            )
    for whole, places in joined(item.value).items() if item.kind != "name" else ():
        book.joins[whole] = book.joins.get(whole, frozenset()) | places
        if not is_english(whole):
            _add(book, whole, Form(label, Strength.STRONG, frozenset().union(*(people[p] for p in parts))))
    given = (
        parts if item.kind == "given" else parts[:-1] if item.kind == "name" and "," not in item.value else parts[1:]
    )
    for part in given if item.kind != "family" else ():
        for short in short_names(part):
            weak = len(short) < 3 or is_english(short)
            _add(book, short, Form(label, Strength.WEAK if weak else Strength.STRONG, people[part]))


def _add_initials(book: NameBook, value: str, label: str) -> None:
    letters = initials(value)
    if len(letters) < 2:
        return
    pairs = {letters[0] + other for other in letters[1:]}
    for written in {letters, letters[-1] + letters[:-1], *pairs}:
        book.initials.setdefault(written, label)


def _add_longer(book: NameBook, people: dict[str, frozenset[int]], names: Sequence[KnownIdentifier]) -> None:
    """User names of each whole name, and which first letters go with which form."""
    for item in names:
        parts = name_parts(item.value)[:_LONGEST_NAME]
        if item.kind == "name":
            label = ROLE_LABELS.get(item.role, "PERSON")
            for glued in user_names(parts):
                if len(glued) >= _SHORTEST_GLUED and glued not in book.forms and not is_english(glued):
                    _add(book, glued, Form(label, Strength.STRONG, people[parts[0]]))
    for part, form in list(book.forms.items()):
        if form.strength is not Strength.PARTICLE and len(part) > 2:
            word = plural(part)
            if word not in book.forms:
                strength = form.strength if form.strength is Strength.WEAK or not is_english(word) else Strength.WEAK
                _add(book, word, Form(form.label, strength, form.people, plural=True))
    letters = {number: initials(item.value) for number, item in enumerate(names) if item.kind == "name"}
    for word, form in book.forms.items():
        book.first_letters[word] = set().union(*(letters.get(number, "") for number in form.people))


def _complete(book: NameBook) -> None:
    """Words that come apart: known places of double names, any place (over a line end) of strong forms."""
    for word, form in book.forms.items():
        if form.strength is Strength.STRONG and len(word) >= 5:
            book.joins.setdefault(word, frozenset())
    for word in book.joins:
        book.prefixes.update(word[:n] for n in range(1, len(word)))
