"""Device identifiers and serial numbers: 45 CFR 164.514(b)(2)(i)(M)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import labelled

_LABELS = r"serial|ser\.?\s?(?:#|no\b\.?)|s/n|sn|imei|udi|device\s?(?:#|id\b|number|no\b\.?|identifier)|implant\s?(?:#|id\b|no\b\.?)|model/serial|lot\s?(?:#|number|no\b\.?)"


class DeviceRecognizer(StrictPatternRecognizer):
    """Labelled serial numbers, UDI strings and hardware addresses."""

    entity = "DEVICE"
    forms = (
        Form(
            "labelled",
            labelled(_LABELS),
            IGNORE_CASE,
            0.92,
            words("serial ser s/n sn imei udi device implant model lot"),
        ),
        Form("udi", r"\(01\)\d{14}(?:\(\d{2}\)[A-Za-z0-9]{1,20}){0,5}", FLAGS, 0.95, words("(01)")),
        Form("mac", rf"{LEFT}(?:[0-9a-f]{{2}}[:-]){{5}}[0-9a-f]{{2}}{RIGHT}", IGNORE_CASE, 0.9),
    )
