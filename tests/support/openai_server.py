"""A small OpenAI-compatible server on loopback whose answers a test decides."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Script:
    """What the server does next, and what it was sent."""

    def __init__(self) -> None:
        self.content = "{}"
        self.finish = "stop"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.raw: bytes | None = None
        self.wait_s = 0.0
        self.drip_s = 0.0
        self.requests: list[tuple[str, dict, dict]] = []

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        message = {"role": "assistant", "content": self.content}
        return json.dumps(
            {"choices": [{"message": message, "finish_reason": self.finish}], "usage": {"completion_tokens": 7}}
        ).encode()


@contextmanager
def openai_server():
    """Yields the base URL and the script."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.requests.append((self.path, {}, dict(self.headers)))
            self._answer(b'{"data": []}')

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.requests.append((self.path, body, dict(self.headers)))
            time.sleep(script.wait_s)
            self._answer(script.body())

        def _answer(self, body: bytes) -> None:
            try:
                self.send_response(script.status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in script.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for byte in body if script.drip_s else ():
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(script.drip_s)
                if not script.drip_s:
                    self.wfile.write(body)
            except OSError:
                pass  # the client hung up, as it may

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", script
    finally:
        server.shutdown()
        server.server_close()
