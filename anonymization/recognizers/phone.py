"""Telephone, fax and pager numbers: 45 CFR 164.514(b)(2)(i)(D) and (E)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_EXTENSION = r"(?:\s{0,2}(?:x|ext\.?|extension)\s{0,2}\d{1,6})?"
_LABEL = r"(?:tele?phone|phone|tel|fax|cell|mobile|pager|beeper|ph|call(?:ed|s|ing)?|text(?:ed)?|reach(?:ed|able)?|voicemail)"


class PhoneRecognizer(StrictPatternRecognizer):
    """North American and international numbers in any punctuation; seven digits only beside a word that says so."""

    entity = "PHONE"
    forms = (
        Form(
            "ten digits",
            r"(?<![\w.])(?:(?:\+|00|011)?[ .-]?1[ .\-/]{0,2}|\+)?(?:\(\s?\d{3}\s?\)|\d{3})[ .\-/]{0,3}\d{3}[ .\-/]{1,3}\d{4}"
            + _EXTENSION
            + RIGHT,
            IGNORE_CASE,
            0.9,
        ),
        Form("area code", rf"\(\d{{3}}\)[ .-]{{0,2}}\d{{3}}[ .-]{{0,2}}\d{{4}}{_EXTENSION}{RIGHT}", IGNORE_CASE, 0.9),
        Form(
            "international", rf"(?<![\w+])(?:\+|00)[1-9]\d{{0,2}}(?:[ .\-/]?\(?\d{{1,5}}\)?){{2,5}}{RIGHT}", FLAGS, 0.85
        ),
        Form(
            "labelled",
            rf"{LEFT}{_LABEL}\b[^\n\d+(]{{0,20}}(?P<v>[+(]?\d(?:[ .\-/()]{{0,2}}\d){{6,14}}{_EXTENSION}){RIGHT}",
            IGNORE_CASE,
            0.9,
        ),
        Form(
            "extension",
            rf"{LEFT}(?:ext\.?|extension)\s?#?\s?(?P<v>\d{{3,6}}){RIGHT}",
            IGNORE_CASE,
            0.7,
            words("ext extension"),
        ),
    )
