"""The vault: the only place that says who a subject is, and that keeps words of the chart. Everything in it is sealed.

A subject id is random, never derived from the person. It is found again through a blind index: an HMAC under a key that
is not in the database. Values are sealed with AES-256-GCM, bound to the row and the subject they belong to, so that a
row copied over another does not open. Each mint, write, read and purge is an audit event of the same transaction.

An export knows its people by codes of its own (`export_link`), so that two exports cannot be joined. The link from code
to subject stays until `forget_export` deletes the whole export's, after which nobody can lead its data back; retention
of items (`purge_expired`) does not touch it, because corrections and withdrawals need it as long as the export is used.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import RowMapping, delete, insert, select

from anonymization.date_shift import random_offset_days
from cds_service.errors import ConfigurationError
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import canonical_json, new_id
from cds_service.ledger.errors import VaultError
from cds_service.ledger.keys import VaultKeys
from cds_service.ledger.tables import vault_export, vault_item, vault_subject

_NONCE_BYTES = 12


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


@dataclass(frozen=True, kw_only=True)
class ExportLink:
    """What one export calls a subject, and by how many days it shifts the subject's dates (under an expert's rules)."""

    code: str
    offset_days: int


class Vault:
    """Seals and opens with one set of keys. Holds no connection: every method takes the caller's transaction."""

    def __init__(self, keys: VaultKeys) -> None:
        self._keys = keys

    def check_keys(self, tx: Tx) -> None:
        """Raises ConfigurationError when the vault was made with keys that are not in the key file.

        Worth a call at start: with the wrong key file every known patient would look new.
        """
        made_with = tx.execute(select(vault_subject.c.index_key).limit(1)).scalar()
        if made_with is not None and made_with not in self._keys.index.keys:
            raise ConfigurationError("CDS_KEYS_FILE is not the key file that this database was made with: restore it")

    def keyed(self, *parts: str) -> str:
        """A hash of `parts` under a key that is not in the database: equal parts are known again, and no more.

        After a change of the active key what was hashed before is not known again.
        """
        ring = self._keys.index
        return _blind_index(ring.keys[ring.active], "keyed", canonical_json(parts))

    def find_subject(self, tx: Tx, *, tenant: str, patient_key: str) -> str | None:
        """The subject id of a person who has one. A read transaction is enough."""
        indexes = [_blind_index(key, tenant, patient_key) for key in self._keys.index.keys.values()]
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
        ring = self._keys.index
        row = {
            "subject": subject,
            "index_key": ring.active,
            "blind_index": _blind_index(ring.keys[ring.active], tenant, patient_key),
            "created_at": now,
        }
        row |= self._seal("person", subject, subject, {"tenant": tenant, "patient_key": patient_key})
        tx.execute(insert(vault_subject), row)
        append(tx, [AuditEvent(kind=EventKind.VAULT_MINT, actor=actor, subject=subject)], now=now)
        return subject

    def read_person(self, tx: Tx, subject: str, *, now: datetime, audit: AuditEvent) -> Person:
        """Who `subject` is. Audited as `read_snapshot`. Raises VaultError."""
        row = tx.execute(select(vault_subject).where(vault_subject.c.subject == subject)).mappings().one_or_none()
        if row is None:
            raise VaultError("the vault has no such subject")
        person = Person(**self._open("person", subject, subject, row))
        _audit_read(tx, audit, subject, {"item_kind": "person"}, now)
        return person

    def export_code(self, tx: Tx, *, export: str, subject: str, now: datetime, actor: str) -> str:
        """What `export` calls `subject`, as `export_link`."""
        return self.export_link(tx, export=export, subject=subject, now=now, actor=actor).code

    def export_link(self, tx: Tx, *, export: str, subject: str, now: datetime, actor: str) -> ExportLink:
        """Code and date offset of `subject` in `export`, minted at random when there are none; needs a write.

        The same subject has the same link within an export and another in every other. `export`: an id of the export,
        at most 64 characters. Raises VaultError when the vault has no such subject or the link does not open.
        """
        at = (vault_export.c.export == export, vault_export.c.subject == subject)
        row = tx.execute(select(vault_export).where(*at)).mappings().one_or_none()
        if row is not None:
            return ExportLink(**self._open("export", export, subject, row))
        if tx.execute(select(vault_subject.c.subject).where(vault_subject.c.subject == subject)).scalar() is None:
            raise VaultError("the vault has no such subject")
        link = ExportLink(code=new_id("rec"), offset_days=random_offset_days())
        sealed = self._seal("export", export, subject, asdict(link))
        tx.execute(insert(vault_export), {"export": export, "subject": subject, "created_at": now} | sealed)
        detail = {"item_kind": "export", "export": export}
        append(tx, [AuditEvent(kind=EventKind.VAULT_MINT, actor=actor, subject=subject, detail=detail)], now=now)
        return link

    def forget_export(self, tx: Tx, *, export: str, now: datetime, actor: str) -> int:
        """Delete all links of `export`, so that nothing leads back from it; returns how many there were."""
        forgotten = tx.execute(delete(vault_export).where(vault_export.c.export == export)).rowcount
        if forgotten:
            detail: dict[str, Scalar] = {"item_kind": "export", "export": export, "items": forgotten}
            append(tx, [AuditEvent(kind=EventKind.VAULT_PURGE, actor=actor, detail=detail)], now=now)
        return forgotten

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
        """Open a snapshot. `audit` (kind vault-read) says who reads it and why; it needs a write transaction.

        Raises VaultError when there is none, it is past its retention, or it does not open. The event is then rolled
        back with the transaction: nothing was read.
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

    def purge_expired(self, tx: Tx, *, now: datetime, actor: str) -> int:
        """Delete the items past their retention and return how many there were."""
        purged = tx.execute(delete(vault_item).where(vault_item.c.expires_at <= now)).rowcount
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
        tx.execute(insert(vault_item), row | self._seal(kind.value, item, subject, payload))
        detail = {"item": item, "item_kind": kind.value}
        append(tx, [AuditEvent(kind=EventKind.VAULT_WRITE, actor=actor, subject=subject, detail=detail)], now=now)
        return item

    def _read(self, tx: Tx, kind: ItemKind, item: str, now: datetime, audit: AuditEvent) -> dict[str, Any]:
        wanted = select(vault_item).where(
            vault_item.c.id == item, vault_item.c.kind == kind.value, vault_item.c.expires_at > now
        )
        row = tx.execute(wanted).mappings().one_or_none()
        if row is None:
            raise VaultError("the vault has no such item, or it is past its retention")
        payload = self._open(kind.value, item, row["subject"], row)
        _audit_read(tx, audit, row["subject"], {"item": item, "item_kind": kind.value}, now)
        return payload

    def _seal(self, kind: str, row_id: str, subject: str | None, payload: Mapping[str, Any]) -> dict[str, Any]:
        name = self._keys.sealing.active
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = canonical_json(dict(payload)).encode("ascii")
        sealed = AESGCM(self._keys.sealing.keys[name]).encrypt(nonce, plain, _bound_to(kind, row_id, subject, name))
        return {"sealing_key": name, "nonce": nonce, "sealed": sealed}

    def _open(self, kind: str, row_id: str, subject: str | None, row: RowMapping) -> dict[str, Any]:
        name = row["sealing_key"]
        key = self._keys.sealing.keys.get(name)
        if key is None:
            raise VaultError("a sealed value needs a key that is not in CDS_KEYS_FILE: restore the key file")
        try:
            plain = AESGCM(key).decrypt(row["nonce"], row["sealed"], _bound_to(kind, row_id, subject, name))
        except (InvalidTag, ValueError, TypeError):
            raise VaultError("a sealed value was altered, or was sealed with another key") from None
        opened: dict[str, Any] = json.loads(plain)
        return opened


def _audit_read(tx: Tx, audit: AuditEvent, subject: str | None, detail: Mapping[str, str], now: datetime) -> None:
    if audit.kind is not EventKind.VAULT_READ:
        raise ValueError("reading the vault is audited as a vault-read")
    append(tx, [replace(audit, subject=subject, detail={**audit.detail, **detail})], now=now)


def _blind_index(key: bytes, tenant: str, patient_key: str) -> str:
    return hmac.new(key, canonical_json([tenant, patient_key]).encode("ascii"), hashlib.sha256).hexdigest()


def _bound_to(kind: str, row_id: str, subject: str | None, key_name: str) -> bytes:
    """What a sealed value belongs to: it opens nowhere else."""
    return canonical_json(["cds-service", kind, row_id, subject, key_name]).encode("ascii")
