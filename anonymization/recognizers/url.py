"""Web addresses: 45 CFR 164.514(b)(2)(i)(N)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.base import IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_SHORT = 3  # letters of a handle that may be an abbreviation
_WHEN = words("hs ra am pm noc bs lpm hr min rest noon")
_PUBLIC = words("clinicaltrials.gov cdc.gov fda.gov nih.gov medlineplus.gov who.int uptodate.com hl7.org loinc.org")


class UrlRecognizer(StrictPatternRecognizer):
    """With a scheme, with www, or a bare host name of a usual top-level domain."""

    entity = "URL"
    forms = (
        Form(
            "scheme",
            r"\b(?:https?|ftp|sftp|file|mailto|tel):/{1,3}[^\s<>\"')\]]{2,500}",
            IGNORE_CASE,
            0.95,
            words(":/"),
        ),
        Form("www", r"\bwww\.[^\s<>\"')\]]{2,300}", IGNORE_CASE, 0.95, words("www.")),
        Form(
            "host",
            rf"{LEFT}(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{1,5}}(?:com|org|net|edu|gov|mil|info|biz|io|health|clinic|local|co\.uk|us){RIGHT}(?:/[^\s<>\"')\]]{{0,300}})?",
            IGNORE_CASE,
            0.85,
            words(".com .org .net .edu .gov .mil .info .biz .io .health .clinic .local .co.uk .us"),
        ),
        Form("handle", r"(?<![\w@.%])@(?P<v>[a-z][a-z0-9_.]{1,30})\b", IGNORE_CASE, 0.7, words("@")),
        Form(
            "account",
            rf"{LEFT}(?:instagram|insta|facebook|fb|twitter|tiktok|snapchat|venmo|discord|telegram|linkedin|reddit|youtube)(?:[ ](?:handle|name|user|account|profile))?(?:[ ]is)?[ ]?[:=@][ ]?@?(?P<v>[a-z0-9][\w.-]{{2,30}}){RIGHT}",
            IGNORE_CASE,
            0.85,
            words("instagram insta facebook fb twitter tiktok snapchat venmo discord telegram linkedin reddit youtube"),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Without the full stop that ends the sentence; public references name nobody; "@hs" is a time."""
        while end > start and text[end - 1] in ".,;:!?":
            end -= 1
        value = text[start:end].lower()
        when = (
            text[start - 1 : start] == "@"
            and len(value) <= _SHORT
            and (value in _WHEN or packaged_lexicon().is_english(value))
        )
        return None if value in _PUBLIC or when else (start, end)
