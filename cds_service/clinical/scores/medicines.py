"""Whether a medicine of a class is taken, by the nonproprietary names in the chart's list (`medicines.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files

from fhir_mappers.case import Case, Medication


def takes(case: Case, group: str) -> bool:
    """Whether any current medicine is of `group` (``statin``, ``antihypertensive``) and given to the whole body."""
    return any(
        PATTERNS[group].search(words) and not PATTERNS["local"].search(words)
        for words in (_words(medicine) for medicine in case.medications)
    )


def _words(medicine: Medication) -> str:
    concept = medicine.concept
    return " ".join(w for w in (concept.text, *(c.display for c in concept.codings)) if w)


def _load() -> Mapping[str, re.Pattern[str]]:
    table = tomllib.loads(files("cds_service.clinical.scores").joinpath("medicines.toml").read_text(encoding="utf-8"))
    table.pop("version")
    return {name: re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) for name, words in table.items()}


PATTERNS = _load()
