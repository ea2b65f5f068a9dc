"""Codes and units that may pass the gate: those of public code systems, in the shape of that system.

A local code may be a number of the person, so it is dropped; so is a code that does not look like one of its system,
and a unit that UCUM does not know (the unit field is text that anybody may have typed).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from anonymization.lexicon import words
from fhir_mappers.case import Coding

_HL7 = "http://terminology.hl7.org/CodeSystem/"

# system -> what its codes look like
_PUBLIC: dict[str, re.Pattern[str]] = {
    "http://loinc.org": re.compile(r"(L[AP])?\d{1,7}-\d"),
    "http://snomed.info/sct": re.compile(r"\d{6,18}"),
    "http://www.nlm.nih.gov/research/umls/rxnorm": re.compile(r"\d{1,8}"),
    "http://hl7.org/fhir/sid/icd-10": re.compile(r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?"),
    "http://hl7.org/fhir/sid/icd-10-cm": re.compile(r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?"),
    "http://hl7.org/fhir/sid/cvx": re.compile(r"\d{1,3}"),
    "http://unitsofmeasure.org": re.compile(r"[^\s@]{1,20}"),
}
_HL7_CODE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}|\d{1,4}")

# Unit atoms of the values that a chart holds (UCUM 2.2, case sensitive), without prefixes.
_ATOMS = words(
    "m g L l s min h d wk mo a K Cel % mol Pa N J W Hz V A C cd lm lx Bq Gy Sv eq Eq osm Osm U u kat bar "
    "[in_i] [ft_i] [lb_av] [oz_av] [degF] [IU] [iU] [arb'U] [drp] [pH] [ppm] [ppb] [CFU] [HPF] [LPF] [psi] "
    "mm[Hg] m[Hg] mm[H2O] m[H2O] cal [Cal] deg rad 10* 10^ dyn erg bpm"
)
_PREFIXES = ("", "da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a")
_WHOLE = frozenset({"mL/min/{1.73_m2}"})  # an annotation that belongs to the unit: clearance per body surface
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_ATOM = re.compile(r"(\d+(?:\.\d+)?)?(10[*^]|[A-Za-z%\[\]'_0-9]*?)([+-]?\d+)?")


def public_codes(codings: Iterable[Coding]) -> tuple[str, ...]:
    """``system|code`` of the codings that may pass, in order, each once."""
    return tuple(dict.fromkeys(f"{c.system}|{c.code}" for c in codings if is_public(c.system, c.code)))


def is_public(system: str | None, code: str | None) -> bool:
    """Whether `code` is of a public system and has the shape of its codes."""
    if not system or not code:
        return False
    shape = _HL7_CODE if re.fullmatch(re.escape(_HL7) + r"[A-Za-z0-9-]{2,60}", system) else _PUBLIC.get(system)
    return shape is not None and shape.fullmatch(code) is not None


def public_unit(unit: str | None) -> str | None:
    """`unit` without annotations when UCUM knows it (``{score}`` becomes ``1``), else None."""
    if unit is None or unit in _WHOLE:
        return unit
    bare = _ANNOTATION.sub("", unit).strip()
    if not bare:
        return "1" if unit.strip() else None
    parts = re.split(r"[./]", bare)
    if parts and not parts[0]:
        parts = parts[1:]  # "/min"
    return bare if parts and all(_is_unit_part(part) for part in parts) else None


def _is_unit_part(part: str) -> bool:
    if re.fullmatch(r"1|10[*^]\d{1,2}", part):
        return True
    found = _ATOM.fullmatch(part)
    if found is None or len(part) > 12 or not found[2] or (found[3] and len(found[3]) > 2):
        return False
    return any(found[2].startswith(p) and found[2][len(p) :] in _ATOMS for p in _PREFIXES)
