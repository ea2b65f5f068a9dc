"""The master key: a second file without which the key file opens nothing.

It belongs somewhere else than the key file (a mounted secret, a removable medium); in the same folder it protects from
nothing. The file holds a ring, so that a new master key can be there before anything needs it.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cds_service.errors import ConfigurationError
from cds_service.ledger import private_file
from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.key_rings import KeyRing, ring_data, ring_of

_WHAT = "the master key file"
_FORMAT = 1
_NONCE_BYTES = 12


@dataclass(frozen=True, kw_only=True)
class Master:
    """The file of the master keys, at `path`."""

    path: Path

    def create(self) -> None:
        """Make a file with one fresh key, unless there is one."""
        private_file.create(self.path, _content(KeyRing.new()), what=_WHAT)

    def read(self) -> KeyRing:
        """Its keys. Raises ConfigurationError: missing (not mounted?), open to others, damaged."""
        content, _ = private_file.read(self.path, what=_WHAT)
        try:
            data = json.loads(content)
            if data["format"] != _FORMAT:
                raise ConfigurationError(f"{_WHAT} {self.path} was made by a newer version of this service")
            return ring_of(data["master"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(f"{self.path} is not a master key file, or it is damaged: restore it") from None

    def write(self, ring: KeyRing) -> None:
        """Put `ring` in the place of its keys."""
        private_file.replace(self.path, _content(ring), what=_WHAT)


def wrap(plain: bytes, ring: KeyRing) -> dict[str, str]:
    """`plain` under the active master key, as a JSON value (AES-256-GCM, bound to the key's id)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(ring.key).encrypt(nonce, plain, _bound_to(ring.active))
    return {"master": ring.active, "wrapped": base64.b64encode(nonce + sealed).decode()}


def unwrap(data: dict[str, Any], ring: KeyRing) -> bytes:
    """What `wrap` was given. Raises ConfigurationError for another master key or an altered value.

    KeyError, TypeError or ValueError: it is not a value of `wrap`.
    """
    name, content = data["master"], base64.b64decode(data["wrapped"], validate=True)
    if name not in ring.keys:
        raise ConfigurationError(f"CDS_MASTER_KEY_FILE does not hold the key {name} that the key file was wrapped with")
    try:
        return AESGCM(ring.keys[name]).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], _bound_to(name))
    except InvalidTag:
        raise ConfigurationError("the key file was altered, or was wrapped with another master key") from None


def _bound_to(name: str) -> bytes:
    return canonical_json(["cds-service", "key-file", name]).encode("ascii")


def _content(ring: KeyRing) -> bytes:
    return json.dumps({"format": _FORMAT, "master": ring_data(ring)}, indent=1).encode("ascii")
