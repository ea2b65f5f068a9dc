"""The sources of the tables (`citations.toml`): guidelines and safety communications by key, labels by ingredient."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.domain import Citation

_TABLE = tomllib.loads(files("cds_service.clinical.medicines").joinpath("citations.toml").read_text(encoding="utf-8"))
_NAMED = {key: Citation(**fields) for key, fields in _TABLE["citations"].items()}
_LABEL, _SECTIONS = _TABLE["label"], _TABLE["label_sections"]


def citation(key: str) -> Citation:
    """The source of a cite: a key of the table, or ``label/INGREDIENT/SECTION``. Raises ValueError if unknown."""
    if key in _NAMED:
        return _NAMED[key]
    kind, _, rest = key.partition("/")
    ingredient, _, section = rest.partition("/")
    if kind != "label" or section not in _SECTIONS:
        raise ValueError(f"unknown source: {key}")
    return Citation(
        title=f"{_LABEL['title']} of {CATALOG.ingredient(ingredient).name}",
        publisher=_LABEL["publisher"],
        year=None,  # labels are revised all the time; the version of the tables says when they were read
        detail=_SECTIONS[section],
    )
