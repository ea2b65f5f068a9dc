"""Whether a word that can be a name is one where it stands.

A weak name is masked unless a plain reading of that very word is recognised (`plain`). Marks that only persons have
(title, role, credential, age, signature) overrule every reading; a firm reading ("may need", "kidney stone") overrules
the rest; a likely one ("small effusion") gives way to what only persons do, and to a certain mention elsewhere.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.known import cues, plain_words, verbs
from anonymization.known.plain import Reading, acts_as_verb, begins_clause, is_noun, is_profession, reading_of
from anonymization.known.predicates import BROAD, CARED_FOR, NEXT_TO_OBJECT, PERSONAL
from anonymization.known.text import Text
from anonymization.known.variants import is_drug, is_english
from anonymization.lexicon import words

_BLANK = re.compile(r"[. ]{1,3}|\.?\n")
_COMMA = re.compile(r",? |\n| ?\(|,? ?\"|: ?")
_AGE = re.compile(
    r"(?: - |[\s,(]{0,3})(?:(?:is|was) )?(?:an? )?(?:age[sd]? )?\d{1,3}[ -]?(?:y\.?/?o\b|yr?s?\.?[ -]?old|years?[ -]old|[mf]\b|yom\b|yof\b)"
    r"|[\s,(]{1,3}(?:dob|d\.o\.b|mrn)\b"
)
_COMPLAINS = re.compile(r" (?:also )?c/o\b")
_CREDENTIAL = re.compile(r",? ?[A-Za-z]{2,6}\b")
_SIGNED = re.compile(r"/s/ ?$|(?i:\be-?signed ?)$")
_RETURN = re.compile(r"(?: in)? ?\d{1,2} ?(?:d|wks?|mos?|days?|weeks?|months?|yrs?|years?)\b|\W*(?:\n|$)|,")
_NUMBERED = re.compile(r" #?\d")
_HEAD = re.compile(r" ?:| - | \(|-\s| [-\u2013\u2014] ")
_OWN = re.compile(r"'s? ")


def reads_as_name(text: Text, i: int, *, raised: bool = False) -> bool:
    """Whether the frequent word at `i`, also a part of a known name, is used as a name.

    `raised`: the text is certain to speak of that person elsewhere, so that only a firm plain reading counts.
    """
    return Place(text, i).is_name(raised=raised)


def surely_a_name(text: Text, i: int, *, small: bool = False) -> bool:
    """Whether the word at `i`, with `small` also in small letters, is sure to be a name: titled, signed or labelled."""
    place = Place(text, i)
    told = place.before in cues.TELLS or (place.before2, place.before) in _NAMED
    return (place.is_title or small) and (place.surely() or (told and not text.starts_clause(i)))


_PREPOSITIONS = words("of in on at by for from to with")  # "records of mason"


def reads_as_mild_name(text: Text, i: int) -> bool:
    """The same for a rare word ("mason"): a name but in small letters or among capitals after an article."""
    place = Place(text, i)
    if place.is_title or not (place.raw.islower() or place.is_flat):
        return True
    return text.word(i - 1) not in cues.DETERMINERS - _PREPOSITIONS or place.is_name()


class Place:
    """One word and its surroundings."""

    def __init__(self, text: Text, i: int) -> None:
        self.text = text
        self.i = i
        self.word = text.word(i)
        self.raw = text.raw(i)
        self.before = text.word(i - 1)
        self.before2 = text.word(i - 2)
        self.gap_before = text.gap_before(i)
        self.gap_after = text.gap_after(i)
        self.after = text.word(i + 1) if self.gap_after in (" ", "\n", "  ") else ""
        self.is_title = self.raw[0].isupper() and not self.raw.isupper()
        self.is_flat = text.style(i) != "mixed" or self._among_capitals()
        self.is_modal = self.word in cues.MODALS
        self.is_adjective = self.word in cues.ADJECTIVES
        self.is_thing = self.word in cues.THINGS
        self.is_abbreviation = self.word in cues.ABBREVIATIONS and not self.is_title
        self.is_short = self.is_abbreviation or (len(self.word) < 3 and not self.is_title)

    def is_name(self, *, raised: bool = False) -> bool:
        """The signs in order; without a sign, a name unless a plain reading is recognised."""
        if self.surely():
            return True
        reading = reading_of(self)
        if reading is Reading.FIRM:
            return False
        return raised or self._shown() or reading is Reading.NONE

    def surely(self) -> bool:
        """Signs that overrule any plain reading."""
        return self._titled() or self._labelled_capital() or self._aged() or self._marked()

    def _shown(self) -> bool:
        """Signs of a person that a likely plain reading does not outweigh."""
        if self._labelled() or self._told() or self._own():
            return not (acts_as_verb(self) or self._describes())
        return self._after_person() or self._subject() or self._does_as_person() or self._cared_for()

    # -- what it is instead ---------------------------------------------------------------------------------------
    def _acts_as_verb(self) -> bool:
        return acts_as_verb(self)

    def _describes(self) -> bool:
        """As in "long history", "white count"."""
        if not self.is_adjective or not self.after:
            return False
        return is_noun(self.after)

    def _plain(self) -> bool:
        return self.is_modal or self.is_adjective or self.is_thing or self.is_short

    # -- what shows a name ----------------------------------------------------------------------------------------
    def _marked(self) -> bool:
        """As in "Small MD", "(Small)", "/s/ Small", "pcp li", "Bell: cough", "Bell - cough", "pt of bell"."""
        if self._phrased():
            return False
        if (self.before2, self.before) == ("thank", "you"):
            return True
        tail = self.tail(12)
        if _CREDENTIAL.match(tail) and self.text.word(self.i + 1) in plain_words.CREDENTIALS:
            return not (self.raw.islower() and self.before in cues.DETERMINERS)
        if _SIGNED.search(self.text.text[max(0, self.text.spans[self.i][0] - 5) : self.text.spans[self.i][0]]):
            return True
        if self.gap_before[-1:] in ("(", "[") and self.gap_after[:1] in (")", "]"):
            return not (self.is_abbreviation and self.raw.isupper() and not self.is_flat)
        return self._in_role() or self._heads(tail)

    def _phrased(self) -> bool:
        """In a set phrase or with an auxiliary's verb: no mark counts."""
        return self.after in cues.NOT_BEFORE.get(self.word, ()) or acts_as_verb(self)

    def _in_role(self) -> bool:
        """After a role, act of signing or "pt of"; not "by hand", "per day"."""
        if self.gap_before not in (" ", ": ", ":", "\n", " - ", "/", "/ ") or self.word in plain_words.FUNCTION:
            return False
        if self.before == "of" and self.before2 in plain_words.OF_PERSONS:
            return not (self.is_thing and self._describes())
        if (self.before2, self.before) in (("f", "u"), ("follow", "up")):
            return _RETURN.match(self.tail(12).lower()) is not None
        if not (self.before in plain_words.ROLES or is_profession(self.before)):
            return False
        stands_out = self.is_title and not self.text.starts_clause(self.i)
        signed = self.before == "by" and (verbs.is_past(self.before2) or self.before2 in ("assessment", "note"))
        if self.is_thing and _NUMBERED.match(self.gap_after):
            return False
        if self.before in cues.NOT_AFTER.get(self.word, ()) and not (stands_out or signed):
            return False
        if self.gap_before.strip() == "/" and self.before not in plain_words.CREDENTIALS:
            return False
        if self.is_abbreviation and self.before in ("by", "w", "seen", "do"):
            return self.is_title
        return stands_out or not (self._describes() or (self.is_thing and is_noun(self.after)))

    def _heads(self, tail: str) -> bool:
        """Before a colon, a dash or a bracket at the beginning of a line or clause."""
        if not self.text.starts_clause(self.i) or not _HEAD.match(tail):
            return False
        return reading_of(self) is Reading.NONE

    def _titled(self) -> bool:
        """As in "mr will", "Dr. Li"; not "dr will call"."""
        if not _BLANK.fullmatch(self.gap_before):
            return False
        if self.before == "of" and self.before2 in _RELATIVES:
            return True
        if self.before in cues.TITLES:
            return self.raw[0].isupper() or self.text.raw(self.i - 1).islower() or self.is_flat
        if self.before in ("dr", "doctor") and self.is_title:
            return not self._acts_as_verb()
        return self.before in cues.ROLE_TITLES and not (
            self._acts_as_verb() or self._describes() or self._modal_at_end()
        )

    def _labelled_capital(self) -> bool:
        """As in "Patient: Walker with a cough"; not "Patient: Long history"."""
        if not self.is_title or self.gap_before.strip() != ":" or self.before not in cues.LABELS:
            return False
        describes = self._describes() and self.text.raw(self.i + 1).islower()
        return not (describes or self._acts_as_verb())

    def _modal_at_end(self) -> bool:
        return self.is_modal and not self.is_title and self.after in cues.MODALS

    def _labelled(self) -> bool:
        """As in "Patient: Will", "dear grace", "daughter named hope", "name is will"."""
        mark = self.gap_before.strip()
        if mark in (":", "=", "-:", "#:") and self.before in cues.LABELS:
            return True
        if not _COMMA.fullmatch(self.gap_before):
            return False
        if self.before in cues.GREETINGS or self.before in cues.NAMING:
            return not self.is_thing or self.before != "called"
        if self.before == "of":
            return self.before2 in cues.OF_WHOM and not self._plain()
        return (self.before2, self.before) in _NAMED

    def _told(self) -> bool:
        """As in "told grace to rest", "spoke w/ will today"; not "per stone protocol"."""
        with_whom = self.before in ("with", "w", "to") and self.before2 in cues.TALKS_WITH
        seen = self.before == "saw" and not self.is_thing and not self.is_adjective
        if not with_whom and not ((self.before in cues.TELLS or seen) and self.gap_before in (" ", "\n")):
            return False
        return (
            not self.after
            or self.after in NEXT_TO_OBJECT | cues.FOLLOWS_OBJECT | cues.SPEAKS
            or self.text.raw(self.i + 1)[0].isupper()
        )

    def _does_as_person(self) -> bool:
        """As in "stone missed her dose", "grace started metformin", at the beginning of a clause."""
        quoted = self.before in cues.SPEAKS and self.before2 in cues.LABELS and not (self.is_thing or self.is_modal)
        if not (self._starts() or quoted or self.before in cues.NAMING):
            return False
        tail = _ASIDE.sub(" ", self.tail(80).lower(), count=1)
        if PERSONAL.match(tail) or self._medicated():
            return True
        if (self.before in cues.DETERMINERS and not self.gap_before.strip()) or begins_clause(self):
            return False
        if not self._plain() and (self.after in _NOT_AFTER_MODALS or verbs.is_gerund(self.after)):
            return True
        if (quoted or not self._plain()) and BROAD.match(tail):
            return True
        if _FIRST_WORDS.findall(tail)[:1] and _FIRST_WORDS.findall(tail)[0] in cues.SPEECH and tail.startswith(" "):
            return not self._acts_as_verb()
        return self._acts(_FIRST_WORDS.findall(tail.split(".")[0])[:5])

    def _medicated(self) -> bool:
        """As in "stone takes metformin", "white is on warfarin"."""
        j = self.i + (2 if self.after in ("is", "was") else 1)
        return self.text.word(j) in _MEDICATED and is_drug(self.text.word(j + 1))

    def _acts(self, following: list[str]) -> bool:
        """Whether the word is the subject of a verb that it could not have as a plain word."""
        verb, rest = (following[0], following[1:]) if following else ("", [])
        past, third = verbs.is_past(verb), verbs.is_third_person(verb)
        if verb in cues.MODALS:
            return bool(rest) and (self.is_modal or self.is_adjective)
        if self.is_modal:
            return past or third or verb in _NOT_AFTER_MODALS or verbs.is_gerund(verb)
        if not (past or third or verb in verbs.UNCHANGED):
            return False
        if not verbs.PERSONS.isdisjoint(rest) and verb not in cues.STATES:
            return True
        complemented = bool(rest) and (rest[0] in verbs.COMPLEMENTS or rest[0][0].isdigit())
        if self.is_adjective:
            return complemented and verb not in verbs.DESCRIBED and (past or verb in cues.SPEAKS)
        if self.is_thing or self.is_short:
            return verb not in verbs.OF_THINGS and (past or complemented)
        return True

    def _cared_for(self) -> bool:
        """As in "reviewed labs with grace", "voicemail for stone"; not "with white count"."""
        start = self.text.spans[self.i][0]
        before = self.text.folded[max(0, start - 60) : start].replace("\n", " ")
        if not CARED_FOR.search(before):
            return False
        if self._acts_as_verb():
            return False
        return not self.after or self.after in NEXT_TO_OBJECT

    def _own(self) -> bool:
        """As in "grace's wife"; of things only what a person has."""
        if not _OWN.match(self.tail(3).lower()) or self.text.word(self.i + 1) != "s":
            return False
        following = self.text.word(self.i + 2)
        if self.is_title and not self.text.starts_clause(self.i):
            return True
        return following in cues.BELONGINGS or not self._plain()

    def _aged(self) -> bool:
        """As in "grace, 45 yo", "STONE 45F", "hope (DOB"."""
        return _AGE.match(self.tail(40).lower()) is not None

    def _after_person(self) -> bool:
        """As in "pt hope c/o", "wife rose at bedside"."""
        if self.before not in cues.PEOPLE or not _COMMA.fullmatch(self.gap_before):
            return False
        if self._says(cues.SPEAKS):
            return not (self.is_adjective and self.after in cues.NOUNS_TOO)
        if self._acts_as_verb() or self._describes():
            return False
        ends = not self.after
        if self.is_modal or self.is_adjective:
            last = self.i + 1 == len(self.text.words)
            return ends and (last or self.text.gap_after(self.i).strip(" ") != "")
        if self.is_thing or self.is_short:
            return self.before in _RELATIVES and (ends or self.after in cues.FOLLOWS_OBJECT | cues.STATES)
        return ends or self.after in cues.FOLLOWS_OBJECT | cues.STATES

    def _subject(self) -> bool:
        """As in "grace reports", "hope c/o", "stone is able to"; not "stone is 5 mm"."""
        if self.before in cues.DETERMINERS and self.gap_before == " ":
            return False
        starts = self._starts()
        if self._says(self._verbs()):
            return starts or not self._plain()
        if not starts or not self.after or self.after not in cues.STATES:
            return False
        if self.is_modal or self.is_adjective:
            return self.after not in cues.MODALS | {"also", "and", "notes"}
        complement = self.text.word(self.i + 2)
        if self.is_thing or self.is_short:
            return complement in cues.PERSONAL
        return self.is_title or complement in cues.ABOUT_PEOPLE

    def _verbs(self) -> frozenset[str]:
        if self.is_thing or self.is_abbreviation:
            return cues.SPEECH
        return cues.SPEAKS - cues.NOUNS_TOO if self.is_adjective else cues.SPEAKS

    def _says(self, what: frozenset[str]) -> bool:
        """Whether one of the verbs `what` follows, at most two adverbs between."""
        if _COMPLAINS.match(self.tail(12).lower()):
            return True
        for j in (self.i + 1, self.i + 2, self.i + 3):
            if j >= len(self.text.words) or self.text.gap(j - 1, j).strip():
                return False
            if self.text.word(j) in what:
                return True
            if self.text.word(j) not in cues.ADVERBS:
                return False
        return False

    def _starts(self) -> bool:
        return (
            self.text.starts_clause(self.i)
            or self.before in cues.CONJUNCTIONS
            or self.before in cues.LABELS
            or self.gap_before.rstrip()[-1:] in (",", ";", "-", "/")
        )

    def in_heading(self) -> bool:
        """Among English words that all begin with a capital ("Kidney Stone Protocol")."""
        if self.before in cues.LOOSE | cues.TELLS or not self.before:
            return False
        around = [j for j in (self.i - 1, self.i + 1) if 0 <= j < len(self.text.words)]
        return len(around) == 2 and all(
            self.text.raw(j)[0].isupper() and len(self.text.word(j)) > 2 and is_english(self.text.word(j)) for j in around
        ) and "\n" not in self.gap_before + self.gap_after  # fmt: skip

    def _among_capitals(self) -> bool:
        """Whether a word of capitals stands beside this one of capitals: a shouted phrase in a mixed line."""
        if not self.raw.isupper():
            return False
        around = [self.text.raw(j) for j in (self.i - 1, self.i + 1) if 0 <= j < len(self.text.words)]
        return any(len(w) > 2 and w.isupper() for w in around)

    def tail_start(self) -> int:
        """Where the text after the word begins."""
        return self.text.spans[self.i][1]

    def tail(self, most: int) -> str:
        """The next `most` characters."""
        end = self.text.spans[self.i][1]
        return self.text.text[end : end + most]


_ASIDE = re.compile(r"^(?: \((?:pt|patient)\))?(?: ?[-:,])? ")
_FIRST_WORDS = re.compile(r"[\w']+")
_MEDICATED = frozenset(
    {"started", "stopped", "takes", "took", "on", "restarted", "resumed", "tolerates", "given", "uses"}
)
_NOT_AFTER_MODALS = words("in back here up from with w on at for seen off out down")
_NAMED = frozenset({("name", "is"), ("goes", "by"), ("name", "s"), ("s", "name")}) | {
    (act, "as") for act in ("known", "sent", "labeled", "labelled", "listed", "booked", "registered", "signed")
}
_RELATIVES = cues.PEOPLE - words("patient patients pt pts client resident veteran baby boy girl infant child guest")
