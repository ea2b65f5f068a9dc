"""Medical record numbers and other unique numbers: 45 CFR 164.514(b)(2)(i)(H) and (R)."""

from __future__ import annotations

import re

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer
from anonymization.recognizers.labelled import is_code, labelled

_LABELS = (
    r"mrn|mr\s?#|m\.r\.n\.|med(?:ical)?\.?\s+rec(?:ord)?(?:\s?#)?|(?:hospital|unit|chart|patient|pt|pat|person|study|subject|case|file|"
    r"encounter|visit|csn|har|accession|specimen|sample|order|requisition|req|referral|reference|ref|confirmation|ticket|claim|"
    r"authorization|auth|prescription|rx|barcode|room)\s?(?:#|id\b|number|num\b|no\b\.?)|mrn/fin|fin|csn|accession|emrn|empi|uid|guid|id|dea|har"
)
# A long number that is a result, not an identifier, is followed by what was counted.
_COUNTED = re.compile(
    r"\s{0,2}(?:copies|cop/|iu\b|units?\b|u\b|u/|/\s?(?:[uµmd]?l|mcl|mm|hpf|lpf|h|hr|day|min|kg)\b|x\s?10|cells|cfu|mg|mcg|ml|log)",
    re.IGNORECASE,
)

_ROUND = re.compile(r"\d+00-\d+00")  # a range of counts
_DRUG_APPLICATION = re.compile(r"(?:NDA|ANDA|BLA)\d{6}", re.IGNORECASE)


class RecordNumberRecognizer(StrictPatternRecognizer):
    """Labelled numbers, UUIDs, letters with many digits, and digits too many for any result."""

    entity = "ID"
    forms = (
        Form("labelled", labelled(_LABELS), IGNORE_CASE, 0.9),
        Form(
            "glued label",
            rf"{LEFT}(?:mrn|acct|csn|fin|pid)\d{{3,14}}{RIGHT}",
            IGNORE_CASE,
            0.9,
            words("mrn acct csn fin pid"),
        ),
        Form("like a placeholder", r"\[[A-Z]{2,20}_\d{1,20}\]", FLAGS, 0.9, words("[")),
        Form("uuid", rf"{LEFT}[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}{RIGHT}", IGNORE_CASE, 0.95),
        Form("oid", rf"{LEFT}(?:urn:oid:)?\d\.\d{{1,5}}(?:\.\d{{1,12}}){{4,}}{RIGHT}", FLAGS, 0.8),
        Form("letters and digits", rf"{LEFT}[A-Za-z]{{1,4}}-?\d{{6,14}}[A-Za-z]{{0,2}}{RIGHT}", FLAGS, 0.8),
        Form("dashed number", rf"{LEFT}(?:[A-Za-z]{{1,4}}\d{{3,10}}|\d{{5,10}})-\d{{1,4}}{RIGHT}", FLAGS, 0.75),
        Form("long number", r"(?<![\w.,])\d{7,20}(?![\w]|[.,]\d)", FLAGS, 0.75),
        Form("grouped number", rf"(?<![\w.,])\d{{2,6}}(?:-\d{{2,8}}){{2,5}}{RIGHT}", FLAGS, 0.7),
        Form(
            "look-alike of a placeholder",
            r"(?<=\[[A-Z]{1,12}_)\d{4,20}(?=\])",
            IGNORE_CASE,
            0.9,
            words("]"),
        ),
        Form("typist", r"^[ ]{0,4}(?P<v>[A-Z]{2,3}[:/][a-z]{2,3})(?=[ ]{0,4}$|[ ]+[DT]:)", FLAGS, 0.8),
        Form(
            "reference",
            rf"{LEFT}(?:Patient|Encounter|Practitioner|RelatedPerson|Organization)/(?P<v>[A-Za-z0-9.\-]{{1,64}})",
            FLAGS,
            0.9,
            words("/"),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave counts ("1200000 copies/mL"), round millions, drug applications and codes behind their system."""
        value = text[start:end]
        if _DRUG_APPLICATION.fullmatch(value):
            return None
        if _ROUND.fullmatch(value) or is_code(text, start, end):
            return None
        if value.isdigit() and (value.endswith("00000") or _COUNTED.match(text, end)):
            return None
        return start, end
