"""Names that are words of English, where they do what persons do: 45 CFR 164.514(b)(2)(i)(A).

"grace rang", "hope is on leave", "mark needs a chaperone", "stone k 5.7, page inr 4": short texts without capitals,
whose words are all plain ones, so that no model reads them.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
from collections.abc import Iterator

from anonymization.known import cues, plain_words
from anonymization.known.plain import is_profession
from anonymization.known.predicates import PERSONAL
from anonymization.known.text import Text
from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.base import FLAGS, Form
from anonymization.recognizers.frequent_names import LookedUpNameRecognizer

_OFTEN = r"(?:(?:just|also|still|then|now|never|again|already|only|really|finally|apparently|has|had|have) ){0,2}"
_DOES = re.compile(
    rf" {_OFTEN}(?:(?:rang|rings|phoned|phones|called|texted|texts|emailed|emails|messaged|wrote|asked|asks|said|says|told|tells|"
    r"thinks|thought|wants|wanted|knew|knows|came|comes|went|arrived|cried|cries|slept|sleeps|ate|eats|vomited|vomits|fainted|"
    r"collapsed|fell|refused|refuses|missed|misses|forgot|forgets|lives|lived|works|worked|drove|drives|walked|walks|moved|married|"
    r"retired|complained|complains|worries|worried|brought|brings|saw|sees|met|smokes|smoked|drinks|drank|died|passed away|signed|"
    r"booked|cancell?ed|swallowed|tripped|wandered|argued|laughed|sang|speaks|spoke|agreed|agrees|declined|declines|likes|liked|"
    r"hates|loves|loved|misunderstood|remembers|remembered|hopes|hoped|begged|insists|insisted|swears|ran away|woke|gave birth|"
    r"quit|lost (?:his|her|their)|takes|took|needs (?:an?|his|her|to|more|some|help|\w+ing)\b)(?! of\b)(?![^\W_])"
    r"|(?:is|was|isn'?t|wasn'?t|is not|was not) (?:now |still |already |very |so |really |a bit |just )?(?:off|away|out|here|back|sick|"
    r"late|asleep|awake|crying|asking|coming|going|leaving|driving|waiting|working|worried|upset|angry|happy|tearful|anxious|married|"
    r"divorced|retired|pregnant|home|gone|downstairs|upstairs|outside|eating|drinking|sleeping|talking|refusing|covering|keen|scared|"
    r"lonely|febrile|afebrile|confused|agitated|drowsy|hypotensive|hypoxic|jaundiced|breathless|nauseated|unwell|npo|nbm|on (?:leave|call|holiday|vacation|nights|duty|break|shift|the phone|the line)|in (?:today|tomorrow|bed|clinic|tears|room|labou?r)|"
    r"(?:my|our|his|her|their) |(?:the|an?) (?:nurse|doctor|patient|intern|resident|manager|pharmacist|teacher|mother|father|carer|student|smoker))(?![^\W_])"
    r"|(?:can'?t|cannot|couldn'?t|won'?t|wouldn'?t|doesn'?t|does not|didn'?t|did not|hasn'?t|has not) (?:sleep|slept|want|like|feel|know|"
    r"remember|think|eat|eaten|drink|drunk|smoke|take|taken|understand|come|see|hear|walk|speak|call|called|afford|work|drive|pay|paid|wait|sit|get|got|settle|stop)\b"
    r"|and (?:his|her|their|i) )",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"(?:,|:| -)? (?:k|na|mg|ca|hb|hgb|inr|crp|wbc|cr|creat|bun|trop|bnp|tsh|a1c|plt|plts|glucose|bm|bp|hr|rr|sats|spo2|temp|gcs|news|ph|lactate|egfr|bili|alt|ast|ck|esr|psa)"
    r"[ :=]{1,2}\d",
    re.IGNORECASE,
)
_MODALS = words("will may")  # "will rang", not "will have rung"
_NO_VERB_OF_THEIRS = re.compile(r" (?:have|quit|only|just|also|still|then|now|never|again)\b", re.IGNORECASE)
_FITS_THINGS = re.compile(r" (?:to|in|for|or|and|with|back|received|up)\b")  # "hope to go home", "jack in the throat"
_FAR = 80  # characters behind a word that tell what it does
_PART = re.compile(r"(?:^|[,;/\n(]|\band) ?$")  # only the end of what stands before is read
_NO_NAMES = (
    cues.PEOPLE | cues.LABELS | cues.ADJECTIVES | cues.PARTICLES | cues.DETERMINERS | cues.MONTHS | plain_words.ROLES
    | plain_words.FUNCTION
    | words(
        "school church company court bank house police agency county city station shop market temple street store baby boss "
        "staff ward author media council union press post press lab hosp sister father pastor deacon major general admiral "
        "captain colonel infant king queen prince princess bishop pope horse dog cat bird wolf "
        "cord cross bath art gas vein arm side base bag tank pool wash tap rest peak dawn eve noon rise drop line bolus jan mar sun sat sept "
        "born hand hands are man men woman lung head foot heart bone blood news "
        "monday tuesday wednesday thursday friday saturday sunday summer winter spring autumn else the each must"
    )
)  # fmt: skip


class WordNameRecognizer(LookedUpNameRecognizer):
    """A listed name that is a word as well, in any case, at the beginning of a clause or a part of a list."""

    forms = (Form("word", r"\p{L}{3,}", FLAGS, 0.7),)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where such a word is the subject of what persons do, or the head of a value in a list."""
        read, lexicon = Text(text), packaged_lexicon()
        for i, word in enumerate(read.words):
            if (word in _MODALS or _can_be_name(word)) and (_acts(read, i) or _heads_a_value(read, i)):
                start, end = read.spans[i]
                if not lexicon.names_a_thing(text, end) and (word in _MODALS or not lexicon.may_stay(text, start, end)):
                    yield start, end


def _acts(read: Text, i: int) -> bool:
    """As in "grace rang", at the beginning of a clause; abbreviations in capitals act as nobody."""
    if not read.starts_clause(i) or (read.raw(i).isupper() and read.style(i) != "upper"):
        return False
    end = read.spans[i][1]
    if read.word(i) in _MODALS:
        return _DOES.match(read.text, end) is not None and not _NO_VERB_OF_THEIRS.match(read.text, end)
    tail, lexicon = read.folded[end : end + _FAR], packaged_lexicon()
    if _DOES.match(tail):
        return True
    eponym = read.word(i) in lexicon.eponyms | lexicon.eponyms_alone  # "foley out"
    return not eponym and PERSONAL.match(tail) is not None and not _FITS_THINGS.match(tail)


def _heads_a_value(read: Text, i: int) -> bool:
    """As in "stone k 5.7", where a list or one of its parts begins."""
    start, end = read.spans[i]
    return (
        read.word(i) not in _MODALS
        and _VALUE.match(read.text, end) is not None
        and _PART.search(read.text[max(0, start - 6) : start]) is not None
    )


def _can_be_name(word: str) -> bool:
    lexicon = packaged_lexicon()
    return (
        len(word) > 2
        and lexicon.is_listed_name(word)
        and word not in _NO_NAMES
        and not lexicon.is_word(word)
        and not lexicon.is_drug(word)
        and not is_profession(word)
        and word not in lexicon.places
    )
