"""Client authentication: which tokens does a service that asks for one refuse (checklist J)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cds_service.conformance.probe import Exchange, is_good
from cds_service.conformance.result import Result, failed, judged, not_applicable, passed, skipped
from cds_service.conformance.scene import Scene
from cds_service.sandbox.address import is_loopback
from cds_service.sandbox.client import UNAUTHORIZED
from cds_service.sandbox.identity import ALGORITHM, Identity

IDS = ("J1", "J2", "J4", "J5", "J6", "J7", "J9", "J10", "J12")
_HINTS = ("expir", "audience", "issuer", "signature", "algorithm", "replay", "jti", "kid", "claim")
"""Words that tell an attacker what was wrong with a token."""

_VARYING = re.compile(rb"[0-9a-fA-F-]{8,}|\d+")
"""Event ids and times, which may differ between two refusals."""


def check(scene: Scene) -> Iterator[Result]:
    """Call with no token, and where that is refused with each kind of bad token."""
    bare = scene.call(scene.changed(), token=lambda: None)
    if is_good(bare):
        yield from _open(scene)
        return
    if bare.status != UNAUTHORIZED and not scene.works:
        yield from _all_skipped(f"calls fail with a token and without ({bare.outcome})")
        return
    refusals = [bare]
    yield passed("J1")
    yield _is_401("J2", "a call without a token", bare)
    yield from _everywhere(scene, refusals)
    if not scene.works:
        yield from _all_skipped(f"calls with a token of this client fail too ({scene.good[0].outcome})")
        return
    forger = _Forger(scene)
    for requirement, what, make in forger.bad_tokens():
        exchange = scene.call(scene.changed(), token=make)
        refusals.append(exchange)
        yield _is_401(requirement, what, exchange)
    several = scene.call(scene.changed(), token=forger.with_claims(aud=["https://example.org", scene.url]))
    yield judged("J5", None if is_good(several) else f"an array of audiences that holds the URL was {several.outcome}")
    used = forger.with_claims()()
    scene.call(scene.changed(), token=lambda: used)
    again = scene.call(scene.changed(), token=lambda: used)
    refusals.append(again)
    yield _is_401("J10", "the same token a second time", again)
    yield _tells_nothing(refusals)


def _open(scene: Scene) -> Iterator[Result]:
    """The service takes calls without a token."""
    if not is_loopback(urlsplit(scene.url).hostname or ""):
        yield failed("J1", "anyone who reaches the service is answered without a token")
    for requirement in IDS:
        yield not_applicable(requirement, "no token is asked for")


def _all_skipped(why: str) -> Iterator[Result]:
    return (skipped(requirement, why) for requirement in IDS)


def _everywhere(scene: Scene, refusals: list[Exchange]) -> Iterator[Result]:
    client = scene.probe.client
    feedback = scene.probe.post(client.url(scene.offer.id, feedback=True), {"feedback": []}, token=lambda: None)
    if feedback.status not in (404, 405):
        refusals.append(feedback)
        yield _is_401("J2", "feedback without a token", feedback)
    discovery = scene.probe.get(client.url(), token=lambda: None)
    known = discovery.status == UNAUTHORIZED or is_good(discovery)
    yield judged("J2", None if known else f"discovery without a token was {discovery.outcome}")


def _is_401(requirement: str, what: str, exchange: Exchange) -> Result:
    return judged(requirement, None if exchange.status == UNAUTHORIZED else f"{what} was {exchange.outcome}, not 401")


def _tells_nothing(refusals: list[Exchange]) -> Result:
    """J12: every refusal looks the same."""
    bodies = {_VARYING.sub(b"", e.reply.body) for e in refusals if e.reply is not None and e.status == UNAUTHORIZED}
    said = b" ".join(bodies).decode("utf-8", "replace").lower()
    told = [word for word in _HINTS if word in said]
    if told:
        return failed("J12", f"a refusal says what was wrong with the token (it speaks of '{told[0]}')")
    return judged("J12", "refusals differ, which tells what was wrong" if len(bodies) > 1 else None)


class _Forger:
    """Makes tokens as an attacker or a careless client would."""

    def __init__(self, scene: Scene) -> None:
        self._client = scene.probe.client
        self._url = scene.url
        self._identity: Identity = scene.probe.client.identity

    def bad_tokens(self) -> Iterator[tuple[str, str, Callable[[], str]]]:
        """(requirement, what is wrong, maker) of each kind."""
        now = self._client.now()
        past = int((now - timedelta(hours=2)).timestamp())
        yield "J5", "a token for another service", self.with_claims(aud="https://example.org/cds-services/x")
        yield "J5", "a token for the discovery URL", self.with_claims(aud=self._client.url())
        yield "J6", "a token with alg none", self._unsigned
        for name, secret in self._public_forms():
            yield "J7", f"a token signed by HS256 with the public key ({name})", partial(self._symmetric, secret)
        yield "J4", "a token without jti", self.without("jti")
        yield "J4", "a token without exp", self.without("exp")
        yield "J9", "a token of an unknown issuer", self.with_claims(iss="https://unknown.invalid")
        yield "J9", "a token of a key that its own jku names", self._own_key
        yield "J10", "a token that expired long ago", self.with_claims(iat=past, exp=past + 300)
        yield "J10", "a token whose claims were changed after signing", self._tampered

    def with_claims(self, **changes: Any) -> Callable[[], str]:
        """A well signed token with other claims."""
        return lambda: self._identity.sign(self._claims() | changes)

    def without(self, name: str) -> Callable[[], str]:
        """A well signed token that lacks a claim."""
        return lambda: self._identity.sign({k: v for k, v in self._claims().items() if k != name})

    def _claims(self) -> dict[str, Any]:
        return self._identity.claims(self._url, self._client.now())

    def _unsigned(self) -> str:
        return f"{_part(self._identity.header() | {'alg': 'none'})}.{_part(self._claims())}."

    def _public_forms(self) -> Iterator[tuple[str, bytes]]:
        """The public key in the forms in which a verifier may hold it."""
        public = self._identity.key.public_key()
        yield "PEM", public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        yield "JWK", json.dumps(self._identity.public_jwk).encode()

    def _symmetric(self, secret: bytes) -> str:
        signed = f"{_part(self._identity.header() | {'alg': 'HS256'})}.{_part(self._claims())}"
        return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def _own_key(self) -> str:
        headers = {"kid": self._identity.public_jwk["kid"], "jku": "https://keys.invalid/jwks.json"}
        return jwt.encode(self._claims(), ec.generate_private_key(ec.SECP384R1()), algorithm=ALGORITHM, headers=headers)

    def _tampered(self) -> str:
        header, _, signature = self._identity.sign(self._claims()).split(".")
        return f"{header}.{_part(self._claims() | {'sub': 'somebody-else'})}.{signature}"


def _part(content: dict[str, Any]) -> str:
    return _encoded(json.dumps(content, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
