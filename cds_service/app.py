"""The Flask application: faces, limits, and what happens when something breaks."""

from __future__ import annotations

import uuid

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from cds_service.bootstrap import Service
from cds_service.monitoring import metrics
from cds_service.web import cds, loopback, ops
from cds_service.web.outcome import outcome

log = structlog.get_logger()

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(service: Service) -> Flask:
    """The application over one built service."""
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = service.settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(cds.blueprint(service.pipeline))
    app.register_blueprint(ops.blueprint(service.probes(), service.refresh_metrics))
    _guard(app)
    _handle_errors(app)
    return app


def _guard(app: Flask) -> None:
    @app.before_request
    def only_this_machine() -> Response | None:
        refused = loopback.refusal(request)
        return None if refused is None else outcome(403, refused)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(SECURITY_HEADERS)
        if response.status_code >= 400 and request.path.startswith("/cds-services"):
            metrics.HOOK_ERRORS.labels(status=str(response.status_code)).inc()
        return response


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        return outcome(error.code or 500, f"{error.name}.")

    @app.errorhandler(Exception)
    def crash(error: Exception) -> Response:
        event = uuid.uuid4().hex
        log.error("request-failed", event_id=event, error=type(error).__name__, endpoint=request.endpoint)
        return outcome(500, "The service failed to answer; no cards were made.", event=event)
