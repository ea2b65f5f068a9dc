"""From cases past the gate to the rows of an export, and the risk of exactly these."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from anonymization.deidentified import DeidentifiedCase
from anonymization.policy import Policy
from cds_service.assessor import Similarity
from cds_service.export.completion import Taught, taught
from cds_service.export.identifiers import identifiers
from cds_service.export.left_out import Reason
from cds_service.export.prepared import Prepared
from cds_service.export.risk import Generaliser, Plan, RiskReport, Subject, report, subject_of
from cds_service.export.rows import Row, numbered, row_of, texts_of
from cds_service.settings import Settings

Step = Callable[[float], None]
"""Called with the share of the cases that are done; what it raises ends the work."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """The rows of an export in their order, and what was left out. `subjects` of the vault: whom the risk counts."""

    rows: tuple[Row, ...]
    subjects: frozenset[str]
    risk: RiskReport
    left: Mapping[str, int]

    @property
    def refusal(self) -> str | None:
        """Why the threshold is not reached, where it is enforced."""
        said = self.risk.as_json()
        return str(said["refused"]) if said["applied"] and said["refused"] else None


class Maker:
    """`similarity`: as serving checks drafts. `policy`: of the export; with a determination a plan is applied.

    A note is judged once for each form that its case is told in: what was judged is remembered.
    """

    def __init__(self, settings: Settings, policy: Policy, similarity: Similarity | None) -> None:
        self._settings = settings
        self._policy = policy
        self._similarity = similarity
        self._judged: dict[str, tuple[DeidentifiedCase, Taught | str]] = {}
        self.generalises = policy.determination is not None

    def remember(self, one: Prepared, note: Taught) -> None:
        """`note` was judged before, of the case as it is."""
        self._judged[one.chosen.case] = one.case, note

    def note(self, one: Prepared, case: DeidentifiedCase) -> Taught | str:
        """The note of a case that is told as `case`, or why there is none."""
        known = self._judged.get(one.chosen.case)
        if known is None or known[0] != case:
            made = taught(one, case, self._similarity)
            if isinstance(made, Taught) and self._leaks(one, made):
                made = Reason.LEAK
            known = self._judged[one.chosen.case] = case, made
        return known[1]

    def made(self, prepared: Sequence[Prepared], left: Mapping[str, int], step: Step) -> Made:
        """The rows of `prepared`. `left`: what was left out before, by reason.

        A note that the checks withhold takes its case out of the classes too, and then the plan is another: so it is
        made again until every case that it counts stays or is suppressed by it.
        """
        counted, staying = Counter(left), list(prepared)
        while True:
            plan = self._plan(staying) if self.generalises else None
            rows, dropped = self._rows(staying, plan, step)
            counted.update(dropped.values())
            if not dropped:
                break
            staying = [one for one in staying if one.chosen.case not in dropped]
        counted[Reason.RISK.value] += len(staying) - len(rows)
        return Made(
            rows=tuple(rows),
            subjects=frozenset(one.chosen.subject for one in staying),
            risk=report(self._subjects(staying), plan=plan or self._plan(staying), applied=self.generalises),
            left={reason: n for reason, n in sorted(counted.items()) if n},
        )

    def _rows(self, staying: Sequence[Prepared], plan: Plan | None, step: Step) -> tuple[list[Row], dict[str, str]]:
        """The rows of all but those whom the plan suppresses; and by case why a note is none."""
        rows: list[Row] = []
        dropped: dict[str, str] = {}
        for done, (one, number) in enumerate(numbered(staying), 1):
            case = one.case if plan is None else plan.apply(one.case)
            if case is not None:
                told = one if plan is None else one.coarser()
                note = self.note(told, case)
                if isinstance(note, Taught):
                    rows.append(self._row(told, note, number))
                else:
                    dropped[one.chosen.case] = str(note)
            step(done / len(staying))
        return rows, dropped

    def _row(self, one: Prepared, note: Taught, number: int) -> Row:
        policy = f"{self._policy.name} {self._policy.version}"
        return row_of(one, note, number=number, policy=policy, told=not self.generalises)

    def _leaks(self, one: Prepared, note: Taught) -> bool:
        return any(identifiers(text) for text in texts_of(self._row(one, note, 0)))

    def _plan(self, staying: Sequence[Prepared]) -> Plan:
        stated = self._policy.determination.threshold if self._policy.determination else 1.0
        least = max(self._settings.export_min_k, math.ceil(1 / stated))
        return Generaliser(most_suppressed=self._settings.export_most_suppressed).plan(self._subjects(staying), least)

    def _subjects(self, staying: Sequence[Prepared]) -> list[Subject]:
        return list(_subjects(staying, dated=not self.generalises))


def _subjects(prepared: Sequence[Prepared], *, dated: bool) -> Iterator[Subject]:
    """The people of an export. `dated`: by the true year; else by what the shifted dates of their facts tell."""
    by_code: dict[str, list[Prepared]] = {}
    for one, _ in numbered(prepared):
        by_code.setdefault(one.code, []).append(one)
    for code, cases in by_code.items():
        given = max(one.chosen.given for one in cases)
        yield subject_of(
            code,
            [one.case for one in cases],
            year=str(cases[-1].chosen.decided_at.year) if dated else None,
            sensitive=[f"priority: {given.label}"],
        )
