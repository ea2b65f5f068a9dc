"""Names that their surroundings give away: 45 CFR 164.514(b)(2)(i)(A), of the person, relatives and clinicians.

The language model sees sentences; these forms are the ones it misses in charts. A found span is cut back at the first
word that is plain or clinical language.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re

from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.base import FLAGS, LEFT, RIGHT, Form, StrictPatternRecognizer

_PARTICLE = r"(?:van|von|der|den|de|del|della|da|di|la|le|bin|ibn|al|el|st\.?|mac|mc|o')"
# Possessive and bounded, and never begun inside a chain ("A-A-A-…"): the time a text takes grows with its length alone.
_WORD = r"[A-Z][^\W\d_]*+(?:(?!'s\b)['-][^\W\d_]++){0,4}+"
_EDGE = r"(?<!\w)(?<!\w['-])"
_INITIAL = r"[A-Z]\."
_TITLE = r"(?:(?:Mr|Mrs|Ms|Mx|Dr|Prof)\.?[ ])?"
_SUFFIX = r"(?:,?[ ](?:Jr|Sr|II|III|IV)\.?)?"
_NAME = (
    rf"(?:{_INITIAL}[ ]?)*{_WORD}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}(?:{_INITIAL}|[A-Z](?![^\W_])|{_WORD})){{0,3}}{_SUFFIX}"
)
_RELATIVE = (
    r"(?:wife|husband|spouse|partner|fianc[eé]e?|daughter|son|mother|mom|mum|father|dad|sister|brother|aunt|uncle|niece|nephew|cousin|"
    r"grand(?:mother|father|son|daughter|child|parent|ma|pa)|step(?:mother|father|son|daughter)|in-law|girlfriend|boyfriend|"
    r"neighbou?r|roommate|friend|caregiver|carer|guardian|child|baby|twin|ex-?(?:wife|husband)|widow(?:er)?|boss|employer|coworker|"
    r"colleague|next of kin|emergency contact|poa|proxy|surrogate|caretaker|nanny|teacher|pastor)"
)
_CREDENTIAL = (
    r"(?:M\.?D\.?|D\.?O\.?|R\.?N\.?|N\.?P\.?|P\.?A\.?-?C?|Ph\.?D|PharmD|LPN|FNP(?:-C|-BC)?|APRN|ARNP|DNP|MBBS|FACP|FACS|DPM|DDS|MSN|BSN|"
    r"CRNP|CNM|LCSW|MSW|RD|PT|OT|CMA|RRT|CRNA)"
)
_CREDENTIAL_WORDS = words(
    "md do rn np pa pac phd pharmd lpn fnp aprn arnp dnp mbbs facp facs dpm dds msn bsn crnp cnm lcsw msw rd pt ot cma rrt crna m.d d.o r.n n.p p.a"
)
_RELATIVE_WORDS = words(
    "wife husband spouse partner fiance fiancee daughter son mother mom mum father dad sister brother aunt uncle niece nephew "
    "cousin grandmother grandfather grandson granddaughter grandchild grandparent grandma grandpa stepmother stepfather stepson stepdaughter law "
    "girlfriend boyfriend neighbor neighbour roommate friend caregiver carer guardian child baby twin ex exwife exhusband widow widower boss "
    "employer coworker colleague kin contact poa proxy surrogate caretaker nanny teacher pastor"
)
_LABEL = (
    r"(?:patient(?:'s)?(?:\s+name)?|pt(?:\s+name)?|name|user|client|member|customer|applicant|employee|(?:given|family|middle)\s+name|full\s+name|first\s+name|last\s+name|surname|maiden\s+name|attending|provider|"
    r"physician|doctor|pcp|surgeon|nurse|author|signed(?:\s+by)?|electronically\s+signed\s+by|dictated\s+by|transcribed\s+by|"
    r"reviewed\s+by|ordered\s+by|seen\s+by|prepared\s+by|verified\s+by|entered\s+by|referred\s+by|referring(?:\s+provider)?|cc|re|dear|"
    r"attn|attention|contact|emergency\s+contact|next\s+of\s+kin|guardian|witness|interpreter|c/o|informant|historian|consultant|"
    r"resident|guarantor|subscriber|insured|sincerely|regards|best|thanks)"
)


class _NameRecognizer(StrictPatternRecognizer):
    entity = "PERSON"

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Without a leading title, cut back to the leading words that can be names."""
        lexicon = packaged_lexicon()
        first = last = start
        for token in re.finditer(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?", text[start:end]):
            word = token[0].rstrip(".")
            if last == start and word.lower() in _TITLES:
                continue
            if len(word) > 1 and lexicon.is_word(word) and word.lower() not in lexicon.common_names:
                break
            if last == start:
                first = start + token.start()
            last = start + token.end()
        return (first, last) if last > start else None


_CAPITAL_TITLE = re.compile(r"(?:MR|MS|MISS) ")


def _is_a_name(word: str) -> bool:
    lexicon = packaged_lexicon()
    return lexicon.is_given_name(word) or (word.lower() in lexicon.common_names and not lexicon.is_word(word))


class TitledNameRecognizer(_NameRecognizer):
    """After a title or before a credential: "Mr. Stone", "Dr Anna van Dyke", "nurse Joy", "MRS. HOPE", "Anna Stone, MD"."""

    forms = (
        Form(
            "title",
            rf"{LEFT}(?:Mr|Mrs|Ms|Mx|Dr|Drs|Prof|Rev|Fr|Sgt|Capt|Hon)\b\.?[ \t]{{0,2}}(?P<v>{_NAME})",
            FLAGS,
            0.92,
        ),
        Form(
            "long title",
            rf"{LEFT}(?:Miss|Doctor|Nurse|Professor|Pastor|Father|Sister|Officer|Aunt|Uncle)[ ](?P<v>{_NAME})",
            FLAGS,
            0.85,
        ),
        Form("capital title", rf"{LEFT}(?:MR|MRS|MS|DR)\.[ ]{{0,2}}(?P<v>{_NAME})", FLAGS, 0.9),
        Form("capital title, no stop", rf"{LEFT}(?:MRS|DR)[ ](?P<v>{_NAME})", FLAGS, 0.85),
        Form(
            "capital title before a name",
            rf"{LEFT}(?P<v>(?:MR|MS|MISS)[ ][A-Z]{{3,}}(?:[ ][A-Z]{{3,}})?)(?![^\W_])",
            FLAGS,
            0.8,
        ),
        Form(
            "small title",
            rf"{LEFT}(?:(?:mr|mrs|dr|ms|drs)\b\.?[ ](?P<v>[a-z]{{3,}}(?:-[a-z]+)?)|(?:mr|mrs|ms)\.?[ ](?P<v>[a-z]{{2}})){RIGHT}",
            FLAGS,
            0.8,
        ),
        Form(
            "credential",
            rf"{_EDGE}(?P<v>{_WORD}(?:[ ](?:{_INITIAL}|{_WORD})){{1,3}}),?[ ]{{1,2}}{_CREDENTIAL}(?![\w])",
            FLAGS,
            0.9,
            _CREDENTIAL_WORDS,
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """As for all names; after a small-letter title no common English word ("dr visit"), after MR and MS none either.

        MR is also a murmur and an image ("MR ANGIOGRAM").
        """
        found = _CAPITAL_TITLE.match(text, start, end)
        if found:
            start = found.end()
            first = re.match(r"[A-Z]+", text[start:end])
            if first is None or (packaged_lexicon().is_english(first[0]) and not _is_a_name(first[0])):
                return None
        if text[start:end].islower() and (
            packaged_lexicon().may_stay(text, start, end) or text[start:end] in _SMALL_WORDS
        ):
            return None
        return super().accept(text, start, end)


class LabelledNameRecognizer(_NameRecognizer):
    """After a label: "Patient: Stone, Anna", "Sincerely, Anna Stone" over two lines, "RE: ANNA STONE"."""

    forms = (
        Form(
            "label, last first",
            rf"[:=]\s{{0,4}}(?<={LEFT}(?i:{_LABEL})\s?[:=]\s{{0,4}}){_TITLE}(?P<v>{_WORD},[ ]{{0,2}}{_NAME})",
            FLAGS,
            0.95,
        ),
        Form("label", rf"[:=]\s{{0,4}}(?<={LEFT}(?i:{_LABEL})\s?[:=]\s{{0,4}}){_TITLE}(?P<v>{_NAME})", FLAGS, 0.85),
        Form(
            "closing",
            rf"^[ ]{{0,4}}(?i:sincerely|regards|best regards|kind regards|yours truly|best|thanks|thank you|respectfully)(?:[ ]yours)?,[ ]{{0,4}}\n{{1,3}}[ ]{{0,4}}(?P<v>{_NAME})",
            FLAGS,
            0.9,
        ),
        Form("dear", rf"\bDear[ ]{_TITLE}(?P<v>{_NAME})", FLAGS, 0.8),
        Form(
            "by",
            rf"\b(?i:signed|dictated|transcribed|reviewed|ordered|seen|prepared|entered|referred|prescribed|evaluated|examined|accompanied|escorted|witnessed|interpreted)[ ](?i:electronically[ ])?by[ ]?:?[ ]{_TITLE}(?P<v>{_NAME})",
            FLAGS,
            0.85,
        ),
        Form(
            "introduction",
            rf"\b(?i:my name is|name's|named|called|goes by|known as|nickname|aka|a\.k\.a\.|(?:maiden|last|first|middle|full|family|given) name is|people call me|call me|change (?:it|my name) to|spoke (?:with|to)|speaking (?:with|to)|this is)[ ]\"?(?P<v>{_NAME})",
            FLAGS,
            0.8,
        ),
    )


class SubjectNameRecognizer(_NameRecognizer):
    """Two or three capitalised words at the start of a sentence that a person's verb or age follows.

    "Joseph Walker is a 62-year-old", "Grace Stone presents": here words that are names too count as names.
    """

    forms = (
        Form(
            "subject",
            rf"(?:^|(?<=[.!?:\n]\s)|(?<=[.!?:]\s\s))[ \t]*(?P<v>{_WORD}(?:[ ](?:{_INITIAL}|{_WORD})){{1,2}}),?[ ](?:(?:is|was)[ ](?:an?|seen|here|the|our|now|currently|being|a[ ]pleasant|\d)|an?[ ]\d|\d{{1,3}}[ -]?(?:y|year)|presents?|presented|reports?|returns?|came|comes|denies|states|complains|has[ ]been|underwent|arrived|called|lives)\b",
            FLAGS,
            0.85,
        ),
        Form(
            "told in small letters",
            r"\b(?i:my name is|name is|named|patient name)[ ](?P<v>[a-z]{2,}(?:[ ][a-z]{3,})?)(?![^\W_])",
            FLAGS,
            0.8,
            words("name named"),
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """The first word is a name, or no word at all; in small letters, one of the two is no English word."""
        lexicon = packaged_lexicon()
        tokens = re.findall(r"[^\W\d_]+", text[start:end])
        if text[start:end].islower():
            return (start, end) if not all(map(lexicon.is_english, tokens)) else None
        first = tokens[0]
        named = lexicon.is_given_name(first) or first.lower() in lexicon.common_names or not lexicon.is_english(first)
        return (start, end) if named and not all(map(lexicon.is_word, tokens)) else None


class ForeignNameRecognizer(_NameRecognizer):
    """Words in Greek, Cyrillic, Arabic, Hebrew or East Asian letters, and capitalised words with letters such as ø or ł.

    English clinical text has such words for people and places alone; the eponyms among them are in the lexicon.
    """

    forms = (
        Form(
            "script",
            r"(?<![\w])[^\W\d_]*[\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}][^\W\d_]+(?:[ ][^\W\d_a-zA-Z]{2,}){0,3}",
            FLAGS,
            0.7,
        ),
        Form(
            "letters",
            r"(?<![\w])(?=[\p{L}'-]{0,30}[^\x00-\x7f])(?P<v>\p{Lu}[\p{L}'-]{1,30}(?:[ ](?:\p{Lu}\.|\p{Lu}[\p{L}'-]{2,30})){0,2})(?![\w])",
            FLAGS,
            0.6,
        ),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """Cut plain and clinical words from both ends ("Ménière", "Sjögren syndrome")."""
        lexicon = packaged_lexicon()
        tokens = list(re.finditer(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?", text[start:end]))
        while tokens and lexicon.may_stay(text, start + tokens[0].start(), start + tokens[0].end()):
            tokens.pop(0)
        while tokens and lexicon.may_stay(text, start + tokens[-1].start(), start + tokens[-1].end()):
            tokens.pop()
        if not tokens or text[start:end].isascii():
            return None
        return start + tokens[0].start(), start + tokens[-1].end()


class RelativeNameRecognizer(_NameRecognizer):
    """Beside a relative: "daughter Anna", "his wife, Mary Stone,", "son (Will)", "her husband is John"."""

    forms = (
        Form(
            "relative",
            rf"\b(?i:{_RELATIVE})(?:'s[ ]name)?(?:[ ](?:is|was|named|called))?(?:[ ]|,[ ]|[ ]\(|:[ ])(?P<v>{_NAME})",
            FLAGS,
            0.85,
            _RELATIVE_WORDS,
        ),
        Form(
            "reversed",
            rf"{_EDGE}(?P<v>{_WORD}(?:[ ]{_WORD})?)(?:,[ ]|[ ]\()(?:the[ ]|his[ ]|her[ ]|their[ ]|pt'?s[ ]|patient's[ ])?(?:{_RELATIVE})\b",
            FLAGS,
            0.7,
            _RELATIVE_WORDS,
        ),
    )


class ListedNameRecognizer(_NameRecognizer):
    """In lists: "SMITH, JOHN A", "Smith, John": family name first, when one part is a frequent given name or a date follows."""

    forms = (
        Form(
            "capitals",
            rf"{_EDGE}(?P<v>[A-Z][A-Z'-]{{1,30}}+,[ ]{{0,2}}[A-Z][A-Z'-]{{1,30}}+(?:[ ][A-Z]\.?)?)(?![\w])",
            FLAGS,
            0.85,
        ),
        Form("fields", rf"{_EDGE}(?P<v>{_WORD}[;|\t]{_WORD})(?![\w])", FLAGS, 0.75, words("; | \t")),
        Form("mixed", rf"{_EDGE}(?P<v>{_WORD},[ ]?{_WORD}(?:[ ][A-Z](?![^\W_])\.?)?)", FLAGS, 0.75),
        Form("given and family", rf"{_EDGE}(?P<v>{_WORD}[ ](?:[A-Z]\.?[ ])?{_WORD}(?:-{_WORD})?)(?![\w])", FLAGS, 0.7),
    )

    def accept(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """One part is a given name, or a birth date or record number follows; no part is clinical language."""
        lexicon = packaged_lexicon()
        tokens = list(re.finditer(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text[start:end]))
        words = [t for t in tokens if len(t[0]) > 1]
        if any(lexicon.may_stay(text, start + t.start(), start + t.end()) or _ROMAN.fullmatch(t[0]) for t in words):
            return None
        listed = any(mark in text[start:end] for mark in ",;|\t")
        given = any(lexicon.is_given_name(t[0]) for t in (words if listed else words[:1]))
        return (start, end) if given or (listed and _FOLLOWS.match(text, end)) else None


_FOLLOWS = re.compile(
    r"[\s,;(|-]{0,6}(?:dob|d\.o\.b|mrn|\d{1,3}[ -]?(?:y|year)|age|m\b|f\b|male|female|born)", re.IGNORECASE
)
_TITLES = frozenset({"mr", "mrs", "ms", "mx", "dr", "prof", "rev", "doctor", "nurse"})
_ROMAN = re.compile(r"[IVX]+")
_SMALL_WORDS = words(
    "said says told asked wants thinks appointment appt office visit visits note notes called gave put "
    "changed started stopped increased recommended ordered prescribed suggested referred saw sees seen would "
    "will could should can and or for with from about who that this because when until after before today "
    "tomorrow yesterday again also never always still google letter advised"
)
