"""Vehicle identifiers and licence plates: 45 CFR 164.514(b)(2)(i)(L)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import labelled


class VehicleRecognizer(StrictPatternRecognizer):
    """VINs (17 characters, never I, O or Q) and labelled plates."""

    entity = "VEHICLE"
    forms = (
        Form("vin", rf"{LEFT}(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJ-NPR-Z0-9]{{11}}\d{{6}}{RIGHT}", FLAGS, 0.92),
        Form(
            "labelled",
            labelled(r"vin|(?:licen[cs]e|number|registration)\s+plates?|plates?\s?(?:#|number|no\b\.?)|tag\s?#"),
            IGNORE_CASE,
            0.93,
            words("vin plate plates tag"),
        ),
        Form(
            "plate",
            rf"{LEFT}(?:licen[cs]e\s+)?plate\s{{1,2}}#?:?\s?(?P<v>[A-Z]{{1,3}}[- ]?[A-Z0-9]{{2,5}}|(?=\d{{1,4}}-?[A-Z])[A-Z0-9]{{2,4}}-?[A-Z0-9]{{2,5}}){RIGHT}(?!\.\d)",
            FLAGS,
            0.9,
            words("plate"),
        ),
    )
