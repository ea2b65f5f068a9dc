"""Which words of the chart speak of now, and the lexicon terms in them.

Read are the presenting complaint and intake answers of the last three days, notes of the last hours, and problems
recorded in the last hours. Older documents and the chronic problem list never count as now.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache, partial
from itertools import accumulate

from cds_service.clinical.readings import least_age
from cds_service.clinical.red_flags.context import modifiers_of, status_of
from cds_service.clinical.red_flags.intake import answered
from cds_service.clinical.red_flags.lexicon import LEXICON, Flag, Term
from cds_service.clinical.red_flags.mention import Mention, Origin, Statement, Status
from cds_service.clinical.red_flags.sections import sections
from cds_service.clinical.red_flags.spelling import corrected
from cds_service.clinical.red_flags.text import sentences
from fhir_mappers.case import Case, Concept, When

COMPLAINT_HOURS = 72
"""A reason for a visit, or an intake form, may be written up to three days before the chart is opened."""


def read_mentions(case: Case, *, note_hours: int) -> tuple[Mention, ...]:
    """Every lexicon term that the chart names now, in chart order, codes first."""
    found = [*_coded(case, note_hours)]
    for statement in statements(case, note_hours=note_hours):
        found += read(statement)
    return tuple(dict.fromkeys(found))


def has_complaint(case: Case) -> bool:
    """Whether the chart holds a current reason for the visit or a current intake answer."""
    written = [c.when for c in case.complaints] + [a.when for a in case.intake]
    return any(_current(when, case, COMPLAINT_HOURS) for when in written)


def statements(case: Case, *, note_hours: int) -> Iterator[Statement]:
    """The texts about now: complaints, intake answers, problems recorded now, then recent notes by section."""
    for concept, origin, source in _concepts(case, note_hours):
        for words in dict.fromkeys(w for w in (concept.text, *(c.display for c in concept.codings)) if w):
            yield Statement(text=words, origin=origin, source=source)
    for answer in case.intake:
        if _current(answer.when, case, COMPLAINT_HOURS):
            yield from answered(answer)
    for document in case.documents:
        if document.when is not None and _current(document.when, case, note_hours):
            for words, presumed in sections(document.text):
                yield Statement(text=words, origin=Origin.NOTE, source=document.source, presumed=presumed)


def read(statement: Statement) -> Iterator[Mention]:
    """The lexicon terms in one statement, in the order of the text. Complaint families are not sought in notes."""
    typed = statement.origin is not Origin.NOTE
    lines = sentences(statement.text, corrected) if typed else sentences(statement.text)
    text = "\n".join(lines)  # no pattern crosses a line: each term searches the whole text once
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    found = [
        (*match.span(), flag, term)
        for flag, term in _possible(text, families=typed)
        if term.pattern
        for match in term.pattern.finditer(text)
    ]
    said = cache(partial(_status, statement))
    told = cache(modifiers_of)
    for start, end, flag, term in sorted(found, key=lambda f: f[0]):
        index = bisect_right(starts, start) - 1
        line, span = lines[index], (start - starts[index], end - starts[index])
        if _is_lookalike(term, line, span):
            continue
        yield Mention(
            flag=flag.id,
            term=term.name,
            status=said(line, span, diagnosis=term.diagnosis),
            modifiers=told(line),
            origin=statement.origin,
            source=statement.source,
            conditional=bool(term.needs),
        )


TERMS: tuple[tuple[Flag, Term], ...] = tuple(
    (flag, term) for flag in (*LEXICON.flags, *LEXICON.features, *LEXICON.families) for term in flag.terms
)
FAMILY_IDS = frozenset(family.id for family in LEXICON.families)


def _by_first_word() -> Mapping[str, tuple[int, ...]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_, term) in enumerate(TERMS):
        for word in term.first_words:
            places[word].append(place)
    return {word: tuple(found) for word, found in places.items()}


BY_FIRST_WORD = _by_first_word()
LONGEST_STEM = max(len(word) for word in BY_FIRST_WORD) - 1


def _possible(text: str, *, families: bool) -> Iterator[tuple[Flag, Term]]:
    """The terms that the words of `text` can begin, in the order of the lexicon."""
    found: set[int] = set()
    for word in set(text.split()):
        if word[0].isdigit():
            found.update(BY_FIRST_WORD.get("#", ()))
        found.update(BY_FIRST_WORD.get(word, ()))
        for end in range(1, min(len(word), LONGEST_STEM) + 1):
            found.update(BY_FIRST_WORD.get(f"{word[:end]}*", ()))
    for place in sorted(found):
        flag, term = TERMS[place]
        if families or flag.id not in FAMILY_IDS:
            yield flag, term


def _status(statement: Statement, line: str, span: tuple[int, int], *, diagnosis: bool) -> Status:
    telegraphic = statement.origin is not Origin.NOTE
    status = status_of(line, span, diagnosis=diagnosis, telegraphic=telegraphic)
    if statement.presumed and (status is Status.AFFIRMED or statement.presumed is Status.NEGATED):
        return statement.presumed
    return status


def _is_lookalike(term: Term, line: str, span: tuple[int, int]) -> bool:
    if term.unless is None:
        return False
    return any(m.start() < span[1] and span[0] < m.end() for m in term.unless.finditer(line))


def _coded(case: Case, note_hours: int) -> Iterator[Mention]:
    for concept, origin, source in _concepts(case, note_hours):
        for flag, term in TERMS:
            if term.is_coded(concept):
                yield Mention(
                    flag=flag.id,
                    term=term.name,
                    status=Status.AFFIRMED,
                    origin=origin,
                    source=source,
                    conditional=bool(term.needs),
                )


def _concepts(case: Case, note_hours: int) -> Iterator[tuple[Concept, Origin, str]]:
    for complaint in case.complaints:
        if _current(complaint.when, case, COMPLAINT_HOURS):
            yield complaint.concept, Origin.COMPLAINT, complaint.source
    for problem in case.problems:
        if _recorded_now(problem.onset or problem.recorded, case, note_hours):
            yield problem.concept, Origin.PROBLEM, problem.source


def _current(when: When | None, case: Case, hours: int) -> bool:
    """Undated counts as current: what an EHR sends as the reason for this visit belongs to this visit."""
    if when is None:
        return True
    age = least_age(when, case.now)
    if age is None:
        return (when.start.year, when.start.month) == (case.now.year, case.now.month)
    return age <= timedelta(hours=hours) and when.start - case.now <= timedelta(hours=hours)


def _recorded_now(when: When | None, case: Case, hours: int) -> bool:
    """A problem is of now when its onset (else its recording) is; without either it is a standing one."""
    return when is not None and _current(when, case, hours)
