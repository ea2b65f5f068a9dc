"""Telephone, fax and pager numbers: 45 CFR 164.514(b)(2)(i)(D) and (E)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import is_code

_EXTENSION = r"(?:\s{0,2}(?:x|ext\.?|extension)\s{0,2}\d{1,6})?"
_LABEL = r"(?:tele?phone|phone|tel|fax|cell|mobile|pager|beeper|ph|call(?:ed|s|ing)?|text(?:ed)?|reach(?:ed|able)?|voicemail)"
_NO_DATE = r"(?!\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}(?!\d))"
_DIGIT_WORD = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple)"


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
            "international",
            rf"(?<![\w+])(?:\+|00|011[ .-])[1-9]\d{{0,2}}(?:[ .\-/]?(?:\(\d{{1,5}}\)|\d{{1,5}})){{2,5}}{RIGHT}",
            FLAGS,
            0.85,
        ),
        Form(
            "labelled",
            rf"{LEFT}{_LABEL}\b[^\n\d+(]{{0,20}}(?P<v>{_NO_DATE}[+(]?\d(?:[ .\-/()]{{0,2}}\d){{6,14}}{_EXTENSION}){RIGHT}",
            IGNORE_CASE,
            0.9,
        ),
        Form(
            "broken line",
            rf"{LEFT}\(?\d{{3}}\)?[ .\-/]{{0,2}}\d{{3}}[.-]\n[ ]{{0,4}}\d{{4}}{RIGHT}|{LEFT}\(?\d{{3}}\)?[.-]\n[ ]{{0,4}}\d{{3}}[ .-]\d{{4}}{RIGHT}",
            FLAGS,
            0.85,
        ),
        Form(
            "spaced out",
            rf"{LEFT}\d(?:[ ]\d){{2}}(?:[ ][-.][ ]|[ ])\d(?:[ ]\d){{2}}(?:[ ][-.][ ]|[ ])\d(?:[ ]\d){{3}}{RIGHT}",
            FLAGS,
            0.85,
        ),
        Form(
            "trunk zero", r"(?<![\w.,/-])0\d{2,4}[ .-]\d{3,4}[ .-]?\d{2,4}(?:[ .-]\d{2,4})?(?![\w/]|[.,]\d)", FLAGS, 0.8
        ),
        Form(
            "groups after a word",
            rf"\b(?:{_LABEL}|number|messages?|answer(?:s|ed|ing)?|dial(?:ed|led)?|contact|whatsapp|sms)\b[^\n\d]{{0,24}}\n?[ ]{{0,8}}(?P<v>{_NO_DATE}\(?\d{{2,4}}\)?(?:[ .\-/]{{1,2}}\d{{2,5}}){{1,4}}){RIGHT}",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "digits in words",
            rf"{LEFT}(?:{_DIGIT_WORD}[ ,-]{{1,2}}){{6,14}}{_DIGIT_WORD}{RIGHT}",
            IGNORE_CASE,
            0.85,
            words("one two three four five six seven eight nine zero oh double"),
        ),
        Form(
            "seven digits",  # no range of counts: those end in a round number, or their unit follows
            r"(?<![\w.,/+-])[2-9]\d{2}-(?!\d\d[05]0)\d{4}(?![\w/%-]|[.,]\d|[ ]?(?:m[glL]|mcg|u\b|units?|iu\b|kcal|cal|steps|cells|copies|/))",
            FLAGS,
            0.75,
        ),
        Form(
            "letters for digits",
            rf"{LEFT}\(?\d{{3}}\)?[ .-]{{1,2}}\d{{3}}[ .-](?=[OoIl]{{0,3}}\d)[\dOoIl]{{4}}{RIGHT}",
            FLAGS,
            0.85,
        ),
        Form(
            "inside number",
            r"\b(?:(?i:pager|beeper|pgr|vocera|voicemail|vm|ext)[ ]?[#:]?[ ]?(?:(?:is|no\.?|number)[ ])?|x)(?P<v>(?!\d+00\b)\d{4,5})(?![\w/%-]|[.,]\d)",
            FLAGS,
            0.75,
        ),
        Form(
            "extension",
            rf"{LEFT}(?:ext\.?|extension)\s?#?\s?(?P<v>\d{{3,6}}){RIGHT}",
            IGNORE_CASE,
            0.7,
            words("ext extension"),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Seven digits at least, but for extensions and digits in words; no drug code behind its label."""
        if is_code(text, start, end):
            return None
        digits = sum(c.isdigit() for c in text[start:end])
        words_only = not digits
        extension = text[start:end].isdigit() and digits <= 6
        return (start, end) if words_only or extension or digits >= 7 else None
