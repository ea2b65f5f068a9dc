"""Dates in all usual forms, except the year alone: 45 CFR 164.514(b)(2)(i)(C).

Ages, durations ("for 3 days", "2 hours ago"), times of day, weekdays and years alone stay, but for years that tell an age
over 89. A season, quarter, week or part of a year goes with its year: it is more exact than the year. ``5/23`` is a date
or a score; the words around it decide, and where they do not, whether it can be one.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import words
from anonymization.recognizers.base import FLAGS, IGNORE_CASE, LEFT, RIGHT, Form, StrictPatternRecognizer

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    r"dec(?:ember)?)"
)
_CAPITAL_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|"
    r"Dec(?:ember)?|JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEPT?(?:EMBER)?|OCT(?:OBER)?|"
    r"NOV(?:EMBER)?|DEC(?:EMBER)?)"
)
_MONTHS = words(
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov november dec december"
)
_YEAR = r"(?:19|20)\d{2}"
_EARLY_YEAR = r"(?:18[5-9]\d|19[0-3]\d)"  # an event that somebody remembers from before 1940 tells an age over 89
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = r"(?:st|nd|rd|th)?"
_DAY_IN_WORDS = (
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|"
    r"(?:ten|eleven|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)th|twelfth|twentieth|thirtieth"
)
_OF_A_YEAR = rf"(?:,?[ ]|[ ]of[ ]|[ ]in[ ]|[-/ ]?(?=')){{1}}(?:{_YEAR}|'\d{{2}})(?![\ds])"
_WAR_YEAR = r"(?:18[5-9]\d|19(?:[0-4]\d|5[0-3]))"  # whoever served, graduated or married then was born before 1937
_CLOCK = r"(?:[T ,]{1,2}(?:at )?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[ap]\.?m\.?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_DOSE = r"(?!\s?(?:mg|mcg|ug|g|ml|units?|tabs?|tablets?|caps?|puffs?|drops?|times|doses?|%|x\b))"

# What before 5/23 says that it is a date, and what says that it is a score, a strength or an amount.
_DATED = re.compile(
    r"(?:\b(?:on|around|stay|since|from|until|till|through|thru|by|dated?|dob|born|birth\s?date|diagnosed|dx'?d?|admit(?:ted)?|adm|discharged?|d/c|"
    r"seen|visit(?:ed)?|scheduled|due|before|after|as of|began|begun|started|starting|last|next|lmp|edd|performed|collected|drawn|"
    r"signed|appointment|appt|f/u|surgery|follow[- ]?up|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|\w{3,6}day)\b[\s:,.(]{0,3}"
    r"|\b\d{1,2}/\d{1,2}\s?(?:-|to|through|thru)\s?)$",
    re.IGNORECASE,
)
_SCORED = re.compile(
    r"(?:pain|strength|gcs|apgar|mmse|moca|score[ds]?|scale|murmur|motor|power|rate[sd]?|severity|grade|reflex\w*|vision|acuity|"
    r"phq-?\d?|gad-?\d?|wells|rass|mrs|nihss|cam|level|intensity|about|an?|is|was|of|bp|b\.p\.|od|os|ou|stage|dtrs?|pulses|i/o|"
    r"oriented|orientation|x|rass|bsa|ratio|dose|\d)[\s:,=-]{0,3}$",
    re.IGNORECASE,
)
_SCALE = re.compile(
    r"\s?(?:on\s)?(?:the\s|a\s)?(?:pain|scale|severity|in\s(?:severity|intensity)|intensity|vas|nrs)\b", re.IGNORECASE
)
# Tests, visits and procedures that a day stands behind ("labs 3/4"), and what is counted or graded behind a fraction.
_EVENT = (
    r"(?:labs?|cbc|bmp|cmp|a1c|echo|tte|tee|ekg|ecg|cxr|ct|mri|x-?ray|xr|pet|dexa|mammo(?:gram)?|colonoscopy|egd|scope|stress test|cath|"
    r"pfts?|eeg|emg|scan|imaging|rtc|f/?u|return|recheck|appt|clinic|consult|hospitali[sz]ed|hosp|admission|ed|er|icu|transfer(?:red)?|"
    r"intubated|extubated|called|placed|removed|done|resulted|results?|reviewed|exp(?:ires)?|cabg|pci|stent|tka|tha|"
    r"appy|chole|c-section|s/p|booster|shot|vaccine|flu|covid|tdap|shingrix|prevnar|delivered|delivery|ppm|icd)"
)
_AFTER_EVENT = re.compile(rf"(?<![^\W_]){_EVENT}[\s:,.(@-]{{1,3}}(?:back[ ]|due[ ]|done[ ])?$", re.IGNORECASE)
_GIVEN = re.compile(
    r"(?:booster|shot|vaccine|flu|covid|tdap|shingrix|prevnar|#\d)[\s:,(-]{1,3}$", re.IGNORECASE
)  # "vaccine 1/2"
_COUNTED = re.compile(
    r"\s?(?:\+|of\b|tab|cup|pill|cap|bottle|node|core|pos|neg|strength|murmur|systolic|diastolic|sem\b|holosys|pain|point|dose|drop|pack|"
    r"ppd|inch|mile|teaspoon|tsp|tbsp|amp|ounce|oz\b|glass|can\b|full|normal|life|way|bilat|b/l|in all|throughout|intensity|scale|reflex|"
    r"dtr|grip|criteri|sirs|grade|power|motor|[rl]?[ub]?[ul]e\b|upper|lower|right|left|[rl]\b|deltoid|bicep|tricep|hip|knee|plantar|dorsi|symm|"
    r"equal|o[dsu]\b|ns\b|saline|time|patient|pts\b|hours?|days?|weeks?|months?|years?|blood|meal|with\s\w+\s(?:strength|power)|sets?\b)",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"(?:^|\n)[ \t>*•-]{0,4}$|[;•][ ]$")
_TEXT_FOLLOWS = re.compile(r"\s?(?::|-{1,2}\s|\u2013)|[ ](?:[a-z]{2,}|[A-Z][a-z]+|\d{4}\b)")
_ACUITY = re.compile(
    r"\b(?:vision|visual|acuity|b?cva|ucva|va|snellen|eyes?|o[dsu])\b[^\n]{0,40}$|/\d{1,3}\s?(?:o[dsu])?[,;]\s?$",
    re.IGNORECASE,
)
_EYE = re.compile(r"\s?(?:o[dsu]|re|le|cc|sc|ph|(?:in the )?(?:right|left))\b", re.IGNORECASE)
_SCORE_BASES = frozenset({15, 20, 27, 30})  # GCS, visual acuity, PHQ-9, MMSE and MoCA
_WEAK_WORDS = frozenset({"from", "after", "by", "last", "next", "before", "around"})


class DateRecognizer(StrictPatternRecognizer):
    """Full, partial and written dates, months with a day or a year, months after a preposition, holidays."""

    entity = "DATE"
    forms = (
        Form("iso", rf"{LEFT}{_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d){_CLOCK}", FLAGS, 0.95),
        Form("iso month", rf"(?<![\w.,/-]){_YEAR}-(?:0[1-9]|1[0-2]){RIGHT}(?!-)", FLAGS, 0.9),
        Form(
            "compact",
            rf"{LEFT}(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?\d{{4,6}}Z?)?{RIGHT}",
            FLAGS,
            0.85,
        ),
        Form(
            "numeric",
            rf"(?<![\w./]){_DAY}(?P<s>[/.\\-])\s?{_DAY}(?P=s)\s?(?:{_YEAR}|'?\d{{2}})(?![\w/]|[.-]\d){_CLOCK}",
            FLAGS,
            0.9,
        ),
        Form(
            "numeric with blanks",
            rf"(?<![\w.,/-])(?:0[1-9]|1[0-2])[ ](?:0[1-9]|[12]\d|3[01])[ ]{_YEAR}(?![\w/-]|[.,]\d)",
            FLAGS,
            0.85,
        ),
        Form(
            "six digits",  # with a leading zero, as no result is written
            r"(?<![\w.,/-])0[1-9](?:0[1-9]|[12]\d|3[01])\d{2}(?![\w/-]|[.,]\d)",
            FLAGS,
            0.7,
        ),
        Form(
            "range",
            rf"(?<![\w./-])(?:0?[1-9]|1[0-2])/{_DAY}\s?(?:-|\u2013|to|thru|through)\s?(?:0?[1-9]|1[0-2])/{_DAY}(?:/\d{{2,4}})?(?![\w/%-]|\.\d)",
            FLAGS,
            0.8,
        ),
        Form(
            "month day with a hyphen",
            rf"(?<![^\W_])(?:f/?u|appt|appointment|dob|born|birthday|seen|visit|rtc|adm|admit(?:ted)?|d/c'?d?|discharged|due|labs?)[ :]{{1,2}}(?:on[ ])?(?P<v>(?:0?[1-9]|1[0-2])-{_DAY})(?![\w/%-]|\.\d|\s?(?:d|days?|w|wks?|weeks?|mos?|months?|y|yrs?|years?|times|x|h|hrs?|hours?|min\w*|visits|more|other)\b)",
            IGNORE_CASE,
            0.75,
        ),
        Form(
            "season, quarter or part of a year",
            rf"\b(?P<v>(?:(?:early|mid|late|last|first|the)[ -])?(?:spring|summer|autumn|winter){_OF_A_YEAR}|(?:\d(?:st|nd|rd|th)|first|second|third|fourth|last|early|mid|late|beginning|start|end|middle)(?:[ -](?:quarter|half|third|week|weeks|part|days?))?(?:[ ]of)?(?:[ ]the[ ]year)?[ -](?:in[ ])?{_YEAR}(?![\ds/-])|[QH][1-4](?:{_OF_A_YEAR}|-{_YEAR})|[1-4]Q'?\d{{2}}(?:\d{{2}})?|{_YEAR}[ -]?[QH][1-4]|{_YEAR}-?W\d{{2}}|(?:week|wk|day|month)[ ](?:no\.?[ ]|#)?\d{{1,3}}{_OF_A_YEAR}){RIGHT}",
            IGNORE_CASE,
            0.85,
        ),
        Form(
            "fall of a year",  # a fall is also what patients have
            rf"\b(?:in|since|during|until|by|early|mid|late|this|every)[ ](?:the[ ])?(?:early[ ]|late[ ])?(?P<v>fall{_OF_A_YEAR})|\b(?P<v>(?:early[ ]|late[ ])?fall[ ]of[ ]{_YEAR})|(?<=[,;][ ])(?P<v>Fall[ ]{_YEAR}){RIGHT}",
            IGNORE_CASE,
            0.85,
            words("fall"),
        ),
        Form(
            "day in words",
            rf"{LEFT}(?:(?!may\b){_MONTH}[ ](?:the[ ])?(?:{_DAY_IN_WORDS})|(?:{_DAY_IN_WORDS})(?:[ ]day)?[ ]of[ ]{_MONTH}){RIGHT}(?:,?[ ]{_YEAR})?",
            IGNORE_CASE,
            0.85,
            _MONTHS,
        ),
        Form(
            "day of this month",
            rf"\b(?:on|by|since|until|till)[ ]the[ ](?P<v>{_DAY}(?:st|nd|rd|th))(?=[.,;)]|\s*$|[ ](?:and|at|for|to|when|she|he|pt|but)\b)",
            IGNORE_CASE,
            0.75,
        ),
        Form(
            "month and year in figures",
            rf"(?<![\w./-])(?:0?[1-9]|1[0-2])[/-]{_YEAR}(?![\w/-])",
            FLAGS,
            0.9,
            words("/19 /20 -19 -20"),
        ),
        Form(
            "month day",
            rf"{LEFT}{_CAPITAL_MONTH}\.?[ ]{{0,2}}{_DAY}{_ORDINAL}(?!\d|[/.:]\d){_DOSE}(?:(?:,[ ]?|[ ]){_YEAR}|,?[ ]'\d{{2}}{RIGHT})?{_CLOCK}",
            FLAGS,
            0.9,
            _MONTHS,
        ),
        Form(
            "month day, lower case",
            rf"{LEFT}(?:(?!may\b){_MONTH}|(?<=(?:on|by|since|until|till|from|before|after|for)[ ])may)\.?[ ]{_DAY}{_ORDINAL}(?!\d|[/.:]\d){_DOSE}(?:,?[ ]{_YEAR})?|{LEFT}may[ ]{_DAY}{_ORDINAL},?[ ]{_YEAR}{RIGHT}",
            IGNORE_CASE,
            0.85,
            _MONTHS,
        ),
        Form(
            "day month",
            rf"{LEFT}(?:the[ ])?{_DAY}{_ORDINAL}[ .\-/]{{0,2}}(?:of[ ])?{_MONTH}{RIGHT}\.?(?:[,.\-/ ]{{1,2}}'?(?:{_YEAR}|\d{{2}})(?![\w/:]))?{_CLOCK}",
            IGNORE_CASE,
            0.9,
            _MONTHS,
        ),
        Form("joined", rf"{LEFT}{_DAY}{_MONTH}(?:{_YEAR}|\d{{2}}){RIGHT}", IGNORE_CASE, 0.9, _MONTHS),
        Form(
            "month year",
            rf"{LEFT}(?:{_CAPITAL_MONTH}|(?!may){_MONTH})\.?(?:,?[ ]|[ ]of[ ]|-|/|[ ]')(?:{_YEAR}|(?<=['-]|[ ]of[ ])\d{{2}}){RIGHT}(?!\s?(?:y|mg|patients|years)\b)",
            IGNORE_CASE,
            0.9,
            _MONTHS,
        ),
        Form(
            "month alone",
            rf"\b(?i:in|since|last|this|next|by|until|till|early|late|mid|from|around|through|of|during|every|past|before|after)[ -](?:(?i:early|late|mid)[ -])?(?P<v>(?:January|February|March|April|May|June|July|August|September|October|November|December|(?i:january|february|april|june|july|august|september|october|november|december)|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)){RIGHT}(?!\s(?:be|have|need|not)\b)",
            FLAGS,
            0.8,
            _MONTHS,
        ),
        Form(
            "month alone in small letters",
            rf"\b(?:in|since|until|till|during|early|late|mid)[ -](?P<v>may|march|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec){RIGHT}(?!\s(?:be|have|need|not|also|also|require|cause|help|in|out)\b)",
            IGNORE_CASE,
            0.75,
            _MONTHS,
        ),
        Form(
            "month that is nothing else",
            r"\b(?:January|February|July|September|October|November|December)\b",
            FLAGS,
            0.7,
            _MONTHS,
        ),
        Form(
            "holiday",
            r"\b(?:(?i:Christmas|Xmas|Thanksgiving|Halloween|Labor Day|Memorial Day|Mother'?s Day|Father'?s Day|Veterans'? Day|New Year's)|Easter|New Year'?s?|Hanukkah|Passover|Diwali|Ramadan|Good Friday|Valentine'?s Day|St\.? Patrick'?s Day|Independence Day|Fourth of July|4th of July)(?:[ ](?:Eve|Day))?\b",
            FLAGS,
            0.7,
            words(
                "christmas xmas thanksgiving easter halloween new hanukkah passover diwali good ramadan valentine patrick independence labor memorial mother mothers father fathers veterans july"
            ),
        ),
        Form(
            "birth year",
            rf"\b(?:born(?:\s+(?:in|on))?|dob|d\.o\.b\.|birth\s?(?:year|date)|year of birth)\b[\s:.]{{0,3}}(?P<v>{_YEAR}){RIGHT}",
            IGNORE_CASE,
            0.9,
            words("born dob d.o.b birth birthdate birthyear"),
        ),
        Form(
            "early year",
            rf"\b(?:in|since|born|circa|year|during|until|class of|back to|generation of)[ ](?:the[ ])?(?P<v>{_EARLY_YEAR}s?){RIGHT}(?!\s?(?:h|hrs?|hours|ml|mg|kcal|cal)\b)",
            IGNORE_CASE,
            0.8,
        ),
        Form(
            "year of a young adult",
            rf"\b(?:served|enlisted|drafted|graduated|graduate|class[ ]of|married|wed)\b[^\n.;\d]{{0,24}}(?P<v>{_WAR_YEAR}(?:\s?-\s?(?:{_YEAR}|\d{{2}}))?){RIGHT}",
            IGNORE_CASE,
            0.8,
            words("served enlisted drafted graduated graduate class married wed"),
        ),
        Form(
            "labelled birth date",
            rf"\b(?:dob|d\.o\.b\.?|birth\s?date|date of birth|born(?:\s+on)?)\b[\s:=]{{0,4}}(?P<v>{_MONTH}\.?[ ]{_DAY}{_ORDINAL},?[ ]'?\d{{2}}(?:\d{{2}})?|\d{{1,2}}[ ]\d{{1,2}}[ ](?:\d{{4}}|\d{{2}})|\d{{6}}){RIGHT}",
            IGNORE_CASE,
            0.95,
            words("dob d.o.b birth birthdate born"),
        ),
        Form(
            "month day in figures",
            rf"(?<![\w./-])(?:0?[1-9]|1[0-2])/{_DAY}(?![\w/%-]|\.\d|\s?/\s?\d|\s?(?:strength|pain|points?|doses?|tabs?|tablets?|drops?)\b)",
            FLAGS,
            0.6,
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Decide on ``5/23`` and ``5/3-5/9``; every other form is a date."""
        value = text[start:end]
        first = _MONTH_DAY.match(value)
        if first is None or value.count("/") > 2:
            return start, end
        month, day = int(first[1]), int(first[2])
        before = text[max(0, start - 44) : start]
        if first.end() < len(value):
            return (start, end) if _is_range(value, before) else None
        if _FIELD_BEFORE.search(before) and _FIELD_AFTER.match(text, end):
            return start, end
        return (start, end) if _is_dated(text, before, end, month, day) else None


# A field by itself, as in JSON and tables: "when": "8/27". Results stand beside their names.
_FIELD_BEFORE = re.compile(
    r"(?:\b(?:when|date|day|dob|born|seen|visit|admitted|discharged)\b[\"']?\s?[:=]\s?[\"']|[\t|])$", re.IGNORECASE
)
_FIELD_AFTER = re.compile(r"[\"'\t|]")
_MONTH_DAY = re.compile(r"(\d{1,2})/(\d{1,2})(?!\d|/)")


def _is_range(value: str, before: str) -> bool:
    """Two days, not two scores of one scale ("4/5-5/5")."""
    days = _MONTH_DAY.findall(value)
    same = len({day for _, day in days}) == 1
    return bool(_DATED.search(before)) or not (same or _SCORED.search(before))


def _is_dated(text: str, before: str, end: int, month: int, day: int) -> bool:
    """Whether ``month/day`` before `end` is a date by the words around it, else by its figures."""
    dated = _DATED.search(before[-24:])
    word = dated[0].strip(" :,.(").lower() if dated else ""
    of_ten = day == 10 and month < 10 and (word in _WEAK_WORDS or (word == "on" and _SCALE.match(text, end)))
    if dated and not of_ten:
        return True
    if _SCORED.search(before) or (month == 6 and (_ACUITY.search(before) or _EYE.match(text, end))):
        return False
    if day > 10 and day not in _SCORE_BASES:
        return True
    return _is_noted(text, before, end) and not (month <= day <= 3 and _GIVEN.search(before))


def _is_noted(text: str, before: str, end: int) -> bool:
    """Whether a test or visit stands before it, or a line or clause begins with it; nothing is counted behind it."""
    if _COUNTED.match(text, end):
        return False
    return bool(_AFTER_EVENT.search(before) or (_BEGINS.search(before) and _TEXT_FOLLOWS.match(text, end)))
