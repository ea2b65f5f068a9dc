"""HTTP for the sandbox: bounded in time and size, no redirects, no proxy, no compression."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests
from urllib3.exceptions import ProtocolError

from cds_service.sandbox.errors import BadAddress, CallFailed, Unreachable

MAX_BYTES = 5_000_000
_CHUNK = 65_536


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer of any status. Header names are in lower case; `seconds` runs from sending to the last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    seconds: float

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Transport:
    """Sends requests; each has `timeout_s` seconds from name lookup to the last byte."""

    def __init__(self, *, timeout_s: float, ca_file: Path | None = None, max_bytes: int = MAX_BYTES) -> None:
        self._timeout_s = timeout_s
        self._verify: bool | str = True if ca_file is None else str(ca_file)
        self._max_bytes = max_bytes

    def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        """The answer, also one that says no. Raises Unreachable, and CallFailed for an answer that is too large.

        The exchange runs in a thread of its own: a peer that sends a byte now and then defeats every time-out of a
        socket. A thread that is given up ends with the process.
        """
        results: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()

        def run() -> None:
            try:
                results.put(self._exchange(method, url, headers, body))
            except Exception as error:  # noqa: BLE001 - handed to the caller, whatever it is
                results.put(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            result = results.get(timeout=self._timeout_s)
        except queue.Empty:
            raise Unreachable(f"No whole answer within {self._timeout_s:g} s.") from None
        if isinstance(result, Reply):
            return result
        raise _explained(result) from None

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        started = time.perf_counter()
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc: what is named is called, as it is
            response = session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", "User-Agent": "cds-service-sandbox"} | dict(headers),
                data=body,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
                verify=self._verify,
            )
            content = self._read(response)
            return Reply(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=content,
                seconds=time.perf_counter() - started,
            )

    def _read(self, response: requests.Response) -> bytes:
        content = bytearray()
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            content += chunk
            if len(content) > self._max_bytes:
                raise CallFailed(f"The answer is larger than {self._max_bytes:,} bytes.")
        return bytes(content)


def _explained(error: Exception) -> CallFailed | BadAddress:
    if isinstance(error, CallFailed):
        return error
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            "No TLS connection: the certificate cannot be verified (--ca-file), or nobody speaks TLS here."
        )
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout):
        return Unreachable("The service did not answer in time.")
    if isinstance(error, requests.exceptions.ConnectionError):
        if any(isinstance(cause, ProtocolError) for cause in error.args):
            return Unreachable("The connection was closed before a whole answer came.")
        return Unreachable("Nobody can be reached at this host and port.")
    if isinstance(error, ValueError):  # requests' errors about a URL are ValueErrors
        return BadAddress("The URL cannot be called.")
    return Unreachable(f"The exchange broke off ({type(error).__name__}).")
