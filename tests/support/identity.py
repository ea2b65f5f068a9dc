"""An OpenID Connect provider and SMART EHR on loopback, with real codes, PKCE, keys and tokens, that can lie.

It shares no code with the service under test, so that both sides of the flow do not have the same blind spot.
"""

import base64
import hashlib
import http.client
import json
import secrets
import threading
import time
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import jwt

from tests.support.tokens import key_set, private_key, public_jwk

CLIENT_ID = "cds-service"


@cache
def _first_key():
    return private_key("RS256")  # one for all servers of a process: making it takes longer than a whole flow


class IdentityServer:
    """`person`: claims of whoever is at the keyboard. `context`: what the token answer says beside tokens.

    Lies: `claims` changes the ID token (None leaves a claim out), `header` its header, `signed_by` its key,
    `discovery` the description, `jwks` the keys, `alg_none` sends it unsigned. `answer`: the very bytes of the token
    answer, instead of a true one. `launches`: contexts that the EHR has made and not used.
    """

    def __init__(self):
        self.port = 0
        self.key = _first_key()
        self.signed_by = None
        self.kid = "k1"
        self.person = {"sub": "person-1"}
        self.context = {}
        self.claims, self.header, self.discovery = {}, {}, {}
        self.alg_none = False
        self.jwks = self.answer = None
        self.secret = None
        self.launches = set()
        self.resources = {}
        self.codes = {}
        self.asked = []
        self.down = False

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def fhir(self):
        return f"{self.origin}/fhir"

    def new_launch(self, **context):
        """The user clicks on the app in a chart: the launch context that the EHR hands out."""
        self.context = context
        launch = secrets.token_urlsafe(8)
        self.launches.add(launch)
        return launch

    def described(self):
        return {
            "issuer": self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "jwks_uri": f"{self.origin}/jwks",
            "code_challenge_methods_supported": ["S256"],
        } | self.discovery

    def authorize(self, asked):
        """A person who is signed in there and agrees."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 20
        assert "openid" in asked["scope"].split()
        if "launch" in asked["scope"].split():
            if asked.get("launch") not in self.launches or asked.get("aud") != self.fhir:
                return {"error": "invalid_request", "state": asked["state"]}
            self.launches.discard(asked["launch"])
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form, authorization):
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        basic = "Basic " + base64.b64encode(f"{CLIENT_ID}:{self.secret}".encode()).decode()
        if self.secret is not None and authorization != basic:
            return 401, {"error": "invalid_client"}
        if self.secret is None and form.get("client_id") != CLIENT_ID:
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or asked["code_challenge"] != base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
            or asked["redirect_uri"] != form.get("redirect_uri")
            or form.get("grant_type") != "authorization_code"
        ):
            return 400, {"error": "invalid_grant"}
        tokens = {"access_token": "canary-access-token", "token_type": "Bearer", "expires_in": 300}
        return 200, tokens | self.context | {"id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce):
        now = int(time.time())
        claims = {"iss": self.origin, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {k: v for k, v in (claims | self.person | self.claims).items() if v is not None}
        if self.alg_none:
            return jwt.encode(claims, "", algorithm="none", headers={"kid": self.kid})
        return jwt.encode(
            claims, self.signed_by or self.key, algorithm="RS256", headers={"kid": self.kid} | self.header
        )


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        script = self.server.script
        url = urlsplit(self.path)
        script.asked.append(url.path)
        if url.path == "/authorize":
            asked = dict(parse_qsl(url.query))
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(script.authorize(asked))}")
            self.end_headers()
        elif url.path in ("/.well-known/openid-configuration", "/fhir/.well-known/smart-configuration"):
            self._send(500 if script.down else 200, script.described())
        elif url.path == "/jwks":
            self._send(200, script.jwks or key_set(public_jwk(script.key, kid=script.kid)))
        elif url.path in script.resources and self.headers["Authorization"] == "Bearer canary-access-token":
            self._send(200, script.resources[url.path])
        else:
            self._send(404, {})

    def do_POST(self):
        script = self.server.script
        script.asked.append(self.path)
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        status, content = script.token(form, self.headers["Authorization"])
        self._send(status, content if script.answer is None else script.answer)

    def _send(self, status, content):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Nothing."""


@contextmanager
def identity_server():
    """Yields a running `IdentityServer`."""
    script = IdentityServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.script = script
        script.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()


def through(location):
    """Follow a redirect to the server as a browser does; the path and query of ours to which it leads back."""
    url = urlsplit(location)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)
    try:
        connection.request("GET", f"{url.path}?{url.query}")
        answer = connection.getresponse()
        answer.read()
        back = urlsplit(answer.headers["Location"])
    finally:
        connection.close()
    return f"{unquote(back.path)}?{back.query}"
