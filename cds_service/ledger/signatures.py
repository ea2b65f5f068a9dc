"""Signatures with the clinic's own key (Ed25519, RFC 8032): over seals of the audit chain and manifests of exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cds_service.ledger.key_rings import KeyRing

ALGORITHM = "Ed25519"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A signature in hex, and the id of the key that made it."""

    key_id: str
    hex: str


def sign(data: bytes, ring: KeyRing) -> Signature:
    """`data` signed with the key of `ring` that is in use."""
    return Signature(key_id=ring.active, hex=Ed25519PrivateKey.from_private_bytes(ring.key).sign(data).hex())


def verify_signature(data: bytes, signature: Signature, public_keys: Mapping[str, bytes]) -> str | None:
    """Why `signature` is not one of `data`, in fixed words; None when it is. `public_keys`: raw, by id of the key."""
    key = public_keys.get(signature.key_id)
    if key is None:
        return "it was signed with a key that is not known here"
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature.hex), data)
    except (InvalidSignature, ValueError):
        return "the signature does not fit"
    return None
