"""Codes and units that may pass the gate: those of public code systems, written as that system writes them.

A local code may be a number of the person, so it is dropped; so is a code that does not look like one of its system or
lacks its check digit, and a unit that UCUM does not know (the unit field is text that anybody may have typed).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from anonymization.check_digits import is_concept_id, is_loinc
from anonymization.lexicon import words
from fhir_mappers.case import Coding
from fhir_mappers.fields import ICD10, ICD10CM, LOINC, RXNORM, SNOMED, UCUM

CVX = "http://hl7.org/fhir/sid/cvx"

_ICD10_SHAPE = r"[A-Z]\d[0-9AB](\.?[0-9A-Z]{1,4})?"

# Unit atoms of the values that a chart holds (UCUM 2.2, case sensitive), without prefixes.
_ATOMS = words(
    "m g L l s min h d wk mo a K Cel % mol Pa N J W Hz V A C cd lm lx Bq Gy Sv eq Eq osm Osm U u kat bar "
    "[in_i] [ft_i] [lb_av] [oz_av] [degF] [IU] [iU] [arb'U] [drp] [pH] [ppm] [ppb] [CFU] [HPF] [LPF] [psi] "
    "mm[Hg] m[Hg] mm[H2O] m[H2O] cal [Cal] deg rad 10* 10^ dyn erg bpm"
)
_PREFIXES = ("", "da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a")
_WHOLE = frozenset({"mL/min/{1.73_m2}"})  # an annotation that belongs to the unit: clearance per body surface
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_ATOM = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)?(10[*^]|[A-Za-z%\[\]'_0-9]*?)([+-]?\d)?", re.ASCII)
_MOST_DIGITS = 5  # in one unit: 10*12 per 24 h has four

# Units of time, in years: an age may be written as a result.
_YEARS = {
    "a": 1.0,
    "mo": 1 / 12,
    "wk": 7 / 365.25,
    "d": 1 / 365.25,
    "h": 1 / 8766,
    "min": 1 / 525960,
    "s": 1 / 31557600,
}


def public_codes(codings: Iterable[Coding]) -> tuple[str, ...]:
    """``system|code`` of the codings that may pass, in order, each once."""
    return tuple(dict.fromkeys(f"{c.system}|{c.code}" for c in codings if is_public(c.system, c.code)))


def is_public(system: str | None, code: str | None) -> bool:
    """Whether `code` is of a public system and written as its codes are."""
    if not system or not code:
        return False
    check = _PUBLIC.get(system)
    return check is not None and check(code)


def public_unit(unit: str | None) -> str | None:
    """`unit` without annotations when UCUM knows it (``{score}`` becomes ``1``), else None."""
    if unit is None or unit in _WHOLE:
        return unit
    bare = _ANNOTATION.sub("", unit).strip()
    if not bare:
        return "1" if unit.strip() else None
    if sum(c.isdigit() for c in bare) > _MOST_DIGITS:
        return None
    parts = re.split(r"[./]", bare)
    if parts and not parts[0]:
        parts = parts[1:]  # "/min"
    return bare if parts and all(_is_unit_part(part) for part in parts) else None


def as_years(value: float, unit: str) -> float | None:
    """A length of time in years; None when `unit` is no unit of time."""
    share = _YEARS.get(unit)
    return None if share is None else value * share


def _is_unit_part(part: str) -> bool:
    if re.fullmatch(r"1|10[*^]\d{1,2}", part, re.ASCII):
        return True
    found = _ATOM.fullmatch(part)
    if found is None or len(part) > 12 or not found[2]:
        return False
    return any(found[2].startswith(p) and found[2][len(p) :] in _ATOMS for p in _PREFIXES)


def _shaped(pattern: str, more: Callable[[str], bool] = lambda _: True) -> Callable[[str], bool]:
    shape = re.compile(pattern, re.ASCII)
    return lambda code: shape.fullmatch(code) is not None and more(code)


def _is_loinc_of_a_kind(code: str) -> bool:
    return code[0] == "L" or is_loinc(code)  # answers and parts (LA…, LP…) are numbered by themselves


# system -> whether a code is written as its codes are. RxNorm, ICD-10 and CVX have no check digit; their shapes are
# shorter than telephone and social security numbers.
_PUBLIC: dict[str, Callable[[str], bool]] = {
    LOINC: _shaped(r"(L[AP])?\d{1,7}-\d", _is_loinc_of_a_kind),
    SNOMED: _shaped(r"\d{6,18}", is_concept_id),
    RXNORM: _shaped(r"\d{1,7}"),
    ICD10: _shaped(_ICD10_SHAPE),
    ICD10CM: _shaped(_ICD10_SHAPE),
    CVX: _shaped(r"\d{1,3}"),
    UCUM: lambda code: public_unit(code) == code,
}
