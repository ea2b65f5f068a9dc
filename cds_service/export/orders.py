"""Orders of training sets: placed by one compliance officer, approved by another, made by the export process.

One object for the page, the commands and the runner. Safe for threads: it holds no connection. What people wrote and
what a preview showed is sealed in the vault; every step and every look at it is audited in the same transaction.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from cds_service import codec
from cds_service.accounts.roles import Member
from cds_service.export.errors import Incomplete, Stale
from cds_service.export.ordered import (
    Approving,
    Asked,
    Ordered,
    Words,
    digest_of,
    order_by_id,
    ordered_of,
)
from cds_service.export.permissions import (
    check_may_go_on,
    check_may_judge,
    check_may_preview_again,
    check_may_see,
    check_may_stop,
    check_may_withdraw,
)
from cds_service.export.required import REFUSALS, approval_problems, order_problems
from cds_service.export.states import State
from cds_service.export.steps import CHANGED, create, move
from cds_service.export.values import Order, Preview, Written
from cds_service.export.work import BACK, Held, WorkList
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.errors import VaultError
from cds_service.ledger.holds import not_held
from cds_service.ledger.tables import export_event, vault_export
from cds_service.ledger.tables import export_order as table
from cds_service.ledger.vault import ItemKind, Vault
from cds_service.review.people import name_in_force
from cds_service.settings import Settings

KEPT = timedelta(days=6 * 366)
"""How long the words of an order are kept: documentation of six years (45 CFR 164.316(b)(2)(i))."""

PREVIEWS_KEPT = timedelta(days=90)
"""How long the sample rows of a preview are kept: as long as an approval can last."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of an order: who (an actor of the audit), from where, to where, why (a code)."""

    seq: int
    at: datetime
    actor: str
    before: str
    after: str
    why: str


class Orders:
    """The orders of one database."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self._database = database
        self._vault = vault
        approval = timedelta(days=settings.export_approval_days)
        self._list = WorkList(attempts=settings.job_attempts, approval=approval)
        self.approval_days = settings.export_approval_days
        self.folder = settings.exports_dir

    # -- by officers -----------------------------------------------------------------------------------------------

    def order(self, asked: Asked, member: Member, now: datetime) -> Ordered:
        """Place an order; its preview is made next. Raises NotPermitted, Incomplete."""
        check_may_see(member)
        problems = order_problems(asked, now)
        if problems:
            raise Incomplete(problems)
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            words = self._seal(tx, Words(purpose=asked.words.strip(), recipient=asked.recipient.strip()), member, now)
            ordered = Ordered(
                id=new_id("exp"),
                state=State.PREVIEWING,
                version=1,
                scope=asked.scope,
                profile=asked.profile,
                purpose=asked.purpose,
                words=words,
                ordered_by=member.account,
                ordered_at=now,
                changed_at=now,
                left_out={},
            )
            create(tx, ordered, actor=member.actor)
        return ordered

    def approve(self, order_id: str, approving: Approving, member: Member, now: datetime) -> Ordered:
        """The second person stands for it. Raises NoSuchOrder, NotPermitted, Stale, Incomplete."""
        with self._database.transaction() as tx:
            name = name_in_force(tx, member)
            ordered = self._seen(tx, order_id, approving.seen, member)
            if now + BACK < ordered.changed_at:
                raise Stale("The clock of this machine was set back. Tell the operator; nothing was approved.")
            problems = approval_problems(ordered, approving, name)
            if problems:
                raise Incomplete(problems)
            declared = " ".join(sorted(approving.attested))
            return move(
                tx,
                ordered,
                State.APPROVED,
                why="approved",
                actor=member.actor,
                now=now,
                kind=EventKind.APPROVAL,
                detail={"digest": approving.seen, "declared": declared, "role": member.role.value},
                approved_by=member.account,
                approved_at=max(now, ordered.changed_at),
                declared=declared,
            )

    def refuse(self, order_id: str, seen: str, why: str, member: Member, now: datetime) -> Ordered:
        """The second person says no; `why`: one of `REFUSALS`. Codes and files of an earlier approval go.

        Raises NoSuchOrder, NotPermitted, Stale, Incomplete.
        """
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            ordered = self._seen(tx, order_id, seen, member)
            if why not in REFUSALS:
                raise Incomplete({"why": "Choose why you refuse it."})
            links = self._vault.forget_export(tx, export=order_id, now=now, actor=member.actor)
            detail: dict[str, Scalar] = {"digest": seen, "role": member.role.value, "links": links}
            kind = EventKind.APPROVAL
            self._drop_preview(tx, ordered, member, now)
            refused = move(
                tx, ordered, State.REFUSED, why=why, actor=member.actor, now=now, kind=kind, detail=detail, preview=None
            )
            _remove(self.folder_of(ordered))  # what a run under an earlier approval left
            return refused

    def preview_again(self, order_id: str, member: Member, now: datetime) -> Ordered:
        """Have the preview made again, from what is there now. Raises NoSuchOrder, NotPermitted."""
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            ordered = order_by_id(tx, order_id)
            check_may_preview_again(ordered, member)
            self._drop_preview(tx, ordered, member, now)
            return move(tx, ordered, State.PREVIEWING, why="asked-again", actor=member.actor, now=now)

    def stop(self, order_id: str, member: Member, now: datetime) -> Ordered:
        """Stop it for now: the process notices within seconds. Raises NoSuchOrder, NotPermitted."""
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            ordered = order_by_id(tx, order_id)
            check_may_stop(ordered, member)
            return move(tx, ordered, State.STOPPED, why="by-a-person", actor=member.actor, now=now)

    def go_on(self, order_id: str, member: Member, now: datetime) -> Ordered:
        """Let a stopped order go on: where it was if its approval is in force, else with a preview.

        Raises NoSuchOrder, NotPermitted, Stale.
        """
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            ordered = order_by_id(tx, order_id)
            check_may_go_on(ordered, member)
            if now + BACK < ordered.changed_at:
                raise Stale("The clock of this machine was set back. Tell the operator; the export stays stopped.")
            to = State.APPROVED if self._list.in_force(ordered, now) else State.PREVIEWING
            return move(tx, ordered, to, why="goes-on", actor=member.actor, now=now)

    def withdraw(self, order_id: str, member: Member, now: datetime, *, remove: bool) -> Ordered:
        """Close it for good: nobody can lead its codes back any more; `remove`: and its folder here is deleted.

        What a recipient already has stays with them. Raises NoSuchOrder, NotPermitted, and Stale under a legal hold or
        where the folder cannot be deleted.
        """
        with self._database.transaction() as tx:
            name_in_force(tx, member)
            ordered = order_by_id(tx, order_id)
            check_may_withdraw(ordered, member, now)
            held = select(vault_export.c.subject).where(
                vault_export.c.export == order_id, ~not_held(vault_export.c.subject)
            )
            if remove and tx.execute(held.limit(1)).first():
                raise Stale("A patient of this export is under a legal hold: its files stay.")
            links = self._vault.forget_export(tx, export=order_id, now=now, actor=member.actor)
            detail = {"links": links, "removed": remove}
            self._drop_preview(tx, ordered, member, now)
            withdrawn = move(
                tx, ordered, State.WITHDRAWN, why="withdrawn", actor=member.actor, now=now, detail=detail, preview=None
            )
            if remove:
                _remove(self.folder_of(ordered))
            return withdrawn

    def taken(self, ordered: Ordered, file: str, member: Member, now: datetime) -> None:
        """Audit that somebody took one of the files that the page hands out. Raises NotPermitted."""
        check_may_see(member)
        detail: dict[str, Scalar] = {"export": ordered.id, "act": "file-taken", "file": file}
        with self._database.transaction() as tx:
            append(tx, [AuditEvent(kind=EventKind.EXPORT, actor=member.actor, detail=detail)], now=now)

    # -- reading ---------------------------------------------------------------------------------------------------

    def all(self, *, limit: int = 200) -> tuple[Ordered, ...]:
        """The newest orders."""
        newest = select(table).order_by(table.c.ordered_at.desc(), table.c.id).limit(limit)
        with self._database.transaction(write=False) as tx:
            return tuple(ordered_of(row) for row in tx.execute(newest).mappings().all())

    def get(self, order_id: str) -> Ordered:
        """The order of that id. Raises NoSuchOrder."""
        with self._database.transaction(write=False) as tx:
            return order_by_id(tx, order_id)

    def history(self, order_id: str) -> tuple[Step, ...]:
        """Every step of the order, in order."""
        found = select(export_event).where(export_event.c.order == order_id).order_by(export_event.c.seq)
        with self._database.transaction(write=False) as tx:
            rows = tx.execute(found).mappings().all()
        return tuple(Step(**{name: value for name, value in row.items() if name != "order"}) for row in rows)

    def look(self, ordered: Ordered, member: Member, now: datetime) -> tuple[Words, Preview | None]:
        """What the officer wrote and what the preview showed, None where there is none any more. Audited.

        Raises NotPermitted, VaultError.
        """
        check_may_see(member)
        with self._database.transaction() as tx:
            words = self._words(tx, ordered, member.actor, now)
            with suppress(VaultError):  # past its retention
                return words, self._preview(tx, ordered, member.actor, now)
            return words, None

    def folder_of(self, ordered: Ordered) -> Path:
        """Where the export is, or will be."""
        return Path(ordered.folder) if ordered.folder else self.folder / ordered.id

    # -- by the export process -------------------------------------------------------------------------------------

    def waiting(self, now: datetime) -> bool:
        """Whether there is work that nobody has."""
        with self._database.transaction(write=False) as tx:
            return self._list.waiting(tx, now)

    def take(
        self, *, worker: str, now: datetime, order_id: str | None = None, folder: Path | None = None
    ) -> Held | None:
        """Take up an order, to write it in `folder`; None where there is none to be had. Raises NoSuchOrder."""
        place = str(folder.absolute()) if folder else None
        with self._database.transaction() as tx:
            return self._list.take(tx, worker=worker, now=now, order_id=order_id, folder=place)

    def renew(self, held: Held, *, stage: str, share: float, now: datetime) -> bool:
        """Say that the work goes on; False: somebody stopped it. Raises LeaseLost."""
        with self._database.transaction() as tx:
            return self._list.renew(tx, held, stage=stage, share=share, now=now)

    def leave(self, held: Held, *, now: datetime) -> None:
        """Give the order back as it is. Raises LeaseLost."""
        with self._database.transaction() as tx:
            self._list.leave(tx, held, now=now)

    def end(self, held: Held, to: State, *, why: str, now: datetime) -> None:
        """The work led to `to`, for the reason of that code. Raises LeaseLost."""
        with self._database.transaction() as tx:
            self._list.end(tx, held, to, why=why, now=now)

    def previewed(self, held: Held, order: Order, preview: Preview, *, now: datetime) -> None:
        """The preview is made: sealed, and what an approval will be bound to. Raises LeaseLost."""
        with self._database.transaction() as tx:
            item = self._vault.store(
                tx,
                ItemKind.NOTE,
                subject=None,
                payload=codec.plain(preview),
                now=now,
                expires_at=now + PREVIEWS_KEPT,
                actor=held.worker,
            )
            changes = {"preview": item, "digest": digest_of(order, preview), "cases": preview.counts.cases}
            self._list.end(tx, held, State.AWAITING, why="previewed", now=now, **changes)

    def seen(self, held: Held, *, now: datetime) -> Preview | None:
        """The preview that was approved; None where it is past its retention. Audited."""
        with self._database.transaction() as tx, suppress(VaultError):
            return self._preview(tx, held.ordered, held.worker, now)
        return None

    def written(self, held: Held, written: Written, folder: Path, *, now: datetime) -> None:
        """The export is whole. Raises LeaseLost."""
        changes = {
            "folder": str(folder.absolute()),
            "rows": written.rows,
            "subjects": written.subjects,
            "manifest": written.manifest,
            "left_out": dict(written.left_out),
        }
        with self._database.transaction() as tx:
            self._list.end(tx, held, State.DONE, why="written", now=now, **changes)

    def order_of(self, held: Held, *, now: datetime) -> Order:
        """The order as the writer takes it. Audited. Raises VaultError."""
        with self._database.transaction() as tx:
            return held.ordered.order(self._words(tx, held.ordered, held.worker, now))

    # -- parts -----------------------------------------------------------------------------------------------------

    def _seen(self, tx: Tx, order_id: str, seen: str, member: Member) -> Ordered:
        """The order, if `member` may judge it and looked at it as it stands."""
        check_may_see(member)
        ordered = order_by_id(tx, order_id)
        if member.account != ordered.ordered_by and (ordered.digest is None or seen != ordered.digest):
            raise Stale(CHANGED)
        check_may_judge(ordered, member)
        return ordered

    def _seal(self, tx: Tx, words: Words, member: Member, now: datetime) -> str:
        return self._vault.store(
            tx,
            ItemKind.NOTE,
            subject=None,
            payload=codec.plain(words),
            now=now,
            expires_at=now + KEPT,
            actor=member.actor,
        )

    def _words(self, tx: Tx, ordered: Ordered, actor: str, now: datetime) -> Words:
        return codec.decode(Words, self._open(tx, ordered, ordered.words, actor, now))

    def _preview(self, tx: Tx, ordered: Ordered, actor: str, now: datetime) -> Preview | None:
        if ordered.preview is None:
            return None
        return codec.decode(Preview, self._open(tx, ordered, ordered.preview, actor, now))

    def _drop_preview(self, tx: Tx, ordered: Ordered, member: Member, now: datetime) -> None:
        """Nobody may decide by it any more; what it showed may be why it was refused."""
        if ordered.preview is not None:
            self._vault.drop(tx, ItemKind.NOTE, ordered.preview, now=now, actor=member.actor)

    def _open(self, tx: Tx, ordered: Ordered, item: str, actor: str, now: datetime) -> str:
        audit = AuditEvent(kind=EventKind.VAULT_READ, actor=actor, detail={"reason": "export", "export": ordered.id})
        return codec.encode(self._vault.read(tx, ItemKind.NOTE, item, now=now, audit=audit))


def _remove(folder: Path) -> None:
    """Delete a finished export and what an unfinished one left beside it. Raises Stale: then the step is not made."""
    try:
        for leftover in (folder, *folder.parent.glob(f".{folder.name}*")):
            shutil.rmtree(leftover, ignore_errors=not leftover.exists())
    except OSError:
        raise Stale("The folder cannot be deleted. Tell the operator; the export is as it was.") from None
