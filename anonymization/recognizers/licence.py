"""Certificate and licence numbers: 45 CFR 164.514(b)(2)(i)(K)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import labelled

_LABELS = r"driver'?s?\s+licen[cs]e|dl|d\.l\.|licen[cs]e|lic|certificate|certification|cert|passport|visa|permit|dea|registration"


class LicenceRecognizer(StrictPatternRecognizer):
    """Driving and professional licences, passports, DEA numbers (two letters and seven digits)."""

    entity = "LICENCE"
    forms = (
        Form(
            "labelled",
            labelled(_LABELS),
            IGNORE_CASE,
            0.92,
            words(
                "driver drivers license licence dl d.l lic certificate certification cert passport visa permit dea registration"
            ),
        ),
        Form("dea", rf"{LEFT}[ABFGMPRX][A-Z9]\d{{7}}{RIGHT}", FLAGS, 0.85),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """A licence number has at least four digits ("dL 5.6" is a unit before a value)."""
        return (start, end) if sum(c.isdigit() for c in text[start:end]) >= 4 else None
