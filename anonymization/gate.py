"""The gate: the only way from an identified `Case` to a `DeidentifiedCase`. It fails closed.

Whatever goes wrong inside (a leak, a time-out, a recognizer that raises, a missing model, anything unforeseen) comes
out as `GateRefused` with one fixed word and no trace of its cause, because causes may quote the chart.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from anonymization import answers
from anonymization.dates import over_89
from anonymization.deadline import Deadline
from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import GateRefused, Leak, ModelMissing, OutOfTime, PolicyError, RecognizerFailed
from anonymization.leakcheck import LeakCheck
from anonymization.near_years import ChartMatcher, near_years
from anonymization.policy import Policy, UnknownWords, packaged_policy
from anonymization.structured import RawFact, structure
from fhir_mappers.case import Case, KnownIdentifier

if TYPE_CHECKING:
    from anonymization.replacer import Replacer
    from anonymization.scrubber import TextScrubber

MAX_SCRUB_CHARS = 50_000

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (Leak, "leak"),
    (OutOfTime, "timeout"),
    (RecognizerFailed, "recognizer-failed"),
    (ModelMissing, "model-missing"),
    (PolicyError, "policy"),
)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Scrubbed:
    """A single text past the gate. `spans` are (start, end, label) in characters of the input.

    `words` is what stands for each span in `text`.
    """

    text: str
    spans: tuple[tuple[int, int, str], ...]
    words: tuple[str, ...]


class Gate:
    """De-identifies charts and single texts. Thread-safe; build one per process.

    `policy` defaults to the packaged one. `scrubber` defaults to a `TextScrubber` with all recognizers, built on first
    use because Presidio and spaCy take seconds to import (`warm` does it ahead of time).
    """

    def __init__(self, policy: Policy | None = None, *, scrubber: TextScrubber | None = None) -> None:
        self.policy = policy or packaged_policy()
        self._scrubber = scrubber
        self._building = threading.Lock()

    def warm(self) -> None:
        """Import, load and run everything once. Raises GateRefused when that fails."""
        self.scrub("Seen today for a cough. Discussed with Quentin Testperson.", timeout_s=120.0)

    def deidentify(
        self,
        case: Case,
        *,
        subject: str,
        timeout_s: float = 1.5,
        max_text_chars: int = 12_000,
        replacer: Replacer | None = None,
        shift: timedelta | None = None,
    ) -> DeidentifiedCase:
        """`case` past the gate, for the random `subject` id of the vault. Raises GateRefused, and nothing else.

        At most `max_text_chars` of chart text are read, whole texts and whole lines in chart order (notes come last);
        what is beyond counts in `removed`. Equal charts give equal output whatever `case.now` is within a day.
        `replacer` says what stands for identifiers instead of placeholders; `shift` is the person's own offset, for a
        policy with shifted dates.
        """
        deadline = Deadline.after(timeout_s)
        return _guarded(lambda: self._deidentify(case, subject, deadline, max_text_chars, replacer, shift))

    def scrub(
        self,
        text: str,
        identifiers: Sequence[KnownIdentifier] = (),
        *,
        over_89: bool = False,
        years: Collection[int] = (),
        timeout_s: float = 5.0,
        max_chars: int = MAX_SCRUB_CHARS,
        replacer: Replacer | None = None,
    ) -> Scrubbed:
        """One text past the gate, at most `max_chars` long. Raises GateRefused, and nothing else.

        `over_89`: the patient of `identifiers` may be over 89, so that the birth year is one of them. `years` that may
        not pass either: those of `near_years`, where the text is shown beside its chart. `replacer` as in `deidentify`.
        """
        deadline = Deadline.after(timeout_s)
        return _guarded(lambda: self._scrub(text, identifiers, over_89, years, deadline, max_chars, replacer))

    # -- inside -------------------------------------------------------------------------------------------------
    def _deidentify(
        self,
        case: Case,
        subject: str,
        deadline: Deadline,
        max_text_chars: int,
        replacer: Replacer | None,
        shift: timedelta | None,
    ) -> DeidentifiedCase:
        identifiers = (*case.identifiers, KnownIdentifier(kind="identifier", value=case.patient_id))
        old = over_89(case.demographics, case.now)
        matcher = ChartMatcher(identifiers, over_89=old, years=near_years(case, self.policy))
        structured = structure(case, self.policy, matcher.is_number, shift=shift)
        facts, removed = _capped(structured.facts, max_text_chars)
        words, explained = answers.words(facts), self._explained(facts)
        scrubbed = self._ready(deadline).scrub(words, matcher, deadline, explained=explained, replacer=replacer)
        counts = structured.removed + removed + scrubbed.removed
        result = DeidentifiedCase(
            subject=subject,
            age=structured.age,
            sex=structured.sex,
            pregnant=structured.pregnant,
            region=structured.region,
            facts=answers.finished(facts, scrubbed.texts),
            removed=MappingProxyType({kind: counts[kind] for kind in sorted(counts)}),
            policy_version=self.policy.version,
        )
        LeakCheck(identifiers, over_89=old).check(result, deadline)
        if replacer is None:
            return result
        return replace(result, facts=answers.finished(facts, scrubbed.texts, replaced=True))

    def _scrub(
        self,
        text: str,
        identifiers: Sequence[KnownIdentifier],
        over_89: bool,
        years: Collection[int],
        deadline: Deadline,
        max_chars: int,
        replacer: Replacer | None,
    ) -> Scrubbed:
        if len(text) > max_chars:
            raise PolicyError("the text is longer than the gate reads")
        matcher = ChartMatcher(identifiers, over_89=over_89, years=years)
        explained = [self.policy.unknown_words is UnknownWords.MASK]
        scrubbed = self._ready(deadline).scrub([text], matcher, deadline, explained=explained, replacer=replacer)
        done = scrubbed.texts[0]
        LeakCheck(identifiers, over_89=over_89).check_text(done.text)
        return Scrubbed(text=done.replaced, spans=done.spans, words=done.words)

    def _explained(self, facts: Sequence[RawFact]) -> list[bool]:
        """Which texts of `facts` may hold explained words alone."""
        rule, notes = self.policy.unknown_words, answers.of_notes(facts)
        return [rule is UnknownWords.MASK or (rule is UnknownWords.NOTES and note) for note in notes]

    def _ready(self, deadline: Deadline) -> TextScrubber:
        """The scrubber, built once."""
        if self._scrubber is None:
            if not self._building.acquire(timeout=deadline.remaining()):
                raise OutOfTime("the scrubber was not ready before the deadline")
            try:
                if self._scrubber is None:
                    from anonymization.scrubber import TextScrubber

                    scrubber = TextScrubber()
                    scrubber.load()
                    self._scrubber = scrubber
            finally:
                self._building.release()
        return self._scrubber


def _guarded(work: Callable[[], _T]) -> _T:
    """The result of `work`, or GateRefused with nothing of the cause attached."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - fails closed: nothing else may come out of the gate
        reason = next((word for kind, word in _REASONS if isinstance(error, kind)), "internal")
    raise GateRefused(reason)


def _capped(facts: Sequence[RawFact], most: int) -> tuple[list[RawFact], Counter[str]]:
    """The facts whose text fits in `most` characters; a note may be cut at the end of a line or sentence."""
    kept: list[RawFact] = []
    removed: Counter[str] = Counter()
    left = most
    for fact in facts:
        size = (0 if fact.fixed_name else len(fact.name)) + len(fact.text or "")
        if size > left:
            removed["text over limit"] += 1
            shorter = _shortened(fact, left)
            if shorter is None:
                continue
            fact = shorter
            size = left
        kept.append(fact)
        left -= size
    return kept, removed


def _shortened(fact: RawFact, room: int) -> RawFact | None:
    """The note `fact` cut at the end of a line or sentence to fit `room`; None for other facts and empty cuts."""
    if fact.kind != "note" or fact.text is None:
        return None
    head = fact.text[: max(0, room - (0 if fact.fixed_name else len(fact.name)))]
    cut = max(head.rfind("\n"), head.rfind(". ") + 1)
    return replace(fact, text=head[:cut]) if cut > 0 else None
