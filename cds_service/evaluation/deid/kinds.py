"""What labels of other people's data mean under the law: an identifier of a kind, or none (`kinds.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cds_service.evaluation.deid.gold import Area

PACKAGED = Path(__file__).with_name("kinds.toml")
_WORDS = re.compile(r"\w+")
_REGION_CODE = re.compile(r"(?<=,\s)[A-Z]{2}(?=\s|$)")
_CODE_OR_GAP = re.compile("[A-Z]{2}|nan")  # the data say "nan" where a state is missing
_YEAR_OR_TIME = re.compile(r"(?:1[89]|20)\d\d|\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?", re.IGNORECASE)
_OLDEST = 89


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Labels and types with their kinds, None for what is neutral.

    `labels` are those of our own format, `entities` those of presidio-research. `regions`: names of countries and of
    states, in small letters.
    """

    labels: Mapping[str, str | None]
    entities: Mapping[str, str | None]
    regions: frozenset[str]

    def of_label(self, label: str) -> str | None:
        """The kind that a label of our own format names, None of a neutral one; an unlisted label is its own kind."""
        return self.labels.get(label, label)

    def of_entity(self, entity: str, value: str) -> str | None:
        """The kind of an entity with the text `value`, None when the law does not call it an identifier.

        Raises KeyError for an entity type that is not listed: it must be decided, not guessed.
        """
        kind = self.entities[entity]
        value = value.strip()
        if kind == "AGE" and not (value.isdigit() and int(value) > _OLDEST):
            return None
        if kind == "DATE" and _YEAR_OR_TIME.fullmatch(value):
            return None
        if kind == "PLACE" and (_CODE_OR_GAP.fullmatch(value) or self._is_region(value)):
            return None
        return kind

    def regions_in(self, address: str) -> Iterator[Area]:
        """Where an address names a state or a country, which may stay (45 CFR 164.514(b)(2)(i)(B))."""
        yield from (match.span() for match in _REGION_CODE.finditer(address))
        words = [match.span() for match in _WORDS.finditer(address)]
        for first, (start, _) in enumerate(words):
            for _, end in words[first : first + 4]:
                if self._is_region(address[start:end]):
                    yield start, end

    def _is_region(self, value: str) -> bool:
        return re.sub(r"\s*\(.*\)$", "", value).casefold() in self.regions


@cache
def packaged_kinds() -> Kinds:
    """The kinds of `kinds.toml`."""
    data = tomllib.loads(PACKAGED.read_text("utf-8"))
    entities = {name: entry.get("kind") for name, entry in data["entities"].items()}
    regions = frozenset(name.casefold() for block in data["regions"].values() for name in block.split("|"))
    labels = data["labels"] | dict.fromkeys(data["neutral_labels"])
    return Kinds(labels=labels, entities=entities, regions=frozenset(r.strip() for r in regions))
