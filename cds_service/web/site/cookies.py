"""The two cookies of the pages: who is signed in, and the form token. Nothing of a person is in either."""

from __future__ import annotations

from typing import Any, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, Response

from cds_service.ledger.keys import VaultKeys
from cds_service.settings import Settings

_PURPOSE = b"cds-service pages: signature of the form cookie"


def form_secret(keys: VaultKeys) -> bytes:
    """What signs the form cookie: the same in every process, and of no use for the vault (HKDF, RFC 5869)."""
    ring = keys.hashing
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(ring.keys[ring.active])


class Cookies:
    """How cookies are written: for this host alone, out of reach of scripts, over TLS where the service has it.

    Where an EHR shows the pages in a frame, they go along with requests that begin at the EHR, and are kept apart for
    each site that frames the pages (CHIPS); forms have their token either way.
    """

    def __init__(self, settings: Settings) -> None:
        https = settings.external_url.startswith("https:")
        prefix = "__Host-" if https else ""
        framed = bool(settings.frame_ancestors)
        same_site: Literal["None", "Lax"] = "None" if framed else "Lax"
        self.session = f"{prefix}cds-session"
        self._form = f"{prefix}cds-form"
        self._how: dict[str, Any] = {
            "path": "/",
            "secure": https,
            "httponly": True,
            "samesite": same_site,
            "partitioned": framed,
        }

    def configure(self, app: Flask) -> None:
        """The form cookie, which Flask writes."""
        app.config["SESSION_COOKIE_NAME"] = self._form
        app.config |= {f"SESSION_COOKIE_{name.upper()}": value for name, value in self._how.items()}

    def write(self, response: Response, token: str) -> None:
        """The session cookie; it ends with the browser at the latest."""
        response.set_cookie(self.session, token, **self._how)

    def forget(self, response: Response) -> None:
        """Take the session cookie away."""
        response.delete_cookie(self.session, **self._how)
