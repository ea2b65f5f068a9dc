"""From an order to a training set: select, open, pass the gate, weigh the risk, write aside, rename.

Everything that is finished is in the journal, so calling `run` again goes on where it was. Opt-outs are asked at the
beginning and again at the end. The folder has its name only when it is whole and signed.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import select

from anonymization.errors import PolicyError
from anonymization.gate import Gate
from anonymization.policy import Policy, packaged_policy
from cds_service import clinical, codec
from cds_service.assessor import Similarity
from cds_service.errors import CdsError
from cds_service.export.check import check_export
from cds_service.export.completion import Taught, taught
from cds_service.export.errors import ExportRefused, ExportStopped
from cds_service.export.identifiers import identifiers
from cds_service.export.journal import Done, Journal
from cds_service.export.left_out import Reason
from cds_service.export.manifest import (
    CARD,
    DATA,
    MANIFEST,
    PARQUET,
    RISK,
    RISK_FIGURE,
    RISK_PAGE,
    SHEET,
    SIGNATURE,
    canonical,
    card_of,
    manifest_of,
    sheet_of,
)
from cds_service.export.prepared import Opened, Prepared, Preparer
from cds_service.export.risk import Generaliser, Plan, RiskReport, Subject, report, subject_of
from cds_service.export.rows import Row, line_of, numbered, row_of, sampled, texts_of, write_parquet
from cds_service.export.select import Chosen, Selection, selected
from cds_service.export.values import Approval, Counts, Order, Preview, Profile, Written
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.errors import VaultError
from cds_service.ledger.export_links import ExportLink
from cds_service.ledger.reads import Reason as Why
from cds_service.ledger.signatures import ALGORITHM, sign
from cds_service.ledger.tables import account
from cds_service.ledger.vault import ItemKind, Vault
from cds_service.retrieval.retriever import Retriever
from cds_service.review.values import Signed
from cds_service.rights.rights import Rights
from cds_service.settings import Settings
from cds_service.stations import Stations
from fhir_mappers.case import Case

__all__ = ["Exporter", "check_export"]

SAMPLE_ROWS = 5
PREVIEWED = 500
"""Most cases that a preview opens; of more, evenly spread ones."""

NO_DETERMINATION = "no-determination"
"""No policy with an expert's determination is set, or it cannot be used."""
NOTHING = "nothing-to-export"

Show = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class _Made:
    """The cases of an export in its order, as they leave, and what was left out."""

    prepared: tuple[Prepared, ...]
    rows: tuple[Row, ...]
    risk: RiskReport
    left: Mapping[str, int]


class Exporter:
    """`retriever`: of this process. `similarity`: as serving checks drafts. `now`: the clock."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        rights: Rights,
        *,
        settings: Settings,
        retriever: Retriever,
        similarity: Similarity | None,
        now: Callable[[], datetime],
        guidelines_off: bool = False,
    ) -> None:
        self._database = database
        self._vault = vault
        self._rights = rights
        self._settings = settings
        self._retriever = retriever
        self._similarity = similarity
        self._now = now
        self._guidelines_off = guidelines_off

    def count(self, order: Order, now: datetime) -> Counts:
        """How many cases the order takes, by what the ledger knows. Opens nothing."""
        return self._select(order, now).counts()

    def preview(self, order: Order, *, now: datetime, actor: str) -> Preview:
        """Counts, a few rows as they would leave, and the risk. Opens charts, audited. Raises ExportRefused."""
        policy = self._policy(order.profile)
        chosen = self._select(order, now)
        few = chosen.chosen[:: max(1, -(-len(chosen.chosen) // PREVIEWED))]
        codes: dict[str, ExportLink] = {}
        preparer = self._preparer(policy)
        prepared: list[Prepared] = []
        left: Counter[str] = Counter()
        for one in few:
            # codes for looking at alone: none is minted before somebody approved
            link = codes.setdefault(one.subject, ExportLink(code=f"patient-{len(codes) + 1}", offset_days=7))
            made = self._prepared(preparer, one, link, actor=actor, now=now)
            if isinstance(made, Prepared):
                prepared.append(made)
            else:
                left[made.value] += 1
        done = self._written_out(order, policy, prepared, left)
        counts = chosen.counts()
        return Preview(
            counts=Counts(
                cases=counts.cases,
                subjects=counts.subjects,
                by_priority=counts.by_priority,
                by_verdict=counts.by_verdict,
                left_out={**counts.left_out, **{f"of {len(few)} looked at: {k}": n for k, n in done.left.items()}},
            ),
            rows=tuple(sampled(done.rows, SAMPLE_ROWS, order.id)),
            risk=done.risk.short() | {"cases": len(few), "refused": _refusal(done)},
            made_at=now,
        )

    def run(
        self,
        order: Order,
        folder: Path,
        *,
        approvals: Sequence[Approval],
        now: datetime,
        actor: str,
        show: Show,
        stopped: Callable[[], bool],
    ) -> Written:
        """Write the export to `folder`, or go on with it; a folder that holds it already is told again.

        Raises ExportRefused, ExportStopped, OSError when the disk refuses, CdsError for a folder that is not its own.
        """
        if folder.exists():
            return self._again(order, folder)
        policy = self._policy(order.profile)
        journal = Journal(folder.with_name(f".{folder.name}.part"))
        with journal.locked():
            made = journal.begun(order.id, now)
            selection = self._select(order, made)
            left = Counter({reason.value: n for reason, n in selection.left_out.items()})
            done = self._prepare(order, selection, policy, journal, actor=actor, show=show, stopped=stopped)
            prepared = list(self._still_allowed(done, left))
            show("Weighing the risk and writing", 0.0)
            out = self._written_out(order, policy, prepared, left)
            if refused := _refusal(out):
                raise ExportRefused(refused)
            if not out.rows:
                raise ExportRefused(NOTHING)
            self._write(order, journal.folder, out, approvals=approvals, made=made, policy=policy)
            journal.empty()
            _flush(journal.folder)
            os.rename(journal.folder, folder)  # noqa: PTH104 - must fail where a folder with files has the name
            _flush(folder.parent)
        show("Weighing the risk and writing", 1.0)
        return self._again(order, folder)

    # -- selecting and opening -------------------------------------------------------------------------------------

    def _select(self, order: Order, now: datetime) -> Selection:
        with self._database.transaction(write=False) as tx:
            return selected(tx, order, self._rights.opted_out_in(tx, now), now)

    def _prepare(
        self,
        order: Order,
        selection: Selection,
        policy: Policy,
        journal: Journal,
        *,
        actor: str,
        show: Show,
        stopped: Callable[[], bool],
    ) -> list[Done]:
        """Every chosen case past the gate, those of an earlier run from the journal."""
        known, preparer = journal.read(), self._preparer(policy)
        done: list[Done] = []
        for number, one in enumerate(selection.chosen):
            if stopped():
                raise ExportStopped
            found = known.get(one.case)
            if found is None:
                found = self._one(order, one, preparer, actor)
                journal.add(found)
            done.append(found)
            show("De-identifying", (number + 1) / len(selection.chosen))
        return done

    def _one(self, order: Order, one: Chosen, preparer: Preparer, actor: str) -> Done:
        now = self._now()
        try:
            with self._database.transaction() as tx:
                link = self._vault.export_link(tx, export=order.id, subject=one.subject, now=now, actor=actor)
            made = self._prepared(preparer, one, link, actor=actor, now=now)
        except VaultError:
            made = Reason.PAST_RETENTION  # erased meanwhile
        prepared = made if isinstance(made, Prepared) else None
        return Done(case=one.case, prepared=prepared, reason=made if isinstance(made, Reason) else None)

    def _prepared(
        self, preparer: Preparer, one: Chosen, link: ExportLink, *, actor: str, now: datetime
    ) -> Prepared | Reason:
        try:
            with self._database.transaction() as tx:
                opened = self._open(tx, one, actor, now)
        except (VaultError, ValueError):
            return Reason.PAST_RETENTION
        return preparer.prepare(one, opened, code=link.code, offset_days=link.offset_days)

    def _open(self, tx: Tx, one: Chosen, actor: str, now: datetime) -> Opened:
        """The chart and the words of one case. Each look is audited. Raises VaultError, ValueError."""
        why = {"reason": Why.EXPORT.value, "case": one.case}
        audit = AuditEvent(kind=EventKind.VAULT_READ, actor=actor, detail=why)
        chart = self._vault.read_snapshot(tx, one.snapshot or "", now=now, audit=audit)
        signed = self._vault.read(tx, ItemKind.REVIEW, one.notes, now=now, audit=audit)
        comments = tuple(self._vault.read_comment(tx, item, now=now, audit=audit) for item in one.comments)
        return Opened(
            chart=codec.decode(Case, codec.encode(chart)),
            signed=codec.decode(Signed, codec.encode(signed)),
            comments=comments,
            staff=self._staff(tx),
        )

    def _staff(self, tx: Tx) -> tuple[str, ...]:
        return tuple(tx.execute(select(account.c.shown).order_by(account.c.id)).scalars())

    def _still_allowed(self, done: Sequence[Done], left: Counter[str]) -> Iterator[Prepared]:
        """What nobody opted out of while the export was made. `left` counts the others."""
        with self._database.transaction(write=False) as tx:
            out = self._rights.opted_out_in(tx, self._now())
        for one in done:
            if one.prepared is None:
                left[(one.reason or Reason.NOT_DEIDENTIFIED).value] += 1
            elif one.prepared.chosen.subject in out:
                left[Reason.OPTED_OUT.value] += 1
            else:
                yield one.prepared

    # -- de-identifying --------------------------------------------------------------------------------------------

    def _policy(self, profile: Profile) -> Policy:
        if profile is Profile.SAFE_HARBOR:
            return packaged_policy("safe-harbor-exports")
        if self._settings.export_policy_file is None:
            raise ExportRefused(NO_DETERMINATION)
        try:
            policy = Policy.read(self._settings.export_policy_file)
        except PolicyError:
            raise ExportRefused(NO_DETERMINATION) from None
        if policy.determination is None:
            raise ExportRefused(NO_DETERMINATION)
        return policy

    def _preparer(self, policy: Policy) -> Preparer:
        gate = Gate(policy)
        gate.warm()
        stations = Stations(
            gate=gate, retriever=self._retriever, settings=self._settings, guidelines_off=self._guidelines_off
        )
        shifts = policy.determination is not None
        return Preparer(gate, stations, shifts=shifts, max_text_chars=self._settings.max_text_chars)

    # -- weighing and writing --------------------------------------------------------------------------------------

    def _written_out(
        self, order: Order, policy: Policy, prepared: Sequence[Prepared], left: Mapping[str, int]
    ) -> _Made:
        """The rows of `prepared`, and why some have none."""
        counted: Counter[str] = Counter(left)
        expert = order.profile is Profile.EXPERT_DETERMINATION
        subjects = list(_subjects(prepared, dated=not expert))
        stated = policy.determination.threshold if expert and policy.determination else 1.0
        plan = Generaliser(most_suppressed=self._settings.export_most_suppressed).plan(
            subjects, max(self._settings.export_min_k, math.ceil(1 / stated))
        )
        rows: list[Row] = []
        kept: list[Prepared] = []
        for one, number in numbered(prepared):
            row = self._row(one, plan if expert else None, number, policy)
            if isinstance(row, str):
                counted[str(row)] += 1
            else:
                rows.append(row)
                kept.append(one)
        risk = report(subjects, plan=plan, applied=expert)
        return _Made(prepared=tuple(kept), rows=tuple(rows), risk=risk, left=dict(sorted(counted.items())))

    def _row(self, one: Prepared, plan: Plan | None, number: int, policy: Policy) -> Row | str:
        case = one.case if plan is None else plan.apply(one.case)
        if case is None:
            return Reason.RISK
        if plan is not None:
            one = one.coarser()
        made = taught(one, case, self._similarity)
        if not isinstance(made, Taught):
            return made
        row = row_of(one, made, number=number, policy=f"{policy.name} {policy.version}", told=plan is None)
        return Reason.LEAK if any(identifiers(text) for text in texts_of(row)) else row

    def _write(
        self, order: Order, work: Path, out: _Made, *, approvals: Sequence[Approval], made: datetime, policy: Policy
    ) -> None:
        """Every file but the journal's into `work`, the signature last."""
        files = {
            DATA: "".join(map(line_of, out.rows)).encode(),
            RISK: (json.dumps(out.risk.as_json(), sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode(),
            RISK_PAGE: out.risk.markdown().encode(),
            RISK_FIGURE: out.risk.figure(),
            SHEET: sheet_of(out.rows, order.id).encode(),
        }
        for name, content in files.items():
            _write_file(work / name, content)
        write_parquet(work / PARQUET, out.rows)
        paths = {name: work / name for name in (*files, PARQUET)}

        def manifest(named: Mapping[str, Path]) -> dict[str, object]:
            return manifest_of(
                order,
                approvals=approvals,
                made=made,
                policy=policy,
                rules=self._rules,
                index=self._retriever.version,
                rows=out.rows,
                left_out=out.left,
                risk=out.risk.short(),
                leaks=out.left.get(Reason.LEAK.value, 0),
                files=named,
            )

        _write_file(work / CARD, card_of(manifest(paths)).encode())
        written = canonical(manifest({**paths, CARD: work / CARD}))
        _write_file(work / MANIFEST, written)
        ring = self._vault.keys.signing
        signature = sign(written, ring)
        said = {
            "algorithm": ALGORITHM,
            "key": signature.key_id,
            "public_key": self._vault.keys.public_keys()[signature.key_id].hex(),
            "signature": signature.hex,
        }
        _write_file(work / SIGNATURE, canonical(said))
        _flush(work / PARQUET)

    @cached_property
    def _rules(self) -> str:
        return clinical.version_of([r for r in clinical.RULES if r.id not in self._settings.rules_off])

    def _again(self, order: Order, folder: Path) -> Written:
        """What the finished folder says. Raises CdsError when it is not whole, or another export's."""
        problems = check_export(folder, self._vault.keys.public_keys())
        manifest = json.loads((folder / MANIFEST).read_bytes()) if not problems else {}
        if problems or manifest["export"] != order.id:
            raise CdsError("the folder holds something else than this export: choose another folder")
        return Written(
            folder=folder.name,
            rows=manifest["counts"]["rows"],
            subjects=manifest["counts"]["patients"],
            manifest=_digest(folder / MANIFEST),
            left_out=manifest["left_out"],
        )


def _subjects(prepared: Sequence[Prepared], *, dated: bool) -> Iterator[Subject]:
    """The people of an export. `dated`: by the true year; else by what the shifted dates of their facts tell."""
    by_code: dict[str, list[Prepared]] = {}
    for one in sorted(prepared, key=lambda p: (p.code, p.chosen.decided_at, p.chosen.case)):
        by_code.setdefault(one.code, []).append(one)
    for code, cases in by_code.items():
        given = max(one.chosen.given for one in cases)
        yield subject_of(
            code,
            [one.case for one in cases],
            year=str(cases[-1].chosen.decided_at.year) if dated else None,
            sensitive=[f"priority: {given.label}"],
        )


def _refusal(made: _Made) -> str | None:
    """Why the threshold is not reached, where it is enforced."""
    said = made.risk.as_json()
    return str(said["refused"]) if said["applied"] and said["refused"] else None


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write_file(path: Path, content: bytes) -> None:
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
