"""llama.cpp in this process, through xllamacpp, on a GGUF file: the default.

xllamacpp starts llama.cpp's HTTP server beside the calls it offers. It is given a Unix socket in a private folder,
and both are removed as soon as it listens, so that nothing and nobody can connect; calls never leave the process.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cds_service.errors import BackendError
from cds_service.inference.adapters import check_gguf_adapter
from cds_service.inference.backend import MAX_NEW_TOKENS, Finish, Generation
from cds_service.inference.checksum import sha256_of
from cds_service.inference.contract import Encoding, Offers, render_gbnf
from cds_service.inference.prompt import Prompt, prefix
from cds_service.inference.style import Style

CONTEXT_TOKENS = 3072
_BATCH_TOKENS = 256  # also how often the deadline is looked at while the prompt is read
_SEED = 7
_SPINS = "2000"
_WARM_S = 300.0


class LlamaCppBackend:
    """A GGUF model and, if given, a GGUF LoRA adapter on the CPU, with the state of the prompt's prefix kept."""

    encoding = Encoding.JSON

    def __init__(
        self,
        model: Path,
        *,
        adapter: Path | None = None,
        style: Style = Style.WORKED,
        threads: int = 2,
        weights: str | None = None,
    ) -> None:
        """Load `model`. `weights`: what names it in the version, else its hash. Raises BackendError."""
        self.style = style
        self.name = f"llamacpp/{model.stem}"
        if not model.is_file():
            raise BackendError("the GGUF model file is missing: run `cds-service prepare` or check CDS_MODEL_ID")
        weights = weights or sha256_of(model)[:16]
        adapted = "none"
        if adapter is not None:
            check_gguf_adapter(model, adapter)
            adapted = sha256_of(adapter)[:16]
        self.version = f"llama.cpp gguf:{weights} adapter:{adapted}"
        self._lock = threading.Lock()
        self._at_prefix = False
        self._server: Any = _start(model, adapter, threads)

    def warm(self) -> None:
        """Read the prompt's prefix once; every prompt continues from its state."""
        with self._lock:
            self._rewind(_Answer(_WARM_S))

    def generate(self, prompt: Prompt, offers: Offers, *, deadline_s: float) -> Generation:
        """Continue `prompt` under the contract's grammar."""
        with self._lock:
            answer = _Answer(deadline_s)
            self._rewind(answer)
            if not answer.late():
                self._ask(prompt.text, answer, n_predict=MAX_NEW_TOKENS, grammar=render_gbnf(offers, self.encoding))
            return answer.generation()

    def _rewind(self, answer: _Answer) -> None:
        """Bring the engine's state to the end of the prompt's prefix.

        Rounding depends on how a text was cut into batches, so a prompt that went on from wherever it parts from the
        last one could be answered differently from time to time. From one fixed state it is not. The first time takes
        two rounds, since only a prefix that is read again has its last token read alone.
        """
        for _ in range(1 if self._at_prefix else 2):
            self._ask(prefix(self.encoding, self.style), answer, n_predict=0)
            if answer.late():
                return
        self._at_prefix = True

    def _ask(self, text: str, answer: _Answer, **more: Any) -> None:
        if self._server is None:
            raise BackendError("the model was closed")
        request = {"prompt": text, "temperature": 0.0, "seed": _SEED, "cache_prompt": True, "stream": True, **more}
        answer.begin()
        try:
            self._server.handle_completions(request | {"return_progress": True}, answer.take)
        except Exception:  # noqa: BLE001  (its text may quote the prompt)
            raise BackendError("llama.cpp failed while answering") from None
        answer.check()

    def close(self) -> None:
        """Free the model. An engine that has answered nothing yet is asked once: freed while it starts, it can hang."""
        with self._lock:
            if self._server is not None and not self._at_prefix:
                with suppress(BackendError):
                    self._ask(prefix(self.encoding, self.style), _Answer(_WARM_S), n_predict=0)
            self._server = None


class _Answer:
    """Collects the stream of one answer, and stops it at the deadline, which runs from the making of this."""

    def __init__(self, deadline_s: float) -> None:
        self._started = time.monotonic()
        self._deadline_s = deadline_s
        self.begin()

    def begin(self) -> None:
        """Forget what was collected; the clock goes on."""
        self._parts: list[str] = []
        self._tokens = 0
        self._finish: Finish | None = None
        self._failed: str | None = None

    def take(self, chunk: Mapping[str, Any]) -> bool:
        """One piece of the stream; true ends it. An exception here would be lost: nothing may raise."""
        error = chunk.get("error")
        if error is not None:
            self._failed = str(error.get("type", "unknown"))
            return True
        choice = chunk["choices"][0]
        if choice["text"]:
            self._parts.append(choice["text"])
        if choice["finish_reason"]:
            self._finish = "stop" if choice["finish_reason"] == "stop" else "length"
            self._tokens = chunk["usage"]["completion_tokens"]
        elif time.monotonic() - self._started > self._deadline_s:
            self._finish = "timeout"
            return True
        return False

    def late(self) -> bool:
        """Whether the deadline ended the stream."""
        return self._finish == "timeout"

    def check(self) -> None:
        """Raise BackendError when the engine refused or broke off."""
        if self._failed == "exceed_context_size_error":
            raise BackendError("the prompt does not fit into the model's context")
        if self._failed is not None or self._finish is None:
            raise BackendError("llama.cpp refused the request or broke off")

    def generation(self) -> Generation:
        """What was written."""
        return Generation(
            text="".join(self._parts),
            tokens=self._tokens or len(self._parts),
            seconds=time.monotonic() - self._started,
            finish=self._finish or "timeout",
        )


def _start(model: Path, adapter: Path | None, threads: int) -> Any:
    # Threads that wait for each other by spinning take the core from the one they wait for when anything else runs: a
    # token then takes seconds instead of milliseconds. OpenMP reads this when it is first loaded in the process.
    os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    try:
        import xllamacpp
    except ImportError:
        raise BackendError("the package xllamacpp is missing: install the locked requirements") from None

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx = CONTEXT_TOKENS
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.swa_full = True  # else layers with a sliding window forget the prefix, and every prompt is read whole
    params.n_ctx_checkpoints = 0
    params.cache_ram_mib = 0  # no earlier patient's prompt is kept
    params.endpoint_slots = params.endpoint_props = params.ui = False
    params.verbosity = -1
    if adapter is not None:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path, lora.scale = str(adapter), 1.0
        params.lora_adapters = [lora]
    with tempfile.TemporaryDirectory(prefix="cds-", ignore_cleanup_errors=True) as private:
        params.hostnames = [f"{private}/s.sock"]
        try:
            server = xllamacpp.Server(params)
        except Exception:  # noqa: BLE001
            raise BackendError("llama.cpp could not load the model: the file is damaged or of another kind") from None
        if not str(server.listening_address).startswith("unix:"):
            raise BackendError("llama.cpp opened a network port; this build cannot be used")
    return server
