"""Identifiers in what machines write: JSON, XML and HL7 v2 inside text, file names and paths, encoded data.

45 CFR 164.514(b)(2)(i)(A) to (R): a copied message or an attachment may hold any of the eighteen.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_QUOTE = r"\\?[\"']"
_BEFORE = r"(?:[a-z]{1,20}[_ -]?){0,2}?"


def _member(keys: str) -> str:
    """The quoted, bare or listed value of a JSON member, an XML element or an XML attribute named by `keys`."""
    key = rf"{_BEFORE}(?:{keys})(?:[_ -]?(?:id|no|number|num))?"
    json = rf"{_QUOTE}{key}{_QUOTE}\s{{0,3}}:\s{{0,3}}\[?\s{{0,3}}{_QUOTE}(?P<v>[^\"'\\\n]{{1,120}})"
    bare = rf"{_QUOTE}{key}{_QUOTE}\s{{0,3}}:\s{{0,3}}(?P<v>\d{{2,20}})"
    element = rf"<(?:\w{{1,20}}:)?{key}(?:\s[^<>\n]{{0,80}})?>\s{{0,3}}(?P<v>[^<>\n]{{1,120}})</"
    attribute = rf"<(?:\w{{1,20}}:)?{key}\s+value\s?=\s?{_QUOTE}(?P<v>[^\"'<>\n]{{1,120}})"
    return f"(?:{json}|{bare}|{element}|{attribute})"


class MarkupNameRecognizer(StrictPatternRecognizer):
    """Names in members such as ``"lastName": "Stone"``, ``<family value="Stone"/>``, ``STONE^ANNA^M``."""

    entity = "PERSON"
    forms = (
        Form(
            "member",
            _member(
                r"name|first|last|middle|given|family|surname|maiden|patient|physician|provider|doctor|attending|contact|guardian|author|nurse"
            ),
            IGNORE_CASE,
            0.9,
            words('" <'),
        ),
        Form(
            "hl7", r"(?<![\w])(?P<v>[A-Z][\w'-]*\^[A-Z][\w'.-]*(?:\^[A-Z][\w'.-]*){0,3})", IGNORE_CASE, 0.9, words("^")
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave what every list knows as no name: ``"name": "Glucose"``."""
        tokens = re.findall(r"[^\W\d_]+", text[start:end])
        lexicon = packaged_lexicon()
        return None if all(lexicon.is_word(t) or lexicon.is_drug(t) for t in tokens) else (start, end)


class MarkupNumberRecognizer(StrictPatternRecognizer):
    """Numbers in members such as ``"mrn": "4711"``; the segments of an HL7 v2 message that describe people."""

    entity = "ID"
    forms = (
        Form(
            "member",
            _member(
                r"mrn|ssn|npi|dea|member|account|acct|policy|subscriber|passport|licen[cs]e|serial|phone|fax|mobile|tel|email|e-?mail|zip|postal_?code|dob|birth_?date|username|login|(?:patient|person|visit|encounter|member|record|medical_record)[_ -]?(?:id|no|number|num)"
            ),
            IGNORE_CASE,
            0.92,
            words('" <'),
        ),
        Form(
            "hl7 person", r"^[ \t]{0,8}(?:PID|NK1|GT1|IN1|IN2|MRG|PD1)\|(?P<v>[^\n]{3,2000})$", FLAGS, 0.97, words("|")
        ),
        Form("hl7 field", r"(?<=\|)(?P<v>[A-Z0-9]{2,20}\^{1,6}[A-Z0-9^]{2,40})(?=\|)", FLAGS, 0.8, words("^")),
    )


class MarkupPlaceRecognizer(StrictPatternRecognizer):
    """Places in members such as ``"city": "Springfield"``."""

    entity = "ADDRESS"
    forms = (
        Form(
            "member",
            _member(r"address|street|line\d?|city|town|county|district|birth_?place"),
            IGNORE_CASE,
            0.9,
            words('" <'),
        ),
    )


class FileNameRecognizer(StrictPatternRecognizer):
    """File names and paths that hold more than plain words: ``Stone_Anna_1961.pdf``, a user's home folder, user names."""

    entity = "ID"
    forms = (
        Form("path", r"(?<![\w])(?:[A-Za-z]:\\|\\\\[\w.-]{1,40}\\)[^\s\"'<>|]{2,300}|(?<![\w/.])/(?:home|users|mnt|media|srv|data|tmp|var)/[^\s\"'<>|]{2,300}", IGNORE_CASE, 0.9, words("\\ /")),
        Form("file", rf"(?<![^\W_])[^\W_][\w().%+-]{{1,120}}\.(?:pdf|docx?|rtf|txt|odt|csv|xlsx?|jpe?g|png|gif|tiff?|bmp|heic|dcm|dicom|xml|json|hl7|ccda|zip|mp[34]|wav|m4a|mov|eml|msg){RIGHT}", IGNORE_CASE, 0.85, words(".")),
        Form("user", r"\b(?:user(?:\s?name|\s?id)?|login|log-?in|screen\s?name|handle|skype)\b\s?[:=]?\s?(?P<v>(?=[a-z_.-]{0,30}\d|[a-z]{1,20}[._][a-z])[a-z][\w.-]{2,40})", IGNORE_CASE, 0.85, words("user username userid login log-in screen handle skype")),
    )  # fmt: skip

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """A file name of plain words passes ("CT_abdomen.pdf"); one with a number of four digits or another word does not."""
        value = text[start:end]
        stem = value.rpartition(".")[0] or value
        tokens = re.findall(r"[^\W\d_]{2,}", stem)
        lexicon = packaged_lexicon()
        plain = all(lexicon.is_word(t) for t in tokens) and not re.search(r"\d{4}", stem)
        return None if plain else (start, end)


class EncodedDataRecognizer(StrictPatternRecognizer):
    """Base64 and hexadecimal data, which may hold anything: masked whole, never decoded."""

    entity = "ENCODED"
    forms = (
        Form("data address", r"\bdata:[\w/+.-]{0,60};base64,[A-Za-z0-9+/=_-]{4,}", FLAGS, 0.98, words(":")),
        Form("base64", r"(?<![\w+/=])(?=[A-Za-z+/]{0,60}\d)(?=[^a-z\s]{0,60}[a-z])(?=[^A-Z\s]{0,60}[A-Z])[A-Za-z0-9+/_-]{24,}={0,2}(?![\w+/=])", FLAGS, 0.8),
        Form("hexadecimal", rf"{LEFT}(?=[a-f]{{0,40}}\d)(?=\d{{0,40}}[a-f])[0-9a-f]{{24,}}{RIGHT}", IGNORE_CASE, 0.8),
    )  # fmt: skip

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave long words with slashes and hyphens in them ("alpha-2/beta-1-receptor…")."""
        value = text[start:end]
        pieces = re.split(r"[-/_+]", value)
        longest = max(len(piece) for piece in pieces)
        return (
            (start, end)
            if longest >= 20 or value.startswith("data:") or re.search(r"[A-Za-z]\d[A-Za-z]", value)
            else None
        )
