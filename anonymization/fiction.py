"""Where false names and numbers come from: Faker's lists, drawn with the system's own randomness.

Nothing is derived from what it replaces. A seed makes the draw repeatable, for tests and for exports that must come out
byte for byte again; whoever knows the seed and the order of the texts can repeat the draw, so keep it like a key.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from string import ascii_lowercase, digits

from faker.generator import Generator
from faker.providers.address.en_US import Provider as AddressProvider
from faker.providers.person.en_US import Provider as PersonProvider

from anonymization.lexicon import words
from anonymization.normalise import fold, normalise

GIRLS = frozenset(name.lower() for name in PersonProvider.first_names_female)
BOYS = frozenset(name.lower() for name in PersonProvider.first_names_male)

_TRIES = 1000
_WORD = re.compile(r"[^\W\d_]{2,}")
_SYLLABLES = sorted(words("bel cor dan fal gar hol jor ken lor mar nel por ral sel tor val wes"))


class Fiction:
    """Draws for one record. `avoid`: true values whose words must not be drawn."""

    def __init__(self, *, avoid: Iterable[str] = (), seed: int | None = None) -> None:
        self.random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - see the module
        generator = Generator()
        generator.random = self.random
        self._people, self._places = PersonProvider(generator), AddressProvider(generator)
        self._taken = {word for value in avoid for word in _words(value)}

    def take(self, value: str) -> None:
        """Never draw a word of `value` from now on."""
        self._taken.update(_words(value))

    def given(self, like: str) -> str:
        """A first name of the sex that the folded name `like` has, so that the pronouns around it still fit."""
        girl, boy = like in GIRLS, like in BOYS
        if girl != boy:
            return self._fresh(self._people.first_name_female if girl else self._people.first_name_male)
        return self._fresh(self._people.first_name)

    def family(self) -> str:
        """A last name."""
        return self._fresh(self._people.last_name)

    def town(self) -> str:
        """A made-up town: a last name with an ending."""
        return self._fresh(lambda: self._people.last_name() + self._places.city_suffix())

    def digit(self) -> str:
        """One decimal digit."""
        return self.random.choice(digits)

    def letter(self) -> str:
        """One small letter."""
        return self.random.choice(ascii_lowercase)

    def below(self, most: int, *, least: int = 0) -> int:
        """A whole number from `least` to `most` - 1."""
        return self.random.randrange(least, most)

    def choice(self, *options: str) -> str:
        """One of `options`."""
        return self.random.choice(options)

    def _fresh(self, draw: Callable[[], str]) -> str:
        """A drawn name that nobody in the record bears, remembered as taken."""
        for _ in range(_TRIES):
            name = draw()
            if fold(name) not in self._taken:
                break
        else:  # more people than names: make one up
            name = "".join(self.random.choice(_SYLLABLES) for _ in range(4)).title()
        self._taken.add(fold(name))
        return name


def _words(value: str) -> Iterator[str]:
    """The folded words of a true value, joined over apostrophes as well."""
    plain = fold(normalise(value).text)
    yield from _WORD.findall(plain)
    yield from _WORD.findall(plain.replace("'", ""))
