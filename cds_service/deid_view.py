"""One chart, one text, or both, past the gate, for a person who wants to see what it does."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anonymization.deidentified import DeidentifiedCase
from anonymization.gate import Gate, Scrubbed
from anonymization.labels import KINDS
from anonymization.near_years import near_years
from anonymization.placeholders import Placeholders
from anonymization.replacer import Replacer
from anonymization.surrogates import Surrogates
from cds_service.deidentification import TIMEOUT_S, deidentify_record, known_people
from fhir_mappers.case import Case
from fhir_mappers.errors import NoPatient
from fhir_mappers.mapping import map_case
from fhir_mappers.people import People

SUBJECT = "nobody"
"""The subject of a chart that is only looked at: no id is minted for it."""


class Way(StrEnum):
    """What stands for identifiers."""

    PLACEHOLDERS = "placeholders"
    SURROGATES = "surrogates"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A text before and after the gate."""

    title: str
    before: str
    after: Scrubbed


@dataclass(frozen=True, kw_only=True)
class View:
    """What was seen. `notes` are the chart's own texts, where they were asked for; `text` is the one beside the chart.

    `seconds` is the time the gate took, without loading.
    """

    chart: DeidentifiedCase | None
    notes: tuple[Part, ...]
    text: Part | None
    policy: str
    seconds: float

    def removed(self) -> Counter[str]:
        """How many identifiers were removed, by kind: of the chart and of the text beside it."""
        spans = self.text.after.spans if self.text else ()
        return Counter(self.chart.removed if self.chart else {}) + Counter(KINDS[label] for _, _, label in spans)

    def to_json(self) -> str:
        """Everything but the true words."""
        shown: dict[str, object] = {"policy_version": self.policy, "removed": dict(self.removed())}
        if self.chart:
            shown["chart"] = json.loads(self.chart.to_json())
        if self.text:
            after = self.text.after
            shown |= {"text": after.text, "spans": [list(span) for span in after.spans]}
        return json.dumps(shown | {"seconds": round(self.seconds, 4)})


def view(
    gate: Gate,
    record: Mapping[str, object],
    *,
    way: Way = Way.PLACEHOLDERS,
    notes: bool = False,
    timeout_s: float = TIMEOUT_S,
    now: datetime,
) -> View:
    """`record` past the gate: the chart of its ``bundle``, its ``text``, with one numbering of people for both.

    Raises GateRefused, and MappingError when the bundle holds no patient and there is no text.
    """
    begun = time.monotonic()
    who = known_people(record, now)
    case = _case(record, who, now)
    years = near_years(case, gate.policy) if case else frozenset[int]()
    replacer = _replacer(way, who, now, years)
    chart = None
    if case is not None:
        chart = gate.deidentify(case, subject=SUBJECT, timeout_s=timeout_s, replacer=replacer)

    def part(title: str, before: str) -> Part:
        one = {"bundle": record.get("bundle"), "text": before}
        return Part(
            title=title,
            before=before,
            after=deidentify_record(gate, one, timeout_s=timeout_s, now=now, years=years, replacer=replacer),
        )

    read = tuple(part(title, before) for title, before in _notes(case)) if notes else ()
    beside = record.get("text")
    text = part("text", beside) if isinstance(beside, str) else None
    return View(chart=chart, notes=read, text=text, policy=gate.policy.version, seconds=time.monotonic() - begun)


def _replacer(way: Way, who: People, now: datetime, years: frozenset[int]) -> Replacer:
    if way is Way.SURROGATES:
        return Surrogates(today=now.date(), avoid=(i.value for i in who.identifiers), not_told=years)
    return Placeholders()


def _case(record: Mapping[str, object], who: People, now: datetime) -> Case | None:
    """The chart of the record's bundle. None where there is no bundle, or a text and no patient."""
    if record.get("bundle") is None:
        return None
    if who.patient_id is None:
        if "text" in record:
            return None
        raise NoPatient
    return map_case({"bundle": record["bundle"]}, patient_id=who.patient_id, encounter_id=None, now=now)


def _notes(case: Case | None) -> Iterator[tuple[str, str]]:
    """The texts of a chart that the gate reads, each once, with the type of the resource that holds it."""
    seen: set[str] = set()
    for handle, text in case.texts() if case else ():
        if case and handle not in case.sensitive and text not in seen:
            seen.add(text)
            yield case.sources[handle].resource_type, text
