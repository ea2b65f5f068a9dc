"""The vault: the only place that says who a subject is, and that keeps words of the chart. Everything in it is sealed.

A subject id is random, never derived from the person. It is found again through a blind index: an HMAC under a key that
is not in the database. Values are sealed with the subject's own data key (`envelope`, `subject_keys`), bound to the row
and the subject they belong to, so that a row copied over another does not open. Each mint, write, read and purge is an
audit event of the same transaction, and a read says why (`reads.Reason`).

An export knows its people by codes of its own (`export_link`), so that two exports cannot be joined. The link from code
to subject stays until `forget_export` deletes the whole export's, after which nobody can lead its data back; retention
of items (`purge_expired`) does not touch it, because corrections and withdrawals need it as long as the export is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select

from cds_service.errors import ConfigurationError
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.blind_index import blind_index
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import canonical_json, new_id
from cds_service.ledger.errors import VaultError
from cds_service.ledger.export_links import ExportLink, ExportLinks
from cds_service.ledger.holds import not_held
from cds_service.ledger.key_rings import KeySource, VaultKeys
from cds_service.ledger.reads import Reason, audit_read, check_read
from cds_service.ledger.subject_keys import FORGOTTEN, PERSON, Forgotten, SubjectKeys, forget, names_others
from cds_service.ledger.tables import vault_item, vault_subject

__all__ = ["ExportLink", "Forgotten", "ItemKind", "Person", "Reason", "Vault"]


class ItemKind(StrEnum):
    """What a sealed item holds.

    An identified snapshot of one hook call, a clinician's comment, what a clinician signed in a review, a patient's
    answers before a visit, or the words of a person of the clinic about an export, an opt-out or a legal hold.
    """

    SNAPSHOT = "snapshot"
    COMMENT = "comment"
    REVIEW = "review"
    INTAKE = "intake"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a subject is. `patient_key` is whatever names the patient within the tenant, as given to `subject_for`."""

    tenant: str
    patient_key: str


class Vault:
    """Seals and opens with the keys of one key file. Holds no connection: every method takes the caller's transaction.

    `source`: a `KeyFile`, which follows rotations by other processes, or keys in memory (`VaultKeys`).
    """

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._sealed = SubjectKeys(source)
        self._links = ExportLinks(self._sealed)

    @property
    def keys(self) -> VaultKeys:
        """The keys that hold now."""
        return self._source.current()

    def check_keys(self, tx: Tx) -> None:
        """Raises ConfigurationError when rows of the vault name keys that are not in the key file.

        Worth a call at start, and made before anybody is minted: with the wrong key file every known patient would look
        new.
        """
        if names_others(tx, self._source.current()) and names_others(tx, self._source.reread()):
            raise ConfigurationError("CDS_KEYS_FILE is not the key file that this database was made with: restore it")

    def keyed(self, *parts: str) -> str:
        """A hash of `parts` under a key that is not in the database: equal parts are known again, and no more.

        The key is one of its own, which `keys rotate all` leaves alone: after a change of it, what was hashed before is
        not known again (docs/how-to/keys.md says what that costs).
        """
        return blind_index(self.keys.hashing.key, "keyed", canonical_json(parts))

    def find_subject(self, tx: Tx, *, tenant: str, patient_key: str) -> str | None:
        """The subject id of a person who has one. A read transaction is enough."""
        indexes = [blind_index(key, tenant, patient_key) for key in self.keys.index.keys.values()]
        found = select(vault_subject.c.subject).where(vault_subject.c.blind_index.in_(indexes))
        return tx.execute(found).scalar()

    def subject_for(self, tx: Tx, *, tenant: str, patient_key: str, now: datetime, actor: str) -> str:
        """The subject id of a person, minted at random when there is none: one for each person and tenant.

        Raises ConfigurationError as `check_keys`.
        """
        known = self.find_subject(tx, tenant=tenant, patient_key=patient_key)
        if known is not None:
            return known
        self.check_keys(tx)
        subject = new_id("subj")
        ring = self.keys.index
        row = {
            "subject": subject,
            "index_key": ring.active,
            "blind_index": blind_index(ring.key, tenant, patient_key),
            "created_at": now,
        }
        self._sealed.mint(tx, subject, {"tenant": tenant, "patient_key": patient_key}, row, now)
        append(tx, [AuditEvent(kind=EventKind.VAULT_MINT, actor=actor, subject=subject)], now=now)
        return subject

    def read_person(self, tx: Tx, subject: str, *, now: datetime, audit: AuditEvent) -> Person:
        """Who `subject` is. Audited as `read_snapshot`. Raises VaultError, for one that was forgotten too."""
        check_read(audit)
        row = tx.execute(select(vault_subject).where(vault_subject.c.subject == subject)).mappings().one_or_none()
        if row is None or row["index_key"] == FORGOTTEN:
            raise VaultError("the vault has no such subject")
        person = Person(**self._sealed.unseal(tx, PERSON, subject, subject, row))
        audit_read(tx, audit, subject, {"item_kind": PERSON}, now)
        return person

    def forget_subject(self, tx: Tx, subject: str, now: datetime, actor: str) -> Forgotten:
        """Destroy the data key of `subject`, and delete who it is, its items and its links in exports.

        Nothing of it opens any more; its id stays, since ids in other tables point at it, and is never used again: who
        comes back is somebody new. Copies of the database open until the sealing key is rotated and the old one retired
        (`rotation`). Asks nobody: holds and permissions are the caller's to check. Again: counts of 0.
        """
        gone = forget(tx, subject, now)
        detail: dict[str, Scalar] = {
            "item_kind": "subject", "keys": gone.keys, "person": gone.person, "items": gone.items, "links": gone.links,
        }  # fmt: skip
        append(tx, [AuditEvent(kind=EventKind.VAULT_PURGE, actor=actor, subject=subject, detail=detail)], now=now)
        return gone

    def export_code(self, tx: Tx, *, export: str, subject: str, now: datetime, actor: str) -> str:
        """What `export` calls `subject`, as `export_link`."""
        return self.export_link(tx, export=export, subject=subject, now=now, actor=actor).code

    def export_link(self, tx: Tx, *, export: str, subject: str, now: datetime, actor: str) -> ExportLink:
        """Code and date offset of `subject` in `export`, minted at random when there are none; needs a write.

        The same subject has the same link within an export and another in every other. `export`: an id of the export,
        at most 64 characters. Raises VaultError when the vault has no such subject or the link does not open.
        """
        return self._links.link(tx, export=export, subject=subject, now=now, actor=actor)

    def forget_export(self, tx: Tx, *, export: str, now: datetime, actor: str) -> int:
        """Delete the links of `export`, so that nothing leads back from it; returns how many there were.

        Those of people who are held stay until the release.
        """
        return self._links.forget(tx, export=export, now=now, actor=actor)

    def store_snapshot(
        self, tx: Tx, *, subject: str, payload: Mapping[str, Any], now: datetime, expires_at: datetime, actor: str
    ) -> str:
        """Seal what a reviewer must see of one hook call (any JSON value), until `expires_at`; returns its id."""
        return self._store(tx, ItemKind.SNAPSHOT, subject, payload, now, expires_at, actor)

    def store_comment(
        self, tx: Tx, *, subject: str | None, text: str, now: datetime, expires_at: datetime, actor: str
    ) -> str:
        """Seal a clinician's own words, which may name anybody; returns the id of the item."""
        return self._store(tx, ItemKind.COMMENT, subject, {"text": text}, now, expires_at, actor)

    def read_snapshot(self, tx: Tx, item: str, *, now: datetime, audit: AuditEvent) -> dict[str, Any]:
        """Open a snapshot. `audit` (kind vault-read) says who reads it and why (`Reason`, in the detail ``reason``).

        It needs a write transaction. Raises ValueError without a reason, and VaultError when there is no such item, it
        is past its retention, or it does not open: the event is then rolled back with the transaction.
        """
        return self._read(tx, ItemKind.SNAPSHOT, item, now, audit)

    def read_comment(self, tx: Tx, item: str, *, now: datetime, audit: AuditEvent) -> str:
        """Open a comment, as `read_snapshot`."""
        return str(self._read(tx, ItemKind.COMMENT, item, now, audit)["text"])

    def store(
        self,
        tx: Tx,
        kind: ItemKind,
        *,
        subject: str | None,
        payload: Mapping[str, Any],
        now: datetime,
        expires_at: datetime,
        actor: str,
    ) -> str:
        """Seal any JSON object of one kind, until `expires_at`; returns the id of the item."""
        return self._store(tx, kind, subject, payload, now, expires_at, actor)

    def read(self, tx: Tx, kind: ItemKind, item: str, *, now: datetime, audit: AuditEvent) -> dict[str, Any]:
        """Open what `store` sealed, as `read_snapshot`."""
        return self._read(tx, kind, item, now, audit)

    def drop(self, tx: Tx, kind: ItemKind, item: str, *, now: datetime, actor: str) -> None:
        """Delete one item of nobody in particular before its time, audited."""
        mine = (vault_item.c.id == item, vault_item.c.kind == kind.value, vault_item.c.subject.is_(None))
        if tx.execute(delete(vault_item).where(*mine)).rowcount:
            detail: dict[str, Scalar] = {"item": item, "item_kind": kind.value, "items": 1}
            append(tx, [AuditEvent(kind=EventKind.VAULT_PURGE, actor=actor, detail=detail)], now=now)

    def purge_expired(self, tx: Tx, *, now: datetime, actor: str) -> int:
        """Delete the items past their retention, but of nobody who is held; returns how many there were."""
        expired = (vault_item.c.expires_at <= now, not_held(vault_item.c.subject))
        purged = tx.execute(delete(vault_item).where(*expired)).rowcount
        if purged:
            append(tx, [AuditEvent(kind=EventKind.VAULT_PURGE, actor=actor, detail={"items": purged})], now=now)
        return purged

    def _store(
        self,
        tx: Tx,
        kind: ItemKind,
        subject: str | None,
        payload: Mapping[str, Any],
        now: datetime,
        expires_at: datetime,
        actor: str,
    ) -> str:
        item = new_id(kind.value)
        row = {"id": item, "kind": kind.value, "subject": subject, "created_at": now, "expires_at": expires_at}
        tx.execute(insert(vault_item), row | self._sealed.seal(tx, kind.value, item, subject, payload, now))
        detail = {"item": item, "item_kind": kind.value}
        append(tx, [AuditEvent(kind=EventKind.VAULT_WRITE, actor=actor, subject=subject, detail=detail)], now=now)
        return item

    def _read(self, tx: Tx, kind: ItemKind, item: str, now: datetime, audit: AuditEvent) -> dict[str, Any]:
        check_read(audit)
        wanted = select(vault_item).where(
            vault_item.c.id == item, vault_item.c.kind == kind.value, vault_item.c.expires_at > now
        )
        row = tx.execute(wanted).mappings().one_or_none()
        if row is None:
            raise VaultError("the vault has no such item, or it is past its retention")
        payload = self._sealed.unseal(tx, kind.value, item, row["subject"], row)
        audit_read(tx, audit, row["subject"], {"item": item, "item_kind": kind.value}, now)
        return payload
