"""Public keys of CDS clients: JSON Web Key Sets from a file or an https URL, each key bound to its algorithm.

A key set from a URL is cached, fetched again when a token names a key that it lacks (at most once in `REFETCH_S`, in
`RETRY_S` while there are no keys), and kept for `STALE_S` when its server fails. Symmetric keys are never taken.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import requests
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from cds_service.errors import ConfigurationError
from cds_service.outbound import BaseUrl, Outbound, OutboundFailed, OutboundRefused
from hooks.errors import MalformedRequest
from hooks.wire import decode

log = structlog.get_logger()

ALGORITHMS = ("ES384", "RS384", "ES256", "ES512", "RS256", "RS512", "PS256", "PS384", "PS512")
"""Asymmetric JWS algorithms that a client may be registered with (RFC 7518); the first two are the default."""

DEFAULT_ALGORITHMS = ("ES384", "RS384")

_CURVE_OF = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
MIN_RSA_BITS = 2048
MAX_KEYS = 50
MAX_SET_BYTES = 200_000
FETCH_S = 3.0
REFETCH_S = 60.0
RETRY_S = 10.0
STALE_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """One verification key: its id, the only algorithm it is good for (None: any that fits its kind), the key."""

    kid: str
    algorithm: str | None
    key: EllipticCurvePublicKey | RSAPublicKey

    def fits(self, algorithm: str) -> bool:
        """Whether a signature with `algorithm` may be checked with this key."""
        if self.algorithm is not None and self.algorithm != algorithm:
            return False
        if isinstance(self.key, EllipticCurvePublicKey):
            return _CURVE_OF.get(algorithm) == self.key.curve.name
        return algorithm.startswith(("RS", "PS"))


def parse_key_set(content: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The usable signature keys of a JSON Web Key Set (RFC 7517); others are left out. Raises ValueError.

    Left out: symmetric keys, keys without id, keys for encryption, RSA below 2048 bits, unknown kinds.
    """
    keys = content.get("keys")
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise ValueError("a JSON Web Key Set has an array 'keys'")
    return tuple(key for jwk in keys if isinstance(jwk, dict) and (key := _public_key(jwk)) is not None)


def _public_key(jwk: Mapping[str, Any]) -> PublicKey | None:
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("kty") not in ("EC", "RSA") or not isinstance(kid, str) or not kid:
        return None
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if algorithm is not None and algorithm not in ALGORITHMS:
        return None
    public = {name: value for name, value in jwk.items() if name in ("kty", "crv", "x", "y", "n", "e")}
    kind = jwt.algorithms.ECAlgorithm if jwk["kty"] == "EC" else jwt.algorithms.RSAAlgorithm
    try:
        key = kind.from_jwk(public)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return None
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        return None
    return PublicKey(kid=kid, algorithm=algorithm, key=key)


def read_key_file(path: Path) -> tuple[PublicKey, ...]:
    """The keys in a JWKS file. Raises ConfigurationError, also when the file holds a private or no usable key."""
    try:
        content = decode(path.read_bytes())
        keys = parse_key_set(content)
    except OSError:
        raise ConfigurationError(f"{path}: the key file cannot be read") from None
    except (MalformedRequest, ValueError):
        raise ConfigurationError(f"{path}: is not a JSON Web Key Set") from None
    if any(isinstance(jwk, dict) and ("d" in jwk or jwk.get("kty") == "oct") for jwk in content["keys"]):
        raise ConfigurationError(f"{path}: holds a private or secret key; register the public key alone")
    if not keys:
        raise ConfigurationError(f"{path}: holds no EC or RSA (2048 bits or more) signature key with a kid")
    return keys


class RemoteKeySet:
    """The key set at one URL, cached. Safe for threads."""

    def __init__(
        self, url: str, outbound: Outbound, *, cache_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = BaseUrl.parse(url)
        self._outbound = outbound
        self._cache_s = cache_s
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def keys(self, kid: str) -> tuple[PublicKey, ...]:
        """The keys named `kid`; empty when the set has none or cannot be had."""
        found = self._known(kid, self._cache_s)
        if found:
            return found  # without the lock: a fetch for another kid holds nobody up
        with self._lock:
            if not self._known(kid, self._cache_s) and self._may_try(self._clock()):
                self._fetch(self._clock())
        return self._known(kid, self._cache_s + STALE_S)

    def _known(self, kid: str, for_s: float) -> tuple[PublicKey, ...]:
        if self._fetched_at is None or self._clock() - self._fetched_at > for_s:
            return ()
        return tuple(key for key in self._keys if key.kid == kid)

    def _may_try(self, now: float) -> bool:
        return self._tried_at is None or now - self._tried_at >= (REFETCH_S if self._keys else RETRY_S)

    def _fetch(self, now: float) -> None:
        self._tried_at = now
        try:
            reply = self._outbound.get(
                self._url,
                headers={"Accept": "application/jwk-set+json, application/json"},
                deadline=time.monotonic() + FETCH_S,
                max_bytes=MAX_SET_BYTES,
            )
            keys = parse_key_set(decode(reply.body)) if reply.status == requests.codes.ok else None
        except (OutboundRefused, OutboundFailed, MalformedRequest, ValueError) as error:
            keys = None
            log.warning("key-set-not-fetched", error=type(error).__name__)
        if keys is not None:
            self._keys, self._fetched_at = keys, now


class KeyRing:
    """All key sets that the registered clients name, each fetched at most once for all of them."""

    def __init__(self, outbound: Outbound, *, cache_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._cache_s = cache_s
        self._clock = clock
        self._files: dict[Path, tuple[PublicKey, ...]] = {}
        self._remote: dict[str, RemoteKeySet] = {}
        self._lock = threading.Lock()

    def load(self, path: Path) -> None:
        """Read a key file. Raises ConfigurationError."""
        self._files[path] = read_key_file(path)

    def in_file(self, path: Path, kid: str) -> tuple[PublicKey, ...]:
        """The keys named `kid` in a file that was loaded."""
        return tuple(key for key in self._files[path] if key.kid == kid)

    def at_url(self, url: str, kid: str) -> tuple[PublicKey, ...]:
        """The keys named `kid` at a URL that the operator listed."""
        with self._lock:
            if url not in self._remote:
                self._remote[url] = RemoteKeySet(url, self._outbound, cache_s=self._cache_s, clock=self._clock)
            remote = self._remote[url]
        return remote.keys(kid)
