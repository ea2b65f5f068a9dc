"""One line of a training set: what serving would send the model, and what it should write."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

from cds_service.training.chat import ROLES, SOURCES
from cds_service.training.synth.parts import Part


@dataclass(frozen=True, kw_only=True)
class Example:
    """A prompt in two pieces and its completion.

    The model reads exactly `system` + `user` and writes `assistant`. `patient` and `family`: what may stand in one part
    only. `place`: file and line that it was made of, for messages. `twin`: the id of the example whose counterfactual
    twin this is, and the attribute that differs.
    """

    id: str
    place: str
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


def short_hash(text: str) -> str:
    """A short stable name for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
