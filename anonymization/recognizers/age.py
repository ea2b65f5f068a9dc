"""Ages over 89: 45 CFR 164.514(b)(2)(i)(C). Younger ages stay.

A vital sign that is taken for an age becomes a false value in the chart. So every form has a cue that speaks of a person
or of years, and no number is read as an age behind a word of measurement, before a unit, or above 119.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_FIGURES = r"(?:9\d|1[01]\d)(?![\d%]|/\d|[.,]\d)"
_ONES = r"(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))"
_BARE = r"(?:9\d|10\d)(?![\d%]|/\d|[.,]\d)"  # beside a person alone, without a word of age
_TENS = rf"(?:ninety{_ONES}?|(?:one|a)[ ]hundred(?:[ ]and)?(?:{_ONES}|[ ]ten)?(?![ ]percent))"
_OLD = rf"(?:{_FIGURES}|{_TENS})"
_START = r"(?<![^\W_])(?<!\d[.,/-])"  # no digits after a point or in a fraction or range
_YEARS = r"(?:years?|yrs?|y)"
_RELATIVES = (
    r"(?:mother|mom|mum|father|dad|parent|grand(?:mother|father|ma|pa)|mgm|mgf|pgm|pgf|aunt|uncle|husband|wife|spouse|"
    r"partner|sister|brother|widow(?:er)?|roommate|neighbou?r)"
)
_SOMEBODY = rf"(?:he|she|they|who|pt|patient|client|resident|{_RELATIVES})"
_AFTER = (  # what follows an age in a sentence about somebody
    r"(?:with|w/|and|who|but|now|lives|living|lived|takes|has|had|here|alive|deceased|died|dead|healthy|in|from|c/o|"
    r"s/p|h/o|hx|presents?|presented|presenting|admitted|adm|found|brought|bib|status|complains|complaining|seen|transferred|"
    r"reports?|states)"
)
_MEASURED = re.compile(
    r"(?:\b(?:t|tm|tmax|temps?|temperature|fevers?|febrile|afebrile|spiked?|hr|pulse|p|bpm|rr|rates?|resp|respirations?|bp|sbp|dbp|map|"
    r"pressures?|systolic\w*|diastolic\w*|heart|hearts|sats?|satting|saturations?|spo2|sao2|o2|pao2|pco2|pox|oximetry|ra|wt|"
    r"weight|weighs|weighed|weighing|ht|height|bmi|glucose|sugars?|bs|bg|fsbs|fsbg|fbs|na|sodium|cl|chloride|k|bun|cr|creatinine|"
    r"hgb|plt|platelets|wbc|mcv|alt|ast|alp|ldl|hdl|cholesterol|tsh|lipase|ferritin|inr|egfr|gfr|walk(?:s|ed|ing)?|ran|runs?|jogged|"
    r"swims?|swam|ambulat\w+|distance|feet|dose[sd]?|units?|rom|flexion|extension|abduction|angle|score[ds]?|iq|qtc?|pr|qrs|"
    r"etco2|peak|flow|fev1|dropped|rose|running)\b|#)"
    r"[\s:=~<>,(-]{0,3}(?:(?:is|was|were|are|has|been|of|to|at|in|on|up|down|the|her|his|their|low|high|early|mid|late|as|now|about|"
    r"around|from|into|pt|patient|mostly|remained|stayed|over|under)[\s-]{1,2}){0,5}$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"[ -]?(?:%|°|degrees?\b|deg\b|days?\b|d\b|hours?\b|hrs?\b|h\b|weeks?\b|wks?\b|months?\b|mos?\b|min(?:utes?|s)?\b|sec(?:onds?|s)?\b|"
    r"mg|mcg|kg|g\b|gm\b|ml\b|l\b|cm\b|mm|m/s|km\b|meters?\b|metres?\b|miles?\b|feet\b|ft\b|lbs?\b|pounds?\b|oz\b|bpm\b|iu\b|u/|"
    r"units?\b|meq|mmol|beats|(?:and\s|on\s)?(?:ra\b|room\sair|\d+\s?l\b|o2\b)|on\s\d|percent|packs?\b|ppd|db\b|j\b|fahrenheit|celsius|systolic|over\s\d|times\b|x\b)",
    re.IGNORECASE,
)
_OF_YEARS = re.compile(rf"[+]?[ -]?(?:{_YEARS}\b|y/?o|y\.o)", re.IGNORECASE)
_HEAT = r"(?![ ](?:fever|temp|oral|orally|rectal|axillary|tympanic|at[ ]home|today|overnight|walk|run|sprint|dash|swim|line|from))"


class AgeRecognizer(StrictPatternRecognizer):
    """The number in "94-year-old", "aged 94", "94 y/o", "94F with", "died at 94", "in her 90s", written out as well."""

    entity = "AGE"
    forms = (
        Form(
            "in brackets, with a town",
            r"(?<=[^\W\d_][ ])\((?P<v>9\d|1[01]\d)[,;][ ](?=(?:(?:from|of|in)[ ])?[^\W\d_]{3,}(?:[ .'-]{1,2}[^\W\d_]{2,}){0,3}\))",
            FLAGS,
            0.8,
            words("( ,"),
        ),
        Form(
            "years old",
            rf"{_START}(?P<v>{_OLD}\+?)[ -]{{0,3}}(?:{_YEARS}\.?(?:[ -]{{0,3}}(?:old|o\b|of\s+age)|/o)|yo\b|y\.o\.|yof\b|yom\b|y[fm]\b)",
            IGNORE_CASE,
            0.95,
        ),
        Form("either", rf"{_START}(?P<v>{_OLD}[ ](?:or|to)[ ]{_OLD})[ -]?(?:{_YEARS}|yo)\b", IGNORE_CASE, 0.95),
        Form("years", rf"{_START}(?P<v>{_OLD}\+?)[ -]?{_YEARS}{RIGHT}(?![ ](?:ago|back)\b)", IGNORE_CASE, 0.85),
        Form(
            "aged",
            rf"\b(?:aged?|age[ ](?:is|of|was|now)|turn(?:s|ed|ing)|(?:his|her|their)[ ]age|age[ ]at[ ]\w{{5,12}}|age[ ]?\((?:in[ ])?{_YEARS}\))(?<![^)\w])[\s:=-]{{0,3}}(?P<v>{_OLD}){RIGHT}",
            IGNORE_CASE,
            0.9,
            words("age aged turns turned turning"),
        ),
        Form(
            "somebody is",
            rf"\b{_SOMEBODY}(?:'s|[ ](?:is|was|turned|is[ ]now|just[ ]turned|will[ ]be))[ ](?:almost[ ]|nearly[ ]|now[ ]|about[ ])?(?P<v>{_BARE}|{_TENS})(?=[.,;)]|[ ]{_AFTER}(?!\w)|\s*$)(?!,[ ](?:hr|rr|bp|t|temp|sats?|spo2|pulse)\b)",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "somebody",
            rf"(?:^|(?<![^\W_])(?:pt|patient|{_RELATIVES}))(?<=[a-z])(?:,[ ]|[ ]|[ ]\()(?P<v>9\d(?!\d))(?=[,;)](?!\d|[ ](?:hr|rr|bp|t|temp|sats?|spo2|pulse|normal|low|high)\b)|[ ]{_AFTER}(?!\w)|[ ]?$)",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "death",
            rf"\b(?:died|dies|passed(?:[ ]away)?|deceased|dead|death|expired|alive|living|diagnosed|dx'?d|lived(?=[ ](?:to|until|till)))[ ](?:of[ ][a-z ]{{2,30}}?[ ])?(?:at|to|until|till|@|when[ ](?:he|she)[ ]was)[ ](?:be[ ])?(?:the[ ])?(?:age[ ])?(?:of[ ])?(?P<v>{_OLD}){RIGHT}|(?<![^\W_])(?:d\.[ ]?|deceased,?[ ])(?P<v>{_BARE}){RIGHT}",
            IGNORE_CASE,
            0.9,
        ),
        Form(
            "birthday",
            r"(?<![^\W_])(?P<v>(?:9\d|1[01]\d)(?:st|nd|rd|th)|ninet(?:ieth|y-\w{4,7}th|y-(?:first|second|third))|(?:one[ ])?hundredth)[ ](?:birthday|b-?day|year[ ]of[ ]life)\b",
            IGNORE_CASE,
            0.9,
            words("birthday bday b-day year"),
        ),
        Form(
            "in brackets",
            rf"\((?P<v>{_OLD}),[ ](?=(?:[mf]|male|female|lives|living|alive|healthy|widow\w*|retired|deceased|died|married|single|she|he|who)\b)",
            IGNORE_CASE,
            0.75,
        ),
        Form(
            "sex",
            rf"{_START}(?P<v>{_FIGURES})[ -]?/?(?:yo)?[ ]?(?:male|female|man|woman|gentleman|lady|[wbha][mf]){RIGHT}",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "sex in a letter, where a sentence begins",
            rf"(?:^\W{{0,4}}|(?<=[.!?:;][ ])|(?<=\()|\b(?:an?|this|our|pt|patient|elderly|frail|pleasant)[ ])(?P<v>{_FIGURES})(?:[ ]?/?[MFmf](?=[ ][a-z(]|[,;])|,[ ][MFmf](?=[,;]))(?!'){_HEAT}",
            FLAGS,
            0.8,
        ),
        Form(
            "sex in a letter",
            rf"{_START}(?P<v>(?:9[0-6]|10[89]|11\d)(?=[ ]?/?F)|(?:9\d|1[01]\d)(?=[ ]?/?M))[ ]?/?[MF](?=,?[ ]{_AFTER}(?!\w))",
            FLAGS,
            0.8,
        ),
        Form("figures, sex", rf"{_START}(?P<v>{_FIGURES})/[MF]{RIGHT}", FLAGS, 0.8),
        Form("sex first", rf"(?<![\w/])[MF]/(?P<v>{_FIGURES})(?!\w)", FLAGS, 0.8),
        Form(
            "decade",
            r"\b(?:(?:in|into)[ ])?(?:(?:his|her|their)[ ](?:early|mid|late)?[ -]?|(?:early|mid|late)[ -])(?P<v>90'?s|nineties)\b",
            IGNORE_CASE,
            0.9,
        ),
        Form(
            "long life",
            r"\b(?:married|together|wed)[ ](?:for[ ])?(?:over[ ]|almost[ ]|nearly[ ])?(?P<v>[7-9]\d)[ ]?(?:years|yrs?)\b",
            IGNORE_CASE,
            0.8,
            words("married together wed"),
        ),
        Form(
            "war",
            r"\b(?P<v>(?:WW[ ]?(?:II|2)|World War (?:II|2|Two)|Second World War))(?=[ -](?:vet|veteran|era vet\w*)\b)|\b(?:fought|served)[ ](?:in|during)[ ](?:the[ ])?(?P<v>WW[ ]?(?:II|2)|World War (?:II|2|Two)|Second World War)\b",
            IGNORE_CASE,
            0.8,
        ),
        Form("word", rf"{LEFT}(?P<v>nonagenarian|centenarian|supercentenarian){RIGHT}", IGNORE_CASE, 0.9),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Leave what a word of measurement stands before, or a unit behind."""
        if _OF_YEARS.match(text, end):
            return start, end
        if _UNIT.match(text, end) or _MEASURED.search(text[max(0, start - 40) : start]):
            return None
        return start, end
