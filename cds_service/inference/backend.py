"""The interface to a language model: a prompt and its offers go in, text in the output contract comes out.

Implementations live in `cds_service.inference.backends`; which one serves is decided in `models`. All keep these:
the text follows the contract's grammar as far as it goes, the deadline is kept, the same prompt gives the same text
on the same machine, nothing touches the network (a configured model server excepted), and every failure is a
`BackendError` with a static message that quotes neither prompt nor answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from cds_service.inference.contract import Encoding, Offers
from cds_service.inference.prompt import Prompt
from cds_service.inference.style import Style

MAX_NEW_TOKENS = 420

Finish = Literal["stop", "length", "timeout"]


@dataclass(frozen=True, kw_only=True)
class Generation:
    """What a model wrote. `finish` is ``stop`` only when the grammar came to its end.

    `tokens` counts new tokens, `seconds` is wall time including reading the prompt.
    """

    text: str
    tokens: int
    seconds: float
    finish: Finish


class ModelBackend(Protocol):
    """A model that writes drafts. One call at a time."""

    @property
    def name(self) -> str:
        """Short name for people and metrics, ``llamacpp/gemma-3-270m-q4_k_m``."""
        ...

    @property
    def version(self) -> str:
        """What decides the output: engine, weights' hash, adapter's hash, quantization."""
        ...

    @property
    def encoding(self) -> Encoding:
        """The contract's encoding that this model's tokenizer can write."""
        ...

    @property
    def style(self) -> Style:
        """The form of the prompt that this model was made for."""
        ...

    def warm(self) -> None:
        """Do the one-time work (prompt prefix, grammar caches) before the first patient."""
        ...

    def generate(self, prompt: Prompt, offers: Offers, *, deadline_s: float) -> Generation:
        """Continue `prompt` within `deadline_s` seconds. Raises BackendError."""
        ...

    def close(self) -> None:
        """Free the model. The backend answers no more."""
        ...
