"""Social security numbers in any grouping: 45 CFR 164.514(b)(2)(i)(G)."""

from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_LABEL = r"(?:ssn|ss\s?#|social\s+security(?:\s+(?:number|no\.?|num))?|soc(?:\.|ial)?\s+sec(?:\.|urity)?)"


class SsnRecognizer(StrictPatternRecognizer):
    """The three groups whatever their digits (test numbers too), masked forms, and labelled digits."""

    entity = "SSN"
    forms = (
        Form(
            "groups",
            rf"{LEFT}(?:\d{{3}}|[xX*]{{3}})[ ]?[-. /][ ]?(?:\d{{2}}|[xX*]{{2}})[ ]?[-. /][ ]?\d{{4}}{RIGHT}",
            FLAGS,
            0.95,
        ),
        Form("spaced out", rf"{LEFT}\d[ ]\d[ ]\d(?:[ ]-)?[ ]\d[ ]\d(?:[ ]-)?(?:[ ]\d){{4}}{RIGHT}", FLAGS, 0.9),
        Form(
            "labelled",
            rf"{LEFT}{_LABEL}(?![^\W_])[^\n\d]{{0,20}}(?P<v>\d(?:[ .\-/]?\d){{3,8}}){RIGHT}",
            IGNORE_CASE,
            0.95,
            words("ssn ss social soc"),
        ),
        Form(
            "last four",
            rf"{LEFT}last\s+(?:four|4)\b[^\n\d]{{0,30}}(?P<v>\d{{4}}){RIGHT}",
            IGNORE_CASE,
            0.8,
            words("last"),
        ),
    )
