"""Street addresses, post boxes and the places someone lives in: 45 CFR 164.514(b)(2)(i)(B)."""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_SUFFIX = (
    r"(?:street|st|avenue|ave?|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|terrace|ter|circle|cir|way|highway|hwy|"
    r"parkway|pkwy|square|sq|trail|trl|alley|aly|plaza|loop|route|rte|pike|turnpike|crescent|row|walk|path|heights|hts|"
    r"mill|mills|green|grove|ridge|bridge|brook|crossing|estates?|extension|glen|hill|hills|hollow|island|junction|key|knoll|"
    r"landing|manor|meadow|meadows|mews|mountain|oval|park|pass|point|ramp|ranch|run|shore|spring|springs|station|summit|tunnel|"
    r"union|valley|view|village|ville|vista|wells)"
)
_UNIT = r"(?:[,\s]{1,3}(?:apt|apartment|unit|suite|ste|room|rm|floor|fl|bldg|building|lot|trailer|#)\.?\s?#?\s?[A-Za-z0-9-]{1,6})?"
_TOWN = r"(?:(?:St|Mt|Ft|Pt)\.[ ])?[A-Z][\w'-]+(?:[ ][A-Z][\w'-]+){0,3}"
STATE = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]|"
    r"Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|"
    r"Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|"
    r"New (?:Hampshire|Jersey|Mexico|York)|North (?:Carolina|Dakota)|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|"
    r"South (?:Carolina|Dakota)|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming)"
)
_LIVES = (
    r"(?:lives?|living|lived|resid(?:es|ing|ed)|resident|moved|moving|relocated|relocating|visiting|grew up|born|raised|home(?:town)?|"
    r"native|travell?ed|driving|drove|flew|commutes?)"
)


class StreetRecognizer(StrictPatternRecognizer):
    """House number, street, unit; post boxes."""

    entity = "ADDRESS"
    forms = (
        Form(
            "street",
            rf"(?<![\w./-])\d{{1,6}}[A-Z]?(?:-\d{{1,4}})?[ ](?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ ])?"
            rf"(?:[A-Z0-9][\w'.-]*[ ]){{1,4}}(?i:{_SUFFIX}){RIGHT}\.?{_UNIT}(?:[ ](?:N|S|E|W|NE|NW|SE|SW)\b)?",
            FLAGS,
            0.85,
        ),
        Form(
            "street after at",
            rf"\b(?:at|address(?:\s+is)?:?)\s(?P<v>\d{{1,6}}\s[a-z][\w'.-]*(?:\s[a-z][\w'.-]*){{0,3}}?\s{_SUFFIX}{RIGHT}{_UNIT})",
            IGNORE_CASE,
            0.85,
        ),
        Form(
            "house at home",
            r"\b(?i:lives|living|resides|residing|address|home)\b[^\n\d]{0,20}(?P<v>\d{1,6}[ ][A-Z][\w'.-]+(?:[ ][A-Z0-9][\w'.-]*){0,4})",
            FLAGS,
            0.8,
        ),
        Form("unit", rf"{LEFT}(?:apt|apartment|suite|ste)\.?\s?#?\s?\d{{1,5}}[A-Za-z]?{RIGHT}", IGNORE_CASE, 0.7),
        Form("box", rf"{LEFT}p\.?\s?o\.?\s?box\s?#?\s?\d{{1,7}}{RIGHT}", IGNORE_CASE, 0.95),
    )


class TownRecognizer(StrictPatternRecognizer):
    """A town before its state, and a place after a verb of living or moving. States and countries may stay."""

    entity = "LOCATION"
    forms = (
        Form("town and state", rf"(?<![\w])(?P<v>{_TOWN}),[ ]{{0,2}}{STATE}(?![\w'])", FLAGS, 0.8, words(",")),
        Form(
            "where someone lives",
            rf"\b{_LIVES}\b[ ](?:[a-z]+[ ]){{0,3}}?(?:in|from|to|near|of|at|outside|around)[ ](?:the[ ])?(?P<v>{_TOWN})",
            FLAGS,
            0.75,
            words(
                "lives live living lived resides residing resided resident moved moving relocated relocating visiting grew born raised home hometown "
                "native travels traveled travelled driving drove flew commute commutes"
            ),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave states, countries and clinical words ("moved from Emergency to Cardiology")."""
        lexicon = packaged_lexicon()
        words = text[start:end].lower().replace(".", " ").split()
        if all(w in lexicon.places or lexicon.is_word(w) for w in words):
            return None
        return start, end
