"""Canary charts that a clinician decides, and training sets of them: every file, and what is written on the way.

The clinician names people in every field of the notes, comments on cards name them too, and staff have names that exist
nowhere else. Both profiles are written by the real exporter.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from anonymization.policy import PROFILES
from cds_service.accounts.roles import Role
from cds_service.accounts.store import Accounts
from cds_service.assessor import Similarity
from cds_service.export.errors import ExportRefused
from cds_service.export.exporter import WRITING, Exporter
from cds_service.export.values import Approval, Order, Profile, Scope
from cds_service.ledger.trail import Wanted, newest_first, records
from cds_service.recorder import Recorder
from cds_service.retrieval.retriever import Retriever
from cds_service.review.reasons import OFFERED_REASONS
from cds_service.review.values import Decision, Notes, ReviewCase, Symptom, Verdict
from cds_service.rights.rights import Rights
from cds_service.settings import Settings
from fhir_mappers.audit_event import audit_event
from hooks.feedback import parse_feedback
from hooks.services import PATIENT_TRIAGE

BASE = "https://cds.example"
ACTOR = "export:canaries"
NAMED_EVERY = 4
"""Every so many cases the clinician names somebody in the assessment, which then is no note to learn."""

_STATED = (
    ('expert = ""', 'expert = "Nobody: for a measurement alone"'),
    ('date = ""', 'date = "2026-01-01"'),
    ('method = ""', 'method = "None."'),
    ("threshold = 0", "threshold = 0.5"),
)
_LEAST = {"export_min_k": 2, "export_most_suppressed": 0.95}
_LONGEST = 200
"""Characters of a duration that the form takes."""


@dataclass(kw_only=True)
class Exported:
    """What came of the orders: rows by profile, cases left out by profile and reason, and why an order was refused."""

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)


class Exports:
    """A clinic whose physician decides charts, and its exporter. `folder`: for what it writes. `staff`: two names.

    `decided` counts cases, `exported` says what came of `write`.
    """

    def __init__(
        self,
        recorder: Recorder,
        settings: Settings,
        retriever: Retriever,
        similarity: Similarity | None,
        *,
        folder: Path,
        staff: tuple[str, str],
        now: datetime,
    ) -> None:
        self._recorder = recorder
        self._settings = settings.model_copy(update={"export_policy_file": _stated_policy(folder), **_LEAST})
        self._retriever = retriever
        self._similarity = similarity
        self._folder = folder
        accounts = Accounts(recorder.database, settings=settings)
        self._physician, self._nurse = (
            accounts.add(
                f"canary-{role.value}", role=role, shown=shown, password=None, now=now, must_change=False
            ).member
            for role, shown in zip((Role.PHYSICIAN, Role.NURSE), staff, strict=True)
        )
        self._times: list[datetime] = []
        self._before = self._last = self._newest()
        self.staff = staff
        self.decided = 0
        self.exported = Exported()

    def decide(self, said: Sequence[str], cards: Sequence[str], *, client: str, at: datetime) -> tuple[str, ...]:
        """Decide the cases that wait, in the five sentences of `said`; their ids, none where none waits.

        `cards`: ids of the answer's cards, which the EHR says were set aside, with a comment.
        """
        waiting = self._recorder.reviews.queue(at, role=Role.PHYSICIAN).cases
        for case in waiting:
            decision = Decision(
                verdict=Verdict.CONFIRM, priority=None, reason=None, notes=self._notes(case, said),
                signature=self._physician.name, seen=case.version,
            )  # fmt: skip
            self._recorder.reviews.decide(case.id, decision, self._physician, at + timedelta(minutes=5))
            self._times.append(at)
            self.decided += 1
        if waiting and cards:
            self._override(said, cards, client, at)
        self._last = self._newest() if waiting else self._last
        return tuple(case.id for case in waiting)

    def _override(self, said: Sequence[str], cards: Sequence[str], client: str, at: datetime) -> None:
        system, code, _ = OFFERED_REASONS[0]
        comment = f"{self._nurse.name} says: {' '.join(said)}"
        reason = {"reason": {"system": system, "code": code}, "userComment": comment}
        items = [
            {"card": card, "outcome": "overridden", "overrideReason": reason, "outcomeTimestamp": at.isoformat()}
            for card in cards
        ]
        self._recorder.feedback(PATIENT_TRIAGE.id, parse_feedback({"feedback": items}), client=client, now=at)

    def _notes(self, case: ReviewCase, said: Sequence[str]) -> Notes:
        first, second, third, fourth, fifth = said
        topic = case.topics[0] if case.topics else "The complaint"
        shown = f"{topic} may have a serious cause and should be seen."
        named = self.decided % NAMED_EVERY == NAMED_EVERY - 1
        return Notes(
            history=f"{first} {self._nurse.name} took the call.",
            symptoms=(Symptom(name=topic[:_LONGEST], duration=f"3 days, {second}"[:_LONGEST], severity=4),),
            vitals=f"Not repeated. {third}",
            risk_factors=f"None new. {fourth}",
            assessment=f"{shown} {fifth}" if named else shown,
            confidence=60,
            justification=f"{shown} {second}",
            note=f"{' '.join(said)} Signed {self._physician.name}, copy to {self._nurse.name}.",
        )

    def write(self) -> Mapping[str, str]:
        """What stands in every place after both profiles were written, or refused."""
        places: dict[str, str] = {}
        begun = self._newest()
        for profile in Profile:
            found = self._written(profile)
            places |= {f"{name} ({profile.value})": text for name, text in found.items()}
        return {**places, "AuditEvents": self._audit_events(begun)}

    def _written(self, profile: Profile) -> dict[str, str]:
        until = max(self._times) + timedelta(days=1)
        order = Order(
            id=f"exp-{profile.value}", scope=Scope(since=min(self._times), until=until), profile=profile,
            purpose="To measure.", recipient="Nobody",
        )  # fmt: skip
        approved = Approval(account="acct-1", role=Role.COMPLIANCE.value, declared="no-actual-knowledge", at=until)
        target = self._folder / order.id
        work = target.with_name(f".{target.name}.part")
        seen: dict[str, str] = {}

        def looking(stage: str, _share: float) -> None:
            if stage == WRITING and not seen:
                seen.update(_files(work, "work folder: "))

        exporter = self._exporter(until)
        preview = exporter.preview(order, now=until, actor=ACTOR)
        found = {"preview": json.dumps([[dict(row) for row in preview.rows], dict(preview.risk)], default=str)}
        try:
            done = exporter.run(
                order, target, approvals=(approved,), now=until, actor=ACTOR, show=looking, stopped=lambda: False
            )
        except ExportRefused as refused:
            self.exported.refused[profile.value] = refused.reason
            return found | {"refusal": repr(refused)} | _files(work, "work folder: ")
        self.exported.rows[profile.value] = done.rows
        self.exported.left_out.update({f"{profile.value}, {reason}": n for reason, n in done.left_out.items()})
        return found | seen | _files(target, "")

    def _exporter(self, now: datetime) -> Exporter:
        recorder = self._recorder
        rights = Rights(recorder.database, recorder.vault, self._settings)
        return Exporter(
            recorder.database, recorder.vault, rights, settings=self._settings, retriever=self._retriever,
            similarity=self._similarity, now=lambda: now,
        )  # fmt: skip

    def _newest(self) -> int:
        """The number of the newest event of the audit trail."""
        with self._recorder.database.transaction(write=False) as tx:
            return max((record.seq for record in newest_first(tx, Wanted(), limit=1)), default=0)

    def _audit_events(self, begun: int) -> str:
        """Those of the decided charts, and those since the exports were `begun`, as FHIR."""
        with self._recorder.database.transaction(write=False) as tx:
            found = [r for r in records(tx, Wanted()) if self._before < r.seq <= self._last or r.seq > begun]
        return "\n".join(json.dumps(audit_event(vars(record), base=BASE, check=False)) for record in found)


def shifted(place: str) -> bool:
    """Whether the dates in a place of `Exports.write` are shifted ones."""
    return place.endswith(f"({Profile.EXPERT_DETERMINATION.value})")


def _stated_policy(folder: Path) -> Path:
    """The template of the expert determination with a determination stated."""
    text = PROFILES["expert-determination"].read_text(encoding="utf-8")
    for empty, told in _STATED:
        text = text.replace(empty, told)
    policy = folder / "expert.toml"
    policy.write_text(text, encoding="utf-8")
    return policy


def _files(folder: Path, prefix: str) -> dict[str, str]:
    """Every file of a folder as text; of a table its rows."""
    found = {}
    for path in sorted(folder.iterdir()) if folder.exists() else ():
        if path.suffix == ".parquet":
            found[prefix + path.name] = json.dumps(pq.read_table(path).to_pylist(), default=str)
        else:
            found[prefix + path.name] = path.read_bytes().decode("utf-8", "replace")
    return found
