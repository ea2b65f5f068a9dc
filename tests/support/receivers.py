"""What notifications reach in tests, on loopback: a mail server, an address for webhooks, a FHIR server with tokens."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import jwt
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.certificates import Authority, server_context

KEY = b"a-key-of-twenty-four-byte"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass(kw_only=True)
class Received:
    """One POST."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class HttpReceiver:
    """Writes down what is posted. `statuses`: the next answers, 200 after them. `stall_s`: how long each takes."""

    port: int = 0
    posts: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    stall_s: float = 0.0
    answer: Callable[[Received], tuple[int, Any]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def keys(self) -> list[str]:
        """The idempotency keys, in order of arrival."""
        return [post.headers["idempotency-key"] for post in self.posts]


@contextmanager
def http_receiver(port: int = 0) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            post = Received(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body)
            receiver.posts.append(post)
            stopping.wait(receiver.stall_s)
            status, content = receiver.answer(post) if receiver.answer else (200, {})
            if receiver.statuses:
                status = receiver.statuses.pop(0)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *args: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing: a sender that is killed hangs up."""

    stopping = threading.Event()
    with Server(("127.0.0.1", port), Handler) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            stopping.set()
            server.shutdown()
            thread.join()


@dataclass(kw_only=True)
class MailReceiver:
    """Writes down what it takes. `codes`: the next answers to the data instead of 250. `logins`: who signed in."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    logins: list[bytes] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - as aiosmtpd calls it
        if self.codes:
            return self.codes.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        self.recipients.append(list(envelope.rcpt_tos))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == b"a-password", handled=False)


@contextmanager
def mail_receiver(ca: Authority | None = None, *, login: bool = False) -> Iterator[MailReceiver]:
    """`ca`: it insists on STARTTLS with a certificate of `ca` for 127.0.0.1."""
    receiver = MailReceiver()
    context = server_context(ca, "127.0.0.1") if ca else None
    controller = _Mailbox(
        receiver,
        hostname="127.0.0.1",
        port=0,
        tls_context=context,
        require_starttls=context is not None,
        auth_required=login,
        authenticator=receiver.authenticate if login else None,
    )
    controller.start()
    receiver.port = controller.port
    try:
        yield receiver
    finally:
        controller.stop()


class _Mailbox(Controller):
    """Takes a free port, and knows it before it looks whether it serves."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass(kw_only=True)
class BackendFhir:
    """A FHIR server that gives tokens to one registered client and creates on condition.

    It judges the assertion with the client's public key, and lets in nobody without a live token of the right scope.
    """

    receiver: HttpReceiver
    folder: Path
    resources: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))

    @property
    def base(self) -> str:
        return f"{self.receiver.url}/fhir"

    @property
    def token_url(self) -> str:
        return f"{self.receiver.url}/token"

    @property
    def key_file(self) -> Path:
        algorithm = RSAAlgorithm if isinstance(self.key, rsa.RSAPrivateKey) else ECAlgorithm
        path = self.folder / "client-key.json"
        path.write_text(json.dumps(algorithm.to_jwk(self.key, as_dict=True) | {"kid": "key-1"}))
        return path

    def answer(self, post: Received) -> tuple[int, Any]:
        return self._token(post) if post.path == "/token" else self._create(post)

    def _token(self, post: Received) -> tuple[int, Any]:
        form = {name: values[0] for name, values in parse_qs(post.body.decode()).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assertion = form["client_assertion"]
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(
            assertion,
            self.key.public_key(),
            algorithms=["RS384", "ES384"],
            audience=self.token_url,
            issuer="client-1",
            options={"require": ["iss", "sub", "aud", "exp", "jti"]},
        )
        assert header["kid"] == "key-1"
        assert claims["sub"] == "client-1"
        assert claims["exp"] - time.time() <= 300
        assert claims["jti"] not in self.seen
        self.seen.add(claims["jti"])
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = form["scope"]
        return 200, {"access_token": token, "token_type": "bearer", "expires_in": 300}

    def _create(self, post: Received) -> tuple[int, Any]:
        kind = post.path.removeprefix("/fhir/")
        scope = self.tokens.get(post.headers.get("authorization", "").removeprefix("Bearer "))
        if scope is None:
            return 401, {}
        if scope != f"system/{kind}.c":
            return 403, {}
        name, _, value = post.headers["if-none-exist"].partition("=")
        assert name == "identifier"
        system, _, wanted = unquote(value).partition("|")
        same = [r for r in self.resources if {"system": system, "value": wanted} in r["identifier"]]
        if same:
            return 200, {}
        self.resources.append(json.loads(post.body))
        return 201, {}


@contextmanager
def backend_fhir(folder: Path) -> Iterator[BackendFhir]:
    with http_receiver() as receiver:
        server = BackendFhir(receiver=receiver, folder=folder)
        receiver.answer = server.answer
        yield server
