"""Identifiers that stand in the request: found in any writing, and never overruled.

names      word by word in any order and case, with short names, initials, misspellings, joined and split forms
           (`book` writes the forms, `names` finds them, `context` judges names that are words)
numbers    as one run of letters and digits, whatever stands between (phones, ids, e-mail, web addresses)
dates      each date in a text is read in every way it can be meant and compared
phrases    street lines, towns, organisations and places, with their short forms

Nothing here compiles a pattern per request. The clinical allow-list does not apply: in the chart of a Thomas, "Thomas
test" is masked too, because safety comes before the name of a test.
"""

from anonymization.known.kinds import LONG_NUMBER, NAME_KINDS, NUMBER_LABELS, PHRASE_LABELS, SHORTEST_NUMBER, KnownHit
from anonymization.known.matcher import KnownMatcher
from anonymization.known.numbers import number_keys
from anonymization.known.variants import is_weak, name_parts

__all__ = [
    "LONG_NUMBER",
    "NAME_KINDS",
    "NUMBER_LABELS",
    "PHRASE_LABELS",
    "SHORTEST_NUMBER",
    "KnownHit",
    "KnownMatcher",
    "is_weak",
    "name_parts",
    "number_keys",
]
