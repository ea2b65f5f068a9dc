"""The rights of patients over the stores: opt-outs, legal holds, looking a patient up, erasure with its proof.

Every act is audited in its own transaction by ids, codes and counts. A patient is named by client and patient id, which
are neither kept nor logged in the open; `actor` is who does it, as in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from cds_service.ledger import holds as held
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.tables import export_order, vault_export
from cds_service.ledger.vault import ItemKind, Person, Vault
from cds_service.rights import cleaning, erasures, holds, opt_outs, proof
from cds_service.rights.consents import ConsentReport, Consents
from cds_service.rights.errors import Incomplete, Refused
from cds_service.rights.files import Placed
from cds_service.rights.kept import kept
from cds_service.rights.needles import Needles, needles_of, of_a_name
from cds_service.rights.proof import Look
from cds_service.rights.shred_report import ShredReport
from cds_service.rights.shredding import erase, secure
from cds_service.rights.values import (
    ERASURE_REASONS,
    HOLD_REASONS,
    LOOK_REASONS,
    OPT_OUT_REASONS,
    Entry,
    Erasure,
    ErasureState,
    Hold,
    Kept,
    Source,
    Standing,
    Verdict,
)
from cds_service.settings import Settings
from hooks.context import FHIR_ID

MAX_WORDS = 2000
MAX_ID = 200
LISTED = 200
CLOSED = ("withdrawn", "refused")
"""States of an export whose codes lead back to nobody."""


class Rights:
    """The rights. Safe for threads: it holds no connection."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self._database = database
        self._vault = vault
        self._settings = settings
        self._retention = timedelta(days=settings.vault_retention_days)
        self._duty = timedelta(days=settings.erasure_after_days)
        self._consents = Consents(database, vault)

    # -- asked by exports and by whatever deletes ------------------------------------------------------------------

    def opted_out_in(self, tx: Tx, now: datetime) -> frozenset[str]:
        """Subjects whose data may not be used for training sets: opted out, erased, or about to be."""
        return opt_outs.opted_out_in(tx, now)

    def held_in(self, tx: Tx, now: datetime) -> frozenset[str]:  # noqa: ARG002 - a hold has no end but its release
        """Subjects under a legal hold: nothing of theirs may be deleted."""
        return held.held_in(tx)

    # -- looking ---------------------------------------------------------------------------------------------------

    def look(self, client: str, patient_id: str, *, reason: str, actor: str, now: datetime) -> Standing:
        """How a patient stands. Audited with the reason, a code of `LOOK_REASONS`, found or not. Raises Incomplete."""
        _check(client, patient_id, reason, LOOK_REASONS)
        with self._database.transaction() as tx:
            subject = self._vault.find_subject(tx, tenant=client, patient_key=patient_id)
            detail: dict[str, Scalar] = {"reason": reason, "item_kind": "subject", "found": subject is not None}
            event = AuditEvent(kind=EventKind.VAULT_READ, actor=actor, subject=subject, detail=detail)
            append(tx, [event], now=now)
            return Standing(subject=None) if subject is None else self._standing(tx, subject, now)

    def entries(self, *, closed: bool = False) -> tuple[Entry, ...]:
        """The newest entries about the use of data."""
        with self._database.transaction(write=False) as tx:
            return opt_outs.all_entries(tx, limit=LISTED, closed=closed)

    def holds(self, *, released: bool = False) -> tuple[Hold, ...]:
        """The legal holds, the newest first."""
        with self._database.transaction(write=False) as tx:
            return holds.all_holds(tx, released=released)

    def erasures(self) -> tuple[Erasure, ...]:
        """The newest requests for erasure."""
        with self._database.transaction(write=False) as tx:
            return erasures.all_erasures(tx, limit=LISTED)

    def erasure(self, erasure_id: str) -> Erasure:
        """One request for erasure. Raises NoSuchEntry."""
        with self._database.transaction(write=False) as tx:
            return erasures.get(tx, erasure_id)

    def kept(self) -> tuple[Kept, ...]:
        """What is kept of everybody, by kind: counts and times."""
        with self._database.transaction(write=False) as tx:
            return kept(tx)

    # -- opt-outs --------------------------------------------------------------------------------------------------

    def opt_out(
        self, client: str, patient_id: str, *, reason: str, words: str = "", actor: str, now: datetime
    ) -> Entry:
        """Put a patient on the clinic's own list, known to the vault or not. Again: the entry that stands.

        Raises Incomplete.
        """
        _check(client, patient_id, reason, OPT_OUT_REASONS, words)
        with self._database.transaction() as tx:
            subject = self._subject(tx, client, patient_id, actor, now)
            standing = [e for e in opt_outs.open_entries_of(tx, subject) if e.source is Source.LOCAL]
            if standing:
                return standing[0]
            values = {
                "subject": subject,
                "source": Source.LOCAL,
                "verdict": Verdict.DENY,
                "reason": reason,
                "said_at": now,
                "words": self._sealed(tx, subject, words, actor, now),
            }
            return opt_outs.add(tx, values, actor=actor, now=now)

    def withdraw(self, entry_id: str, *, actor: str, now: datetime) -> Entry:
        """Take an entry of the clinic's list back, or resolve an unreadable Consent. Raises NoSuchEntry, Refused."""
        with self._database.transaction() as tx:
            return opt_outs.withdraw(tx, entry_id, actor=actor, now=now)

    def consents(self, placed: Iterable[Placed], client: str, *, actor: str, now: datetime) -> ConsentReport:
        """Take FHIR Consents of `client` in (`files.read_file` reads them). Raises Incomplete, Unreadable."""
        _check_client(client)
        return self._consents.take(placed, client, actor=actor, now=now)

    # -- legal holds -----------------------------------------------------------------------------------------------

    def hold(self, client: str, patient_id: str, *, reason: str, words: str = "", actor: str, now: datetime) -> Hold:
        """Put a patient under a legal hold. Raises Incomplete."""
        _check(client, patient_id, reason, HOLD_REASONS, words)
        with self._database.transaction() as tx:
            subject = self._subject(tx, client, patient_id, actor, now)
            sealed = self._sealed(tx, subject, words, actor, now)
            return holds.place(tx, subject, reason, sealed, actor=actor, now=now)

    def release(self, hold_id: str, *, actor: str, now: datetime) -> Hold:
        """End a hold. With the last one, links of exports that were closed meanwhile go. Raises NoSuchEntry."""
        with self._database.transaction() as tx:
            released = holds.release(tx, hold_id, actor=actor, now=now)
            if not holds.holds_of(tx, released.subject):
                closed = (
                    select(vault_export.c.export)
                    .join(export_order, export_order.c.id == vault_export.c.export)
                    .where(vault_export.c.subject == released.subject, export_order.c.state.in_(CLOSED))
                )
                for export in tx.execute(closed).scalars().all():
                    self._vault.forget_export(tx, export=export, now=now, actor=actor)
            return released

    # -- erasure ---------------------------------------------------------------------------------------------------

    def ask_erasure(self, client: str, patient_id: str, *, reason: str, actor: str, now: datetime) -> Erasure:
        """Ask for the erasure of a patient; from now on the data are not used. Raises Incomplete, Refused."""
        _check(client, patient_id, reason, ERASURE_REASONS)
        with self._database.transaction() as tx:
            subject = self._known(tx, client, patient_id)
            self._check_may_be_erased(tx, subject, now)
            return erasures.ask(tx, subject, reason, actor=actor, now=now)

    def person_of(self, asked: Erasure, *, actor: str, now: datetime) -> Person:
        """Who is to be erased, for the one who confirms. Audited. Raises VaultError once it is done."""
        with self._database.transaction() as tx:
            return self._person(tx, asked, actor, now)

    def withdraw_erasure(self, erasure_id: str, *, actor: str, now: datetime) -> None:
        """Take the request back. Raises NoSuchEntry, Refused."""
        with self._database.transaction() as tx:
            asked = erasures.waiting(tx, erasure_id)
            erasures.end(tx, asked, ErasureState.WITHDRAWN, actor=actor, now=now)

    def confirm(self, erasure_id: str, *, actor: str, now: datetime) -> ShredReport:
        """Carry out what another person asked for, and prove it. Raises NoSuchEntry, Refused."""
        with self._database.transaction(write=False) as tx:
            asked = erasures.waiting(tx, erasure_id)
        if asked.asked_by == actor:
            raise Refused("same-person", "The one who asked for an erasure cannot confirm it.")
        return self._carry_out(asked, actor=actor, now=now, at_once=cleaning.is_small(self._database))

    def shred(self, client: str, patient_id: str, *, reason: str, actor: str, now: datetime) -> ShredReport:
        """Erase a patient at once, by the operator of the machine, and prove it. Raises Incomplete, Refused.

        An erasure that was asked for on the page is carried out with it. The database is written anew, whatever its
        size: writers wait meanwhile.
        """
        _check(client, patient_id, reason, ERASURE_REASONS)
        with self._database.transaction() as tx:
            subject = self._known(tx, client, patient_id)
            self._check_may_be_erased(tx, subject, now)
            asked = erasures.asked_of(tx, subject) or erasures.ask(tx, subject, reason, actor=actor, now=now)
        return self._carry_out(asked, actor=actor, now=now, at_once=True)

    def search(self, client: str, patient_id: str, *, reason: str, actor: str, now: datetime) -> tuple[Look, ...]:
        """Search all tables and files for a patient id and its blind index, as an erasure does. Audited as `look`.

        Of a patient whom the vault knows it finds the blind index in the vault alone. Raises Incomplete.
        """
        self.look(client, patient_id, reason=reason, actor=actor, now=now)
        needles = of_a_name(self._vault, client=client, patient_id=patient_id)
        with self._database.transaction(write=False) as tx:
            tables = proof.search_tables(tx, needles)
        return (*tables, *proof.search_files(self._database, self._settings, needles))

    def clean(self) -> bool:
        """Write the database anew; False: it is in use. Writers wait meanwhile."""
        return cleaning.clean(self._database)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _carry_out(self, asked: Erasure, *, actor: str, now: datetime, at_once: bool) -> ShredReport:
        try:
            needles, deleted, emptied = self._erase(asked, actor, now)
        except Refused as refused:
            with self._database.transaction() as tx:
                detail = {"refused": refused.reason}
                erasures.note(tx, asked, "confirmed", actor=actor, now=now, detail=detail, outcome=Outcome.REFUSED)
            raise
        cleaned = at_once and self.clean()
        if not cleaned:
            cleaning.settle(self._database)
        report = self._prove(asked, needles, deleted, emptied, cleaned)
        with self._database.transaction() as tx:
            erasures.keep_report(tx, asked, report.as_json(), actor=actor, now=now)
        return report

    def _erase(self, asked: Erasure, actor: str, now: datetime) -> tuple[Needles, Mapping[str, int], Mapping[str, int]]:
        with self._database.transaction() as tx:
            secure(tx)
            asked = erasures.waiting(tx, asked.id)
            self._check_may_be_erased(tx, asked.subject, now)
            person = self._person(tx, asked, actor, now)
            needles = needles_of(
                tx,
                self._vault,
                client=person.tenant,
                patient_id=person.patient_key,
                subject=asked.subject,
                now=now,
                actor=actor,
            )
            deleted, emptied = erase(tx, self._vault, asked.subject, now=now, actor=actor)
            detail = {"deleted": sum(deleted.values()), "emptied": sum(emptied.values())}
            erasures.end(tx, asked, ErasureState.DONE, actor=actor, now=now, detail=detail)
        return needles, deleted, emptied

    def _prove(
        self,
        asked: Erasure,
        needles: Needles,
        deleted: Mapping[str, int],
        emptied: Mapping[str, int],
        cleaned: bool,
    ) -> ShredReport:
        with self._database.transaction(write=False) as tx:
            tables = proof.search_tables(tx, needles)
            remains = proof.remaining(tx, asked.subject)
        looks = (*tables, *proof.search_files(self._database, self._settings, needles))
        exports = proof.rows_in_exports(self._settings, needles)
        return ShredReport(
            erasure=asked.id,
            subject=asked.subject,
            deleted=deleted,
            emptied=emptied,
            sought=needles.sought,
            looks=looks,
            remains=remains | ({"files_of_exports": exports} if exports else {}),
            cleaned=cleaned,
            todo=_todo(self._database.kind, cleaned=cleaned, found=any(look.found for look in looks)),
        )

    def _check_may_be_erased(self, tx: Tx, subject: str, now: datetime) -> None:
        erasures.check_may_be_erased(tx, subject, now, duty=self._duty)

    def _standing(self, tx: Tx, subject: str, now: datetime) -> Standing:
        entries = opt_outs.open_entries_of(tx, subject)
        return Standing(
            subject=subject,
            opted_out=opt_outs.is_opted_out(entries, now),
            entries=entries,
            holds=holds.holds_of(tx, subject),
            kept=kept(tx, subject),
            asked=erasures.asked_of(tx, subject),
        )

    def _subject(self, tx: Tx, client: str, patient_id: str, actor: str, now: datetime) -> str:
        """Minted for a patient whom nobody asked about yet: the first hook call finds it by the blind index."""
        return self._vault.subject_for(tx, tenant=client, patient_key=patient_id, now=now, actor=actor)

    def _known(self, tx: Tx, client: str, patient_id: str) -> str:
        subject = self._vault.find_subject(tx, tenant=client, patient_key=patient_id)
        if subject is None:
            raise Refused("unknown", "The vault knows no such patient of this EHR: there is nothing to erase.")
        return subject

    def _person(self, tx: Tx, asked: Erasure, actor: str, now: datetime) -> Person:
        detail = {"reason": "erasure", "erasure": asked.id}
        audit = AuditEvent(kind=EventKind.VAULT_READ, actor=actor, detail=detail)
        return self._vault.read_person(tx, asked.subject, now=now, audit=audit)

    def _sealed(self, tx: Tx, subject: str, words: str, actor: str, now: datetime) -> str | None:
        if not words.strip():
            return None
        return self._vault.store(
            tx,
            ItemKind.NOTE,
            subject=subject,
            payload={"text": words.strip()},
            now=now,
            expires_at=now + self._retention,
            actor=actor,
        )


def _check(client: str, patient_id: str, reason: str, reasons: Mapping[str, str], words: str = "") -> None:
    """Raises Incomplete; the message names the field and quotes nothing."""
    _check_client(client)
    if not FHIR_ID.match(patient_id):
        raise Incomplete("Give the patient's id in that EHR: at most 64 letters, digits, '-' and '.', no 'Patient/'.")
    if reason not in reasons:
        raise Incomplete(f"Choose a reason: {', '.join(reasons)}.")
    if len(words) > MAX_WORDS:
        raise Incomplete(f"At most {MAX_WORDS} characters.")


def _check_client(client: str) -> None:
    if not 0 < len(client) <= MAX_ID:
        raise Incomplete("Name the EHR as the service knows it.")


def _todo(kind: str, *, cleaned: bool, found: bool) -> tuple[str, ...]:
    due = {"clean": not cleaned, "postgresql": kind == "postgresql", "found": found}
    return (*(code for code, is_due in due.items() if is_due), "rotate", "destroy-old-keys", "clients")
