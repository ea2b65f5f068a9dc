"""Electronic mail addresses of any domain, ``.local`` among them: 45 CFR 164.514(b)(2)(i)(F)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer


class EmailRecognizer(StrictPatternRecognizer):
    """Written plainly, with blanks round the @, or spelled out ("anna at clinic dot org")."""

    entity = "EMAIL"
    forms = (
        Form(
            "plain", rf"{LEFT}[\w.+%'-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,6}}", IGNORE_CASE, 0.95, words("@")
        ),
        Form(
            "spaced",
            rf"{LEFT}[\w.+%-]{{1,64}}[ ]{{0,2}}@[ ]{{0,2}}[\w-]{{1,63}}(?:(?:[ ]\.[ ]|\.)[a-z]{{2,24}}){{1,3}}{RIGHT}",
            IGNORE_CASE,
            0.9,
            words("@"),
        ),
        Form(
            "broken line",
            rf"{LEFT}[\w.+-]{{1,64}}@\n[ ]{{0,4}}[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}",
            IGNORE_CASE,
            0.9,
            words("@"),
        ),
        Form(
            "spaced out",
            rf"{LEFT}(?:[a-z0-9_.-][ ]){{2,40}}@(?:[ ][a-z0-9.-]){{3,40}}{RIGHT}",
            IGNORE_CASE,
            0.9,
            words("@"),
        ),
        Form(
            "spelled",
            rf"{LEFT}[\w.+-]{{2,64}}(?:[ ]dot[ ][\w-]{{1,40}})?\s{{0,2}}[(\[]?\bat\b[)\]]?\s{{0,2}}[\w-]{{2,63}}\s{{0,2}}[(\[]?\bdot\b[)\]]?\s{{0,2}}[a-z]{{2,24}}{RIGHT}",
            IGNORE_CASE,
            0.9,
            words("dot"),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave what only looks like one: ``95%@2L``, ``SpO2@rest``, where no letter or no dot would fit an address."""
        local, at, domain = text[start:end].partition("@")
        if at and "." not in domain and (any(c in "%" for c in local) or any(c.isdigit() for c in local + domain)):
            return None
        return start, end
