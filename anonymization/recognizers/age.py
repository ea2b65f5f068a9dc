"""Ages over 89: 45 CFR 164.514(b)(2)(i)(C). Younger ages stay."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.recognizers.base import IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_OLD = r"(?:9\d|1[0-3]\d)"
_TENS = r"(?:ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one|a)\s+hundred(?:\s+and\s+(?:one|two|three|four|five|six|seven|eight|nine|ten))?)"
_UNIT = r"(?:years?|yrs?|y)"


class AgeRecognizer(StrictPatternRecognizer):
    """The number in "94-year-old", "aged 94", "94 y/o", "94F", "in her 90s", written out as well."""

    entity = "AGE"
    forms = (
        Form(
            "years old",
            rf"{LEFT}(?P<v>{_OLD}|{_TENS})[ -]?(?:{_UNIT}\.?(?:[ -]?(?:old|o\b|of\s+age)|/o)|yo\b|y\.o\.|yof\b|yom\b)",
            IGNORE_CASE,
            0.95,
        ),
        Form(
            "aged",
            rf"\b(?:aged?|age\s+(?:is|of)|turn(?:s|ed|ing)|(?:his|her|their)\s+age)\b[\s:=]{{0,3}}(?P<v>{_OLD}|{_TENS})(?![\w%/]|[.]\d)",
            IGNORE_CASE,
            0.9,
        ),
        Form(
            "subject",
            rf"\b(?:he|she|they|who|pt|patient|mother|father|grandmother|grandfather|grandma|grandpa|aunt|uncle|husband|wife)[ ](?:is|was|turned|is[ ]now|just[ ]turned)[ ](?P<v>{_OLD})(?=[.,;)]|[ ](?:and|with|who|but|now|lives|takes|has)\b|$)",
            IGNORE_CASE,
            0.8,
        ),
        Form("in brackets", rf"\((?P<v>{_OLD}),[ ](?=[a-z])", IGNORE_CASE, 0.75),
        Form(
            "sex",
            rf"(?<![\w./])(?P<v>{_OLD})[ ]?/?(?:yo)?[ ]?(?:male|female|man|woman|gentleman|lady|m|f){RIGHT}",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "decade",
            r"\b(?:in\s+)?(?:his|her|their)\s+(?:early|mid|late)?[ -]?(?P<v>(?:9\d|1[0-2]0)'?s|nineties|hundreds)\b",
            IGNORE_CASE,
            0.9,
        ),
        Form("word", rf"{LEFT}(?P<v>nonagenarian|centenarian|supercentenarian){RIGHT}", IGNORE_CASE, 0.9),
    )
