"""Errors as FHIR OperationOutcome (A7). Bodies hold static words and an event id, never a value of the request."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

ISSUE_OF_STATUS = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    412: "required",
    413: "too-long",
    415: "not-supported",
    429: "throttled",
    503: "transient",
}


def outcome(status: int, *diagnostics: str, code: str | None = None, event: str | None = None) -> Response:
    """A response with one error issue for each of `diagnostics`. `event`: the id under which the log has the error."""
    issues: list[dict[str, Any]] = [
        {
            "severity": "error",
            "code": code or ISSUE_OF_STATUS.get(status, "exception"),
            "diagnostics": text if event is None else f"{text} Event {event}.",
        }
        for text in diagnostics
    ]
    response = jsonify({"resourceType": "OperationOutcome", "issue": issues})
    response.status_code = status
    return response
