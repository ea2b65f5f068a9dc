"""One line of a training set: what serving would send the model, and what it should write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cds_service.training.synth.parts import Part

SYNTHETIC, CLINIC, PUBLIC = "synthetic", "clinic", "public"
SOURCES = (SYNTHETIC, CLINIC, PUBLIC)
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, kw_only=True)
class Example:
    """A prompt in two pieces and its completion.

    The model reads exactly `system` + `user` and writes `assistant`. `patient` and `family`: what may stand in one part
    only. `twin`: the id of the example whose counterfactual twin this is, and the attribute that differs.
    """

    id: str
    source: str
    patient: str
    family: str
    part: Part
    system: str
    user: str
    assistant: str
    twin: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.source not in SOURCES or not all((self.id, self.patient, self.family, self.user, self.assistant)):
            raise ValueError("an example needs an id, a known source, patient, family, prompt and completion")

    def line(self) -> str:
        """The example as one line of JSON."""
        texts = zip(ROLES, (self.system, self.user, self.assistant), strict=True)
        value = {
            "id": self.id,
            "source": self.source,
            "patient": self.patient,
            "family": self.family,
            "twin": None if self.twin is None else {"of": self.twin[0], "attribute": self.twin[1]},
            "messages": [{"role": role, "content": text} for role, text in texts],
        }
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def twin_of(self, original: Example, attribute: str) -> Example:
        """The example as the twin of `original`."""
        return replace(self, id=f"{original.id}~{attribute}", twin=(original.id, attribute))


def texts_of(value: Mapping[str, Any]) -> tuple[str, str, str]:
    """System, user and assistant text of a decoded line in chat format. Raises ValueError in fixed words."""
    messages = value.get("messages")
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise ValueError("`messages` is no list of objects")
    if tuple(m.get("role") for m in messages) not in {ROLES, ROLES[1:]}:
        raise ValueError("`messages` must be system (or none), user and assistant, in this order")
    texts = [m.get("content") for m in messages]
    if not all(isinstance(t, str) for t in texts) or not all(texts[-2:]):
        raise ValueError("the `content` of a message is no text")
    return (texts[0] if len(texts) == 3 else "", texts[-2], texts[-1])


def short_hash(text: str) -> str:
    """A short stable name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
