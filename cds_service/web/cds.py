"""CDS Hooks over HTTP: discovery, service calls, feedback (checklist sections A to G)."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from cds_service.errors import NotAllowed, RequestError, UnknownService
from cds_service.fhir_access import fhir_offer
from cds_service.pipeline import Pipeline
from cds_service.settings import Settings
from cds_service.web.crowd import Crowd
from cds_service.web.outcome import outcome
from fhir_mappers.errors import MappingError, NoPatient
from hooks import services as declared
from hooks.errors import HookError, MalformedRequest
from hooks.feedback import parse_feedback
from hooks.services import HookCall
from hooks.wire import decode, parse_request

JSON = "application/json"
DISCOVERY = "cds.discover"


class UnsupportedMedia(RequestError):
    """The body is not declared as plain JSON."""

    status = 415
    code = "not-supported"


def blueprint(
    pipeline: Pipeline, services: tuple[declared.Service, ...], crowd: Crowd, settings: Settings
) -> Blueprint:
    """The CDS Hooks face of `pipeline`, offering `services`."""
    face = Blueprint("cds", __name__)

    @face.get("/cds-services")
    def discover() -> Response:
        return jsonify(declared.discovery(tuple(s for s in services if g.caller.may_call(s.id))))

    @face.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        _check_service(service_id, services)
        body = _body(settings)
        with crowd.enter():
            hook_request = parse_request(decode(body, max_depth=settings.max_json_depth))
            service = declared.find(service_id, hook_request.hook, services)
            if service is None:
                raise RequestError("This service does not serve that hook; see /cds-services.")
            context = service.context(hook_request.context)
            hook_call = HookCall(service=service, request=hook_request, context=context, client=g.caller.name)
            answer = pipeline.answer(hook_call, fhir_offer(hook_call, g.caller.fhir_servers))
        response = jsonify(answer.body)
        response.headers["Server-Timing"] = ", ".join(f"{k};dur={v:.1f}" for k, v in answer.timings.items())
        return response

    @face.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        _check_service(service_id, services)
        body = _body(settings)
        with crowd.enter():
            items = parse_feedback(decode(body, max_depth=settings.max_json_depth))
            results = pipeline.feedback(service_id, items, client=g.caller.name)
        if any(result["recorded"] for result in results):
            return jsonify({"results": results})
        reasons = [result.get("problem", result["status"]) for result in results]
        return outcome(400, *(f"feedback[{place}]: {reason}." for place, reason in enumerate(reasons)))

    @face.errorhandler(HookError)
    def malformed(error: HookError) -> Response:
        return outcome(400, f"{error}.", code=error.code)

    @face.errorhandler(MappingError)
    def unusable(error: MappingError) -> Response:
        missing = isinstance(error, NoPatient)
        return outcome(412 if missing else 400, str(error), code="required" if missing else "invalid")

    return face


def _check_service(service_id: str, services: tuple[declared.Service, ...]) -> None:
    if not declared.knows(service_id, services):
        raise UnknownService("There is no such service; see /cds-services.")
    if not g.caller.may_call(service_id):
        raise NotAllowed("This client is not registered for that service.")


def _body(settings: Settings) -> bytes:
    """The body of this request, read to its end. Raises UnsupportedMedia, RequestEntityTooLarge or MalformedRequest."""
    if request.mimetype != JSON:
        raise UnsupportedMedia("The body must be application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("The body must not be compressed.")
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - the web server's own errors for broken chunks and trailers
        raise MalformedRequest("the body is not sent as HTTP asks") from None
    declared_length = request.content_length
    if declared_length is not None and len(body) < declared_length:
        raise MalformedRequest("the body is shorter than its Content-Length")
    if declared_length is None and len(body) >= settings.max_body_bytes:
        raise RequestEntityTooLarge  # werkzeug cuts a body of undeclared length instead of refusing it
    return body
