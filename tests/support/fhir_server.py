"""A small FHIR server on loopback that writes down what it is asked and can be told to misbehave."""

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.support.fhir_values import bundle


@dataclass(kw_only=True)
class Answer:
    """What a path gives instead of data. `raw`: instead of headers and body. `drip_s`: seconds between single bytes."""

    status: int = 200
    content: object = None
    body: bytes | None = None
    media_type: str = "application/fhir+json"
    headers: dict = field(default_factory=dict)
    stall_s: float = 0.0
    drip_s: float = 0.0
    raw: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request that came in. `relative`: path and query below the base."""

    relative: str
    headers: dict


class FhirServer:
    """`resources` are read by ``Type/id`` and searched by patient; `answers`, by relative path or type, go first."""

    def __init__(self) -> None:
        self.resources: list[dict] = []
        self.answers: dict[str, Answer] = {}
        self.page_size: int | None = None
        self.requests: list[Seen] = []
        self.connections = 0
        self.port = 0

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.port

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    @property
    def asked(self) -> list[str]:
        """The relative URLs that were asked for, in order."""
        return [seen.relative for seen in self.requests]

    def answer(self, relative: str) -> Answer:
        kind = relative.split("?")[0].split("/")[0]
        for key in (relative, kind, "*"):
            if key in self.answers:
                return self.answers[key]
        path, _, search = relative.partition("?")
        if "/" in path:
            found = next((r for r in self.resources if f"{r['resourceType']}/{r['id']}" == path), None)
            return Answer(content=found) if found else Answer(status=404, content=outcome("error"))
        return Answer(content=self._search(path, dict(parse_qsl(search))))

    def _search(self, kind: str, asked: dict) -> dict:
        offset, size = int(asked.pop("_offset", 0)), int(asked.get("_count", self.page_size or 1000))
        found = [r for r in self.resources if r["resourceType"] == kind and _subject(r) == asked["patient"]]
        links = []
        if offset + size < len(found):
            links.append(link(f"{self.base}/{kind}?patient={asked['patient']}&_offset={offset + size}"))
        return bundle(*found[offset : offset + size], total=len(found), link=links)


def _subject(resource: dict) -> str:
    reference = resource.get("subject") or resource.get("patient") or {}
    return reference.get("reference", "").removeprefix("Patient/")


def link(url: str, relation: str = "next") -> dict:
    return {"relation": relation, "url": url}


def outcome(severity: str) -> dict:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "processing"}]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, script: FhirServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.stopping = threading.Event()
        script.port = self.server_port

    def get_request(self):
        self.script.connections += 1
        return super().get_request()

    def handle_error(self, request, client_address) -> None:
        """Nothing: a client that hangs up is what many of these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        relative = url.path.removeprefix("/fhir").lstrip("/") + (f"?{url.query}" if url.query else "")
        self.server.script.requests.append(Seen(relative=relative, headers=dict(self.headers)))
        answer = self.server.script.answer(relative)
        self.server.stopping.wait(answer.stall_s)
        if answer.raw is None:
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.media_type, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
        self._write(answer.raw or answer.body or json.dumps(answer.content).encode(), answer.drip_s)

    def _write(self, content: bytes, drip_s: float) -> None:
        if not drip_s:
            self.wfile.write(content)
            return
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.stopping.wait(drip_s):
                return

    def log_message(self, *args: object) -> None:
        """Nothing: what a test wants to know is in `requests`."""


@contextmanager
def fhir_server():
    """Yields a running `FhirServer`."""
    script = FhirServer()
    with _Server(script) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


@contextmanager
def dialled():
    """Yields the list of addresses to which this process connects, or tries to, while the block runs."""
    tried: list = []

    class Recording(socket.socket):
        def connect(self, address) -> None:
            tried.append(address)
            super().connect(address)

    plain, socket.socket = socket.socket, Recording
    try:
        yield tried
    finally:
        socket.socket = plain
