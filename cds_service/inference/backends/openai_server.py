"""A model behind an OpenAI-compatible HTTP server (vLLM, llama.cpp's server, …) on this machine or an allowed host.

De-identified prompts leave the process here, so the address is checked before anything is sent: loopback, or https to
a host of the allow-list; no redirect is followed, no proxy or ``.netrc`` of the environment is used, the answer is
capped in bytes and in time (a server that falls silent half-way ends after twice the deadline at the latest). The
contract travels as a JSON schema in ``response_format``. Servers may add white space or reorder fields, so the answer
is brought into the contract's form before it is handed on.
"""

from __future__ import annotations

import ipaddress
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cds_service.errors import BackendError, ConfigurationError
from cds_service.inference.backend import MAX_NEW_TOKENS, Finish, Generation
from cds_service.inference.contract import Encoding, Offers, json_schema
from cds_service.inference.prompt import Prompt
from cds_service.inference.style import Style

MAX_ANSWER_BYTES = 200_000
_CONNECT_S = 5.0
_SEED = 7
_LATE = "the model server did not answer in time"


class OpenAIServerBackend:
    """One model at one server."""

    encoding = Encoding.JSON

    def __init__(
        self,
        url: str,
        model: str,
        *,
        hosts: tuple[str, ...] = (),
        key_file: Path | None = None,
        style: Style = Style.WORKED,
    ) -> None:
        """Check the address; nothing is sent yet. Raises ConfigurationError."""
        self.style = style
        self._url = _checked(url, hosts)
        self._model = model
        self.name = f"openai/{model}"
        self.version = f"openai-compatible model:{model} at:{urlsplit(self._url).netloc}"
        self._session = requests.Session()
        self._session.trust_env = False
        if key_file is not None:
            self._session.headers["Authorization"] = f"Bearer {_key(key_file)}"

    def warm(self) -> None:
        """Ask the server for its models, so that a wrong address or key shows before the first patient."""
        with self._open("GET", "/models", None, 30.0) as response:
            _read(response, time.monotonic() + 30.0)

    def generate(self, prompt: Prompt, offers: Offers, *, deadline_s: float) -> Generation:
        """Ask the server to answer `prompt`, the fixed part as the system's words and the case as the user's."""
        started = time.monotonic()
        request = {
            "model": self._model,
            "messages": [{"role": "system", "content": prompt.prefix}, {"role": "user", "content": prompt.case}],
            "max_tokens": MAX_NEW_TOKENS,
            "temperature": 0,
            "seed": _SEED,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "draft", "strict": True, "schema": json_schema(offers)},
            },
        }
        try:
            with self._open("POST", "/chat/completions", request, deadline_s) as response:
                answer = _read(response, started + deadline_s)
        except _LateError:
            return Generation(text="", tokens=0, seconds=time.monotonic() - started, finish="timeout")
        try:
            choice = answer["choices"][0]
            text = compact(str(choice["message"]["content"] or ""))
            finish: Finish = "stop" if choice["finish_reason"] == "stop" else "length"
            tokens = int((answer.get("usage") or {}).get("completion_tokens") or 0)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise BackendError("the model server's answer is not a chat completion") from None
        return Generation(text=text, tokens=tokens, seconds=time.monotonic() - started, finish=finish)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _open(self, method: str, path: str, body: dict[str, Any] | None, seconds: float) -> requests.Response:
        try:
            response = self._session.request(
                method,
                self._url + path,
                json=body,
                timeout=(min(_CONNECT_S, seconds), seconds),
                allow_redirects=False,
                stream=True,
            )
        except requests.Timeout:
            raise _LateError(_LATE) from None
        except requests.RequestException:
            raise BackendError("the model server cannot be reached: check CDS_OPENAI_URL") from None
        if response.status_code != requests.codes.ok:
            response.close()
            raise BackendError(f"the model server answered with status {response.status_code}")
        return response


class _LateError(BackendError):
    """The deadline passed."""


def compact(text: str) -> str:
    """A JSON object in the contract's order of fields without white space; anything else as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict):
        return text
    order = list(json_schema(Offers(risk_factors=(), actions=(), passages=()))["required"])
    known = {key: value[key] for key in order if key in value}
    return json.dumps(known | value, separators=(",", ":"), ensure_ascii=False)


def _read(response: requests.Response, deadline: float) -> dict[str, Any]:
    body = bytearray()
    try:
        while block := response.raw.read1(8192, decode_content=True):  # whatever has come, without waiting for more
            body += block
            if len(body) > MAX_ANSWER_BYTES:
                raise BackendError("the model server's answer is too large")
            if time.monotonic() > deadline:
                raise _LateError(_LATE)
        value = json.loads(body)
    except ReadTimeoutError:
        raise _LateError(_LATE) from None
    except (HTTPError, OSError, ValueError):
        raise BackendError("the model server's answer broke off or is not JSON") from None
    if not isinstance(value, dict):
        raise BackendError("the model server's answer is not a JSON object")
    return value


def _checked(url: str, hosts: tuple[str, ...]) -> str:
    """`url` without a final slash, if prompts may be sent there. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigurationError("CDS_OPENAI_URL is not a URL") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError("CDS_OPENAI_URL may hold no user, password or query: use CDS_OPENAI_KEY_FILE")
    if not (_is_loopback(parts) or (parts.scheme == "https" and parts.hostname in {h.lower() for h in hosts})):
        raise ConfigurationError("CDS_OPENAI_URL must be loopback, or https to a host named in CDS_OPENAI_HOSTS")
    return url.rstrip("/")


def _is_loopback(parts: SplitResult) -> bool:
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("CDS_OPENAI_KEY_FILE cannot be read") from None
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigurationError("CDS_OPENAI_KEY_FILE must hold one key in printable ASCII")
    return key
