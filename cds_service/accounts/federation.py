"""Sign-in by somebody else's word: the OpenID Connect code flow, for a clinic's provider and for an EHR's launch.

PKCE with S256, `state`, `nonce`, and an ID token whose signature, issuer, audience, time and nonce hold (OpenID Connect
Core 1.0, 3.1.3.7; SMART App Launch 2.2). Nothing is asked of an address that the operator did not list: what a
provider's own description names must lie at its origin or at one that the operator added. Tokens are used here and kept
nowhere.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cds_service.accounts.errors import SignInRefused
from cds_service.accounts.values import Departure
from cds_service.accounts.wire import MAX_BYTES, SECONDS, OutboundAdapter
from cds_service.outbound import BaseUrl, Outbound, OutboundFailed, OutboundRefused

log = structlog.get_logger()

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512")
CACHE_S = 600.0
"""Seconds for which a provider's description and keys are used."""

REFETCH_S = 30.0
"""Seconds after which an unknown key is looked for anew."""

MIN_RSA_CHARS = 342
"""Length of a 2048-bit modulus in base64url."""

_DOWN = "The sign-in service of your organisation did not answer as expected. Try again, or tell an administrator."
_FALSE = "The sign-in service's answer could not be trusted, so nobody was signed in. Tell an administrator."


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider. `described_at`: where its description lies below `base`. `issuer`: None takes the description's."""

    id: str
    base: BaseUrl
    described_at: str
    issuer: str | None
    client_id: str
    scope: str
    secret: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """What a provider says. `context`: the answer of its token address beside the tokens, such as the patient."""

    claims: Mapping[str, Any] = field(repr=False)
    context: Mapping[str, Any] = field(repr=False)
    access_token: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class _Described:
    issuer: str
    authorize: str
    token: str
    keys: str
    methods: tuple[str, ...]
    names_itself: bool


class Federation:
    """Sends people to providers and judges what they bring back. Safe for threads."""

    def __init__(self, outbound: Outbound, *, leeway_s: int) -> None:
        self._outbound = outbound
        self._leeway_s = leeway_s
        self._lock = threading.Lock()
        self._fetched: dict[str, tuple[float, dict[str, Any]]] = {}

    def departure(self, provider: Provider, to: str) -> Departure:
        """A new departure for `provider`, after which the browser goes to the page `to`."""
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        return Departure(provider=provider.id, next=to, nonce=nonce, verifier=verifier)

    def address(
        self, provider: Provider, departure: Departure, *, state: str, back: str, extra: Mapping[str, str]
    ) -> str:
        """Where the browser goes. `back`: where it comes back. Raises SignInRefused."""
        described = self._described(provider)
        with self._session(provider, described, back) as session:
            url, _ = session.create_authorization_url(
                described.authorize, state=state, code_verifier=departure.verifier, nonce=departure.nonce, **extra
            )
        return str(url)

    def vouched(
        self, provider: Provider, departure: Departure, *, code: str, back: str, iss: str | None, now: datetime
    ) -> Vouched:
        """What the provider says of whom brings `code`. `iss`: who answered (RFC 9207). Raises SignInRefused."""
        described = self._described(provider)
        if iss != described.issuer and (iss is not None or described.names_itself):
            raise _refused("issuer-mixed-up")
        with self._session(provider, described, back) as session:
            try:
                answer = session.fetch_token(
                    described.token, code=code, grant_type="authorization_code", code_verifier=departure.verifier
                )
            except AuthlibBaseError:
                raise SignInRefused("code", "This sign-in was used already or took too long. Begin again.") from None
            except (OutboundRefused, OutboundFailed, requests.RequestException, ValueError, RecursionError):
                raise SignInRefused("provider-down", _DOWN) from None
            answer = dict(answer)
        id_token, access_token = answer.pop("id_token", None), answer.pop("access_token", None)
        if not isinstance(id_token, str):
            raise _refused("no-id-token")
        claims = self._claims(provider, described, id_token, departure.nonce, access_token, now)
        return Vouched(claims=claims, context=answer, access_token=access_token)

    def _session(self, provider: Provider, described: _Described, back: str) -> OAuth2Session:
        method = "none"
        if provider.secret is not None:
            post_only = "client_secret_post" in described.methods and "client_secret_basic" not in described.methods
            method = "client_secret_post" if post_only else "client_secret_basic"
        session = OAuth2Session(
            provider.client_id,
            provider.secret,
            scope=provider.scope,
            redirect_uri=back,
            token_endpoint_auth_method=method,
            code_challenge_method="S256",
        )
        session.trust_env = False
        session.adapters.clear()
        session.mount("https://", OutboundAdapter(self._outbound))
        session.mount("http://", OutboundAdapter(self._outbound))
        return session

    def _claims(
        self,
        provider: Provider,
        described: _Described,
        id_token: str,
        nonce: str,
        access_token: object,
        now: datetime,
    ) -> Mapping[str, Any]:
        try:
            token = self._verified(provider, described, id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": described.issuer},
                    "aud": {"essential": True, "value": provider.client_id},
                },
                params={"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
            )
            claims.validate(now=int(now.timestamp()), leeway=self._leeway_s)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("id-token-refused", provider=provider.base.origin, error=type(error).__name__)
            raise _refused("id-token") from None
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isascii():
            raise _refused("id-token")
        return dict(claims)

    def _verified(self, provider: Provider, described: _Described, id_token: str) -> jwt.Token:
        """The token under the provider's keys; they are fetched anew when it names another one."""
        try:
            return jwt.decode(id_token, self._keys(provider, described, CACHE_S), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(id_token, self._keys(provider, described, REFETCH_S), algorithms=ALGORITHMS)

    def _keys(self, provider: Provider, described: _Described, age_s: float) -> KeySet:
        found = self._document(provider, described.keys, age_s).get("keys")
        usable = [jwk for jwk in found if _is_usable(jwk)] if isinstance(found, list) else []
        return KeySet.import_key_set({"keys": usable})

    def _described(self, provider: Provider) -> _Described:
        base = str(provider.base)
        found = self._document(provider, f"{base}/{provider.described_at}", CACHE_S)
        issuer = found.get("issuer")
        methods = found.get("token_endpoint_auth_methods_supported")
        if not isinstance(issuer, str) or (provider.issuer or issuer) != issuer:
            raise _refused("issuer")
        _listed(provider, issuer)
        return _Described(
            issuer=issuer,
            authorize=_listed(provider, found.get("authorization_endpoint")),
            token=_listed(provider, found.get("token_endpoint")),
            keys=_listed(provider, found.get("jwks_uri")),
            methods=tuple(map(str, methods)) if isinstance(methods, list) else (),
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _document(self, provider: Provider, url: str, age_s: float) -> dict[str, Any]:
        """The JSON object at `url`, at most `age_s` old."""
        with self._lock:
            at, known = self._fetched.get(url, (0.0, {}))
        if known and time.monotonic() - at < age_s:
            return known
        try:
            reply = self._outbound.get(
                BaseUrl.parse(url),
                headers={"Accept": "application/json"},
                deadline=time.monotonic() + SECONDS,
                max_bytes=MAX_BYTES,
            )
            found = json.loads(reply.body) if reply.status == requests.codes.ok else None
        except (OutboundRefused, OutboundFailed, ValueError, RecursionError) as error:
            log.warning("provider-not-read", provider=provider.base.origin, error=type(error).__name__)
            found = None
        if not isinstance(found, dict):
            raise SignInRefused("provider-down", _DOWN)
        with self._lock:
            self._fetched[url] = (time.monotonic(), found)
        return found


def _listed(provider: Provider, url: object) -> str:
    """An address that a provider's description names. Raises SignInRefused for one that the operator did not list."""
    try:
        parsed = BaseUrl.parse(url if isinstance(url, str) else "")
    except ValueError:
        raise _refused("address") from None
    if parsed.origin not in (provider.base.origin, *provider.origins):
        raise _refused("address")
    return str(url)


def _is_usable(jwk: Any) -> bool:
    """Whether this is a public key for signatures, long enough."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig" or "d" in jwk:
        return False
    if jwk.get("kty") == "RSA":
        return isinstance(jwk.get("n"), str) and len(jwk["n"]) >= MIN_RSA_CHARS
    return jwk.get("kty") == "EC"


def _refused(reason: str) -> SignInRefused:
    return SignInRefused(reason, _FALSE)
