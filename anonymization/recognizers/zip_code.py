"""Postal codes: 45 CFR 164.514(b)(2)(i)(B)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.recognizers.address import STATE
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer


class ZipRecognizer(StrictPatternRecognizer):
    """ZIP+4, five digits after a state or a label, and five digits with a leading zero (no result is written so)."""

    entity = "ZIP"
    forms = (
        Form("plus four", rf"{LEFT}\d{{5}}-\d{{4}}{RIGHT}", FLAGS, 0.85),
        Form("after a state", rf"\b{STATE}[,. ]{{1,3}}(?P<v>\d{{5}}(?:-\d{{4}})?){RIGHT}", FLAGS, 0.9),
        Form(
            "labelled",
            rf"{LEFT}(?:zip|postal|post)(?:\s?code)?\b(?:\s?(?:is|:|=|#))?\s{{0,3}}(?P<v>(?=[a-z -]{{0,4}}\d)[a-z0-9]{{2,5}}(?:[ -](?=[a-z]{{0,2}}\d|[a-z]{{2}}\b)[a-z0-9]{{2,4}})?){RIGHT}",
            IGNORE_CASE,
            0.9,
        ),
        Form(
            "after a state in small letters",
            rf",[ ]?(?:{STATE})[ ](?P<v>\d{{5}}(?:-\d{{4}})?){RIGHT}",
            IGNORE_CASE,
            0.85,
        ),
        Form(
            "after a town and state in small letters",
            rf"\b[a-z]{{3,30}}[ ](?!(?:in|or|me|hi|oh|id|ok|as|la|de|pa|ma)\b)(?:{STATE})[ ](?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w/-]|[.,]\d)",
            IGNORE_CASE,
            0.8,
        ),
        Form("leading zero", r"(?<![\w.,/:-])0\d{4}(?![\w/-]|[.,:]\d)", FLAGS, 0.6),
    )
