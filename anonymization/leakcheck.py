"""The second pass: whatever in the output still looks like an identifier refuses the chart.

Independent of the scrubber in mechanism: it reads the finished output, looks the traces of known identifiers up
(`leakcheck_known`), and has its own few patterns. It never repairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from anonymization.deadline import Deadline
from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import Leak
from anonymization.labels import KINDS
from anonymization.leakcheck_known import KnownTraces
from fhir_mappers.case import KnownIdentifier

_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})_\d{{1,6}}\]")  # what this pass writes; no number of more digits
_HARD = re.compile(
    r"\b\d{3}-\d{2}-\d{4}\b"  # social security number
    r"|[\w.+-]+@[\w-]+\.[\w.]+"  # e-mail
    r"|\(\d{3}\)\s?\d{3}-?\d{4}|\b\d{3}[-.]\d{3}[-.]\d{4}\b"  # telephone
    r"|\bhttps?://|\bwww\.\w"  # web address
    r"|\b(?:19|20)\d\d-\d\d-\d\d|\b\d{1,2}/\d{1,2}/(?:19|20)\d\d\b"  # date
    r"|\b(?i:mrn|ssn)\b\W{0,3}\d{3,}"  # labelled number
    r"|\b\d{9,}\b"  # more digits than any result has
)
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


class LeakCheck:
    """What must not stand in the output of one request. `over_89`: its patient's birth year alone must not either."""

    def __init__(self, identifiers: Iterable[KnownIdentifier], *, over_89: bool = False) -> None:
        known = tuple(identifiers)
        self._known = KnownTraces(known)
        self._birth_years = {i.value[:4] for i in known if over_89 and i.kind == "birth-date"}

    def check(self, case: DeidentifiedCase, deadline: Deadline) -> None:
        """Raise Leak when any word of `case` gives somebody away, OutOfTime when time is up first."""
        for text in dict.fromkeys(case.texts()):
            self.check_text(text)
            deadline.check()
        self._check_code(case.subject)
        self._check_code(case.region or "")
        for fact in case.facts:
            self._check_code(fact.unit or "")
            for code in fact.codes:
                self._check_code(code.rpartition("|")[2])
            for word in (fact.source, fact.interval or ""):
                self._check_code(word)
            if fact.value is not None:
                self._check_code(f"{fact.value:.10g}")

    def check_text(self, text: str) -> None:
        """Raise Leak when `text` holds a known identifier or a hard pattern."""
        bare = _PLACEHOLDER.sub(" \u00b6 ", unicodedata.normalize("NFKC", text))
        if _HARD.search(bare) or self._known.stand_in(bare) or not self._birth_years.isdisjoint(_YEAR.findall(bare)):
            raise Leak("an identifier stands in the output")

    def _check_code(self, code: str) -> None:
        if self._known.are_code(code):
            raise Leak("an identifier stands in a code")
