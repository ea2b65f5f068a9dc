"""An access token by SMART Backend Services: client credentials with a signed assertion (RFC 7523).

The hook's own token lives for one call and must not be kept, so what is written later needs a client of our own
(https://hl7.org/fhir/smart-app-launch/backend-services.html).
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlencode

import jwt

from cds_service.errors import ConfigurationError
from cds_service.notify.channels import FhirChannel
from cds_service.notify.sender import MAX_REPLY_BYTES, asked, read_secret
from cds_service.notify.values import NotSent
from cds_service.outbound import BaseUrl, Outbound

ASSERTION_S = 240
"""Lifetime of an assertion; the specification allows five minutes."""

EARLY_S = 30
"""Seconds before its end from which a token is not used any more."""

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class BackendToken:
    """The token of one channel, kept until shortly before it ends. Raises ConfigurationError for a bad key."""

    def __init__(self, channel: FhirChannel, outbound: Outbound) -> None:
        self._channel = channel
        self._to = BaseUrl.parse(channel.token_url)
        self._outbound = outbound
        self._scope = channel.scope or f"system/{channel.resource}.c"
        self._key, self._algorithm, self._kid = _signing_key(channel)
        self._token: str | None = None
        self._until: datetime | None = None

    def get(self, *, now: datetime, deadline: float) -> str:
        """A token that is good now. Raises NotSent."""
        if self._token is None or self._until is None or not now < self._until <= now + timedelta(days=1):
            self._fetch(now, deadline)
        return str(self._token)

    def forget(self) -> None:
        """The token was refused: the next `get` asks for another."""
        self._token = None

    def _fetch(self, now: datetime, deadline: float) -> None:
        issued = int(now.timestamp())
        client = self._channel.client_id
        claims = {"iss": client, "sub": client, "aud": self._channel.token_url, "iat": issued}
        claims |= {"exp": issued + ASSERTION_S, "jti": str(uuid.uuid4())}
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(claims, self._key, algorithm=self._algorithm, headers={"kid": self._kid}),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        content = urlencode(form).encode("ascii")
        try:
            reply = asked(
                lambda: self._outbound.post(
                    self._to, content=content, headers=headers, deadline=deadline, max_bytes=MAX_REPLY_BYTES
                )
            )
        except NotSent as error:
            raise NotSent(f"token-{error.code}", final=error.final) from None
        self._token, lifetime = _token_in(reply.body)
        self._until = now + timedelta(seconds=lifetime - EARLY_S)


def _token_in(body: bytes) -> tuple[str, int]:
    try:
        found = json.loads(body)
        token, lifetime = found["access_token"], int(found.get("expires_in", 60))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise NotSent("token-unreadable") from None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not 0 < lifetime <= 86_400:
        raise NotSent("token-unreadable")
    return token, lifetime


def _signing_key(channel: FhirChannel) -> tuple[jwt.PyJWK, str, str]:
    """The private key with its algorithm, RS384 or ES384 as the specification asks, and its id."""
    try:
        jwk = json.loads(read_secret(channel.key_file))
        algorithm = {"RSA": "RS384", "EC": "ES384"}[jwk["kty"]]
        key = jwt.PyJWK(jwk, algorithm)
        jwt.encode({}, key, algorithm=algorithm)  # a public key, or one of another curve, does not sign
        return key, algorithm, str(jwk["kid"])
    except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
        raise ConfigurationError(
            f"CDS_NOTIFY_FILE: {channel.key_file} holds a private RSA or P-384 key with a kid, as a JSON Web Key"
        ) from None
