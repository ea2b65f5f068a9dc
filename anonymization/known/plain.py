"""Whether a word that is also a known name is recognised in a plain reading where it stands.

The decision about weak names is inverted: a name of the request is masked unless one of the readings here fits. FIRM
readings fit whatever the rest of the text says ("kidney stone", "will need", "a case", "do not"); LIKELY ones give way
where the text is certain to speak of that person elsewhere ("small effusion", "foot exam").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING

from anonymization.known import cues, plain_words, verbs
from anonymization.known.variants import is_english
from anonymization.lexicon import packaged_lexicon, words

if TYPE_CHECKING:
    from anonymization.known.context import Place

_DIGIT_BEFORE = re.compile(r"\d\s?$")
_DIGIT_AFTER = re.compile(r"[, /#-]{0,2}'?\d")
_MEASURE = re.compile(r" ?\(\d")
_SAYINGS = re.compile(r"\b(?:dusk to dawn|fall from grace|leap of faith|head to toe|cash price|wear and tear)\b")
_PRONOUNS = words("i we they you")
_LONGEST_SAYING = 20
_OWN = re.compile(r"'s? ")
_FINDING = re.compile(
    r":\s{1,3}(?:normal|normocephalic|atraumatic|nc\b|ncat|nc/at|without |[+-]"
    r"|supple|warm|dry|intact|symmetric|clear|full|non|rrr|regular|negative|wnl|\d)"
)
_GREW = re.compile(r" (?:to|from|by) \d")
_VOWEL = re.compile(r" (?:[aeiouh][\w'/-]+|[fhlmnrsx](?=[^aeiou\W]|\b)[\w-]*|[aefhilmnorsx8]\b|\d)")


class Reading(IntEnum):
    """How surely a word is meant as the word."""

    NONE = 0
    LIKELY = 1
    FIRM = 2


def reading_of(place: Place) -> Reading:
    """The plain reading of the word at `place`."""
    if _is_phrase(place) or _is_glued(place) or _is_function(place) or _is_short_word(place):
        return Reading.FIRM
    if acts_as_verb(place) or _is_determined(place) or _is_dated(place) or _after_pronoun(place):
        return Reading.FIRM
    if place.is_title and not place.text.starts_clause(place.i):
        return Reading.LIKELY if _among_titles(place) else Reading.NONE
    fitting = [fits for fits in _LIKELY if fits(place)]
    if _small_among_capitals in fitting and len(fitting) > 1:
        return Reading.FIRM  # nothing speaks for a name: neither the writing nor the words around it
    return Reading.LIKELY if fitting else Reading.NONE


# -- firm ---------------------------------------------------------------------------------------------------------
def _is_phrase(place: Place) -> bool:
    """A set phrase: "grace period", "kidney stone", "Bell's palsy", "rose to 39", "16 French"."""
    if place.after in cues.NOT_BEFORE.get(place.word, ()) or _possessive_phrase(place):
        return True
    if place.word == "french" and _DIGIT_BEFORE.search(place.gap_before):
        return True
    at = place.tail_start()
    around = _SAYINGS.finditer(place.text.folded, max(0, at - _LONGEST_SAYING), at + _LONGEST_SAYING)
    if any(m.start() < at < m.end() + 1 for m in around):
        return True
    if place.word == "rose" and _GREW.match(place.tail(12)):
        return True
    return place.before in cues.NOT_AFTER.get(place.word, ()) and place.gap_before in (" ", "  ", "\n", "/")


def _possessive_phrase(place: Place) -> bool:
    following = place.text.word(place.i + 2) if _OWN.match(place.tail(3).lower()) else ""
    return following in cues.NOT_BEFORE.get(place.word, ()) and following != "s"


def _after_pronoun(place: Place) -> bool:
    """A verb in small letters after its subject: "I hope it ends"."""
    small = place.word in cues.VERBS_TOO and place.raw.islower()
    return small and place.before in _PRONOUNS and place.gap_before == " " and bool(place.after)


def _is_dated(place: Place) -> bool:
    """A month: "May 2", "in May"."""
    if place.word not in cues.MONTHS or place.before in cues.PEOPLE:
        return False
    return bool(_DIGIT_BEFORE.search(place.gap_before) or _DIGIT_AFTER.match(place.gap_after))


def _is_glued(place: Place) -> bool:
    """A part of a compound: "long-term", "white-coat", "day-to-day"."""
    if place.is_title and not place.text.starts_clause(place.i):
        return False
    for j, gap in ((place.i - 1, place.gap_before), (place.i + 1, place.gap_after)):
        if gap == "-" and 0 <= j < len(place.text.words) and is_english(place.text.word(j)):
            return True
    return False


def _is_determined(place: Place) -> bool:
    """As in "the stone", "her hope", "no joy"; a capital only where it begins nothing."""
    if place.is_title or place.gap_before not in (" ", "\n", "  "):
        return False
    if place.before in plain_words.OF and place.before2 in plain_words.OF_PERSONS:
        return False
    return place.before in plain_words.DETERMINERS


def acts_as_verb(place: Place) -> bool:
    """As in "will call", "may need", "may not have": an auxiliary before the plain form of a verb."""
    if not place.is_modal:
        return False
    j = place.i + 1
    while place.text.word(j) in plain_words.MODAL_ADVERBS and not place.text.gap(j - 1, j).strip():
        j += 1
    verb = place.text.word(j)
    if not verb or place.text.gap(j - 1, j).strip():
        return j > place.i + 1
    if verb in cues.MODALS:
        return j > place.i + 1  # "may or may not"
    if place.text.raw(j)[0].isupper() and not place.is_flat:
        return False
    if verb in plain_words.ALSO_NOUNS and verbs.is_past(place.text.word(j + 1)):
        return False
    return verb in plain_words.VERBS or (verb not in plain_words.NO_VERBS and verbs.is_base(verb))


def _is_function(place: Place) -> bool:
    """A word that sentences are made of ("in", "to", "so"), unless its capital stands out."""
    return place.word in plain_words.FUNCTION and not (place.is_title and not place.text.starts_clause(place.i))


def _is_short_word(place: Place) -> bool:
    """One of the short words that are also surnames ("do", "an", "li"), in its plain or clinical reading."""
    if place.word == "an":
        return _VOWEL.match(place.tail(16).lower()) is not None and place.after not in plain_words.AFTER_NAMES
    if place.is_title and not place.text.starts_clause(place.i):
        return False
    before, after = plain_words.SHORT.get(place.word, (frozenset(), frozenset()))
    if place.word == "do" and place.before in before and place.after in plain_words.AFTER_NAMES - after:
        return False
    beside = place.before in before and place.gap_before in (" ", "\n", "/", "  ")
    if place.is_abbreviation and place.raw.isupper() and not place.is_flat:
        return True  # "ED" in a line of small letters
    return beside or place.after in after or (place.word == "al" and place.gap_after.startswith("("))


# -- likely -------------------------------------------------------------------------------------------------------
def _among_titles(place: Place) -> bool:
    """Among words that all begin with a capital, before a noun ("Small Bowel Series", "Kidney Stone Protocol")."""
    return place.in_heading()


def _small_among_capitals(place: Place) -> bool:
    """In small letters where the line has capitals for names."""
    return place.raw.islower() and place.text.style(place.i) == "mixed"


def _describes(place: Place) -> bool:
    """As in "long history", "white plaques", "low and slow"; not "small stable", "long to ct"."""
    if not place.is_adjective:
        return False
    if place.before in plain_words.BEFORE_ADJECTIVES and not place.is_title:
        return True
    if place.after == "and" and place.text.word(place.i + 2) in cues.ADJECTIVES:
        return is_noun(place.text.word(place.i + 3))  # "black and blue marks"
    return is_noun(place.after)


def _is_part(place: Place) -> bool:
    """As in "left foot", "bone scan", "stone in", "day 3", "Head: normal"."""
    if not (place.is_thing or _is_everyday(place)):
        return False
    if _DIGIT_BEFORE.search(place.gap_before):
        return place.before not in plain_words.AFTER_NAMES  # not "bed 4 day"
    if _DIGIT_AFTER.match(place.gap_after) or _MEASURE.match(place.tail(4)):
        return True
    if _FINDING.match(place.tail(16).lower()):
        return True
    if place.after in plain_words.AFTER_THINGS:
        following = place.text.word(place.i + 2)
        timed = place.after == "in" and _DIGIT_AFTER.match(place.text.gap_after(place.i + 1))
        return not (timed or following in plain_words.WHERE_PERSONS_ARE or verbs.is_gerund(following))
    if is_noun(place.after):
        return True
    if _follows_blocking(place):
        return True
    return _is_modifier(place) and not place.is_title


def _happens(place: Place) -> bool:
    """As in "stone passed", "head hurts": what things do."""
    if not place.is_thing or place.after in cues.SPEECH | plain_words.OF_PERSONS_TOO:
        return False
    following = place.text.word(place.i + 2)
    if following in plain_words.DETERMINERS or verbs.is_gerund(following):
        return False  # "head placed the line", "case is signing"
    return place.after in verbs.OF_THINGS


def _is_verb(place: Place) -> bool:
    """As in "pressure rose", "we hope", "please mark"."""
    if place.word not in cues.VERBS_TOO or place.is_title:
        return False
    if place.before in ("to", "who") and not place.after:
        return False
    if place.before in cues.PRONOUNS:
        return place.after not in plain_words.AFTER_NAMES or place.after in plain_words.AFTER_VERBS
    return place.after in plain_words.AFTER_VERBS and _is_modifier(place)


def begins_clause(place: Place) -> bool:
    """As in "hope to discharge", "mark the site", "park near": a plain verb or noun and what follows it."""
    return place.after in plain_words.LIKELY_BEFORE.get(place.word, ()) and not _goes(place)


def _goes(place: Place) -> bool:
    """As in "hope to ct": "to" with no verb behind it."""
    verb = place.text.word(place.i + 2)
    return place.after == "to" and not (verb in plain_words.VERBS or verbs.is_base(verb))


def _blocked(place: Place) -> bool:
    """After a preposition or quantity that no person follows: "in summer", "less joy"."""
    return _follows_blocking(place) and not place.is_short


def _follows_blocking(place: Place) -> bool:
    return place.before in plain_words.BLOCKING and not place.is_title and not place.gap_before.strip(" \n'\"(-")


_LIKELY: tuple[Callable[[Place], bool], ...] = (
    _small_among_capitals, _describes, _is_part, _happens, _is_verb, begins_clause, _blocked,
)  # fmt: skip


def _is_everyday(place: Place) -> bool:
    return place.word in packaged_lexicon().words and not place.is_modal and not place.is_adjective


def is_noun(word: str) -> bool:
    """Whether `word` can be what the word before it describes: no verb of persons, no small word."""
    if not word or word in plain_words.AFTER_NAMES or word in cues.MODALS:
        return False
    if word in cues.SPEAKS and word not in cues.NOUNS_TOO:
        return False
    if verbs.is_past(word) or (verbs.is_gerund(word) and not packaged_lexicon().is_word(word)):
        return False
    if word in cues.ABBREVIATIONS:
        return word in plain_words.DESCRIBED_ABBREVIATIONS
    return is_english(word)


def _is_modifier(place: Place) -> bool:
    """Whether the word before can stand before a noun: "kidney", "left", "bad"; not "paged", "per"."""
    word = place.before
    if not word or place.gap_before not in (" ", "\n", "  ", "/"):
        return False
    if word in plain_words.BEFORE_NAMES or is_profession(word):
        return False
    if word in cues.SPEAKS | cues.TELLS | cues.TALKS_WITH | cues.STATES | cues.PEOPLE or verbs.is_past(word):
        return False
    return packaged_lexicon().is_word(word) or word in cues.ADJECTIVES


def is_profession(word: str) -> bool:
    """As in "cardiologist", "dietician"."""
    return len(word) > 6 and word.endswith(("ologist", "iatrist", "ician", "therapist", "istician"))
