"""Account and payment card numbers: 45 CFR 164.514(b)(2)(i)(J)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import labelled

_LABELS = r"(?:account|acct|a/c|billing|invoice|bank|iban|routing|card|guarantor)\s?(?:#|id\b|number|num\b|no\b\.?)?|hospital\s+account"


class AccountRecognizer(StrictPatternRecognizer):
    """Labelled numbers, card numbers in groups of four, IBANs."""

    entity = "ACCOUNT"
    forms = (
        Form(
            "labelled",
            labelled(_LABELS),
            IGNORE_CASE,
            0.92,
            words("account acct a/c billing invoice bank iban routing card guarantor"),
        ),
        Form("card", rf"{LEFT}\d{{4}}(?:[ -]\d{{4}}){{3}}{RIGHT}", FLAGS, 0.92),
        Form("iban", rf"{LEFT}[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{4}}){{3,7}}(?: ?[A-Z0-9]{{1,3}})?{RIGHT}", FLAGS, 0.85),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """An account number has at least four digits."""
        return (start, end) if sum(c.isdigit() for c in text[start:end]) >= 4 else None
