"""The blind index: how a person is found without being named, and how equal things are known again."""

from __future__ import annotations

import hashlib
import hmac

from cds_service.ledger.encoding import canonical_json


def blind_index(key: bytes, tenant: str, patient_key: str) -> str:
    """HMAC-SHA-256, in hex, of a person under a key that is not in the database."""
    return hmac.new(key, canonical_json([tenant, patient_key]).encode("ascii"), hashlib.sha256).hexdigest()
