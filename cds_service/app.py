"""The Flask application: doors, faces, limits, and what happens when something breaks."""

from __future__ import annotations

import uuid

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from cds_service.bootstrap import Service, build_service, utc_now
from cds_service.clients.keys import KeyRing
from cds_service.clients.registry import Registry, read_clients
from cds_service.clients.store import open_store
from cds_service.clients.token import TokenVerifier
from cds_service.clinic import Clinic
from cds_service.errors import Later, NotAuthenticated, RequestError
from cds_service.monitoring import metrics
from cds_service.outbound import BaseUrl, Outbound
from cds_service.settings import Settings
from cds_service.web import cds, cors, ops
from cds_service.web.crowd import Crowd
from cds_service.web.door import ANYONE, Door, LoopbackDoor, SignedDoor, Turnstile
from cds_service.web.outcome import outcome
from cds_service.web.site import face
from hooks import services as declared

log = structlog.get_logger()

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000"
"""A year (RFC 6797), sent where clients reach the service by https."""


def build_app(settings: Settings, *, signed: bool) -> Flask:
    """The application built from settings. `signed`: every call must carry a registered client's token.

    Raises ConfigurationError when a file that the settings name cannot be used.
    """
    service = build_service(settings)
    return create_app(service, build_door(settings, service.outbound, signed=signed))


def build_door(settings: Settings, outbound: Outbound, *, signed: bool) -> Door:
    """Who is let in. Without a clients file a signed door opens for nobody, and ``/readyz`` says so."""
    turnstile = Turnstile(open_store(settings.shared), rate_per_minute=settings.rate_per_minute, now=utc_now)
    if not signed:
        return LoopbackDoor(turnstile, fhir_servers=tuple(map(BaseUrl.parse, settings.fhir_servers)))
    registry = read_clients(settings.clients_file) if settings.clients_file else Registry()
    keys = KeyRing(outbound, cache_s=settings.jwks_cache_s)
    for client in registry:
        if client.jwks_file is not None:
            keys.load(client.jwks_file)
    verifier = TokenVerifier(
        registry,
        keys,
        leeway_s=settings.token_leeway_s,
        max_lifetime_s=settings.token_lifetime_s,
    )
    return SignedDoor(verifier, turnstile, external_url=settings.external_url, now=utc_now)


def create_app(service: Service, door: Door, services: tuple[declared.Service, ...] = declared.SERVICES) -> Flask:
    """The application over one built service, offering `services` to whom `door` lets in."""
    settings = service.settings
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["working"] = service.pipeline.turn.working
    app.register_blueprint(cds.blueprint(service.pipeline, services, Crowd(settings.web_calls), settings))
    app.register_blueprint(
        ops.blueprint(
            {**service.probes(), "clients": door.problem}, service.refresh_metrics, settings.metrics_token_file, door
        )
    )
    face.install(app, Clinic(settings=settings, recorder=service.recorder, now=utc_now, retriever=service.retriever))
    _guard(app, door, open_discovery=settings.open_discovery)
    _finish(app, cors_origins=settings.cors_origins, https=settings.external_url.startswith("https:"))
    _handle_errors(app)
    return app


def _guard(app: Flask, door: Door, *, open_discovery: bool) -> None:
    @app.before_request
    def let_in() -> Response | None:
        if cors.is_preflight(request):
            return Response(status=204)  # a browser's question: X1 asks for an answer without authentication
        if face.is_page(app, request):
            g.caller = ANYONE  # pages have their own doors: people sign in
            return None
        unsigned = open_discovery and request.endpoint == cds.DISCOVERY and "Authorization" not in request.headers
        if request.blueprint == ops.NAME or unsigned:
            door.admit_probe(request)
            g.caller = ANYONE
        else:
            g.caller = door.admit(request)
        return None


def _finish(app: Flask, *, cors_origins: tuple[str, ...], https: bool) -> None:
    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers["Strict-Transport-Security"] = HSTS
        if not face.is_page(app, request):
            cors.allow(request, response, cors_origins)
        if response.status_code >= 400 and request.path.startswith("/cds-services"):
            metrics.HOOK_ERRORS.labels(status=str(response.status_code)).inc()
        return response


def _handle_errors(app: Flask) -> None:
    @app.errorhandler(NotAuthenticated)
    def stranger(_: NotAuthenticated) -> Response:
        return Response(status=401, headers={"WWW-Authenticate": "Bearer"})  # bare: checklist J12

    @app.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        if face.is_page(app, request):
            response = face.error_page(error.status, str(error))
        else:
            response = outcome(error.status, str(error), code=error.code)
        if isinstance(error, Later):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if face.is_page(app, request):
            return face.error_page(error.code or 500, error.description or f"{error.name}.")
        return outcome(error.code or 500, f"{error.name}.")

    @app.errorhandler(Exception)
    def crash(error: Exception) -> Response:
        event = uuid.uuid4().hex
        log.error("request-failed", event_id=event, error=type(error).__name__, endpoint=request.endpoint)
        if face.is_page(app, request):
            return face.error_page(500, "The page could not be made. Nothing was changed.", event=event)
        return outcome(500, "The service failed to answer; no cards were made.", event=event)
