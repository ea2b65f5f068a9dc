"""Health, readiness and metrics for operators and their probes. No patient data."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify

from cds_service.monitoring import Probe, metrics


def blueprint(probes: Mapping[str, Probe], refresh: Callable[[], None]) -> Blueprint:
    """``/healthz``, ``/readyz`` and ``/metrics``. `refresh` updates the gauges before they are read."""
    face = Blueprint("ops", __name__)

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
        refresh()
        return Response(metrics.exposition(), mimetype=metrics.CONTENT_TYPE)

    return face
