"""The keys, as values: rings of named keys, and the four purposes that they serve."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """The keys of one purpose by id, and the id of the one in use. Its repr shows no key."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.active not in self.keys or any(len(key) != KEY_BYTES for key in self.keys.values()):
            raise ValueError(f"a key ring needs its active key, and keys of {KEY_BYTES} bytes")

    @classmethod
    def new(cls, name: str | None = None) -> KeyRing:
        """A ring with one fresh random key, called `name` where one is given."""
        active = name or new_key_id()
        return cls(active=active, keys={active: secrets.token_bytes(KEY_BYTES)})

    @property
    def key(self) -> bytes:
        """The key in use."""
        return self.keys[self.active]

    @property
    def retired(self) -> tuple[str, ...]:
        """The ids of the keys that are kept for what was made with them."""
        return tuple(name for name in self.keys if name != self.active)

    def rotated(self, name: str) -> KeyRing:
        """With a fresh random key `name` in use; the former ones stay."""
        if name in self.keys:
            raise ValueError("a key ring has each key once")
        fresh = KeyRing.new(name)
        return KeyRing(active=name, keys={**self.keys, **fresh.keys})

    def without(self, names: frozenset[str]) -> KeyRing:
        """Without the retired keys `names`. The key in use cannot go."""
        return replace(self, keys={name: key for name, key in self.keys.items() if name not in names})


@dataclass(frozen=True, kw_only=True)
class VaultKeys:
    """Everything that opens, finds, knows again and signs.

    `sealing` wraps the data keys of subjects. `index` makes the blind index by which a person's subject is found.
    `hashing` makes the keyed hashes of everything else (`Vault.keyed`). `signing`: seeds of Ed25519. `verifying`:
    public keys of seeds that were destroyed, so that what they signed still verifies.
    """

    sealing: KeyRing
    index: KeyRing
    hashing: KeyRing
    signing: KeyRing
    verifying: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def new(cls) -> VaultKeys:
        """Fresh random keys for every purpose."""
        return cls(sealing=KeyRing.new(), index=KeyRing.new(), hashing=KeyRing.new(), signing=KeyRing.new())

    def ring(self, purpose: str) -> KeyRing:
        """The ring of one purpose, by the name of its field."""
        ring: KeyRing = getattr(self, purpose)
        return ring

    def with_ring(self, purpose: str, ring: KeyRing) -> VaultKeys:
        """With `ring` in the place of the one of `purpose`."""
        changes: dict[str, Any] = {purpose: ring}
        return replace(self, **changes)

    def public_keys(self) -> dict[str, bytes]:
        """What verifies every signature that was ever made with these keys: raw Ed25519 public keys by key id."""
        return {**self.verifying, **{name: public_key(seed) for name, seed in self.signing.keys.items()}}

    def current(self) -> VaultKeys:
        """Themselves: keys in memory do not change. `KeyFile` is the source that does."""
        return self

    def reread(self) -> VaultKeys:
        """As `current`."""
        return self


class KeySource(Protocol):
    """Where the vault takes its keys from, each time anew: another process may have rotated them."""

    def current(self) -> VaultKeys:
        """The keys that hold now. Cheap."""

    def reread(self) -> VaultKeys:
        """The same, read from the bottom: worth a try when a row names a key that `current` does not have."""


def new_key_id() -> str:
    """A random id for a key."""
    return f"key-{secrets.token_hex(8)}"


def public_key(seed: bytes) -> bytes:
    """The raw Ed25519 public key of a seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def ring_data(ring: KeyRing) -> dict[str, Any]:
    """`ring` as a JSON value. It shows every key."""
    return {"active": ring.active, "keys": encoded(ring.keys)}


def ring_of(data: Mapping[str, Any]) -> KeyRing:
    """The ring of `ring_data`. Raises ValueError, KeyError, TypeError or AttributeError for anything else."""
    return KeyRing(active=data["active"], keys=decoded(data["keys"]))


def encoded(keys: Mapping[str, bytes]) -> dict[str, str]:
    """Keys in base64."""
    return {name: base64.b64encode(key).decode() for name, key in keys.items()}


def decoded(data: Mapping[str, str]) -> dict[str, bytes]:
    """The keys of `encoded`."""
    return {name: base64.b64decode(text, validate=True) for name, text in data.items()}
