"""The providers that settings name, and what their claims make of somebody."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from cds_service.accounts.ehrs import Ehr
from cds_service.accounts.errors import AccountError
from cds_service.accounts.federation import Provider, Vouched
from cds_service.accounts.roles import Role
from cds_service.accounts.store import checked_shown
from cds_service.accounts.values import Identity
from cds_service.accounts.wire import MAX_BYTES, SECONDS
from cds_service.errors import ConfigurationError
from cds_service.outbound import BaseUrl, Outbound, OutboundFailed, OutboundRefused
from cds_service.settings import Settings

NOBODY = "Clinician"
"""How somebody is called whose name no provider tells."""


def clinic_provider(settings: Settings) -> Provider | None:
    """The clinic's OpenID Connect provider. Raises ConfigurationError when its secret cannot be read."""
    if settings.oidc_issuer is None:
        return None
    return Provider(
        id="oidc",
        base=BaseUrl.parse(settings.oidc_issuer),
        described_at=".well-known/openid-configuration",
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=_secret(settings.oidc_secret_file, "CDS_OIDC_SECRET_FILE"),
        scope="openid profile",
        origins=settings.oidc_origins,
    )


def ehr_provider(ehr: Ehr) -> Provider:
    """An EHR as a provider. Raises ConfigurationError when its secret cannot be read."""
    return Provider(
        id=f"smart:{ehr.iss}",
        base=ehr.base,
        described_at=".well-known/smart-configuration",
        issuer=None,
        client_id=ehr.client_id,
        secret=_secret(ehr.secret_file, "secret_file in CDS_SMART_FILE"),
        scope=ehr.scopes,
        origins=ehr.origins,
    )


def clinic_identity(vouched: Vouched, settings: Settings) -> Identity:
    """Whom the clinic's provider vouches for."""
    said = vouched.claims.get(settings.oidc_role_claim)
    values = said if isinstance(said, list) else [said]
    role = next((Role(role) for value, role in settings.oidc_roles.items() if value in values), None)
    return _identity(vouched.claims, role, None)


def ehr_identity(vouched: Vouched, ehr: Ehr, outbound: Outbound) -> Identity:
    """Whom an EHR vouches for. Where its ID token has no name, the person's own resource is read once for it."""
    user = ehr.user(vouched.claims.get("fhirUser"))
    role = ehr.role(user)
    named = any(isinstance(vouched.claims.get(claim), str) for claim in ("name", "preferred_username"))
    reads = role is not None and not named and user is not None and vouched.access_token is not None
    name = _name_of(ehr, str(user), str(vouched.access_token), outbound) if reads else None
    return _identity(vouched.claims, role, name)


def _identity(claims: Mapping[str, Any], role: Role | None, name: str | None) -> Identity:
    shown = NOBODY
    for candidate in (claims.get("name"), name, claims.get("preferred_username")):
        try:
            shown = checked_shown(candidate if isinstance(candidate, str) else "")
            break
        except AccountError:
            continue
    return Identity(issuer=claims["iss"], subject=claims["sub"], shown=shown, role=role)


def _name_of(ehr: Ehr, user: str, access_token: str, outbound: Outbound) -> str | None:
    try:
        reply = outbound.get(
            ehr.base,
            user,
            headers={"Accept": "application/fhir+json", "Authorization": f"Bearer {access_token}"},
            deadline=time.monotonic() + SECONDS,
            max_bytes=MAX_BYTES,
        )
        name = json.loads(reply.body)["name"][0] if reply.status == requests.codes.ok else {}
        return str(name.get("text") or " ".join([*name.get("given", []), name.get("family", "")]))
    except (OutboundRefused, OutboundFailed, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _secret(path: Path | None, what: str) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{what}: the file cannot be read") from None
