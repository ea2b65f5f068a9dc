"""A small, conformant CDS service on loopback, written for the tests alone, that can be given single defects.

It shares no code with the service under test, so that both sides of a check do not have the same blind spot.
"""

import copy
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import datetime

import jwt
from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

DISCOVERY = {
    "services": [
        {
            "id": "greeter",
            "hook": "patient-view",
            "title": "Greeter",
            "description": "Greets the patient.",
            "usageRequirements": "None.",
            "version": "2.0.1",
            "hookVersion": "1.0",
            "prefetch": {
                "patient": "Patient/{{context.patientId}}",
                "conditions": "Condition?patient={{context.patientId}}&_sort=-date&_count=5",
            },
        }
    ]
}
CARD = {
    "summary": "A greeting",
    "detail": "**Hello**",
    "indicator": "info",
    "source": {"label": "Greeter", "url": "https://example.org/greeter", "topic": {"system": "urn:t", "code": "hello"}},
    "suggestions": [
        {
            "label": "Greet",
            "actions": [{"type": "create", "description": "A task", "resource": {"resourceType": "Task"}}],
        }
    ],
    "selectionBehavior": "at-most-one",
    "overrideReasons": [{"system": "urn:r", "code": "no", "display": "No"}],
    "links": [{"label": "More", "url": "https://example.org/more", "type": "absolute"}],
    "extension": {"org.example.greeting": {"language": "en"}},
}


class Refused(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status, self.why = status, why


class CdsServer:
    """The service. A defect replaces a method or changes `discovery` or `card`; `feedback` holds what was reported."""

    def __init__(self, public_jwk=None):
        self.discovery = copy.deepcopy(DISCOVERY)
        self.card = copy.deepcopy(CARD)
        self.public_jwk = public_jwk
        self.base = ""
        self.seen_tokens = set()
        self.calls = []
        self.feedback = []
        self.sent = {}

    # -- the three endpoints, each of which may be replaced --------------------------------------------------------

    def discover(self):
        self.authenticate()
        return jsonify(self.discovery)

    def call(self, service_id):
        self.authenticate()
        service = self.service(service_id)
        body = self.body()
        self.calls.append(body)
        self.check_request(body, service)
        return jsonify(self.answer(body))

    def report(self, service_id):
        self.authenticate()
        self.service(service_id)
        items = self.body().get("feedback")
        if not isinstance(items, list) or not items:
            raise Refused(400, "no feedback array")
        for item in items:
            self.check_item(item)
        self.feedback += items
        return "", 200

    # -- what they are made of -------------------------------------------------------------------------------------

    def service(self, service_id):
        for service in self.discovery["services"]:
            if service.get("id") == service_id:
                return service
        raise Refused(404, "no such service")

    def body(self):
        if request.mimetype != "application/json":
            raise Refused(415, "JSON only")
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise Refused(400, "not an object")
        return body

    def check_request(self, body, service):
        if body.get("hook") != service["hook"]:
            raise Refused(400, "wrong hook")
        self.require_uuid(body.get("hookInstance"))
        context = body.get("context")
        if not isinstance(context, dict) or not all(isinstance(context.get(k), str) for k in ("userId", "patientId")):
            raise Refused(400, "wrong context")
        if "fhirAuthorization" in body and "fhirServer" not in body:
            raise Refused(400, "no fhirServer")
        patient = body.get("prefetch", {}).get("patient")
        if not patient or patient["resourceType"] != "Patient":
            raise Refused(412, "no patient")
        if patient["id"] != context["patientId"].removeprefix("Patient/"):
            raise Refused(400, "another patient")

    def answer(self, body):
        card = copy.deepcopy(self.card)
        if isinstance(card, dict):
            card.setdefault("uuid", str(uuid.uuid4()))
            suggestions = card.get("suggestions")
            for suggestion in suggestions if isinstance(suggestions, list) else []:
                suggestion.setdefault("uuid", str(uuid.uuid4()))
            if isinstance(suggestions, list):
                self.sent[card["uuid"]] = {s["uuid"] for s in suggestions}
        return {"cards": [card]}

    def check_item(self, item):
        if item.get("card") not in self.sent:
            raise Refused(400, "no such card")
        if item.get("outcome") not in ("accepted", "overridden"):
            raise Refused(400, "no such outcome")
        accepted = {s["id"] for s in item.get("acceptedSuggestions", [])}
        if item["outcome"] == "accepted" and (not accepted or not accepted <= self.sent[item["card"]]):
            raise Refused(400, "no such suggestion")
        try:
            datetime.fromisoformat(item["outcomeTimestamp"])
        except ValueError:
            raise Refused(400, "no such time") from None

    def require_uuid(self, value):
        try:
            uuid.UUID(value)
        except (ValueError, TypeError, AttributeError):
            raise Refused(400, "hookInstance") from None

    def authenticate(self):
        if self.public_jwk is None:
            return
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            self.verify(token)
        except (jwt.PyJWTError, Refused, IndexError, KeyError, ValueError):
            raise Refused(401, None) from None

    def verify(self, token):
        claims = jwt.decode(
            token,
            jwt.PyJWK(self.public_jwk).key,
            algorithms=["ES384"],
            audience=self.base + request.path,
            issuer="https://sandbox.invalid",
            options={"require": ["iss", "aud", "exp", "iat", "jti"]},
        )
        if claims["jti"] in self.seen_tokens:
            raise Refused(401, None)
        self.seen_tokens.add(claims["jti"])

    def preflight(self):
        return "", 204

    def refuse(self, error):
        if error.status == 401:
            return "", 401
        issue = {"severity": "error", "code": "invalid", "diagnostics": error.why}
        return jsonify({"resourceType": "OperationOutcome", "issue": [issue]}), error.status

    def after(self, response):
        return response

    def app(self):
        app = Flask("cds-server", static_folder=None)
        app.json.sort_keys = False
        app.add_url_rule("/cds-services", view_func=lambda: self.discover(), endpoint="discover")
        app.add_url_rule("/cds-services/<i>", view_func=lambda i: self.call(i), endpoint="call", methods=["POST"])
        app.add_url_rule(
            "/cds-services/<i>/feedback", view_func=lambda i: self.report(i), endpoint="report", methods=["POST"]
        )
        app.before_request(lambda: self.preflight() if request.method == "OPTIONS" else None)
        app.register_error_handler(Refused, lambda error: self.refuse(error))
        app.after_request(lambda response: self.after(response))
        return app


class _Quiet(WSGIRequestHandler):
    def log(self, *args):
        """Nothing: a line for each request slows the many small servers of these tests."""


@contextmanager
def serving_app(app, *, port=0, tls=None):
    """Any WSGI application on loopback, on `port` or a free one; yields its base URL. `tls`: a server context."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving_cds(server, **how):
    """`server` on loopback; yields its base URL."""
    with serving_app(server.app(), **how) as base:
        server.base = base
        yield base


def slow(seconds):
    """An answer that comes late: for `CdsServer.after`."""

    def after(response):
        time.sleep(seconds)
        return response

    return after
