"""The medicines that the tables know (`ingredients.toml`): ingredients, their names and classes, combined products."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from cds_service.clinical.medicines.phrases import Phrases


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """One active ingredient. `name` is what findings say; `rxcui` are RxNorm ingredient codes."""

    id: str
    name: str
    classes: frozenset[str]
    rxcui: tuple[str, ...]


class Catalog:
    """Ingredients by id, class, RxNorm code and name. Checked when built."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        rows = [*table["ingredient"], *({**row, "classes": [], "rxcui": []} for row in table["other"])]
        self.ingredients = {row["id"]: _ingredient(row) for row in rows}
        if len(self.ingredients) != len(rows):
            raise ValueError("ingredients.toml: two ingredients share an id")
        classes: defaultdict[str, set[str]] = defaultdict(set)
        for ingredient in self.ingredients.values():
            for name in ingredient.classes:
                classes[name].add(ingredient.id)
        if clash := classes.keys() & self.ingredients.keys():
            raise ValueError(f"ingredients.toml: class and ingredient of one name: {sorted(clash)}")
        self.classes = {name: frozenset(ids) for name, ids in classes.items()}
        codes = [(code, i.id) for i in self.ingredients.values() for code in i.rxcui]
        self.by_rxcui = dict(codes)
        if len(self.by_rxcui) != len(codes):
            raise ValueError("ingredients.toml: two ingredients share an RxNorm code")
        meant: list[tuple[tuple[str, ...], list[str]]] = [((row["id"],), row["names"]) for row in rows]
        meant += [(self._contents(row), row["names"]) for row in table["product"]]
        self.names = Phrases((name, ingredients) for ingredients, names in meant for name in names)
        self._class_names: Mapping[str, str] = table["class_names"]
        self.always_systemic = frozenset(self.ingredient(i).id for i in table["always_systemic"])
        self.local_words = Phrases((word, True) for word in table["local_form_words"])
        self.systemic_words = Phrases((word, True) for word in table["systemic_form_words"])

    def ingredient(self, key: str) -> Ingredient:
        """The ingredient of that id. Raises ValueError for an unknown one."""
        if key not in self.ingredients:
            raise ValueError(f"unknown ingredient: {key}")
        return self.ingredients[key]

    def members(self, name: str) -> frozenset[str]:
        """The ingredients of a class, or the one ingredient of that id. Raises ValueError for an unknown name."""
        return self.classes[name] if name in self.classes else frozenset({self.ingredient(name).id})

    def class_name(self, name: str) -> str:
        """What findings call a class (or an ingredient of that id)."""
        if name in self.ingredients:
            return self.ingredients[name].name
        return self._class_names.get(name, name.replace("-", " "))

    def _contents(self, product: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(self.ingredient(key).id for key in product["ingredients"])


def _ingredient(row: Mapping[str, Any]) -> Ingredient:
    return Ingredient(
        id=row["id"],
        name=row.get("name", row["names"][0]),
        classes=frozenset(row["classes"]),
        rxcui=tuple(row["rxcui"]),
    )


CATALOG = Catalog(
    tomllib.loads(files("cds_service.clinical.medicines").joinpath("ingredients.toml").read_text(encoding="utf-8"))
)
