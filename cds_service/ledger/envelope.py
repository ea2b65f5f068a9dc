"""Sealing with AES-256-GCM: every value is bound to its kind, its row, its subject and the key, and opens nowhere else.

A subject's values are sealed with the subject's own data key, and the data key with a sealing key of the key file. To
destroy the one is to destroy the others, wherever copies of them lie.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import RowMapping

from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.errors import VaultError
from cds_service.ledger.key_rings import KEY_BYTES, KeySource, VaultKeys

DATA_KEY = "data-"
"""How the id of a data key begins; a key of the key file is called ``key-…``."""

_NONCE_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class SealingKey:
    """A key and its id. Its repr does not show the key."""

    id: str
    key: bytes = field(repr=False)


def file_key(keys: VaultKeys) -> SealingKey:
    """The sealing key in use."""
    return SealingKey(id=keys.sealing.active, key=keys.sealing.key)


def named_file_key(source: KeySource, name: str) -> SealingKey:
    """The sealing key `name`. Raises VaultError when the key file does not have it (any more)."""
    key = source.current().sealing.keys.get(name) or source.reread().sealing.keys.get(name)
    if key is None:
        raise VaultError("a sealed value needs a key that is not in CDS_KEYS_FILE: restore the key file")
    return SealingKey(id=name, key=key)


def new_data_key() -> SealingKey:
    """A fresh random data key."""
    return SealingKey(id=f"{DATA_KEY}{secrets.token_hex(16)}", key=secrets.token_bytes(KEY_BYTES))


def seal(key: SealingKey, kind: str, row_id: str, subject: str | None, payload: Mapping[str, Any]) -> dict[str, Any]:
    """`payload` sealed, as the columns `sealing_key`, `nonce` and `sealed`."""
    return _encrypt(key, canonical_json(dict(payload)).encode("ascii"), _bound_to(kind, row_id, subject, key.id))


def unseal(key: SealingKey, kind: str, row_id: str, subject: str | None, row: RowMapping) -> dict[str, Any]:
    """The payload. Raises VaultError when the value was altered, moved, or sealed with another key."""
    opened: dict[str, Any] = json.loads(_decrypt(key, row, _bound_to(kind, row_id, subject, key.id)))
    return opened


def wrap(with_key: SealingKey, data_key: SealingKey, subject: str) -> dict[str, Any]:
    """The data key of `subject`, sealed, as the columns of `seal`."""
    return _encrypt(with_key, data_key.key, _bound_to("data-key", data_key.id, subject, with_key.id))


def unwrap(with_key: SealingKey, name: str, subject: str, row: RowMapping) -> SealingKey:
    """The data key of `subject`. Raises VaultError as `unseal`."""
    return SealingKey(id=name, key=_decrypt(with_key, row, _bound_to("data-key", name, subject, with_key.id)))


def _encrypt(key: SealingKey, plain: bytes, bound_to: bytes) -> dict[str, Any]:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return {"sealing_key": key.id, "nonce": nonce, "sealed": AESGCM(key.key).encrypt(nonce, plain, bound_to)}


def _decrypt(key: SealingKey, row: RowMapping, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key.key).decrypt(row["nonce"], row["sealed"], bound_to)
    except (InvalidTag, ValueError, TypeError):
        raise VaultError("a sealed value was altered, or was sealed with another key") from None


def _bound_to(kind: str, row_id: str, subject: str | None, key_name: str) -> bytes:
    """What a sealed value belongs to: it opens nowhere else."""
    return canonical_json(["cds-service", kind, row_id, subject, key_name]).encode("ascii")
