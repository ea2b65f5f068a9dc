"""Dates in all usual forms, except the year alone: 45 CFR 164.514(b)(2)(i)(C).

Ages, durations ("for 3 days", "2 hours ago"), times of day, weekdays and years alone stay: they are no elements of a
date that the rule names, but for years that tell an age over 89. ``5/23`` is a date or a score; the words before it decide, and where they do not, whether it can be one.
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
    r"phq-?\d?|gad-?\d?|wells|rass|mrs|nihss|cam|level|intensity|about|an?|is|was|of|bp|b\.p\.|od|os|ou|stage|dtrs?|pulses|"
    r"oriented|orientation|x|rass|bsa|ratio|dose|\d)[\s:,=-]{0,3}$",
    re.IGNORECASE,
)
_SCALE = re.compile(
    r"\s?(?:on\s)?(?:the\s|a\s)?(?:pain|scale|severity|in\s(?:severity|intensity)|intensity|vas|nrs)\b", re.IGNORECASE
)
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
            rf"(?<![\w./]){_DAY}(?P<s>[/.-])\s?{_DAY}(?P=s)\s?(?:{_YEAR}|'?\d{{2}})(?![\w/]|[.-]\d){_CLOCK}",
            FLAGS,
            0.9,
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
            rf"{LEFT}(?!may\b|mar\b){_MONTH}\.?[ ]{_DAY}{_ORDINAL}(?!\d|[/.:]\d){_DOSE}(?:,?[ ]{_YEAR})?",
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
            rf"{LEFT}(?:{_CAPITAL_MONTH}|(?!may){_MONTH})\.?(?:,?[ ]|[ ]of[ ]|-|/|[ ]')(?:{_YEAR}|(?<=')\d{{2}}){RIGHT}",
            IGNORE_CASE,
            0.9,
            _MONTHS,
        ),
        Form(
            "month alone",
            rf"\b(?i:in|since|last|this|next|by|until|till|early|late|mid|from|around|through|of|during|every|past|before|after)[ -](?:(?i:early|late|mid)[ -])?(?P<v>(?:January|February|March|April|May|June|July|August|September|October|November|December|(?i:january|february|april|june|july|august|september|october|november|december))){RIGHT}(?!\s(?:be|have|need|not)\b)",
            FLAGS,
            0.8,
            _MONTHS,
        ),
        Form(
            "holiday",
            r"\b(?:Christmas|Xmas|Thanksgiving|Easter|Halloween|New Year'?s?|Hanukkah|Ramadan|Valentine'?s Day|Independence Day|Labor Day|Memorial Day|Fourth of July|4th of July)(?:[ ](?:Eve|Day))?\b",
            FLAGS,
            0.7,
            words(
                "christmas xmas thanksgiving easter halloween new hanukkah ramadan valentine independence labor memorial july"
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
        """Decide on ``5/23``; every other form is a date."""
        value = text[start:end]
        month, slash, day = value.partition("/")
        if not slash or not (month.isdigit() and day.isdigit()) or len(day) == 4:
            return start, end
        before = text[max(0, start - 24) : start]
        dated = _DATED.search(before)
        word = dated[0].strip(" :,.(").lower() if dated else ""
        of_ten = (
            int(day) == 10 and int(month) < 10 and (word in _WEAK_WORDS or (word == "on" and _SCALE.match(text, end)))
        )
        if dated and not of_ten:
            return start, end
        if _SCORED.search(before) or int(day) <= 10 or int(day) in _SCORE_BASES:
            return None
        return start, end
