"""The common shape of "label, then a number": shared by the recognizers of record, plan, account and other numbers."""

from __future__ import annotations

import re

from anonymization.recognizers.base import RIGHT

# A value with at least one digit: letters, digits and inner separators.
_DIGIT_AHEAD = r"(?=[A-Za-z\-]{0,6}\d)"
_VALUE = r"[A-Za-z0-9](?:[\-/.]?[A-Za-z0-9]){1,24}"
_NUMBER_WORD = r"(?:\s{0,2}(?:number|num|no|nr|id|code)\b\.?)?"
_JOIN = r"\s{0,2}(?:#|:|=|is|are|was|-|\(|\s){0,4}\s{0,2}"


def labelled(label: str) -> str:
    """A pattern (ignore case) for the value behind `label`, an optional "number" and a joint.

    Written from the value back to the label: few words hold a digit, so the long list of labels is rarely compared.
    """
    return rf"(?<![^\W_]){_DIGIT_AHEAD}(?<=(?<![^\W_]|/)(?:{label}){_NUMBER_WORD}{_JOIN}){_VALUE}{RIGHT}"


# Public code systems and the shapes of their codes: such a number names a procedure, drug or finding, not a person.
_SYSTEM = re.compile(
    r"(?<![^\W_])(?:cpt|hcpcs|ndc|snomed(?:[ -]?ct)?|sctid|loinc|rxnorm|rxcui|"
    r"icd-?(?:9|10)(?:-?(?:cm|pcs))?|cvx|drg|atc|pmid|umls|cui)"
    r"(?:[ ]codes?)?[ :#=(]{1,3}(?:[\w.-]{2,18},?[ ]){0,4}$",
    re.IGNORECASE,
)
_CODE = re.compile(r"\d{5}(?:-\d{2})?|\d{4,5}-\d{3,4}-\d{1,2}|\d{10,11}|\d{6,9}|\d{1,5}-\d|[A-Z]\d{4,7}", re.IGNORECASE)


def is_code(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is a code behind the name of its public system ("CPT 99213-25")."""
    return bool(_CODE.fullmatch(text, start, end) and _SYSTEM.search(text[max(0, start - 60) : start]))
