"""National Provider Identifiers: 45 CFR 164.514(b)(2)(i)(K)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer


class NpiRecognizer(StrictPatternRecognizer):
    """Ten digits that pass the check of the NPI standard, and whatever stands behind the label."""

    entity = "NPI"
    forms = (
        Form(
            "labelled", rf"{LEFT}npi\b[^\n\d]{{0,12}}(?P<v>\d[\d -]{{5,12}}\d){RIGHT}", IGNORE_CASE, 0.95, words("npi")
        ),
        Form("checked", r"(?<![\w.,])[12]\d{9}(?![\w.,])", FLAGS, 0.9),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Bare digits count only with a right check digit; other ten-digit numbers are left to the record number."""
        value = text[start:end]
        labelled = "npi" in text[max(0, start - 16) : start].lower()
        return (start, end) if labelled or luhn("80840" + value) else None


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (NPI: with the prefix 80840; CMS, 45 CFR 162.406)."""
    total = 0
    for i, digit in enumerate(reversed(digits)):
        n = int(digit) * (2 if i % 2 else 1)
        total += n - 9 if n > 9 else n
    return total % 10 == 0
