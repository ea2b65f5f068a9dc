"""Level of consciousness (ACVPU) and oxygen delivery from coded results, by code and system, else by fixed words.

ACVPU as in NEWS2 (Royal College of Physicians 2017): Alert, new Confusion, responds to Voice, to Pain, Unresponsive.
SNOMED CT and LOINC answer codes are matched with their system.
"""

from __future__ import annotations

import re
from enum import StrEnum

from fhir_mappers.case import CodedResult
from fhir_mappers.fields import LOINC, SNOMED


class Acvpu(StrEnum):
    """Level of consciousness; all but ALERT score 3 in NEWS2."""

    ALERT = "alert"
    CONFUSION = "new confusion"
    VOICE = "responds to voice"
    PAIN = "responds to pain"
    UNRESPONSIVE = "unresponsive"


ACVPU_CODES = {
    (SNOMED, "248234008"): Acvpu.ALERT,
    (SNOMED, "130987000"): Acvpu.CONFUSION,
    (SNOMED, "40917007"): Acvpu.CONFUSION,
    (SNOMED, "300202002"): Acvpu.VOICE,
    (SNOMED, "450847001"): Acvpu.PAIN,
    (SNOMED, "422768004"): Acvpu.UNRESPONSIVE,
    (SNOMED, "422107003"): Acvpu.UNRESPONSIVE,
    (LOINC, "LA9340-6"): Acvpu.ALERT,
    (LOINC, "LA17108-4"): Acvpu.VOICE,
    (LOINC, "LA17107-6"): Acvpu.PAIN,
    (LOINC, "LA9343-0"): Acvpu.UNRESPONSIVE,
}

# Worst first: "unresponsive to voice, responds to pain" is read as the worse of the two.
ACVPU_WORDS = (
    (Acvpu.UNRESPONSIVE, r"\b(unresponsive|unconscious|no response|u|coma\w*)\b"),
    (Acvpu.PAIN, r"\b(pain\w*|p)\b"),
    (Acvpu.VOICE, r"\b(voice|verbal\w*|v|drows\w*|letharg\w*|not (fully )?alert)\b"),
    (Acvpu.CONFUSION, r"\b(confus\w*|c|disorient\w*|delir\w*)\b"),
    (Acvpu.ALERT, r"\b(alert|a|awake|fully conscious)\b"),
)

ABSENT = re.compile(r"\b(no|not|without|denies) (new |any )?(confus\w*|pain\w*|disorient\w*|drows\w*|delir\w*)")

OXYGEN_CODES = {
    (SNOMED, "722742002"): False,  # breathing room air
    (SNOMED, "371825009"): True,  # patient on oxygen
    (SNOMED, "57485005"): True,  # oxygen therapy
}

NO_OXYGEN = re.compile(
    r"\b(room air|ambient air|(no|not on|without|off) (supplemental )?(oxygen|o2))\b|^\W*(air|ra|none|no|false)\W*$"
)
OXYGEN = re.compile(
    r"\b(oxygen|o2|nasal|cannula|prongs?|mask|rebreather|venturi|cpap|bipap|niv|ventilat\w*|hfnc|high flow|yes|true)\b"
)
NEGATIVE = re.compile(r"^\s*(no|false|not|none|inactive|stopped)\b")


def acvpu_of(result: CodedResult) -> Acvpu | None:
    """The level that a coded result names, None when it is not understood."""
    for coding in result.concept.codings:
        level = ACVPU_CODES.get((coding.system or "", coding.code or ""))
        if level:
            return level
    words = ABSENT.sub(" ", _words(result))
    return next((level for level, pattern in ACVPU_WORDS if re.search(pattern, words)), None)


def oxygen_of(result: CodedResult) -> bool | None:
    """Whether a coded result says that supplemental oxygen is given, None when it is not understood."""
    for coding in result.concept.codings:
        given = OXYGEN_CODES.get((coding.system or "", coding.code or ""))
        if given is not None:
            return given
    words = _words(result)
    if NO_OXYGEN.search(words):
        return False
    return True if OXYGEN.search(words) else None


def affirms(result: CodedResult) -> bool:
    """Whether a coded decision stands (its words do not start with a negation)."""
    return NEGATIVE.match(result.concept.label.lower()) is None


def _words(result: CodedResult) -> str:
    concept = result.concept
    written = (concept.text, *(c.display for c in concept.codings))
    return " ".join(w for w in dict.fromkeys(written) if w).replace("_", " ").lower()
