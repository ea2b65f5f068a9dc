"""Health, readiness and metrics for operators and their probes. No patient data."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from cds_service.errors import ConfigurationError, NotAllowed
from cds_service.monitoring import Probe, metrics
from cds_service.web.door import Door

NAME = "ops"


def blueprint(
    probes: Mapping[str, Probe], refresh: Callable[[], None], token_file: Path | None, door: Door
) -> Blueprint:
    """``/healthz``, ``/readyz`` and ``/metrics``. `refresh` updates the gauges before they are read.

    Metrics tell how busy a clinic is, so they are for who holds the token; a door that trusts this machine lets it read
    them without. Where clients sign, a proxy on this machine may stand between us and everybody.
    """
    face = Blueprint(NAME, __name__)
    token = None if token_file is None else _read_token(token_file)

    @face.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "alive"})

    @face.get("/readyz")
    def readyz() -> Response:
        problems = {name: problem for name, probe in probes.items() if (problem := probe()) is not None}
        response = jsonify({"status": "not ready", "problems": problems} if problems else {"status": "ready"})
        response.status_code = 503 if problems else 200
        return response

    @face.get("/metrics")
    def exposition() -> Response:
        if not door.trusts_this_machine and not _holds(token):
            raise NotAllowed("Metrics are for who holds the metrics token (CDS_METRICS_TOKEN_FILE).")
        refresh()
        return Response(metrics.exposition(), mimetype=metrics.CONTENT_TYPE)

    return face


def _read_token(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"CDS_METRICS_TOKEN_FILE: {path} cannot be read") from None
    if len(token) < 16:
        raise ConfigurationError(f"CDS_METRICS_TOKEN_FILE: the token in {path} has fewer than 16 characters")
    return token


def _holds(token: str | None) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return token is not None and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())
