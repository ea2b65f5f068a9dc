"""CDS Hooks over HTTP: discovery, service calls, feedback (checklist sections A to G)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from cds_service.errors import RequestError, UnknownService
from cds_service.pipeline import Pipeline
from cds_service.web.outcome import outcome
from fhir_mappers.errors import MappingError, NoPatient
from hooks import services
from hooks.errors import HookError
from hooks.feedback import parse_feedback
from hooks.services import HookCall
from hooks.wire import decode, parse_request

JSON = "application/json"
ANONYMOUS = "loopback"
"""The client's name while clients are not authenticated."""


class UnsupportedMedia(RequestError):
    """The body is not declared as JSON."""

    status = 415
    code = "not-supported"


def blueprint(pipeline: Pipeline) -> Blueprint:
    """The CDS Hooks face of `pipeline`."""
    face = Blueprint("cds", __name__)

    @face.get("/cds-services")
    def discover() -> Response:
        return jsonify(services.discovery())

    @face.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        if not services.knows(service_id):
            raise UnknownService("There is no such service; see /cds-services.")
        hook_request = parse_request(_body())
        service = services.find(service_id, hook_request.hook)
        if service is None:
            raise RequestError("This service does not serve that hook; see /cds-services.")
        hook_call = HookCall(
            service=service, request=hook_request, context=service.context(hook_request.context), client=ANONYMOUS
        )
        answer = pipeline.answer(hook_call)
        response = jsonify(answer.body)
        response.headers["Server-Timing"] = ", ".join(f"{k};dur={v:.1f}" for k, v in answer.timings.items())
        return response

    @face.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        if not services.knows(service_id):
            raise UnknownService("There is no such service; see /cds-services.")
        results = pipeline.feedback(service_id, parse_feedback(_body()), client=ANONYMOUS)
        rejected = [r for r in results if not r["recorded"]]
        response = jsonify({"results": results})
        response.status_code = 400 if len(rejected) == len(results) else 200
        return response

    @face.errorhandler(HookError)
    def malformed(error: HookError) -> Response:
        return outcome(400, f"{error}.", code=error.code)

    @face.errorhandler(MappingError)
    def unusable(error: MappingError) -> Response:
        missing = isinstance(error, NoPatient)
        return outcome(412 if missing else 400, str(error), code="required" if missing else "invalid")

    @face.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        return outcome(error.status, str(error), code=error.code)

    return face


def _body() -> dict[str, Any]:
    """The decoded JSON object of this request. Raises UnsupportedMedia (415) or MalformedRequest (400)."""
    if request.mimetype != JSON:
        raise UnsupportedMedia("The body must be application/json.")
    return decode(request.get_data(cache=False))
