"""From an order to a training set: select, open, pass the gate, weigh the risk, write aside, rename.

Everything that is past the gate is in the journal, so calling `run` again goes on where it was. Opt-outs are asked at
the beginning, and again when the rows are made. The folder has its name only when it is whole and signed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select

from anonymization.errors import PolicyError
from anonymization.gate import Gate
from anonymization.policy import Policy, packaged_policy
from cds_service import codec
from cds_service.assessor import Similarity
from cds_service.errors import CdsError
from cds_service.export.check import check_export
from cds_service.export.errors import ExportRefused, ExportStopped
from cds_service.export.folder import flush, write_folder
from cds_service.export.journal import Done, Journal
from cds_service.export.left_out import Reason
from cds_service.export.maker import Made, Maker, Step
from cds_service.export.manifest import MANIFEST, manifest_of, stood_for
from cds_service.export.prepared import Opened, Prepared, Preparer
from cds_service.export.rows import sampled
from cds_service.export.select import Chosen, Selection, selected
from cds_service.export.values import Approval, Counts, Order, Preview, Profile, Written
from cds_service.export.versions import versions_of
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.errors import VaultError
from cds_service.ledger.export_links import ExportLink
from cds_service.ledger.reads import Reason as Why
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
DEIDENTIFYING = "De-identifying"
"""Past the gate and, where no plan is applied, judged."""
WRITING = "Weighing the risk and writing"

Show = Callable[[str, float], None]
"""Called with the name of a stage and how much of it is done."""


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

    def covers(self, seen: Preview, order: Order, now: datetime) -> bool:
        """Whether `run` would take no case that `seen` did not, by the same versions. Opens nothing.

        Raises ExportRefused.
        """
        taken = {one.case for one in self._select(order, now).chosen}
        return taken <= set(seen.taken) and self._made_of(self._policy(order.profile)) == seen.made_of

    def preview(self, order: Order, *, now: datetime, actor: str) -> Preview:
        """Counts, a few rows as they would leave, and the risk. Opens charts, audited. Raises ExportRefused."""
        policy = self._policy(order.profile)
        chosen = self._select(order, now)
        if not chosen.chosen and not chosen.left_out:
            raise ExportRefused(NOTHING)
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
                left[made] += 1
        done = Maker(self._settings, policy, self._similarity).made(prepared, left, _quiet)
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
            looked_at=len(few),
            would_leave=len(done.rows),
            risk=done.risk.short() | {"cases": len(few), "refused": done.refusal},
            made_at=now,
            taken=tuple(sorted(one.case for one in chosen.chosen)),
            made_of=self._made_of(policy),
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

        What was written under another approval is written anew.

        Raises ExportRefused, ExportStopped, OSError when the disk refuses, CdsError for a folder that is not its own.
        """
        if folder.exists():
            whole = self._again(order, folder)
            if json.loads((folder / MANIFEST).read_bytes())["approvals"] == stood_for(approvals):
                return whole
            shutil.rmtree(folder)
        policy = self._policy(order.profile)
        journal = Journal(folder.with_name(f".{folder.name}.part"))
        with journal.locked():
            versions = versions_of(self._settings, policy, self._retriever.version)
            # an approval covers what its preview saw: what was written under another is not gone on with
            by = {**versions, "approvals": json.dumps(stood_for(approvals))}
            begun = journal.begun(order.id, by, now)
            selection = self._select(order, begun)
            left = Counter({reason.value: n for reason, n in selection.left_out.items()})
            maker = Maker(self._settings, policy, self._similarity)
            done = self._prepare(order, selection, policy, maker, journal, actor=actor, show=show, stopped=stopped)
            tell = partial(manifest_of, order, approvals=approvals, made=begun, versions=versions)

            def step(share: float) -> None:
                if stopped():
                    raise ExportStopped
                show(WRITING, share)

            while True:
                made = self._made(maker, done, left, step)
                write_folder(journal.folder, made, tell, keys=self._vault.keys, seed=order.id)
                if not self._opted_out() & made.subjects:  # else somebody did while the rows were made
                    break
            journal.empty()
            flush(journal.folder)
            os.rename(journal.folder, folder)  # noqa: PTH104 - must fail where a folder with files has the name
            flush(folder.parent)
        show(WRITING, 1.0)
        return self._again(order, folder)

    def _made_of(self, policy: Policy) -> Mapping[str, str]:
        """What shapes the rows beside charts and decisions."""
        set_to = {name: str(getattr(self._settings, name)) for name in ("export_min_k", "export_most_suppressed")}
        return {**versions_of(self._settings, policy, self._retriever.version), **set_to}

    # -- selecting and opening -------------------------------------------------------------------------------------

    def _select(self, order: Order, now: datetime) -> Selection:
        with self._database.transaction(write=False) as tx:
            return selected(tx, order, self._rights.opted_out_in(tx, now), now)

    def _prepare(
        self,
        order: Order,
        selection: Selection,
        policy: Policy,
        maker: Maker,
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
                found = self._one(order, one, preparer, maker, actor)
                journal.add(found)
            elif found.prepared is not None and found.note is not None:
                maker.remember(found.prepared, found.note)
            done.append(found)
            show(DEIDENTIFYING, (number + 1) / len(selection.chosen))
        return done

    def _one(self, order: Order, one: Chosen, preparer: Preparer, maker: Maker, actor: str) -> Done:
        """One case past the gate; with its note, where no plan will tell the case more coarsely."""
        now = self._now()
        try:
            with self._database.transaction() as tx:
                link = self._vault.export_link(tx, export=order.id, subject=one.subject, now=now, actor=actor)
        except VaultError:  # erased meanwhile
            return Done(case=one.case, reason=Reason.PAST_RETENTION)
        made = self._prepared(preparer, one, link, actor=actor, now=now)
        if isinstance(made, Reason):
            return Done(case=one.case, reason=made)
        if maker.generalises:
            return Done(case=one.case, prepared=made)
        note = maker.note(made, made.case)
        if isinstance(note, str):
            return Done(case=one.case, reason=note)
        return Done(case=one.case, prepared=made, note=note)

    def _prepared(
        self, preparer: Preparer, one: Chosen, link: ExportLink, *, actor: str, now: datetime
    ) -> Prepared | Reason:
        try:
            with self._database.transaction() as tx:
                opened = self._open(tx, one, actor, now)
        except VaultError:
            return Reason.PAST_RETENTION
        except ValueError:
            return Reason.NOT_READABLE
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

    def _opted_out(self) -> frozenset[str]:
        with self._database.transaction(write=False) as tx:
            return self._rights.opted_out_in(tx, self._now())

    def _made(self, maker: Maker, done: Sequence[Done], left: Counter[str], step: Step) -> Made:
        """The rows of those who have not opted out by now. Raises ExportRefused where none may be written."""
        counted, out = Counter(left), self._opted_out()
        prepared: list[Prepared] = []
        for one in done:
            if one.prepared is None:
                counted[str(one.reason)] += 1
            elif one.prepared.chosen.subject in out:
                counted[Reason.OPTED_OUT.value] += 1
            else:
                prepared.append(one.prepared)
        made = maker.made(prepared, counted, step)
        if made.refusal:
            raise ExportRefused(made.refusal)
        if not made.rows:
            raise ExportRefused(NOTHING)
        return made

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


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _quiet(_share: float) -> None:
    """For a preview, of which nobody watches the rows."""
