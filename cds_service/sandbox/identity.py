"""Who the sandbox is: its signing key, and the signed token that every call carries (checklist section J)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from cds_service.sandbox.errors import BadKey

DEFAULT_ISSUER = "https://sandbox.invalid"
"""A name that can belong to nobody (RFC 2606), so that trusting it by mistake trusts no one but the key's owner."""

LIFETIME_S = 300
ALGORITHM = "ES384"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An issuer with its P-384 key. `public_file` is the key set that a service must be given to trust it."""

    issuer: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    public_file: Path
    tenant: str | None = None
    jku: str | None = None

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JSON Web Key; its id is the key's thumbprint (RFC 7638)."""
        jwk: dict[str, Any] = dict(ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True))
        required = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
        digest = hashlib.sha256(required.encode()).digest()
        kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {name: jwk[name] for name in ("kty", "crv", "x", "y")} | {"kid": kid, "alg": ALGORITHM, "use": "sig"}

    def header(self) -> dict[str, Any]:
        """The header of a token."""
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self.public_jwk["kid"]}
        return header | ({"jku": self.jku} if self.jku else {})

    def claims(self, audience: str, now: datetime) -> dict[str, Any]:
        """The claims of a token for one call of the URL `audience`."""
        issued = int(now.timestamp())
        claims = {"iss": self.issuer, "aud": audience, "iat": issued, "exp": issued + LIFETIME_S}
        return claims | {"jti": str(uuid.uuid4())} | ({"tenant": self.tenant} if self.tenant else {})

    def token(self, audience: str, now: datetime) -> str:
        """A signed token for one call of the URL `audience`."""
        return self.sign(self.claims(audience, now))

    def sign(self, claims: dict[str, Any]) -> str:
        """A token with these claims."""
        return jwt.encode(claims, self.key, algorithm=ALGORITHM, headers=self.header())


def open_identity(path: Path, *, issuer: str, tenant: str | None = None, jku: str | None = None) -> Identity:
    """The identity whose private key is the JWK in `path`, made when it is not there yet. Raises BadKey.

    The public key set is kept beside it, as ``….public.json``.
    """
    try:
        key = _read(path) if path.exists() else _make(path)
        made = Identity(
            issuer=issuer, key=key, public_file=path.with_suffix(".public.json").absolute(), tenant=tenant, jku=jku
        )
        key_set = json.dumps({"keys": [made.public_jwk]}, indent=1)
        if not made.public_file.exists() or made.public_file.read_text(encoding="utf-8") != key_set:
            made.public_file.write_text(key_set, encoding="utf-8")
    except OSError as error:
        raise BadKey(f"{path}: the key file cannot be used ({error.strerror}).") from None
    return made


def _read(path: Path) -> ec.EllipticCurvePrivateKey:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadKey(f"{path}: others can read this private key. Run: chmod 600 {path}")
    try:
        key = ECAlgorithm.from_jwk(path.read_text(encoding="utf-8"))
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise BadKey(f"{path}: is not a private P-384 key as a JSON Web Key.")
    return key


def _make(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP384R1())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(ECAlgorithm.to_jwk(key, as_dict=True)))
    return key
